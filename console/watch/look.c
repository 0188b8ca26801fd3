/* look.c: the implementation of look.h.
 *
 * Only what is certain counts as stuck: bytes go on while the peer waits, another thread may do
 * anything, a wait with a time limit ends, in DVM_UNIVERSE somebody may send who is not there
 * yet, and a task that is stopped may have what it waits for already.
 */
#include "console/watch/look.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "dvm.h"
#include "proto/board.h"
#include "proto/frame.h"

#define PARENTS_MAX 64 /* of a task that are looked at */

void look_free(struct look *l)
{
    waits_free(l->waits);
    listing_free(&l->listing);
    free(l->tasks);
    free(l->nodes);
    free(l->peers);
    *l = (struct look){0};
}

static int by_tid(const void *a, const void *b)
{
    int x = (*(Dvm__Pb__Task *const *)a)->tid, y = (*(Dvm__Pb__Task *const *)b)->tid;

    return x < y ? -1 : x > y;
}

/* The place of a task, or count. */
static size_t place_of(const struct look *l, int tid)
{
    const Dvm__Pb__Task key = {.tid = tid}, *wanted = &key, **found = NULL;

    if (tid > 0 && l->count > 0)
        found = bsearch(&wanted, l->tasks, l->count, sizeof(*l->tasks), by_tid);
    return found ? (size_t)(found - l->tasks) : l->count;
}

const Dvm__Pb__Task *look_task(const struct look *l, int tid)
{
    size_t at = place_of(l, tid);

    return at < l->count ? l->tasks[at] : NULL;
}

bool look_of(const struct look *l, const Dvm__Pb__Task *task, const Dvm__Pb__Task *first)
{
    for (int i = 0; task && i < PARENTS_MAX; i++) {
        if (task == first || (task->world && task->world == first->world))
            return true;
        task = look_task(l, task->parent);
    }
    return false;
}

/* Whether the wait ends without the peer, or may. */
static bool may_end(const Dvm__Pb__Task *task, double since)
{
    const Dvm__Pb__Waiting *w = task->waiting;

    if (!w || task->stopped || w->timed || w->threads > 1 || w->seconds < since)
        return true;
    if (w->why == DVM_BOARD_ROOM || w->why == DVM_BOARD_BYTES || w->why == DVM_BOARD_ANSWER ||
        w->why == DVM_BOARD_COPIES)
        return true;
    return w->call == DVM_BOARD_WAITANY && w->requests > 1;
}

/* What must be there for the wait of a task to end. */
static struct knot_node node_of(const struct look *l, size_t i, double since)
{
    const Dvm__Pb__Task *task = l->tasks[i];
    const Dvm__Pb__Waiting *w = task->waiting;
    struct knot_node n = {.wait = KNOT_NONE, .set = task->world};
    size_t peer = l->peers[i];

    if (may_end(task, since))
        return n;
    if (w->peer == DVM_ANY && w->why == DVM_BOARD_MESSAGE && task->world &&
        w->context == task->world) {
        n.wait = KNOT_ANY;
        return n;
    }
    if (peer < l->count && l->tasks[peer]->state != DVM_TASK_ENDED) {
        n.wait = KNOT_ONE;
        n.one = peer;
    }
    return n;
}

/* The tasks of a listing, sorted, and whom they wait for. */
static int take_tasks(struct look *l)
{
    size_t room = 1;

    for (size_t i = 0; i < l->listing.count; i++)
        room += l->listing.replies[i] ? l->listing.replies[i]->n_tasks : 0;
    l->tasks = calloc(room, sizeof(*l->tasks));
    l->nodes = calloc(room, sizeof *l->nodes);
    l->peers = calloc(room, sizeof *l->peers);
    if (!l->tasks || !l->nodes || !l->peers)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
    for (size_t i = 0; i < l->listing.count; i++)
        for (size_t j = 0; l->listing.replies[i] && j < l->listing.replies[i]->n_tasks; j++)
            l->tasks[l->count++] = l->listing.replies[i]->tasks[j];
    qsort(l->tasks, l->count, sizeof(*l->tasks), by_tid);
    for (size_t i = 0; i < l->count; i++)
        l->peers[i] = place_of(l, l->tasks[i]->waiting ? l->tasks[i]->waiting->peer : 0);
    return DVM_OK;
}

/* Look. Only waits that began before this moment (clock_seconds) are thought to last. */
static int look(struct client *client, struct look *l, double began)
{
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    double start = clock_seconds();
    int r;

    *l = (struct look){0};
    message.boards = true;
    message.ended = true;
    r = listing_get(client, &message, &l->listing);
    r = r ? r : take_tasks(l);
    if (r)
        return r;
    for (size_t i = 0; i < l->count; i++)
        l->nodes[i] = node_of(l, i, start - began);
    l->stuck = knot_find(l->nodes, l->count);
    l->over = clock_seconds();
    return DVM_OK;
}

int look_well(struct client *client, int again_ms, bool lines, struct look *l)
{
    double over;
    int r = look(client, l, clock_seconds());

    if (!r && l->stuck) {
        over = l->over;
        look_free(l);
        poll(NULL, 0, again_ms);
        r = look(client, l, over);
    }
    if (r || (!lines && !l->stuck))
        return r;
    l->waits = waits_create(&l->listing);
    return l->waits ? DVM_OK : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
}
