/* targets.c: the implementation of targets.h.
 *
 * A tid needs nobody to be asked; whether it is a task its own daemon will say. For the
 * other forms the tasks of all hosts are listed once. Ranks and hosts are read by the
 * grammar of host lists, so that brackets and ranges mean the same everywhere.
 */
#include "console/watch/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "console/listing.h"
#include "console/text/words.h"

#define ALL "all"
#define RANKS_MAX 1024 /* bytes of a list of ranks */
#define UNKNOWN (-1)
#define FIRST_ROOM 16

/* What the operands are looked up in. */
struct search {
    const struct console *c;
    struct client *client;
    unsigned wish;
    bool listed;
    struct listing listing;
    struct targets *out;
};

static int add(struct search *s, int tid, int rank, const char *host)
{
    struct targets *t = s->out;

    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].tid == tid)
            return EXIT_OK;
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : FIRST_ROOM;
        struct target *bigger = realloc(t->list, room * sizeof *bigger);

        if (!bigger)
            return console_failed(s->c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of "
                                                                    "tasks"));
        t->list = bigger;
        t->room = room;
    }
    t->list[t->count] = (struct target){.tid = tid, .rank = rank};
    snprintf(t->list[t->count].host, sizeof t->list[t->count].host, "%s", host);
    t->count++;
    return EXIT_OK;
}

/* Have all hosts list their tasks, once. */
static int need_listing(struct search *s)
{
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    int r;

    if (s->listed)
        return EXIT_OK;
    message.ended = s->wish & TARGETS_ENDED;
    r = listing_get(s->client, &message, &s->listing);
    if (r)
        return console_failed(s->c, r);
    listing_complain(s->c, &s->listing);
    s->listed = true;
    return EXIT_OK;
}

/* Whether a listed task is meant. */
typedef bool chosen_f(const void *arg, const Dvm__Pb__Task *task);

/* Add all listed tasks that are chosen; *count receives how many there are. */
static int add_chosen(struct search *s, chosen_f *chosen, const void *arg, size_t *count)
{
    int r = EXIT_OK;

    *count = 0;
    for (size_t i = 0; i < s->listing.count; i++) {
        const Dvm__Pb__TasksReply *reply = s->listing.replies[i];

        for (size_t j = 0; reply && j < reply->n_tasks && !r; j++) {
            const Dvm__Pb__Task *task = reply->tasks[j];

            if (!chosen(arg, task))
                continue;
            (*count)++;
            r = add(s, task->tid, (int)task->rank, task->host);
        }
    }
    return r;
}

static bool any(const void *arg, const Dvm__Pb__Task *task)
{
    return true;
}

/* ---- hosts --------------------------------------------------------------------- */

static bool on_host(const void *arg, const Dvm__Pb__Task *task)
{
    return strcmp(arg, task->host) == 0;
}

static int add_host(struct search *s, const char *name)
{
    const Dvm__Pb__HostsReply *hosts = s->listing.hosts;
    const Dvm__Pb__Host *host = NULL;
    size_t count;
    int r;

    for (size_t i = 0; i < hosts->n_hosts && !host; i++)
        if (!strcmp(hosts->hosts[i]->name, name))
            host = hosts->hosts[i];
    if (!host) {
        console_wrong(s->c, "there is no host \"%s\" in machine %s (dvm hosts lists them)", name,
                      hosts->machine);
        return EXIT_GENERIC;
    }
    if (s->wish & TARGETS_HOSTS)
        return add(s, DVM_TID_DAEMON((int)host->slot), UNKNOWN, host->name);
    r = add_chosen(s, on_host, name, &count);
    if (!r && count == 0) {
        console_wrong(s->c, "no tasks run on host %s", name);
        return EXIT_GENERIC;
    }
    return r;
}

static int add_hosts(struct search *s, const char *operand)
{
    struct hostlist names;
    int r = need_listing(s);

    if (r)
        return r;
    r = hostlist_parse(&names, operand);
    if (r)
        return console_failed(s->c, r);
    for (size_t i = 0; i < names.count && !r; i++)
        r = add_host(s, names.names[i]);
    hostlist_free(&names);
    return r;
}

/* ---- ranks --------------------------------------------------------------------- */

/* Ranks of one run. */
struct ranks_of_world {
    uint64_t world;
    struct hostlist numbers;
};

static bool of_ranks(const void *arg, const Dvm__Pb__Task *task)
{
    const struct ranks_of_world *ranks = arg;
    char text[WORDS_AGE_MAX];

    snprintf(text, sizeof text, "%u", task->rank);
    return task->world == ranks->world && hostlist_contains(&ranks->numbers, text);
}

