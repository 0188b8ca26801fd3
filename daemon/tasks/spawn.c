/* spawn.c: SPAWN, at the daemon of whoever asks.
 *
 * Place, RESERVE on each host, then LAUNCH with the tids of the whole world on
 * each, then the answer. What fails at RESERVE (no such program, no such host) is
 * not in the world; what fails at LAUNCH is, and its world is told of its end.
 * With strict nothing is left running unless all of it is.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hostlist.h"
#include "base/settings.h"
#include "daemon/tasks/alike.h"
#include "daemon/tasks/environment.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/place.h"
#include "daemon/tasks/wish.h"

#define NOTE_MAX 160
#define UNLIKE_MAX 512 /* bytes of what is told of programs that differ */

/* One host's share. */
struct part {
    struct spawn *spawn; /* borrowed */
    int slot, count;
    int code;            /* 0, or why nothing of it was started */
    char *path;          /* owned: of the program there */
    uint64_t sum;        /* of that program, to be compared; 0: none */
    int32_t *tids;       /* owned: count, tid or error */
};

struct spawn {
    struct daemon *d;
    struct dvm_frame request;
    Dvm__Pb__Spawn *what; /* owned */
    uint64_t world;
    struct part *parts;   /* owned */
    size_t part_count;
    size_t pending;       /* answers that have not come */
    int32_t *world_tids;  /* owned */
    size_t world_count;
    char **errors;        /* owned */
    size_t error_count;
    char **missing;       /* owned: names of hosts that lack the program */
    size_t missing_count;
    char note[NOTE_MAX], unlike[UNLIKE_MAX];
};

static void free_spawn(struct spawn *s)
{
    for (size_t i = 0; i < s->part_count; i++) {
        free(s->parts[i].path);
        free(s->parts[i].tids);
    }
    for (size_t i = 0; i < s->error_count; i++)
        free(s->errors[i]);
    for (size_t i = 0; i < s->missing_count; i++)
        free(s->missing[i]);
    free(s->errors);
    free(s->missing);
    free(s->parts);
    free(s->world_tids);
    dvm__pb__spawn__free_unpacked(s->what, NULL);
    free(s);
}

static void add_error(struct spawn *s, const char *text)
{
    char **bigger = realloc(s->errors, (s->error_count + 1) * sizeof *bigger);

    if (!bigger)
        return;
    s->errors = bigger;
    s->errors[s->error_count] = strdup(text);
    s->error_count += s->errors[s->error_count] != NULL;
}

static void add_missing(struct spawn *s, int slot)
{
    const struct cluster_host *host = cluster_host(s->d->cluster, slot);
    char **bigger = realloc(s->missing, (s->missing_count + 1) * sizeof *bigger);

    if (!bigger)
        return;
    s->missing = bigger;
    s->missing[s->missing_count] = strdup(host ? host->name : "?");
    s->missing_count += s->missing[s->missing_count] != NULL;
}

/* The sink of whoever asks: its own, or itself. */
static int sink_of(const struct spawn *s)
{
    const struct task *asker = tasks_find(s->d->tasks, s->request.src);

    if (s->what->sink)
        return s->request.src;
    return asker ? asker->sink : 0;
}

/* ---- the answer -------------------------------------------------------------- */

/* A sink that has not asked for these tasks itself hears of them before the end of the task
 * that has: both come on the bulk flow of that task's daemon. */
static void tell_sink(const struct spawn *s, const int32_t *tids, size_t count)
{
    Dvm__Pb__Guests m = DVM__PB__GUESTS__INIT;
    int sink = sink_of(s);

    if (!sink || sink == s->request.src || count == 0)
        return;
    m.tids = malloc(count * sizeof *m.tids);
    if (!m.tids)
        return; /* then the sink does not wait for them */
    for (size_t i = 0; i < count; i++)
        if (tids[i] > 0)
            m.tids[m.n_tids++] = tids[i];
    m.parent = s->request.src;
    if (m.n_tids > 0)
        daemon_tell(s->d, CLUSTER_BULK, sink, DVM_CTL_GUESTS, &m.base);
    free(m.tids);
}

