/* history.c FOLDER TASKS [FAULT]: compare what the tasks of system/programs/history.c sent with
 * what they got. For each sender, receiver and tag the rows must be equal: same number,
 * order, sizes and contents. Ends with 0 only then; says how many were lost, doubled,
 * out of order or changed. FAULT (lost, doubled, reordered, changed) plants one first, so
 * that a test sees that it would be found.
 */
#include "tests/system/programs/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS (HISTORY_TASKS_MAX * HISTORY_TASKS_MAX * HISTORY_TAGS)
#define SHOWN 20 /* faults that are printed one by one */

struct row {
    struct history_record *records;
    size_t count, room;
};

static struct row sent[ROWS], got[ROWS];
static unsigned long lost, doubled, reordered, changed, messages;

static void add(struct row *row, const struct history_record *r)
{
    if (row->count == row->room) {
        row->room = row->room ? row->room * 2 : 64;
        row->records = realloc(row->records, row->room * sizeof *r);
        if (!row->records)
            exit(2);
    }
    row->records[row->count++] = *r;
}

static int row_number(int from, int to, int tag)
{
    return (from * HISTORY_TASKS_MAX + to) * HISTORY_TAGS + tag;
}

/* Read a file of a task. */
static void read_log(const char *folder, const char *what, int rank, int tasks)
{
    struct history_record r;
    int is_sent = strcmp(what, "sent") == 0;
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.%d", folder, what, rank);
    file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    while (fread(&r, sizeof r, 1, file) == 1) {
        if (!r.used)
            continue;
        if (r.peer >= tasks || r.tag >= HISTORY_TAGS) {
            fprintf(stderr, "%s: a message of rank %d, tag %d, that nobody sent\n", path, r.peer,
                    r.tag);
            changed++;
            continue;
        }
        add(is_sent ? &sent[row_number(rank, r.peer, r.tag)]
                    : &got[row_number(r.peer, rank, r.tag)], &r);
    }
    fclose(file);
}

static int same(const struct history_record *a, const struct history_record *b)
{
    return a->sum == b->sum && a->bytes == b->bytes;
}

/* Where in a row, from a place on, such a message stands; count when nowhere. */
static size_t find(const struct row *row, size_t from, const struct history_record *r)
{
    while (from < row->count && !same(&row->records[from], r))
        from++;
    return from;
}

static void say(const char *what, int number, size_t at, const struct history_record *r)
{
    int pair = number / HISTORY_TAGS;

    if (lost + doubled + reordered + changed > SHOWN)
        return;
    printf("%s: %d -> %d, tag %d, place %zu, %u bytes, call %d\n", what, pair / HISTORY_TASKS_MAX,
           pair % HISTORY_TASKS_MAX, number % HISTORY_TAGS, at, r->bytes, r->how);
}

/* Compare two rows; what stands in one only, or elsewhere, is a fault each. */
static void compare(int number)
{
    struct row *s = &sent[number], *g = &got[number];
    size_t next = 0; /* of s, expected */

    messages += s->count;
    for (size_t i = 0; i < g->count; i++) {
        const struct history_record *r = &g->records[i];
        size_t at = find(s, next, r);

        if (at == next && at < s->count) {
            next++;
        } else if (at < s->count && find(g, i + 1, &s->records[next]) == g->count) {
            lost += at - next;
            say("lost", number, next, &s->records[next]);
            next = at + 1;
        } else if (at < s->count) {
            reordered++;
            say("out of order", number, i, r);
        } else if (find(s, 0, r) < s->count) {
            doubled++;
            say("doubled, or out of order", number, i, r);
        } else {
            changed++;
            say("changed", number, i, r);
            next++;
        }
    }
    if (next < s->count) {
        lost += s->count - next;
        say("lost", number, next, &s->records[next]);
    }
}

/* Spoil a row that is long enough. */
static void plant(const char *fault)
{
    struct row *row = got;
    struct history_record *r, first;

    while (row < got + ROWS - 1 && (row->count < 3 || same(&row->records[0], &row->records[1])))
        row++;
    r = row->records;
    if (row->count < 3)
        exit(2);
    first = r[0];
    if (strcmp(fault, "lost") == 0)
        memmove(r, r + 1, --row->count * sizeof *r);
    else if (strcmp(fault, "doubled") == 0)
        add(row, &first);
    else if (strcmp(fault, "changed") == 0)
        r[0].sum ^= 1;
    else if (strcmp(fault, "reordered") == 0)
        memmove(r, r + 1, sizeof *r), r[1] = first;
    else
        exit(2);
}

int main(int argc, char **argv)
{
    int tasks = argc >= 3 ? atoi(argv[2]) : 0;

    if (tasks < 1 || tasks > HISTORY_TASKS_MAX)
        return 2;
    for (int i = 0; i < tasks; i++) {
        read_log(argv[1], "sent", i, tasks);
        read_log(argv[1], "got", i, tasks);
    }
    if (argc > 3)
        plant(argv[3]);
    for (int i = 0; i < ROWS; i++)
        compare(i);
    printf("%lu messages: %lu lost, %lu doubled, %lu reordered, %lu changed\n", messages, lost,
           doubled, reordered, changed);
    for (int i = 0; i < ROWS; i++) {
        free(sent[i].records);
        free(got[i].records);
    }
    return lost || doubled || reordered || changed || !messages;
}
