/* show.c: what dvm doctor prints for people: each check of one host, or a line for hosts
 * that are alike; the matrix; what relaying costs; and each fault once, with all hosts that
 * have it and what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/doctor/doctor.h"
#include "console/text/grid.h"

#define NAMES_BYTES 400 /* of a list of hosts in a sentence */

static const char *const colors[FINDING_LEVELS] = {"green", "yellow", "red"};

/* ---- checks ----------------------------------------------------------------------------- */

static int show_checks(const struct doctor *d, const struct doctor_host *h)
{
    static const struct grid_column columns[] = {
        {"CHECK", false, false}, {"STATE", false, false}, {"FOUND", false, true}};
    struct grid *t = grid_create(d->c, columns, sizeof columns / sizeof columns[0]);

    for (size_t i = 0; i < h->findings.count; i++) {
        const struct finding *f = &h->findings.list[i];

        grid_line(t);
        grid_cell(t, "%s", f->check);
        grid_cell(t, "%s", finding_level_name(f->level));
        grid_color(t, colors[f->level]);
        grid_cell(t, "%s", f->text);
    }
    return grid_print(t);
}

static void count_levels(const struct doctor_host *h, size_t counts[FINDING_LEVELS])
{
    memset(counts, 0, FINDING_LEVELS * sizeof *counts);
    for (size_t i = 0; i < h->findings.count; i++)
        counts[h->findings.list[i].level]++;
}

/* The names of hosts like this one: as many checks of each level. done: of those shown. */
static size_t alike(const struct doctor *d, size_t at, const char **names, bool *done)
{
    size_t counts[FINDING_LEVELS], others[FINDING_LEVELS], n = 0;

    count_levels(&d->hosts[at], counts);
    for (size_t i = at; i < d->count; i++) {
        count_levels(&d->hosts[i], others);
        if (done[i] || d->hosts[i].kind == DOCTOR_SELF ||
            memcmp(counts, others, sizeof counts) != 0)
            continue;
        done[i] = true;
        names[n++] = d->hosts[i].name;
    }
    return n;
}

static int show_hosts(const struct doctor *d, const char **names, bool *done)
{
    static const struct grid_column columns[] = {{"HOSTS", false, true},
                                                 {"CHECKS", true, false},
                                                 {"WELL", true, false},
                                                 {"NOTES", true, false},
                                                 {"BAD", true, false}};
    struct grid *t = grid_create(d->c, columns, sizeof columns / sizeof columns[0]);
    char text[NAMES_BYTES];

    for (size_t i = 0; i < d->count; i++) {
        size_t counts[FINDING_LEVELS], n;

        if (done[i] || d->hosts[i].kind == DOCTOR_SELF)
            continue;
        n = alike(d, i, names, done);
        hostlist_write_sorted(names, n, text, NAMES_BYTES);
        count_levels(&d->hosts[i], counts);
        grid_line(t);
        grid_cell(t, "%s", text);
        grid_cell(t, "%zu", d->hosts[i].findings.count);
        for (int level = 0; level < FINDING_LEVELS; level++) {
            grid_cell(t, "%zu", counts[level]);
            if (counts[level] > 0)
                grid_color(t, colors[level]);
        }
    }
    return grid_print(t);
}

/* ---- faults ------------------------------------------------------------------------------ */

static void print_fault(const struct finding *f, const char *sentence, const char *where)
{
    char remedy[FINDING_REMEDY_BYTES];

    finding_remedy(f->code, where, remedy, sizeof remedy);
    printf("%s: %s -> %s [%s]\n", finding_level_name(f->level), sentence, remedy, f->code);
}

static bool same(const struct finding *a, const struct finding *b)
{
    return a->level == b->level && strcmp(a->code, b->code) == 0 && strcmp(a->text, b->text) == 0;
}

/* Whether a host has that finding. */
static bool has(const struct doctor_host *h, const struct finding *f)
{
    for (size_t i = 0; i < h->findings.count; i++)
        if (same(&h->findings.list[i], f))
            return true;
    return false;
}

static void show_fault(const struct doctor *d, size_t at, const struct finding *f,
                       const char **names)
{
    char text[NAMES_BYTES], sentence[NAMES_BYTES + FINDING_TEXT_BYTES + FINDING_CHECK_BYTES];
    size_t n = 0;

    for (size_t i = 0; i < at; i++)
        if (has(&d->hosts[i], f))
            return; /* told with that one */
    for (size_t i = at; i < d->count; i++)
        if (has(&d->hosts[i], f))
            names[n++] = d->hosts[i].name;
    hostlist_write_sorted(names, n, text, NAMES_BYTES);
    snprintf(sentence, sizeof sentence, "%s (%s): %s", text, f->check, f->text);
    print_fault(f, sentence, n > 1 ? NULL : strchr(text, ' ') ? "localhost" : text);
}