static void reply(struct spawn *s)
{
    Dvm__Pb__SpawnReply m = DVM__PB__SPAWN_REPLY__INIT;
    int32_t *tids = malloc((s->what->count + 1) * sizeof *tids);

    for (size_t i = 0; tids && i < s->part_count; i++)
        for (int k = 0; k < s->parts[i].count; k++)
            tids[m.n_tids++] = s->parts[i].tids[k];
    m.tids = tids;
    m.errors = s->errors;
    m.n_errors = s->error_count;
    m.missing = s->missing;
    m.n_missing = s->missing_count;
    m.world = s->world;
    m.note = s->note;
    m.unlike = s->unlike;
    if (tids)
        tell_sink(s, tids, m.n_tids);
    if (tids)
        daemon_answer(s->d, CLUSTER_CONTROL, &s->request, DVM_CTL_SPAWN_REPLY, &m.base);
    else
        daemon_fail(s->d, &s->request, DVM_ERR_NO_MEMORY, "no memory to answer a spawn");
    free(tids);
    free_spawn(s);
}

/* A part failed as a whole: with the Fail of its host, or an answer that makes no sense. */
static void part_failed(struct part *p, int type, const uint8_t *payload, size_t length)
{
    Dvm__Pb__Fail *fail = type == DVM_CTL_FAIL ? dvm__pb__fail__unpack(NULL, length, payload)
                                               : NULL;

    p->code = fail && fail->code ? fail->code : DVM_ERR_SPAWN;
    for (int i = 0; i < p->count; i++)
        p->tids[i] = p->code;
    if (p->code == DVM_ERR_NO_PROGRAM)
        add_missing(p->spawn, p->slot);
    add_error(p->spawn, fail ? fail->text : "a host did not understand the spawn");
    dvm__pb__fail__free_unpacked(fail, NULL);
}

/* ---- LAUNCH ------------------------------------------------------------------- */

/* End what was started, because all was wanted or nothing. */
static void take_back(struct spawn *s)
{
    for (size_t i = 0; i < s->part_count; i++) {
        struct part *p = &s->parts[i];
        Dvm__Pb__Abort m = DVM__PB__ABORT__INIT;

        if (p->code || p->count == 0)
            continue;
        m.tids = p->tids;
        m.n_tids = (size_t)p->count;
        m.text = (char *)(uintptr_t)"another task of its spawn could not be started";
        daemon_tell(s->d, CLUSTER_CONTROL, DVM_TID_DAEMON(p->slot), DVM_CTL_ABORT, &m.base);
        for (int k = 0; k < p->count; k++)
            if (p->tids[k] > 0)
                p->tids[k] = DVM_ERR_SPAWN;
    }
}

static void launched(struct daemon *d, void *arg, int type, const uint8_t *payload,
                     size_t length)
{
    struct part *p = arg;
    struct spawn *s = p->spawn;
    Dvm__Pb__Launched *m = NULL;

    if (type == DVM_CTL_LAUNCHED)
        m = dvm__pb__launched__unpack(NULL, length, payload);
    if (m && m->n_tids == (size_t)p->count) {
        memcpy(p->tids, m->tids, m->n_tids * sizeof *p->tids);
        for (size_t i = 0; i < m->n_errors; i++)
            add_error(s, m->errors[i]);
    } else {
        part_failed(p, type, payload, length);
    }
    dvm__pb__launched__free_unpacked(m, NULL);
    if (--s->pending > 0)
        return;
    if (s->what->strict && s->error_count > 0)
        take_back(s);
    reply(s);
}

static void launch_all(struct spawn *s)
{
    const struct task *asker = tasks_find(s->d->tasks, s->request.src);
    Dvm__Pb__Launch m = DVM__PB__LAUNCH__INIT;

    m.world = s->world;
    m.world_tids = s->world_tids;
    m.n_world_tids = s->world_count;
    m.what = s->what;
    m.sink = sink_of(s);
    m.owner = s->what->attached ? s->request.src : 0;
    if (!s->what->no_parent && asker) /* a console too, if it wants to be */
        m.parent = s->request.src;
    s->pending++; /* until all are asked: an answer may come at once */
    for (size_t i = 0; i < s->part_count; i++) {
        struct part *p = &s->parts[i];

        if (p->code || p->count == 0)
            continue;
        m.tids = p->tids;
        m.n_tids = (size_t)p->count;
        m.path = p->path;
        s->pending++;
        daemon_ask(s->d, p->slot, DVM_CTL_LAUNCH, &m.base, launched, p);
    }
    if (--s->pending == 0)
        reply(s);
}

/* ---- RESERVE -------------------------------------------------------------------- */

