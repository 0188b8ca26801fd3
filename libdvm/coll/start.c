/* start.c: collectives that go on while the program does.
 *
 * All schedules under way are in one list, which the matcher asks after each progress
 * (match_on_progress): whatever call a task is in, its collectives go on. Those of one group
 * may end in any order; each has a tag of its own. In an asked turn nothing waits: all
 * messages go with requests.
 */
#include "coll/start.h"

#include "coll/mixup.h"
#include "match/match.h"

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
