/* manager_task.c: the side of those that a resource manager answers.
 *
 * Tasks that a manager orders for a spawn are started by the task that spawns, while it waits
 * for the answer: so they are its children, their output goes where its own goes, and they get
 * its environment. Since each order is a world of its own, the spawning task tells them in the
 * end who their siblings are.
 */
#include "bindings/pvm3/roles/manager.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/catchout.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/roles/roles.h"
#include "bindings/pvm3/spawn.h"

#define SINKS 6 /* ints of an order about output and traces */
#define SIBLINGS "DVM_PVM_MANAGED" /* "1": the one that spawned tells who its siblings are */

static int looked;  /* as which task it was looked for */
static int manager; /* its tid */
static const char *spawn_where; /* of the spawn that is under way */
static int spawn_flag;

int pvm3_manager(void)
{
    if (pvm3_role_is_mine(PVMRMCLASS))
        return 0;
    if (looked != pvm3_self()) {
        looked = pvm3_self();
        manager = pvm3_role_holder(PVMRMCLASS);
        if (manager && dvm_parent() < 0) { /* who was not spawned is new to it */
            struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
            int news[] = {1, pvm3_self()};

            if (b) {
                pvm3_put_ints(b, news, 2);
                pvm3_role_message("pvm_mytid", manager, SM_EXECACK, PVM3_TO_PROGRAM, b);
            }
            pvm3_buffer_free(b);
        }
    }
    return manager;
}

static void lost(const char *call)
{
    fprintf(stderr, "libpvm [t%x]: %s(): the resource manager 0x%x has ended or given its role "
            "up: DVM places and starts tasks itself again\n", (unsigned)pvm3_self(), call,
            (unsigned)manager);
    manager = 0;
}

bool pvm3_manager_tell(const char *call, int tag, struct pvm3_buffer *b)
{
    struct pvm3_buffer *empty = b ? NULL : pvm3_buffer_make(PvmDataDefault, 0);
    bool ok;

    if (pvm3_manager() && pvm3_role_holder(PVMRMCLASS) != manager)
        lost(call);
    ok = manager && (b || empty) &&
         pvm3_role_message(call, manager, tag, PVM3_TO_PROGRAM, b ? b : empty) == PvmOk;
    pvm3_buffer_free(empty);
    return ok;
}

/* ---- an order ------------------------------------------------------------------- */

/* The name of a host, to be freed, with the folder of the spawn behind it. */
static char *host_of_order(int tid)
{
    const char *folder = spawn_where && (spawn_flag & (PvmTaskHost | PvmTaskArch))
                             ? strchr(spawn_where, ':') : NULL;
    struct dvm_host *hosts = NULL;
    size_t count = 0;
    char *name = NULL;

    if (pvm3_hosts(&hosts, &count) != DVM_OK)
        return NULL;
    for (size_t i = 0; i < count && !name; i++)
        if (PVM3_HOST_TID(hosts[i].slot) == PVM3_TID_HOST(tid) &&
            asprintf(&name, "%s%s", hosts[i].name, folder ? folder : "") < 0)
            name = NULL;
    free(hosts);
    return name;
}

static void free_list(char **list, int count)
{
    for (int i = 0; list && i < count; i++)
        free(list[i]);
    free(list);
}

/* Strings, as many as the int in front says, and room for one more and NULL; NULL without
 * memory. */
static char **get_list(struct pvm3_buffer *b, int *count)
{
    int n = pvm3_get_int(b);
    char **list;

    *count = 0;
    if (n < 0 || (size_t)n > b->bytes)
        n = 0;
    list = calloc((size_t)n + 2, sizeof *list);
    while (list && *count < n && (list[*count] = pvm3_get_text(b)))
        (*count)++;
    return list;
}

void pvm3_spawn_order(struct pvm3_buffer *order, int host, struct pvm3_buffer *answer)
{
    char *task = pvm3_get_text(order), **args, **env, *where = host_of_order(host);
    int flag = pvm3_get_int(order) & ~(PvmTaskArch | PvmHostCompl), count = pvm3_get_int(order);
    int nargs, nenv, *tids;

    args = get_list(order, &nargs);
    for (int i = 0; i < SINKS; i++)
        pvm3_get_int(order);
    env = get_list(order, &nenv);
    count = count < 1 ? 1 : count;
    tids = calloc((size_t)count, sizeof *tids);
    if (env)
        env[nenv] = SIBLINGS "=1";
    if (tids && task && args && env && where)
        pvm3_spawn_own(task, args, flag | PvmTaskHost, where, count, tids, env);
    for (int i = 0; tids && i < count; i++)
        tids[i] = where ? tids[i] : PvmNoHost;
    pvm3_put_int(answer, count);
    if (tids)
        pvm3_put_ints(answer, tids, (size_t)count);
    free(tids);
    free_list(args, nargs);
    free_list(env, nenv);
    free(task);
    free(where);
}

/* The manager wants tasks of this spawn on a host: start them, and tell it of them. */
static void obey(const char *call, struct pvm3_buffer *order)
{
    struct pvm3_buffer *answer = pvm3_buffer_make(PvmDataDefault, 0);
    int host = pvm3_get_int(order);

    pvm3_get_int(order); /* on whose behalf: this task's */
    if (answer) {
        answer->wid = order->wid;
        pvm3_spawn_order(order, host, answer);
        pvm3_role_message(call, order->src, SM_EXECACK, PVM3_TO_PROGRAM, answer);
    }
    pvm3_buffer_free(answer);
}