static void release_all(struct spawn *s)
{
    for (size_t i = 0; i < s->part_count; i++) {
        struct part *p = &s->parts[i];
        Dvm__Pb__Release m = DVM__PB__RELEASE__INIT;

        if (p->code || p->count == 0)
            continue;
        m.tids = p->tids;
        m.n_tids = (size_t)p->count;
        daemon_tell(s->d, CLUSTER_CONTROL, DVM_TID_DAEMON(p->slot), DVM_CTL_RELEASE, &m.base);
        for (int k = 0; k < p->count; k++)
            p->tids[k] = DVM_ERR_SPAWN;
    }
}

static void compare(struct spawn *s)
{
    struct alike *list = calloc(s->part_count + 1, sizeof *list);
    size_t count = 0;

    for (size_t i = 0; list && i < s->part_count; i++) {
        const struct cluster_host *host = cluster_host(s->d->cluster, s->parts[i].slot);

        if (host && s->parts[i].sum)
            list[count++] = (struct alike){host->name, host->arch, s->parts[i].sum};
    }
    if (list)
        alike_note(list, count, s->what->program, s->unlike, sizeof s->unlike);
    free(list);
}

static void all_reserved(struct spawn *s)
{
    compare(s);
    for (size_t i = 0; i < s->part_count; i++)
        for (int k = 0; !s->parts[i].code && k < s->parts[i].count; k++)
            s->world_tids[s->world_count++] = s->parts[i].tids[k];
    if (s->world_count == 0 || (s->what->strict && s->error_count > 0)) {
        release_all(s);
        reply(s);
    } else {
        launch_all(s);
    }
}

static void reserved(struct daemon *d, void *arg, int type, const uint8_t *payload,
                     size_t length)
{
    struct part *p = arg;
    Dvm__Pb__Reserved *m = NULL;

    if (type == DVM_CTL_RESERVED)
        m = dvm__pb__reserved__unpack(NULL, length, payload);
    if (m && m->n_tids == (size_t)p->count) {
        memcpy(p->tids, m->tids, m->n_tids * sizeof *p->tids);
        p->path = strdup(m->path);
        p->sum = m->sum;
    }
    if (!p->path)
        part_failed(p, type, payload, length);
    dvm__pb__reserved__free_unpacked(m, NULL);
    if (--p->spawn->pending == 0)
        all_reserved(p->spawn);
}

static void reserve_all(struct spawn *s)
{
    Dvm__Pb__Reserve m = DVM__PB__RESERVE__INIT;
    Dvm__Pb__Spawn what = *s->what;
    const char *path = environment_get(what.env, what.n_env, "PATH");
    /* of the environment only PATH matters for the look */
    char *variable = path ? (char *)(uintptr_t)(path - strlen("PATH=")) : NULL;
    int first = 0; /* rank of a part's first task */
    size_t hosts = 0;

    what.env = &variable;
    what.n_env = path ? 1 : 0;
    what.args = NULL;
    what.n_args = 0;
    what.streams = NULL;
    m.what = &what;
    m.world = s->world;
    for (size_t i = 0; i < s->part_count; i++)
        hosts += s->parts[i].count > 0;
    m.compare = hosts > 1;
    s->pending = 1;
    for (size_t i = 0; i < s->part_count; i++) {
        if (s->parts[i].count == 0)
            continue;
        what.count = (uint32_t)s->parts[i].count;
        /* a debugger is looked for where it will be started */
        what.debug = wish_debugged_some(s->what, first, s->parts[i].count) ? s->what->debug : NULL;
        first += s->parts[i].count;
        s->pending++;
        daemon_ask(s->d, s->parts[i].slot, DVM_CTL_RESERVE, &m.base, reserved, &s->parts[i]);
    }
    if (--s->pending == 0)
        all_reserved(s);
}

/* ---- placement ------------------------------------------------------------------ */

static const struct cluster_host *host_by_name(const struct daemon *d, const char *name)
{
    size_t count;
    const struct cluster_host *hosts = cluster_hosts(d->cluster, &count);

    for (size_t i = 0; i < count; i++)
        if (hosts[i].state == DVM_HOST_UP && strcmp(hosts[i].name, name) == 0)
            return &hosts[i];
    return NULL;
}

