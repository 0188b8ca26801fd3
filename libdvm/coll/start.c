/* start.c: collectives that go on while the program does.
 *
 * All schedules under way are in one list, which the matcher asks after each progress
 * (match_on_progress): whatever call a task is in, its collectives go on. Those of one group
 * may end in any order; each has a tag of its own. In an asked turn nothing waits: all
 * messages go with requests.
 */
#include "coll/start.h"

#include "base/error.h"
#include "coll/mixup.h"
#include "coll/records.h"
#include "group/site.h"
#include "match/match.h"

#define OPEN_TOLD 3 /* collectives of a group, begun last, that are told when the task leaves */

/* linked by next */
static struct schedule *under_way;

static void list_remove(const struct schedule *s)
{
    struct schedule **at = &under_way;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (!under_way)
        match_on_progress = NULL;
}

/* One turn of a schedule: 1 while it is under way, else what came of it: its request is
 * complete. */
static int turn(struct schedule *s)
{
    struct dvm_request *request = s->request;
    int rc = coll_rung(s->coll) ? coll_alarmed(s->coll) : schedule_advance(s);

    if (rc == 1 && (s->coll->mixed || mixup_seen(s)))
        rc = mixup_tell(s);
    if (rc == 1)
        return rc;
    list_remove(s);
    rc = schedule_end(s, rc);
    match_done(request, rc);
    return rc;
}

/* A failure ends the others of its group, which may have had their turn: once more. */
static void turn_all(void)
{
    struct schedule *next;
    bool failed;

    do {
        failed = false;
        for (struct schedule *s = under_way; s; s = next) {
            next = s->next;
            failed |= turn(s) < 0;
        }
    } while (failed);
}

/* Put a schedule under way; request completes with it. */
static void begin(struct schedule *s, struct dvm_request *request)
{
    s->request = request;
    s->next = under_way;
    under_way = s;
    match_on_progress = turn_all;
    turn(s);
}

int start_schedule(struct schedule *s, struct group *g, struct dvm_request **request)
{
    struct dvm_request *r = match_operation(g->number, g->context);

    if (!r)
        return s ? schedule_end(s, DVM_ERR_NO_MEMORY) : DVM_ERR_NO_MEMORY;
    *request = r;
    if (s)
        begin(s, r);
    else
        match_done(r, DVM_OK);
    return DVM_OK;
}

/* The group exists, and so does its coll. */
static int start_again(void *own, struct dvm_request *request)
{
    struct schedule *s = own;
    struct coll *coll;
    int rc = s->coll ? coll_state(s->coll->group, s->kind, COLL_KEEPING, s->site, &coll)
                     : DVM_OK;

    if (rc != DVM_OK)
        return rc;
    schedule_again(s);
    if (s->coll)
        begin(s, request);
    else
        match_done(request, schedule_advance(s));
    return DVM_OK;
}

static bool is_under_way(const struct schedule *s)
{
    const struct schedule *at = under_way;

    while (at && at != s)
        at = at->next;
    return at;
}

/* Freed by the user, or at the end, where it may be under way. */
static void drop_kept(void *own)
{
    if (is_under_way(own))
        list_remove(own);
    schedule_free(own);
}

int start_keep(struct schedule *s, struct group *g, struct dvm_request **request)
{
    static const struct match_again again = {start_again, drop_kept};
    struct dvm_request *r = NULL;
    int rc = s->rc;

    if (rc == DVM_OK) {
        r = match_operation_keep(g->number, g->context, &again, s);
        rc = r ? DVM_OK : DVM_ERR_NO_MEMORY;
    }
    if (rc != DVM_OK) {
        rc = schedule_end(s, rc);
        schedule_free(s);
        return rc;
    }
    *request = r;
    return DVM_OK;
}

bool start_expects(const struct coll *c, int tag)
{
    for (const struct schedule *s = under_way; s; s = s->next)
        if (s->coll == c && s->tag == tag)
            return true;
    return false;
}

const struct schedule *start_first(void)
{
    return under_way;
}

/* One under way, apart from it: what is sent to others lets collectives go on, and end. */
struct open {
    uint32_t sequence;
    uintptr_t site;
    const char *call;
};

static void tell_open(const struct open *o, const struct coll *c)
{
    const char *where = site_text(o->site);

    error_warn("dvm_finalize: %s of %s%s%s%s is still open and is given up; dvm_wait waits for "
               "its end, which all members must come to",
               o->call, group_name(c->group), where[0] ? " (called" : "", where,
               where[0] ? ")" : "");
}

void start_tell_open(const struct coll *c)
{
    const bool silent = error_mode() == DVM_SILENT;
    struct open list[COLL_RECENT];
    size_t count = 0;

    for (const struct schedule *s = under_way; s; s = s->next) {
        if (s->coll != c)
            continue;
        if (count < COLL_RECENT)
            list[count] = (struct open){s->sequence, s->site, schedule_call(s)};
        count++;
    }
    for (size_t i = 0; i < count && i < COLL_RECENT; i++) {
        records_tell(c, list[i].sequence);
        if (i < OPEN_TOLD && !silent)
            tell_open(&list[i], c);
    }
    if (count > OPEN_TOLD && !silent)
        error_warn("dvm_finalize: %zu more collectives of %s are open", count - OPEN_TOLD,
                   group_name(c->group));
}

void start_drop(const struct coll *c)
{
    struct schedule *next;

    for (struct schedule *s = under_way; s; s = next) {
        next = s->next;
        if (s->coll != c)
            continue;
        list_remove(s);
        if (!s->kept)
            schedule_free(s);
    }
}
