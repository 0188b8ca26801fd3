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

    if (rc == 1 && mixup_seen(s))
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

int start_schedule(struct schedule *s, struct group *g, struct dvm_request **request)
{
    struct dvm_request *r = match_operation(g->number, g->context);

    if (!r)
        return s ? schedule_end(s, DVM_ERR_NO_MEMORY) : DVM_ERR_NO_MEMORY;
    *request = r;
    if (!s) {
        match_done(r, DVM_OK);
        return DVM_OK;
    }
    s->request = r;
    s->next = under_way;
    under_way = s;
    match_on_progress = turn_all;
    turn(s);
    return DVM_OK;
}

bool start_expects(const struct coll *c, int tag)
{
    for (const struct schedule *s = under_way; s; s = s->next)
        if (s->coll == c && s->tag == tag)
            return true;
    return false;
}

void start_drop(const struct coll *c)
{
    struct schedule *next;

    for (struct schedule *s = under_way; s; s = next) {
        next = s->next;
        if (s->coll != c)
            continue;
        list_remove(s);
        schedule_free(s);
    }
}