static void put_host(const struct daemon *d, struct place_host *p, const struct cluster_host *h)
{
    *p = (struct place_host){.slot = h->slot, .cores = h->cores, .running = h->tasks,
                              .computer = h->computer};
    if (h->slot == cluster_self(d->cluster))
        p->running = tasks_running(d->tasks);
}

static int named_hosts(struct daemon *d, const char *where, struct place_host *hosts,
                       size_t *count)
{
    struct hostlist names;
    int r = hostlist_parse(&names, where);

    if (r)
        return r;
    for (size_t i = 0; !r && i < names.count; i++) {
        const struct cluster_host *h = host_by_name(d, names.names[i]);

        if (h)
            put_host(d, &hosts[(*count)++], h);
        else if (d->is_private)
            r = dvm_fail(DVM_ERR_NO_HOST,
                         "there is no host %s: no machine is running, so that there is this "
                         "computer only, as host %s; dvm start starts a machine",
                         names.names[i], d->host);
        else
            r = dvm_fail(DVM_ERR_NO_HOST, "machine %s has no host %s; dvm hosts lists them",
                         d->machine, names.names[i]);
    }
    hostlist_free(&names);
    return r;
}

/* The hosts that a spawn may use; *hosts has room for all slots. */
static int choose_hosts(struct daemon *d, const char *where, struct place_host *hosts,
                        size_t *count)
{
    size_t all;
    const struct cluster_host *members = cluster_hosts(d->cluster, &all);

    *count = 0;
    if (where[0])
        return named_hosts(d, where, hosts, count);
    for (size_t i = 0; i < all; i++)
        if (members[i].state == DVM_HOST_UP)
            put_host(d, &hosts[(*count)++], &members[i]);
    return *count > 0 ? DVM_OK : dvm_fail(DVM_ERR_NO_HOST, "no host of the machine is up");
}

/* Give the tasks to hosts, as the settings of whoever spawns say. */
static void share_out(struct spawn *s, struct place_host *hosts, size_t count)
{
    const struct settings *settings = s->d->settings;

    if ((int)settings_number(settings, SETTING_PLACEMENT) == PLACEMENT_PACK)
        place_pack(hosts, count, (int)s->what->count);
    else
        place_spread(hosts, count, (int)s->what->count);
    if ((int)settings_number(settings, SETTING_OVERSUBSCRIBE) != OVERSUBSCRIBE_ALLOW)
        place_note(hosts, count, s->note, sizeof s->note);
}

static int place(struct spawn *s)
{
    struct place_host *hosts = calloc(HOSTLIST_NAMES_MAX, sizeof *hosts);
    size_t count = 0;
    int r = hosts ? choose_hosts(s->d, s->what->where, hosts, &count)
                  : dvm_fail(DVM_ERR_NO_MEMORY, "no memory to place tasks");

    if (!r) {
        share_out(s, hosts, count);
        s->parts = calloc(count, sizeof *s->parts);
        s->world_tids = malloc(s->what->count * sizeof *s->world_tids);
        if (!s->parts || !s->world_tids)
            r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory to place tasks");
    }
    for (size_t i = 0; !r && i < count; i++) {
        struct part *p = &s->parts[s->part_count++];

        *p = (struct part){.spawn = s, .slot = hosts[i].slot, .count = hosts[i].count};
        p->tids = calloc((size_t)p->count + 1, sizeof *p->tids);
        if (!p->tids)
            r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory to place tasks");
    }
    free(hosts);
    return r;
}

void handle_spawn(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct spawn *s = calloc(1, sizeof *s);
    int r;

    if (!s) {
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory for a spawn");
        return;
    }
    s->d = d;
    s->request = *frame;
    s->what = dvm__pb__spawn__unpack(NULL, frame->length, payload);
    if (!s->what)
        r = dvm_fail(DVM_ERR_PROTOCOL, "a SPAWN that cannot be read");
    else if (s->what->count < 1 || s->what->count > TASKS_SPAWN_MAX)
        r = dvm_fail(DVM_ERR_ARG, "%u tasks cannot be spawned at once, only 1 to %d",
                     s->what->count, TASKS_SPAWN_MAX);
    else if (d->ending)
        r = dvm_fail(DVM_ERR_CLOSING, "machine %s is being stopped", d->machine);
    else
        r = place(s);
    if (r) {
        daemon_fail(d, frame, r, "%s", dvm_last_error());
        free_spawn(s);
        return;
    }
    s->world = tasks_world_id(d->tasks);
    reserve_all(s);
}