struct pvm3_buffer *pvm3_manager_ask(const char *call, int tag, struct pvm3_buffer *b)
{
    static int wid;
    struct pvm3_buffer *empty = b ? NULL : pvm3_buffer_make(PvmDataDefault, 0), *got;
    int now = ++wid;

    if (b)
        b->wid = now;
    else if (empty)
        empty->wid = now;
    if (!pvm3_manager_tell(call, tag, b ? b : empty)) {
        pvm3_buffer_free(empty);
        return NULL;
    }
    pvm3_buffer_free(empty);
    while ((got = pvm3_role_await(call, PVMRMCLASS, manager, INFINITY))) {
        if (got->tag == SM_EXEC)
            obey(call, got);
        else if (got->tag == tag && (got->wid == now || got->wid == 0))
            return got;
        pvm3_buffer_free(got);
    }
    lost(call);
    return NULL;
}

/* ---- pvm_spawn -------------------------------------------------------------------- */

/* NAME=value of what PVM_EXPORT names, behind what PVM itself sets. */
static void put_environment(struct pvm3_buffer *b)
{
    const char *list = getenv("PVM_EXPORT");
    char *names = strdup(list ? list : ""), *text, *rest = NULL;
    struct pvm3_buffer *strings = pvm3_buffer_make(PvmDataDefault, 0);
    int count = 0;

    for (char *name = names ? strtok_r(names, ":", &rest) : NULL; strings && name;
         name = strtok_r(NULL, ":", &rest)) {
        if (!getenv(name) || asprintf(&text, "%s=%s", name, getenv(name)) < 0)
            continue;
        pvm3_put_text(strings, text);
        free(text);
        count++;
    }
    count++;
    pvm3_put_int(b, count);
    if (asprintf(&text, "PVMCTX=0x%x", (unsigned)pvm3_context()) >= 0) {
        pvm3_put_text(b, text);
        free(text);
    }
    if (strings)
        pvm3_put_message(b, strings);
    pvm3_buffer_free(strings);
    free(names);
}

static struct pvm3_buffer *spawn_request(char *task, char **argv, int flag, const char *where,
                                         int count)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
    const int none[SINKS] = {0};
    int n = 0;

    if (!b)
        return NULL;
    while (argv && argv[n])
        n++;
    pvm3_put_text(b, task);
    pvm3_put_int(b, flag);
    pvm3_put_text(b, where ? where : "");
    pvm3_put_int(b, count);
    pvm3_put_int(b, n);
    for (int i = 0; i < n; i++)
        pvm3_put_text(b, argv[i]);
    pvm3_put_ints(b, none, SINKS);
    put_environment(b);
    return b;
}

/* Tell those that were started who they are, together. */
static void tell_siblings(const char *call, const int *tids, int count)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);

    if (b) {
        pvm3_put_int(b, count);
        pvm3_put_ints(b, tids, (size_t)count);
        for (int i = 0; i < count; i++)
            pvm3_role_message(call, tids[i], PVM3_SIBLINGS, PVM3_TO_LIBRARY, b);
    }
    pvm3_buffer_free(b);
}

/* The tids of an answer, in front, and PVM's codes behind. Returns how many are tids. */
static int take_tids(struct pvm3_buffer *b, int count, int *tids)
{
    int told = pvm3_get_int(b), good = 0, bad = count;

    for (int i = 0; i < count; i++) {
        int tid = i < told ? pvm3_get_int(b) : PvmNoHost;

        if (tid > 0)
            tids[good++] = tid;
        else
            tids[--bad] = tid ? tid : PvmNoHost;
    }
    return good;
}

bool pvm3_manager_spawn(char *task, char **argv, int flag, char *where, int count, int *tids,
                        int *started)
{
    static const char call[] = "pvm_spawn";
    struct pvm3_buffer *b, *got;

    if (!pvm3_manager())
        return false;
    spawn_where = where;
    spawn_flag = flag;
    b = spawn_request(task, argv, flag, where, count);
    got = b ? pvm3_manager_ask(call, SM_SPAWN, b) : NULL;
    pvm3_buffer_free(b);
    spawn_where = NULL;
    if (!got)
        return false;
    *started = take_tids(got, count, tids);
    pvm3_buffer_free(got);
    tell_siblings(call, tids, *started);
    return true;
}

int *pvm3_manager_siblings(int parent, int *count)
{
    const char *managed = getenv(SIBLINGS);
    const struct pvm3_wanted wanted = {.tid = parent, .tag = PVM3_SIBLINGS,
                                       .ctx = PVM3_TO_LIBRARY, .internal = true,
                                       .site = __builtin_return_address(0)};
    struct pvm3_buffer *b = NULL;
    int *list = NULL;

    if (!managed || strcmp(managed, "1") != 0 || parent <= 0)
        return NULL;
    unsetenv(SIBLINGS); /* what this task spawns is no such */
    if (pvm3_queue_find("pvm_siblings", &wanted, -1, &b) != PvmOk || !b)
        return NULL;
    pvm3_queue_take(b);
    *count = pvm3_get_int(b);
    if (*count > 0 && (size_t)*count <= b->bytes)
        list = calloc((size_t)*count, sizeof *list);
    for (int i = 0; list && i < *count; i++)
        list[i] = pvm3_get_int(b);
    pvm3_buffer_free(b);
    return list;
}
