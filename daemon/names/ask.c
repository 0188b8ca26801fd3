/* ask.c: what clients of this host ask of the names, and how they get their answers.
 *
 * Each request is kept until the keeper has answered it, so that it can be asked of the
 * next keeper. The ends of tasks are asks like others, which nobody waits for. Ids ascend;
 * each ask says up to where this daemon has all answers, and the keeper may forget those.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/names/state.h"
#include "proto/names.h"

static void asked_free(struct asked *one)
{
    dvm__pb__name_ask__free_unpacked(one->ask, NULL);
    free(one);
}

static void give_keeper(struct names *n, struct asked *one)
{
    Dvm__Pb__NameAsk ask = *one->ask; /* the original may be answered, and freed, at once */
    uint64_t got[NAMES_GOT_MAX];

    ask.done = n->first->ask->id;
    ask.n_got = n->got_count;
    ask.got = memcpy(got, n->got, sizeof got);
    n->got_count = 0;
    if (n->keeper == cluster_self(n->d->cluster))
        names_keep(n, n->keeper, &ask);
    else
        daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(n->keeper), DVM_CTL_NAMES_ASK,
                    &ask.base);
}

/* Ask; takes call. Error: NO_MEMORY; then the call is freed. */
static int ask(struct names *n, const struct dvm_frame *client, int from, Dvm__Pb__NameCall *call)
{
    struct asked *one = calloc(1, sizeof *one);

    if (one)
        one->ask = malloc(sizeof *one->ask);
    if (!one || !one->ask) {
        free(one);
        dvm__pb__name_call__free_unpacked(call, NULL);
        return DVM_ERR_NO_MEMORY;
    }
    dvm__pb__name_ask__init(one->ask);
    one->ask->id = ++n->ids;
    one->ask->from = from;
    one->ask->call = call;
    if (client)
        one->client = *client;
    *n->last = one;
    n->last = &one->next;
    give_keeper(n, one);
    return DVM_OK;
}

/* The first ask behind an id; NULL: none. */
static struct asked *behind(const struct names *n, uint64_t id)
{
    struct asked *one = n->first;

    while (one && one->ask->id <= id)
        one = one->next;
    return one;
}

void names_withdraw(struct names *n, int keeper)
{
    const struct cluster_host *host = cluster_host(n->d->cluster, keeper);
    Dvm__Pb__NameAsk nothing = DVM__PB__NAME_ASK__INIT;

    if (keeper == cluster_self(n->d->cluster))
        names_withdrawn(n, keeper);
    else if (host && host->state != DVM_HOST_LOST)
        daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(keeper), DVM_CTL_NAMES_ASK,
                    &nothing.base);
}

void names_ask_again(struct names *n)
{
    struct asked *one;
    uint64_t id = 0;

    while ((one = behind(n, id))) { /* an answer takes it out at once where we are the keeper */
        id = one->ask->id;
        give_keeper(n, one);
    }
}

void names_ask_free(struct names *n)
{
    while (n->first) {
        struct asked *one = n->first;

        n->first = one->next;
        asked_free(one);
    }
    table_free(&n->users);
}

/* Whether a client waits for so many answers that it gets no more: each of its threads can wait
 * for one. */
static bool asks_too_much(const struct names *n, int client)
{
    int open = 0;

    for (const struct asked *one = n->first; one && open < NAMES_OPEN_MAX; one = one->next)
        open += one->client.src == client;
    return open == NAMES_OPEN_MAX;
}

/* ---- requests -------------------------------------------------------------------------- */

/* What is wrong with a request; NULL: nothing. */
static const char *fault(const struct daemon *d, const struct dvm_frame *frame,
                         const Dvm__Pb__NameCall *m)
{
    if (!m)
        return "a NAMES that cannot be read";
    if (DVM_TID_SLOT(frame->src) != cluster_self(d->cluster))
        return "names are asked for at one's own daemon";
    if (m->what >= DVM_NAME_TASK_END)
        return "that is for daemons to tell";
    if (m->what != DVM_NAME_GROUPS && m->what != DVM_NAME_VALUES && !dvm_name_ok(m->name))
        return "a name is 1 to 1023 bytes of UTF-8 without control characters";
    return NULL;
}

void names_on_call(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__NameCall *m = dvm__pb__name_call__unpack(NULL, frame->length, payload);
    const char *why = fault(d, frame, m);
    struct names *n = d->names;

    if (why || !n) {
        daemon_fail(d, frame, DVM_ERR_ARG, "%s", why ? why : "this host has lost its machine");
        dvm__pb__name_call__free_unpacked(m, NULL);
        return;
    }
    if (asks_too_much(n, frame->src)) {
        daemon_fail(d, frame, DVM_ERR_LIMIT, "0x%x waits for %d answers about names already; no "
                    "more are possible", (unsigned)frame->src, NAMES_OPEN_MAX);
        dvm__pb__name_call__free_unpacked(m, NULL);
        return;
    }
    if ((m->what == DVM_NAME_JOIN || m->what == DVM_NAME_PUT || m->what == DVM_NAME_AWAIT) &&
        table_put(&n->users, (uint64_t)frame->src, n)) {
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory is left for one more name");
        dvm__pb__name_call__free_unpacked(m, NULL);
        return;
    }
    if (ask(n, frame, frame->src, m))
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory is left to ask for a name");
}

void names_task_ended(struct names *n, int tid, const char *text)
{
    Dvm__Pb__NameCall *m;

    if (!n || !table_take(&n->users, (uint64_t)tid))
        return;
    m = malloc(sizeof *m);
    if (m) {
        dvm__pb__name_call__init(m);
        m->what = DVM_NAME_TASK_END;
        m->tid = tid;
        m->text = strdup(text);
        if (m->text && !ask(n, NULL, DVM_TID_DAEMON(cluster_self(n->d->cluster)), m))
            return;
    }
    log_error("no memory to tell the keeper of names that task 0x%x has ended", (unsigned)tid);
}

/* ---- answers ---------------------------------------------------------------------------- */

static struct asked *take(struct names *n, uint64_t id)
{
    struct asked **at = &n->first, *one;

    while (*at && (*at)->ask->id != id)
        at = &(*at)->next;
    one = *at;
    if (!one)
        return NULL;
    *at = one->next;
    if (!*at)
        n->last = at;
    return one;
}

void names_told(struct names *n, uint64_t id, Dvm__Pb__NameAnswer *answer)
{
    struct asked *one = take(n, id);

    if (!one)
        return; /* both keepers have answered it */
    answer->keeper = (uint32_t)n->keeper;
    if (n->got_count < NAMES_GOT_MAX)
        n->got[n->got_count++] = id;
    if (one->client.src && answer->code)
        daemon_fail(n->d, &one->client, answer->code, "%s", answer->text);
    else if (one->client.src)
        daemon_answer(n->d, CLUSTER_CONTROL, &one->client, DVM_CTL_NAMES_REPLY, &answer->base);
    asked_free(one);
}

void names_on_told(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__NameTold *m = dvm__pb__name_told__unpack(NULL, frame->length, payload);

    if (m && m->answer && d->names)
        names_told(d->names, m->id, m->answer);
    dvm__pb__name_told__free_unpacked(m, NULL);
}
