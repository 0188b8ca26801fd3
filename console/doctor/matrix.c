/* matrix.c: the ways between all pairs of members as a table.
 *
 * With many hosts only those are shown by themselves that have trouble: the host with
 * most troubled pairs is taken out, then again, until the others are well with each other;
 * these are one row and column. So 40 hosts with one bad firewall are a table of two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/doctor/doctor.h"
#include "console/text/grid.h"

#define HOSTS_SHOWN 12 /* by themselves; more do not fit a terminal */
#define US_PER_MS 1000.0
#define MS_PER_SECOND 1000.0
#define TITLE_BYTES 16

struct matrix {
    const struct doctor *d;
    const struct doctor_host *first; /* the members lie one behind the other */
    size_t members;
    size_t *place;     /* owned: of each member, which row it is in */
    size_t *trouble;   /* owned: pairs of each that are not direct, among those not shown */
    size_t rows;       /* with that of the others */
    bool others;       /* the last row is all that have none of their own */
    const struct doctor_host *shown[HOSTS_SHOWN];
};

/* All pairs of one cell. */
struct cell {
    size_t pairs, relayed, unknown;
    uint32_t least, most; /* round trips, us */
};

const char *doctor_time(char text[DOCTOR_TIME_BYTES], uint32_t us)
{
    if (us == 0)
        snprintf(text, DOCTOR_TIME_BYTES, "?");
    else if (us < US_PER_MS)
        snprintf(text, DOCTOR_TIME_BYTES, "%u us", us);
    else if (us < US_PER_MS * MS_PER_SECOND)
        snprintf(text, DOCTOR_TIME_BYTES, "%.1f ms", us / US_PER_MS);
    else
        snprintf(text, DOCTOR_TIME_BYTES, "%.1f s", us / US_PER_MS / MS_PER_SECOND);
    return text;
}

/* ---- who is shown --------------------------------------------------------------------- */

static void count_trouble(struct matrix *m)
{
    memset(m->trouble, 0, m->members * sizeof *m->trouble);
    for (size_t i = 0; i < m->d->pair_count; i++) {
        const struct doctor_pair *p = &m->d->pairs[i];
        size_t low = (size_t)(p->low - m->first), high = (size_t)(p->high - m->first);

        if (p->way == DOCTOR_DIRECT || m->place[low] != SIZE_MAX || m->place[high] != SIZE_MAX)
            continue;
        m->trouble[low]++;
        m->trouble[high]++;
    }
}

/* The one with most trouble among those that have no row, or members for none. */
static size_t worst(const struct matrix *m)
{
    size_t found = m->members;

    for (size_t i = 0; i < m->members; i++)
        if (m->trouble[i] > 0 && (found == m->members || m->trouble[i] > m->trouble[found]))
            found = i;
    return found;
}

static void give_row(struct matrix *m, size_t member)
{
    m->place[member] = m->rows;
    m->shown[m->rows++] = m->first + member;
}

static void choose(struct matrix *m)
{
    size_t most = HOSTS_SHOWN - 1, i;

    for (i = 0; i < m->members; i++)
        m->place[i] = SIZE_MAX;
    if (m->members <= HOSTS_SHOWN) {
        for (i = 0; i < m->members; i++)
            give_row(m, i);
        return;
    }
    for (count_trouble(m); m->rows < most && (i = worst(m)) < m->members; count_trouble(m))
        give_row(m, i);
    for (i = 0; i < m->members; i++)
        if (m->place[i] == SIZE_MAX)
            m->place[i] = m->rows;
    m->rows++;
    m->others = true;
}

/* ---- cells ----------------------------------------------------------------------------- */

static void add_to(struct cell *c, const struct doctor_pair *p)
{
    c->pairs++;
    c->relayed += p->way == DOCTOR_RELAYED;
    c->unknown += p->way == DOCTOR_UNKNOWN;
    if (p->way != DOCTOR_DIRECT || p->rtt_us == 0)
        return;
    if (c->least == 0 || p->rtt_us < c->least)
        c->least = p->rtt_us;
    if (p->rtt_us > c->most)
        c->most = p->rtt_us;
}

static void put_cell(struct grid *t, const struct cell *c)
{
    char time[DOCTOR_TIME_BYTES], most[DOCTOR_TIME_BYTES];

    if (c->pairs == 0) {
        grid_cell(t, "-");
    } else if (c->relayed + c->unknown == 0 && c->least == c->most) {
        grid_cell(t, "%s", c->least ? doctor_time(time, c->least) : "direct");
        grid_color(t, "green");
    } else if (c->relayed + c->unknown == 0) {
        grid_cell(t, "%s-%s", doctor_time(time, c->least), doctor_time(most, c->most));
        grid_color(t, "green");
    } else {
        const char *word = c->relayed ? "relay" : "unknown";
        size_t count = c->relayed ? c->relayed : c->unknown;

        if (c->pairs == 1)
            grid_cell(t, "%s", word);
        else
            grid_cell(t, "%s %zu/%zu", word, count, c->pairs);
        grid_color(t, c->relayed ? "red" : "yellow");
    }
}

static int print(const struct matrix *m, const struct cell *cells)
{
    struct grid_column columns[HOSTS_SHOWN + 2] = {{"HOST", false, false}, {"", true, false}};
    char titles[HOSTS_SHOWN][TITLE_BYTES];
    struct grid *t;

    for (size_t i = 0; i < m->rows; i++) {
        snprintf(titles[i], TITLE_BYTES, "%zu", i + 1);
        columns[i + 2] = (struct grid_column){titles[i], true, false};
    }
    columns[1].title = "#";
    t = grid_create(m->d->c, columns, (int)m->rows + 2);
    for (size_t i = 0; i < m->rows; i++) {
        grid_line(t);
        if (m->others && i == m->rows - 1)
            grid_cell(t, "the other %zu", m->members - i);
        else
            grid_cell(t, "%s", m->shown[i]->name);
        grid_cell(t, "%zu", i + 1);
        for (size_t k = 0; k < m->rows; k++)
            put_cell(t, &cells[i * m->rows + k]);
    }
    return grid_print(t);
}

static int fill_and_print(const struct matrix *m)
{
    struct cell cells[HOSTS_SHOWN * HOSTS_SHOWN] = {{0}};

    for (size_t i = 0; i < m->d->pair_count; i++) {
        const struct doctor_pair *p = &m->d->pairs[i];
        size_t low = m->place[p->low - m->first], high = m->place[p->high - m->first];

        add_to(&cells[low * m->rows + high], p);
        if (low != high)
            add_to(&cells[high * m->rows + low], p);
    }
    return print(m, cells);
}

int doctor_matrix(const struct doctor *d)
{
    struct matrix m = {.d = d};
    int r;

    for (size_t i = 0; i < d->count; i++)
        if (d->hosts[i].kind == DOCTOR_MEMBER) {
            m.first = m.first ? m.first : &d->hosts[i];
            m.members++;
        }
    if (m.members < 2)
        return EXIT_OK;
    m.place = calloc(m.members, sizeof *m.place);
    m.trouble = calloc(m.members, sizeof *m.trouble);
    if (m.place && m.trouble) {
        choose(&m);
        printf("\nround trips of the network between hosts, and who is relayed:\n");
        r = fill_and_print(&m);
    } else {
        r = grid_print(NULL);
    }
    free(m.place);
    free(m.trouble);
    return r;
}
