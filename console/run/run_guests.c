/* run_guests.c: tasks that tasks of the run have spawned.
 *
 * What they write comes here, so the run lasts until they have ended, too, when its own have
 * ended well; ^C and what is like it are for them as for the others. After a failure nobody
 * waits for them: whether they should live on only the program knows. The news that one has
 * ended, or was lost with its host, may come before the news that it was spawned, from another
 * host: it is kept.
 */
#include "console/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/control.pb-c.h"

#define FIRST_ROOM 16
#define SAY_SECONDS 1.0 /* that are waited in silence */

struct run_guest {
    int tid;
    bool ended; /* it was not known to have been spawned then */
};

/* Where it stands, or count. */
static size_t place_of(const struct run_guests *g, int tid)
{
    size_t i = 0;

    while (i < g->count && g->list[i].tid != tid)
        i++;
    return i;
}

static bool add(struct run_guests *g, int tid, bool ended)
{
    size_t room = g->room ? 2 * g->room : FIRST_ROOM;
    struct run_guest *more;

    if (g->count == g->room) {
        more = realloc(g->list, room * sizeof *more);
        if (!more)
            return false; /* it is not waited for */
        g->list = more;
        g->room = room;
    }
    g->list[g->count++] = (struct run_guest){tid, ended};
    return true;
}

void run_guests_started(struct run *r, const uint8_t *payload, size_t length)
{
    struct run_guests *g = &r->guests;
    Dvm__Pb__Guests *m = dvm__pb__guests__unpack(NULL, length, payload);

    for (size_t i = 0; m && i < m->n_tids; i++) {
        size_t at = place_of(g, m->tids[i]);

        if (lost_has(&g->lost, m->tids[i]))
            continue;
        if (at == g->count)
            g->left += add(g, m->tids[i], false);
        else if (g->list[at].ended)
            g->list[at] = g->list[--g->count];
    }
    dvm__pb__guests__free_unpacked(m, NULL);
}

void run_guests_ended(struct run *r, int tid)
{
    struct run_guests *g = &r->guests;
    size_t at = place_of(g, tid);

    if (at == g->count) {
        add(g, tid, true);
    } else if (!g->list[at].ended) {
        g->list[at] = g->list[--g->count];
        g->left--;
    }
}

void run_guests_host(struct run *r, int slot, bool lost)
{
    struct run_guests *g = &r->guests;

    lost_note(&g->lost, slot, lost);
    if (!lost)
        return;
    for (size_t i = g->count; i-- > 0;)
        if (g->list[i].tid >> DVM_TID_N_BITS == slot) {
            g->left -= !g->list[i].ended;
            g->list[i] = g->list[--g->count];
        }
}

bool run_guests_waited(const struct run *r)
{
    bool failed = r->policy == RUN_KILL && r->first >= 0;

    return r->left == 0 && r->guests.left > 0 && !failed;
}

double run_guests_deadline(const struct run *r)
{
    return run_guests_waited(r) && !r->guests.said ? r->guests.say_at : 0;
}

void run_guests_clock(struct run *r, double now)
{
    struct run_guests *g = &r->guests;
    char text[RUN_RUNNING_MAX];

    if (!run_guests_waited(r) || g->said)
        return;
    if (g->say_at == 0)
        g->say_at = now + SAY_SECONDS;
    if (now < g->say_at)
        return;
    g->said = true;
    if (!r->c->quiet && r->interrupts == 0)
        run_say(r, "the run's own tasks have ended; waiting for what they have spawned: %s; ^C "
                   "ends %s", run_guests_text(r, text), g->left == 1 ? "it" : "them");
}

void run_guests_signal(struct run *r, int number, char *by)
{
    const struct run_guests *g = &r->guests;
    Dvm__Pb__Kill message = DVM__PB__KILL__INIT;

    message.signal = number;
    message.by = by;
    for (size_t i = 0; i < g->count; i++) {
        message.tid = g->list[i].tid;
        if (!g->list[i].ended)
            client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_KILL,
                        &message.base, NULL);
    }
}

const char *run_guests_text(const struct run *r, char *text)
{
    const struct run_guests *g = &r->guests;
    const char *before = g->left == 1 ? "task " : "tasks ";
    char all[40]; /* how many there are, when not all fit */
    size_t used = 0;

    snprintf(all, sizeof all, ",...(%d tasks)", g->left);
    text[0] = '\0';
    for (size_t i = 0; i < g->count; i++) {
        if (g->list[i].ended)
            continue;
        if (used + sizeof ",0x3ffffff" + strlen(before) + strlen(all) >= RUN_RUNNING_MAX) {
            snprintf(text + used, RUN_RUNNING_MAX - used, "%s", all);
            break;
        }
        used += (size_t)snprintf(text + used, RUN_RUNNING_MAX - used, "%s%#x", before,
                                 (unsigned)g->list[i].tid);
        before = ",";
    }
    return text;
}

void run_guests_leave(struct run *r)
{
    char text[RUN_RUNNING_MAX];

    if (r->guests.left > 0 && !r->is_private && !r->c->quiet)
        run_say(r, "what the run has spawned goes on: %s; dvm kill ends %s",
                run_guests_text(r, text), r->guests.left == 1 ? "it" : "them");
}

void run_guests_free(struct run *r)
{
    free(r->guests.list);
}