static void show_pair(const struct doctor *d, size_t at, const char **names, bool *done)
{
    const struct doctor_pair *p = &d->pairs[at];
    char text[NAMES_BYTES], sentence[2 * NAMES_BYTES + FINDING_TEXT_BYTES];
    size_t n = 0;

    if (p->fault.level == FINDING_WELL || done[at])
        return;
    for (size_t i = at; i < d->pair_count; i++)
        if (d->pairs[i].where == p->where && same(&d->pairs[i].fault, &p->fault)) {
            done[i] = true;
            names[n++] = d->pairs[i].who->name;
        }
    hostlist_write_sorted(names, n, text, NAMES_BYTES);
    snprintf(sentence, sizeof sentence, "%s %s not reach %s (%s): %s%s", text,
             n > 1 ? "do" : "does", p->where->name, finding_row(
             (int)finding_code_read(p->fault.code))->check, p->fault.text,
             p->way == DOCTOR_RELAYED ? "; so what they send each other is relayed" : "");
    print_fault(&p->fault, sentence, p->where->name);
}

/* A host whose lane port others do not reach, once, with all of these. */
static void show_lane(const struct doctor *d, size_t at, const char **names, bool *done)
{
    const struct doctor_pair *p = &d->pairs[at];
    char text[NAMES_BYTES], sentence[2 * NAMES_BYTES + FINDING_TEXT_BYTES];
    size_t n = 0;

    if (p->lane_fault.level == FINDING_WELL || done[at])
        return;
    for (size_t i = at; i < d->pair_count; i++)
        if (d->pairs[i].high == p->high && same(&d->pairs[i].lane_fault, &p->lane_fault)) {
            done[i] = true;
            names[n++] = d->pairs[i].low->name;
        }
    hostlist_write_sorted(names, n, text, NAMES_BYTES);
    snprintf(sentence, sizeof sentence, "%s %s not reach the lane port of %s: %s; so the daemons "
             "carry what their tasks send each other", text, n > 1 ? "do" : "does",
             p->high->name, p->lane_fault.text);
    print_fault(&p->lane_fault, sentence, p->high->name);
}

static void show_lanes(const struct doctor *d, const char **names, bool *done)
{
    size_t direct = 0;

    for (size_t i = 0; i < d->pair_count; i++) {
        show_lane(d, i, names, done);
        direct += d->pairs[i].lane == DOCTOR_DIRECT;
    }
    if (d->pair_count > 0)
        printf("lanes: tasks of %zu of %zu pairs of hosts can connect to each other\n", direct,
               d->pair_count);
}

static void show_faults(const struct doctor *d, const char **names, bool *done)
{
    for (int level = FINDING_BAD; level > FINDING_WELL; level--)
        for (size_t i = 0; i < d->count; i++)
            for (size_t k = 0; k < d->hosts[i].findings.count; k++)
                if ((int)d->hosts[i].findings.list[k].level == level)
                    show_fault(d, i, &d->hosts[i].findings.list[k], names);
    for (size_t i = 0; i < d->pair_count; i++)
        show_pair(d, i, names, done);
}

/* ---- relaying ---------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The median time from daemon to daemon and back of pairs that are connected, or not; 0:
 * there are none. times: room for all. */
static uint32_t median(const struct doctor *d, bool connected, uint32_t *times)
{
    size_t n = 0;

    for (size_t i = 0; i < d->pair_count; i++)
        if (d->pairs[i].connected == connected && d->pairs[i].echo_us > 0)
            times[n++] = d->pairs[i].echo_us;
    qsort(times, n, sizeof *times, by_value);
    return n ? times[n / 2] : 0;
}

static void show_cost(const struct doctor *d, uint32_t *times)
{
    char relayed[DOCTOR_TIME_BYTES], direct[DOCTOR_TIME_BYTES];
    const char *by = d->coordinator ? d->coordinator->name : "the coordinator";
    size_t n = 0;

    for (size_t i = 0; i < d->pair_count; i++)
        n += d->pairs[i].way == DOCTOR_RELAYED;
    if (n == 0)
        return;
    doctor_time(relayed, median(d, false, times));
    doctor_time(direct, median(d, true, times));
    printf("relay: %zu of %zu pairs go through the daemon of %s, which takes its processor and "
           "network twice; a question and its answer between daemons just took %s that way, %s "
           "over a direct connection (medians)\n", n, d->pair_count, by, relayed, direct);
}

/* ---- all ---------------------------------------------------------------------------------- */

static int show(const struct doctor *d, const char **names, bool *done, uint32_t *times)
{
    bool self = d->count > 0 && d->hosts[0].kind == DOCTOR_SELF;
    size_t others = d->count - self;
    int r = EXIT_OK;

    if (self || others == 1)
        r = show_checks(d, &d->hosts[0]);
    if (!r && (others > 1 || (self && others > 0))) {
        printf("%s", self ? "\n" : "");
        r = show_hosts(d, names, done);
    }
    if (!r)
        r = doctor_matrix(d);
    if (r)
        return r;
    memset(done, 0, (d->count + d->pair_count) * sizeof *done);
    if (doctor_is_bad(d))
        putchar('\n');
    show_faults(d, names, done);
    memset(done, 0, (d->count + d->pair_count) * sizeof *done);
    show_lanes(d, names, done);
    show_cost(d, times);
    if (!doctor_is_bad(d))
        printf("\nno fault was found\n");
    return EXIT_OK;
}

int doctor_show(const struct doctor *d)
{
    size_t most = d->count + d->pair_count + 1;
    const char **names = calloc(most, sizeof *names);
    bool *done = calloc(most, sizeof *done);
    uint32_t *times = calloc(most, sizeof *times);
    int r = names && done && times ? show(d, names, done, times) : grid_print(NULL);

    free(names);
    free(done);
    free(times);
    return r;
}