/* Read "0-3,7". */
static int read_ranks(const char *text, struct hostlist *out)
{
    char list[RANKS_MAX];

    if (!text[0] || strspn(text, "0123456789-,") != strlen(text))
        return dvm_fail(DVM_ERR_ARG, "\"%.60s\" is no list of ranks such as 0-3,7", text);
    if ((size_t)snprintf(list, sizeof list, "[%s]", text) >= sizeof list)
        return dvm_fail(DVM_ERR_ARG, "a list of ranks may have %d characters", RANKS_MAX - 3);
    return hostlist_parse(out, list);
}

static const Dvm__Pb__Task *find(const struct search *s, int tid)
{
    for (size_t i = 0; i < s->listing.count; i++) {
        const Dvm__Pb__TasksReply *reply = s->listing.replies[i];

        for (size_t j = 0; reply && j < reply->n_tasks; j++)
            if (reply->tasks[j]->tid == tid)
                return reply->tasks[j];
    }
    return NULL;
}

static int add_ranks(struct search *s, int tid, const char *text)
{
    struct ranks_of_world ranks;
    const Dvm__Pb__Task *task;
    size_t count;
    int r = need_listing(s);

    if (r)
        return r;
    task = find(s, tid);
    if (!task) {
        console_wrong(s->c, "there is no task 0x%x whose run could be meant (dvm ps lists the "
                            "tasks)", (unsigned)tid);
        return EXIT_GENERIC;
    }
    ranks.world = task->world;
    r = read_ranks(text, &ranks.numbers);
    if (r)
        return console_failed(s->c, r);
    r = add_chosen(s, of_ranks, &ranks, &count);
    if (!r && count == 0)
        console_wrong(s->c, "the run of 0x%x has no rank %s that is there (dvm ps lists the tasks)",
                      (unsigned)tid, text);
    else if (!r && count < ranks.numbers.count)
        console_wrong(s->c, "of the ranks %s of the run of 0x%x only %zu %s there", text,
                      (unsigned)tid, count, count == 1 ? "is" : "are");
    hostlist_free(&ranks.numbers);
    if (!r && count == 0)
        r = EXIT_GENERIC;
    return r;
}

/* ---- the whole ------------------------------------------------------------------- */

/* The tid in front of a colon; *ranks receives what is behind it. */
static bool split(const char *operand, int *tid, const char **ranks)
{
    char text[WORDS_HEX_MAX];
    const char *colon = strchr(operand, ':');

    if (!colon || (size_t)(colon - operand) >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)(colon - operand), operand);
    *ranks = colon + 1;
    return words_tid(text, tid);
}

/* Whether a text that is no tid was meant as one. */
static bool is_number(const char *text)
{
    return !strncmp(text, "0x", 2) || strspn(text, "0123456789") == strlen(text);
}

int targets_check(const struct console *c, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *ranks;
        struct hostlist list;
        int tid, r = DVM_OK;

        if (words_tid(argv[i], &tid))
            continue;
        if (split(argv[i], &tid, &ranks))
            r = read_ranks(ranks, &list);
        else if (is_number(argv[i]))
            r = dvm_fail(DVM_ERR_ARG, "\"%.60s\" is no tid; dvm ps shows them, such as 0x40001",
                         argv[i]);
        else
            r = hostlist_parse(&list, argv[i]);
        if (r)
            return console_failed(c, r);
        hostlist_free(&list);
    }
    return EXIT_OK;
}

static int find_one(struct search *s, const char *operand)
{
    const char *ranks;
    size_t count;
    int tid, r;

    if (words_tid(operand, &tid)) {
        r = add(s, tid, UNKNOWN, "");
        if (!r && s->out->list[s->out->count - 1].tid == tid)
            s->out->list[s->out->count - 1].named = true;
        return r;
    }
    if (split(operand, &tid, &ranks))
        return add_ranks(s, tid, ranks);
    if (strcmp(operand, ALL))
        return add_hosts(s, operand);
    r = need_listing(s);
    if (!r)
        r = add_chosen(s, any, NULL, &count);
    if (!r && count == 0) {
        console_wrong(s->c, "no tasks run in machine %s", s->listing.hosts->machine);
        r = EXIT_GENERIC;
    }
    return r;
}

int targets_find(const struct console *c, struct client *client, unsigned wish, int argc,
                 char **argv, struct targets *out)
{
    struct search s = {.c = c, .client = client, .wish = wish, .out = out};
    int r = EXIT_OK;

    *out = (struct targets){0};
    for (int i = 0; i < argc && !r; i++)
        r = find_one(&s, argv[i]);
    if (s.listed)
        listing_free(&s.listing);
    return r;
}

void targets_free(struct targets *t)
{
    free(t->list);
    *t = (struct targets){0};
}
