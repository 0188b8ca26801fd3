/* why.c: dvm why: who waits for whom in the whole machine, and whether it can end.
 *
 * All boards are read (as by dvm ps), and the tasks that can never go on are found
 * (watch/knot.h). Boards are not read at one moment, and a message may be on its way: so
 * before anything is called a deadlock it is looked a second time, and only waits that were
 * there already at the end of the first look count.
 */
#include "console/command.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "console/listing.h"
#include "console/text/words.h"
#include "console/watch/knot.h"
#include "console/watch/waits.h"
#include "dvm.h"
#include "proto/board.h"
#include "proto/frame.h"

#define AGAIN_MS 500         /* until the second look */
#define WHO_MAX (DVM_NAME_MAX + 64)
#define FOR_ONE_MOST 10      /* tasks that are listed below one that they wait for */

struct settings {
    bool all;
};

static const struct option_row rows[] = {
    {"all", 'a', OPTION_FLAG, offsetof(struct settings, all), NULL,
     "list all tasks that wait for the same one", 0, 0},
    OPTION_END};

/* One look at the machine. */
struct look {
    struct listing listing;
    struct waits *waits;
    const Dvm__Pb__Task **tasks; /* by tid; owned */
    struct knot_node *nodes;     /* of each; owned */
    size_t *peers;               /* of each the place of whom it waits for, or count; owned */
    size_t count, stuck;
    double over; /* when it ended, clock_seconds */
};

static void look_free(struct look *l)
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

/* The place of whom a task waits for, when that is a task of the list, else count. */
static size_t peer_of(const struct look *l, const Dvm__Pb__Task *task)
{
    const Dvm__Pb__Task key = {.tid = task->waiting ? task->waiting->peer : 0}, *wanted = &key;
    const Dvm__Pb__Task **found = NULL;

    if (key.tid > 0 && l->count > 0)
        found = bsearch(&wanted, l->tasks, l->count, sizeof(*l->tasks), by_tid);
    return found ? (size_t)(found - l->tasks) : l->count;
}

/* What must be there for the wait of a task to end. Only what is certain counts: bytes go on
 * while the peer waits, a second thread may do anything, and in DVM_UNIVERSE somebody may
 * send who is not there yet. */
static struct knot_node node_of(const struct look *l, size_t i, double since)
{
    const Dvm__Pb__Task *task = l->tasks[i];
    const Dvm__Pb__Waiting *w = task->waiting;
    struct knot_node n = {.wait = KNOT_NONE, .set = task->world};
    size_t peer = l->peers[i];

