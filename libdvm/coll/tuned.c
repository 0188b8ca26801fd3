/* tuned.c: see tuned.h. A file that is not good in every line is not used at all: half a table
 * would be another table. All members of a group must have the same, which they find out at
 * their first collective (coll.c).
 */
#include "coll/tuned.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fnv.h"

#define COLUMNS 4
#define SHOWN_MAX 40 /* bytes of a word in a sentence */

struct word {
    const char *at;
    int length;
};

/* Where a sentence is about. */
struct place {
    const char *name;
    int line;
};

static struct {
    bool loaded;
    struct tuned table;
} own;

static int bad(const struct place *p, const struct word *w, const char *what)
{
    int shown = w->length < SHOWN_MAX ? w->length : SHOWN_MAX;

    return dvm_fail(DVM_ERR_ARG, "%s:%d: \"%.*s\" is %s", p->name, p->line, shown, w->at, what);
}

/* Take a line into words; how many, at most one more than there may be. */
static int split(const char *line, size_t length, struct word words[COLUMNS + 1])
{
    static const char blanks[] = " \t\r";
    int count = 0;
    size_t at = 0;

    while (at < length && line[at] != '#' && count <= COLUMNS) {
        size_t begin = at;

        while (at < length && line[at] != '#' && !memchr(blanks, line[at], sizeof blanks - 1))
            at++;
        if (at > begin)
            words[count++] = (struct word){line + begin, (int)(at - begin)};
        while (at < length && memchr(blanks, line[at], sizeof blanks - 1))
            at++;
    }
    return count;
}

/* A number of at least 1, or "any". */
static bool number(const struct word *w, size_t *value)
{
    *value = SIZE_MAX;
    if (w->length == 3 && !memcmp(w->at, "any", 3))
        return true;
    *value = 0;
    for (int i = 0; i < w->length; i++) {
        if (w->at[i] < '0' || w->at[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (size_t)(w->at[i] - '0'), value))
            return false;
    }
    return *value > 0;
}

static int read_row(const struct place *p, const struct word *w, int words, struct tuned_row *row)
{
    if (words != COLUMNS)
        return dvm_fail(DVM_ERR_ARG, "%s:%d: a line has %d words: CALL TASKS BYTES ALGORITHM, "
                                     "such as allreduce 8 4096 star", p->name, p->line, COLUMNS);
    if (!number(&w[1], &row->tasks))
        return bad(p, &w[1], "no number of tasks; give one from 1 on, or any");
    if (!number(&w[2], &row->bytes))
        return bad(p, &w[2], "no number of bytes; give one from 1 on, or any");
    switch (choose_named(w[0].at, (size_t)w[0].length, w[3].at, (size_t)w[3].length, &row->kind,
                         &row->algorithm)) {
    case CHOOSE_NO_CALL:
        return bad(p, &w[0], "no call with several algorithms; docs/performance.md lists those");
    case CHOOSE_NO_ALGORITHM:
        return bad(p, &w[3], "no algorithm of that call; docs/performance.md lists them");
    default:
        return DVM_OK;
    }
}

int tuned_text(struct tuned *t, const char *name, const char *text, size_t size)
{
    struct place place = {name, 0};
    int rc = DVM_OK;

    t->count = 0;
    for (size_t at = 0; rc == DVM_OK && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        struct word words[COLUMNS + 1];
        int count = split(text + at, length, words);

        place.line++;
        at += length + 1;
        if (count == 0)
            continue;
        if (t->count == TUNED_ROWS_MAX)
            rc = dvm_fail(DVM_ERR_ARG, "%s:%d: a table has at most %d lines", name, place.line,
                          TUNED_ROWS_MAX);
        else
            rc = read_row(&place, words, count, &t->rows[t->count]);
        if (rc == DVM_OK)
            t->count++;
    }
    if (rc != DVM_OK)
        t->count = 0;
    return rc;
}

static int read_file(const char *name)
{
    char *text = malloc(TUNED_BYTES_MAX + 1);
    FILE *file = text ? fopen(name, "re") : NULL;
    size_t size;
    int rc = DVM_OK;

    if (!text)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to read %s", name);
    if (!file) {
        free(text);
        return dvm_fail(DVM_ERR_SYSTEM, "DVM_COLL_TABLE: %s cannot be read: %s", name,
                        strerror(errno));
    }
    size = fread(text, 1, TUNED_BYTES_MAX + 1, file);
    if (ferror(file))
        rc = dvm_fail(DVM_ERR_SYSTEM, "DVM_COLL_TABLE: %s cannot be read: it is no file", name);
    else if (size > TUNED_BYTES_MAX)
        rc = dvm_fail(DVM_ERR_ARG, "DVM_COLL_TABLE: %s is longer than the %d bytes of a table",
                      name, TUNED_BYTES_MAX);
    if (rc == DVM_OK)
        rc = tuned_text(&own.table, name, text, size);
    fclose(file);
    free(text);
    return rc;
}

int tuned_load(void)
{
    const char *name = getenv("DVM_COLL_TABLE");
    int rc = own.loaded || !name || !*name ? DVM_OK : read_file(name);

    own.loaded = rc == DVM_OK;
    return rc;
}

int64_t tuned_sum(void)
{
    uint64_t sum = FNV64_BEGIN;

    for (size_t i = 0; i < own.table.count; i++) {
        const struct tuned_row *r = &own.table.rows[i];
        const uint64_t what[] = {r->kind, r->algorithm, r->tasks, r->bytes};

        for (size_t k = 0; k < sizeof what / sizeof what[0]; k++) {
            uint8_t bytes[sizeof what[k]];

            for (size_t b = 0; b < sizeof bytes; b++) /* alike on all hosts */
                bytes[b] = (uint8_t)(what[k] >> (8 * b));
            sum = fnv64(sum, bytes, sizeof bytes);
        }
    }
    return (int64_t)(sum >> 1);
}

const struct tuned_row *tuned_find(enum coll_kind kind, size_t tasks, size_t bytes)
{
    for (size_t i = 0; i < own.table.count; i++) {
        const struct tuned_row *r = &own.table.rows[i];

        if (r->kind == kind && tasks <= r->tasks && bytes <= r->bytes)
            return r;
    }
    return NULL;
}
