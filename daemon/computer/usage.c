/* usage.c: see usage.h.
 *
 * A task is what the user sees as one thing: a script and all that it runs. So each process
 * counts for the nearest root above it.
 */
#include "daemon/computer/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/computer/person.h"

#define MS_PER_SECOND 1000
#define KIB 1024
#define DEPTH_MAX 64 /* generations between a process and its root */
#define LINE_MAX_BYTES 512

static uint64_t ms_of(uint64_t ticks)
{
    long per_second = sysconf(_SC_CLK_TCK);

    return ticks * MS_PER_SECOND / (uint64_t)(per_second > 0 ? per_second : 100);
}

static int by_pid(const void *a, const void *b)
{
    const struct person *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int by_root(const void *a, const void *b)
{
    const struct usage *x = *(struct usage *const *)a, *y = *(struct usage *const *)b;

    return x->root < y->root ? -1 : x->root > y->root;
}

/* Processes by their pids, and roots by theirs. */
struct tree {
    struct person *all;
    size_t count;
    struct usage **roots;
    size_t root_count;
};

static struct usage *find_root(const struct tree *t, pid_t pid)
{
    struct usage key = {.root = pid}, *wanted = &key;
    struct usage **found = bsearch(&wanted, t->roots, t->root_count, sizeof(*t->roots), by_root);

    return found ? *found : NULL;
}

/* The nearest root at or above a process, or NULL. */
static struct usage *root_of(const struct tree *t, const struct person *p)
{
    struct usage *root = find_root(t, p->pid);

    for (int i = 0; i < DEPTH_MAX && p && !root && p->parent > 0; i++) {
        struct person key = {.pid = p->parent};

        root = find_root(t, p->parent);
        p = bsearch(&key, t->all, t->count, sizeof *t->all, by_pid);
    }
    return root;
}

/* The state of a whole: the one that says most about it. */
static char state_of(char whole, char one)
{
    static const char order[] = "RDSIZ";
    const char *x = whole ? strchr(order, whole) : NULL, *y = strchr(order, one);

    if (!x)
        return one;
    return y && y < x ? one : whole;
}

static void add(struct usage *u, const struct person *p, uint64_t page)
{
    u->cpu_ms += ms_of(p->ticks);
    u->reaped_ms += ms_of(p->reaped_ticks);
    u->memory += p->pages * page;
    u->processes += !p->dead;
    if (u->state == 'T' || (p->pid == u->root && (p->state == 'T' || p->state == 't')))
        u->state = 'T';
    else
        u->state = state_of(u->state, p->state);
}

void usage_read(struct usage *list, size_t count)
{
    long page = sysconf(_SC_PAGESIZE);
    struct tree t = {.roots = calloc(count + 1, sizeof(*t.roots))};

    for (size_t i = 0; i < count; i++) {
        list[i] = (struct usage){.root = list[i].root};
        if (t.roots && list[i].root > 0)
            t.roots[t.root_count++] = &list[i];
    }
    if (t.root_count > 0)
        t.all = person_read_all(&t.count);
    if (t.all) {
        qsort(t.roots, t.root_count, sizeof(*t.roots), by_root);
        qsort(t.all, t.count, sizeof *t.all, by_pid);
        for (size_t i = 0; i < t.count; i++) {
            struct usage *u = root_of(&t, &t.all[i]);

            if (u)
                add(u, &t.all[i], (uint64_t)(page > 0 ? page : 1));
        }
    }
    free(t.all);
    free(t.roots);
}

/* ---- the computer ------------------------------------------------------------------ */

static void read_busy(struct usage_computer *out)
{
    char line[LINE_MAX_BYTES];
    FILE *f = fopen("/proc/stat", "re");

    while (f && fgets(line, sizeof line, f)) {
        uint64_t user, nice, system, idle, wait = 0, irq = 0, soft = 0, steal = 0;

        if (strncmp(line, "cpu", 3))
            break;
        if (line[3] != ' ')
            out->processors++;
        else if (sscanf(line + 3,
                        " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                        " %" SCNu64 " %" SCNu64,
                        &user, &nice, &system, &idle, &wait, &irq, &soft, &steal) >= 4)
            out->busy_ms = ms_of(user + nice + system + irq + soft + steal);
    }
    if (f)
        fclose(f);
}

static void read_memory(struct usage_computer *out)
{
    char line[LINE_MAX_BYTES];
    FILE *f = fopen("/proc/meminfo", "re");
    uint64_t kib;

    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "MemTotal: %" SCNu64, &kib) == 1)
            out->memory_total = kib * KIB;
        else if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            out->memory_free = kib * KIB;
    }
    if (f)
        fclose(f);
}

void usage_read_computer(struct usage_computer *out)
{
    *out = (struct usage_computer){0};
    if (getloadavg(&out->load, 1) != 1)
        out->load = 0;
    read_busy(out);
    read_memory(out);
}