    if (!w || w->threads > 1 || w->seconds < since || w->why == DVM_BOARD_ROOM ||
        w->why == DVM_BOARD_BYTES || w->why == DVM_BOARD_ANSWER || w->why == DVM_BOARD_COPIES)
        return n;
    if (w->call == DVM_BOARD_WAITANY && w->requests > 1)
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
    l->waits = waits_create(&l->listing);
    l->tasks = calloc(room, sizeof(*l->tasks));
    l->nodes = calloc(room, sizeof *l->nodes);
    l->peers = calloc(room, sizeof *l->peers);
    if (!l->waits || !l->tasks || !l->nodes || !l->peers)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
    for (size_t i = 0; i < l->listing.count; i++)
        for (size_t j = 0; l->listing.replies[i] && j < l->listing.replies[i]->n_tasks; j++)
            l->tasks[l->count++] = l->listing.replies[i]->tasks[j];
    qsort(l->tasks, l->count, sizeof(*l->tasks), by_tid);
    for (size_t i = 0; i < l->count; i++)
        l->peers[i] = peer_of(l, l->tasks[i]);
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

/* Look once, and again when something seems to be stuck. */
static int look_well(struct client *client, struct look *l)
{
    double over;
    int r = look(client, l, clock_seconds());

    if (r || !l->stuck)
        return r;
    over = l->over;
    look_free(l);
    poll(NULL, 0, AGAIN_MS);
    return look(client, l, over);
}

/* ---- words ------------------------------------------------------------------------------ */

static const char *who(const Dvm__Pb__Task *task, char text[WHO_MAX])
{
    snprintf(text, WHO_MAX, "rank %u (0x%x, %s)", task->rank, (unsigned)task->tid, task->host);
    return text;
}

static void print_task(const struct look *l, size_t i, const char *before)
{
    char name[WHO_MAX], wait[WAITS_TEXT_MAX];

    printf("%s%s: %s\n", before, who(l->tasks[i], name), waits_text(l->waits, l->tasks[i], wait));
}

/* Print the circle that a stuck task leads to, unless it was printed. */
static void print_circle(const struct look *l, size_t from, bool *told)
{
    size_t first = knot_circle(l->nodes, l->count, from), at = first, length = 0;

    if (first == l->count || told[first])
        return;
    do {
        told[at] = true;
        at = l->nodes[at].one;
        length++;
    } while (at != first);
    printf("deadlock: %zu task%s each other, so none can go on:\n", length,
           length == 1 ? " waits for itself, not for" : "s wait for");
    do {
        print_task(l, at, "  ");
        at = l->nodes[at].one;
    } while (at != first);
}

/* The rest of those that are stuck: in sets without a circle, or waiting for others. */
static void print_stuck(const struct look *l, bool *told)
{
    size_t left = 0;

    for (size_t i = 0; i < l->count; i++)
        if (l->nodes[i].stuck)
            print_circle(l, i, told);
    for (size_t i = 0; i < l->count; i++)
        left += l->nodes[i].stuck && !told[i];
    if (!left)
        return;
    printf("%s: %zu task%s only for tasks that cannot go on either:\n",
           left == l->stuck ? "deadlock" : "and for them", left, left == 1 ? " waits" : "s wait");
    for (size_t i = 0; i < l->count; i++) {
        if (!l->nodes[i].stuck || told[i])
            continue;
        print_task(l, i, "  ");
        told[i] = true;
    }
}

static const char *what_it_does(const Dvm__Pb__Task *task)
{
    if (task->state == DVM_TASK_ENDED)
        return "has ended";
    if (task->waiting)
        return "waits itself";
    return task->looked ? "is computing" : "does not use libdvm, or has not begun to";
}

/* Those that wait for one task, which is not stuck. */
static void print_waiters(const struct look *l, size_t peer, bool all, bool *told)
{
    char name[WHO_MAX];
    size_t count = 0;

    for (size_t i = 0; i < l->count; i++) {
        if (told[i] || l->peers[i] != peer)
            continue;
        told[i] = true;
        if (count++ == 0)
            printf("%s %s, and is waited for:\n", who(l->tasks[peer], name),
                   what_it_does(l->tasks[peer]));
        if (all || count <= FOR_ONE_MOST)
            print_task(l, i, "  ");
    }
    if (!all && count > FOR_ONE_MOST)
        printf("  ... and by %zu more (--all lists them)\n", count - FOR_ONE_MOST);
}

static void print(const struct console *c, const struct look *l, bool all, bool *told)
{
    bool first = true;
    size_t waiting = 0;

    for (size_t i = 0; i < l->count; i++)
        waiting += l->tasks[i]->waiting != NULL;
    if (!waiting)
        console_say(c, "no task waits");
    print_stuck(l, told);
    /* first for those that do not wait themselves: there the trouble may be */
    for (int itself = 0; itself < 2; itself++)
        for (size_t i = 0; i < l->count; i++)
            if ((l->tasks[i]->waiting != NULL) == itself)
                print_waiters(l, i, all, told);
    for (size_t i = 0; i < l->count; i++) {
        if (!l->tasks[i]->waiting || told[i])
            continue;
        if (first)
            puts("for nobody of this list:");
        first = false;
        print_task(l, i, "  ");
    }
}

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *circles_json(const struct look *l, bool *told)
{
    json_t *circles = json_array();

    for (size_t i = 0; i < l->count; i++) {
        size_t first = l->nodes[i].stuck ? knot_circle(l->nodes, l->count, i) : l->count;
        json_t *circle;

        if (first == l->count || told[first])
            continue;
        circle = json_array();
        for (size_t at = first; !told[at]; at = l->nodes[at].one) {
            told[at] = true;
            json_array_append_new(circle, json_integer(l->tasks[at]->tid));
        }
        json_array_append_new(circles, circle);
    }
    return circles;
}

static void print_json(const struct look *l, bool *told)
{
    json_t *tasks = json_array(), *stuck = json_array();

    for (size_t i = 0; i < l->count; i++) {
        const Dvm__Pb__Task *t = l->tasks[i];

        if (l->nodes[i].stuck)
            json_array_append_new(stuck, json_integer(t->tid));
        if (t->waiting)
            json_array_append_new(tasks, json_pack("{s:i,s:i,s:s,s:o}", "tid", t->tid, "rank",
                                                   (int)t->rank, "host", t->host, "waiting",
                                                   waits_json(l->waits, t)));
    }
    console_json(json_pack("{s:s,s:s,s:o,s:o,s:o}", "schema", "why/1", "machine",
                           l->listing.hosts->machine, "circles", circles_json(l, told), "stuck",
                           stuck, "waiting", tasks));
}

static int report(const struct console *c, const struct look *l, bool all)
{
    bool *told = calloc(l->count + 1, sizeof *told);
    int code, r = l->stuck ? EXIT_GENERIC : EXIT_OK;

    if (!told)
        return console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks"));
    if (c->json)
        print_json(l, told);
    else
        print(c, l, all, told);
    free(told);
    code = listing_complain(c, &l->listing);
    return r ? r : console_exit_some(l->listing.failed, l->listing.count, code);
}

static int why(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct client *client;
    struct look l;
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = look_well(client, &l);
    r = r ? console_failed(c, r) : report(c, &l, s->all);
    look_free(&l);
    client_close(client);
    return r;
}

const struct command command_why = {
    .name = "why",
    .operands = "",
    .summary = "who waits for whom, and whether it is a deadlock",
    .text = "Tasks that can never go on come first: those that wait for each other in a circle,\n"
            "or only for such. Then the tasks that others wait for, with what they do. What a\n"
            "task waits for is what dvm ps tells; a deadlock is only called so when it lasts for\n"
            "half a second, and the exit status is 1 then. Threads of a program that do not use\n"
            "libdvm are not seen: one that will let its task go on is not thought of.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .function = why,
    .examples = "dvm why                              # a program hangs\n"
                "dvm why --json | jq '.circles'       # lists of tids that wait for each other\n",
};
