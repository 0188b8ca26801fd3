/* why.c: dvm why: who waits for whom in the whole machine, and whether it can end. The proof
 * of a deadlock is in watch/look.h; here are the words, and what belongs to one run: a
 * deadlock of others is none of its business, but whom its tasks wait for is told in full.
 */
#include "console/command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "console/listing.h"
#include "console/text/words.h"
#include "console/watch/look.h"
#include "console/watch/waits.h"
#include "dvm.h"
#include "proto/frame.h"

#define AGAIN_MS 500         /* until the second look */
#define AGAIN_STUCK_MS 2000  /* the same with --stuck: nobody waits for the answer */
#define WHO_MAX (DVM_NAME_MAX + 64)
#define FOR_ONE_MOST 10      /* tasks that are listed below one sentence */

struct settings {
    bool all, stuck;
};

static const struct option_row rows[] = {
    {"all", 'a', OPTION_FLAG, offsetof(struct settings, all), NULL,
     "list all tasks that wait for each other or for the same one", 0, 0},
    {"stuck", 's', OPTION_FLAG, offsetof(struct settings, stuck), NULL,
     "say nothing unless there is a deadlock", 0, 0},
    OPTION_END};

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

/* Print one of several below a sentence, unless there are too many. */
static void print_one(const struct look *l, size_t i, bool all, size_t number)
{
    if (all || number < FOR_ONE_MOST)
        print_task(l, i, "  ");
}

static void print_more(const char *by, bool all, size_t count)
{
    if (!all && count > FOR_ONE_MOST)
        printf("  ... and %s%zu more (dvm why --all lists them)\n", by, count - FOR_ONE_MOST);
}

/* Print the circle that a stuck task leads to, unless it was printed. */
static void print_circle(const struct look *l, size_t from, bool all, bool *told)
{
    size_t first = knot_circle(l->nodes, l->count, from), at = first, length = 0, i = 0;

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
        print_one(l, at, all, i++);
        at = l->nodes[at].one;
    } while (at != first);
    print_more("", all, length);
}

