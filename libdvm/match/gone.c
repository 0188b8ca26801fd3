/* gone.c: deaths and revocations, as operations see them.
 *
 * A receive from a dead task fails. A wildcard receive of a group fails once for
 * each death of a member that the group's context has not acknowledged: the ones
 * that wait when the death is learnt all fail, else the next one that would wait.
 * In DVM_UNIVERSE no wildcard ever fails. Deaths are numbered in the order in
 * which they were learnt; a context remembers up to which number it knows them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/request.h"

#define CONTEXT_HALVES UINT64_C(1) /* DVM_UNIVERSE has no context above this */
#define ARRAY_START 16             /* places of a growing array */

/* What a context has acknowledged. */
struct known {
    uint64_t context;
    size_t deaths; /* it knows those before this number */
};

struct revoked {
    uint64_t context;
    int code;
    char *text; /* owned */
};

struct array {
    void *items;
    size_t count, size;
};

bool (*match_is_member)(uint64_t context, int tid);
void (*match_on_gone)(int tid, int code, const char *text, bool left);
void (*match_on_host_gone)(int slot, const char *text);

static struct array deaths;   /* of int: tids that ended without dvm_finalize */
static struct array contexts; /* of struct known */
static struct array revoked;  /* of struct revoked */

/* Room for one more item of bytes; NULL without memory. */
static void *array_add(struct array *a, size_t bytes)
{
    if (a->count == a->size) {
        size_t size = a->size ? a->size * 2 : ARRAY_START;
        void *items = realloc(a->items, size * bytes);

        if (!items) {
            lane_complain("no memory to remember the end of a task");
            return NULL;
        }
        a->items = items;
        a->size = size;
    }
    return (char *)a->items + a->count++ * bytes;
}

static void array_free(struct array *a)
{
    free(a->items);
    memset(a, 0, sizeof *a);
}

void gone_start(void)
{
    memset(&deaths, 0, sizeof deaths);
    memset(&contexts, 0, sizeof contexts);
    memset(&revoked, 0, sizeof revoked);
}

void gone_stop(void)
{
    struct revoked *r = revoked.items;

    for (size_t i = 0; i < revoked.count; i++)
        free(r[i].text);
    array_free(&deaths);
    array_free(&contexts);
    array_free(&revoked);
}

/* ---- deaths ---------------------------------------------------------------------- */

/* Up to which death a context knows them; NULL without memory. */
static size_t *known_by(uint64_t context)
{
    struct known *k = contexts.items;

    for (size_t i = 0; i < contexts.count; i++)
        if (k[i].context == context)
            return &k[i].deaths;
    k = array_add(&contexts, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct known){.context = context};
    return &k->deaths;
}

/* The next death that the context must hear of, which is acknowledged by this; NULL
 * when there is none. */
static struct stream *next_death(uint64_t context)
{
    const int *tids = deaths.items;
    size_t *known = deaths.count && match_is_member ? known_by(context) : NULL;

    while (known && *known < deaths.count) {
        int tid = tids[(*known)++];

        if (match_is_member(context, tid))
            return stream_known(tid);
    }
    return NULL;
}

static int fail_gone(const struct stream *s)
{
    request_failures++;
    return dvm_fail(s->gone_code, "%s", s->gone_text ? s->gone_text : "a task has ended");
}

/* What comes from a daemon's tid is news of its host, also when that is lost: no
 * receive fails that waits for it. */
static bool is_daemon(int tid)
{
    return DVM_TID_N(tid) == 0;
}

int gone_check(const struct match_filter *f)
{
    struct stream *s;

    if (f->source != DVM_ANY) {
        s = stream_known(f->source);
        return s && s->gone && !is_daemon(f->source) ? fail_gone(s) : DVM_OK;
    }
    if (f->any_context || f->context <= CONTEXT_HALVES)
        return DVM_OK;
    s = next_death(f->context);
    return s ? fail_gone(s) : DVM_OK;
}

/* Whether a posted receive fails because of this death, the newest one. */
static bool concerns(const struct match_filter *f, const struct stream *s)
{
    if (f->source != DVM_ANY)
        return f->source == s->peer.tid && !is_daemon(f->source);
    return !s->left && !f->any_context && f->context > CONTEXT_HALVES && match_is_member &&
           match_is_member(f->context, s->peer.tid);
}

void gone_stream(struct stream *s)
{
    int *tid = s->left ? NULL : array_add(&deaths, sizeof *tid);
    struct dvm_request *next;

    if (tid)
        *tid = s->peer.tid;
    for (struct dvm_request *r = posted_first(); r; r = next) {
        const struct match_filter *f = &r->receive.filter;
        size_t *known;

        next = r->next;
        if (!concerns(f, s))
            continue;
        known = f->source == DVM_ANY ? known_by(f->context) : NULL;
        if (known)
            *known = deaths.count;
        posted_remove(r);
        request_complete(r, s->gone_code, s->gone_text);
    }
    unexpected_gone(s);
    wait_changed();
    if (match_on_gone)
        match_on_gone(s->peer.tid, s->gone_code, s->gone_text, s->left);
}

void gone_host(int slot, const char *text)
{
    if (match_on_host_gone)
        match_on_host_gone(slot, text);
}

void match_gone(int tid, int code, const char *text, bool left)
{
    struct stream *s = tid == lane_self() ? NULL : stream_of(tid);

    if (s)
        stream_gone(s, code, text, left);
}

bool match_task_gone(int tid, const char **text)
{
    struct stream *s = stream_known(tid);

    if (!s || !s->gone)
        return false;
    if (text)
        *text = s->gone_text;
    return true;
}

void match_watch(int tid)
{
    struct stream *s = tid == lane_self() ? NULL : stream_of(tid);

    if (s)
        stream_watch(s);
}

/* ---- revocations ------------------------------------------------------------------ */

bool gone_none_revoked(void)
{
    return revoked.count == 0;
}

int gone_revoked(uint64_t context)
{
    const struct revoked *r = revoked.items;

    for (size_t i = 0; i < revoked.count; i++)
        if (r[i].context == context)
            return dvm_fail(r[i].code, "%s", r[i].text ? r[i].text : dvm_error_text(r[i].code));
    return DVM_OK;
}

static bool in_context(const struct dvm_request *r, uint64_t context)
{
    return !r->receive.filter.any_context &&
           r->receive.filter.context == context;
}

/* Fail the rendezvous of one stream that are under way in the context. */
static void revoke_receives(struct stream *s, uint64_t context, int code, const char *text)
{
    struct stream_receive *next;

    for (struct stream_receive *record = s->receiving; record; record = next) {
        struct dvm_request *r = deliver_request(record);

        next = record->next;
        if (!r || r->result.context != context)
            continue;
        stream_receive_forget(record);
        request_complete(r, code, text);
    }
}

void match_revoke(uint64_t context, int code, const char *text)
{
    struct revoked *entry;
    struct dvm_request *next;

    if (gone_revoked(context))
        return;
    entry = array_add(&revoked, sizeof *entry);
    if (entry)
        *entry = (struct revoked){context, code, strdup(text)};
    for (struct dvm_request *r = posted_first(); r; r = next) {
        next = r->next;
        if (!in_context(r, context))
            continue;
        posted_remove(r);
        request_complete(r, code, text);
    }
    dvm_fail(code, "%s", text);
    stream_revoke(context, code);
    for (struct stream *s = stream_first(); s; s = stream_next(s))
        revoke_receives(s, context, code, text);
    unexpected_revoke(context);
    wait_changed();
}