/* The rest of those that are stuck: in sets without a circle, or waiting for others. */
static void print_stuck(const struct look *l, const bool *meant, bool all, bool *told)
{
    size_t left = 0, number = 0;
    bool circles = false;

    for (size_t i = 0; i < l->count; i++)
        if (l->nodes[i].stuck && meant[i])
            print_circle(l, i, all, told);
    for (size_t i = 0; i < l->count; i++) {
        circles = circles || told[i];
        left += l->nodes[i].stuck && meant[i] && !told[i];
    }
    if (!left)
        return;
    printf("%s: %zu task%s only for tasks that cannot go on either:\n",
           circles ? "and for them" : "deadlock", left, left == 1 ? " waits" : "s wait");
    for (size_t i = 0; i < l->count; i++) {
        if (!l->nodes[i].stuck || !meant[i] || told[i])
            continue;
        print_one(l, i, all, number++);
        told[i] = true;
    }
    print_more("", all, left);
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
static void print_waiters(const struct look *l, size_t peer, const bool *meant, bool all,
                          bool *told)
{
    char name[WHO_MAX];
    size_t count = 0;

    for (size_t i = 0; i < l->count; i++) {
        if (told[i] || !meant[i] || l->peers[i] != peer)
            continue;
        told[i] = true;
        if (count++ == 0)
            printf("%s %s, and is waited for:\n", who(l->tasks[peer], name),
                   what_it_does(l->tasks[peer]));
        print_one(l, i, all, count - 1);
    }
    print_more("by ", all, count);
}

static void print(const struct look *l, const bool *meant, bool all, bool *told)
{
    bool first = true;

    print_stuck(l, meant, all, told);
    /* first for those that do not wait themselves: there the trouble may be */
    for (int itself = 0; itself < 2; itself++)
        for (size_t i = 0; i < l->count; i++)
            if ((l->tasks[i]->waiting != NULL) == itself)
                print_waiters(l, i, meant, all, told);
    for (size_t i = 0; i < l->count; i++) {
        if (!l->tasks[i]->waiting || !meant[i] || told[i])
            continue;
        if (first)
            puts("for nobody of this list:");
        first = false;
        print_task(l, i, "  ");
    }
}

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *circles_json(const struct look *l, const bool *meant, bool *told)
{
    json_t *circles = json_array();

    for (size_t i = 0; i < l->count; i++) {
        size_t first = l->nodes[i].stuck && meant[i] ? knot_circle(l->nodes, l->count, i)
                                                     : l->count;
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

static void print_json(const struct look *l, const bool *meant, bool *told)
{
    json_t *tasks = json_array(), *stuck = json_array();

    for (size_t i = 0; i < l->count; i++) {
        const Dvm__Pb__Task *t = l->tasks[i];

        if (!meant[i])
            continue;
        if (l->nodes[i].stuck)
            json_array_append_new(stuck, json_integer(t->tid));
        if (t->waiting)
            json_array_append_new(tasks, json_pack("{s:i,s:i,s:s,s:o}", "tid", t->tid, "rank",
                                                   (int)t->rank, "host", t->host, "waiting",
                                                   waits_json(l->waits, t)));
    }
    console_json(json_pack("{s:s,s:s,s:o,s:o,s:o}", "schema", "why/1", "machine",
                           l->listing.hosts->machine, "circles", circles_json(l, meant, told),
                           "stuck", stuck, "waiting", tasks));
}

/* What is asked for: how many of those tasks wait, and how many of them are stuck. */
struct counts {
    size_t waiting, stuck;
};

/* Which tasks are meant: all, or those of the run of one. Error: NO_TASK. */
static int choose(const struct look *l, int tid, bool *meant, struct counts *counts)
{
    const Dvm__Pb__Task *first = look_task(l, tid);

    if (tid && !first)
        return dvm_fail(DVM_ERR_NO_TASK, "there is no task 0x%x; dvm ps lists them",
                        (unsigned)tid);
    for (size_t i = 0; i < l->count; i++) {
        meant[i] = !first || look_of(l, l->tasks[i], first);
        counts->waiting += meant[i] && l->tasks[i]->waiting;
        counts->stuck += meant[i] && l->nodes[i].stuck;
    }
    return DVM_OK;
}

static int report(const struct console *c, const struct look *l, const struct settings *s,
                  int tid)
{
    bool *told = calloc(l->count + 1, sizeof *told), *meant = calloc(l->count + 1, sizeof *meant);
    struct counts counts = {0};
    int code = DVM_OK;

    if (!told || !meant)
        code = dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
    code = code ? code : choose(l, tid, meant, &counts);
    if (code) {
        code = console_failed(c, code);
    } else {
        if (c->json)
            print_json(l, meant, told);
        else if (s->stuck)
            print_stuck(l, meant, s->all, told);
        else if (counts.waiting)
            print(l, meant, s->all, told);
        else
            console_say(c, "no task waits");
        code = listing_complain(c, &l->listing);
        code = counts.stuck ? EXIT_GENERIC
                            : console_exit_some(l->listing.failed, l->listing.count, code);
    }
    free(told);
    free(meant);
    return code;
}

/* 0: all tasks are meant; negative: the operand is no tid, which was said. */
static int read_tid(const struct console *c, int argc, char **argv)
{
    char *end;
    long tid;

    if (argc == 0)
        return 0;
    errno = 0;
    tid = strtol(argv[0], &end, 0);
    if (*end || errno || tid <= 0 || tid > INT_MAX || !DVM_TID_OK((int)tid)) {
        console_wrong(c, "\"%.60s\" is no tid, such as 0x40001; dvm ps lists them", argv[0]);
        return -1;
    }
    return (int)tid;
}

static int why(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct client *client;
    struct look l;
    int r, tid = read_tid(c, argc, argv);

    if (tid < 0)
        return EXIT_USAGE;
    r = console_connect(c, &client);
    if (r)
        return r;
    r = look_well(client, s->stuck ? AGAIN_STUCK_MS : AGAIN_MS, !s->stuck, &l);
    r = r ? console_failed(c, r) : report(c, &l, s, tid);
    look_free(&l);
    client_close(client);
    return r;
}

const struct command command_why = {
    .name = "why",
    .operands = "[TID]",
    .summary = "who waits for whom, and whether it is a deadlock",
    .text = "Tasks that can never go on come first: those that wait for each other in a circle,\n"
            "or only for such. Then the tasks that others wait for, with what they do. What a\n"
            "task waits for is what dvm ps tells; a deadlock is only called so when it lasts for\n"
            "half a second (2 s with --stuck), and the exit status is 1 then. With TID only the\n"
            "tasks of its run are told of, with what they have spawned. Threads of a program that\n"
            "do not use libdvm are not seen: one that will let its task go on is not thought of.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .operands_max = 1,
    .function = why,
    .examples = "dvm why                              # a program hangs\n"
                "dvm why 0x40001                      # only the run of that task\n"
                "dvm why --json | jq '.circles'       # lists of tids that wait for each other\n",
};
