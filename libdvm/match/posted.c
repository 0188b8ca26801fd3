/* posted.c: receives that wait for a message.
 *
 * Each stands in the table under its own pattern, wildcards included, so an
 * arriving message looks at one queue for each of the four patterns it may fit,
 * and takes the earliest of their heads. Receives that fit any context, or that
 * ask a predicate, are rare and stand in a list of their own. The only receive, as
 * in most programs, is not in the table: there is nothing to find.
 */
#include <assert.h>
#include <stddef.h>

#include "match/request.h"

/* patterns, as bits */
enum { ANY_SOURCE = 1, ANY_TAG = 2, PATTERNS = 4 };

static struct match_table table;
static size_t counts[PATTERNS];
static struct dvm_request *first, *last; /* all, in order */
static struct dvm_request *sole;         /* the only one, and not in the table */
static size_t odd;                       /* of the others, those not in the table */
static uint64_t order;

int posted_start(void)
{
    first = last = sole = NULL;
    order = 0;
    odd = 0;
    for (int i = 0; i < PATTERNS; i++)
        counts[i] = 0;
    return match_table_start(&table);
}

void posted_stop(void)
{
    match_table_stop(&table);
}

static int pattern_of(const struct match_filter *f)
{
    return (f->source == DVM_ANY ? ANY_SOURCE : 0) | (f->tag == DVM_ANY ? ANY_TAG : 0);
}

/* Put a receive where it is found among others. */
static void enter(struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;
    struct match_key key = {f->context, f->source, f->tag};

    /* without memory for a queue it is found by the slow way */
    if (!f->any_context && !f->accept && match_table_add(&table, &key, &r->link))
        counts[pattern_of(f)]++;
    else
        odd++;
}

void posted_add(struct dvm_request *r)
{
    r->state = REQUEST_POSTED;
    r->link.order = ++order;
    r->next = NULL;
    r->previous = last;
    last = r;
    if (!first) {
        first = sole = r;
        return;
    }
    r->previous->next = r;
    if (sole)
        enter(sole);
    sole = NULL;
    enter(r);
}

void posted_remove(struct dvm_request *r)
{
    assert(r->state == REQUEST_POSTED);
    if (r->previous)
        r->previous->next = r->next;
    else
        first = r->next;
    if (r->next)
        r->next->previous = r->previous;
    else
        last = r->previous;
    if (r == sole) {
        sole = NULL;
    } else if (r->link.queue) {
        match_table_remove(&table, &r->link);
        counts[pattern_of(&r->receive.filter)]--;
    } else {
        odd--;
    }
    r->state = REQUEST_ACTIVE;
}

/* The earliest of those that are not in the table, if it is before order. */
static struct dvm_request *find_odd(const struct match_result *what, struct dvm_request *best)
{
    for (struct dvm_request *r = first; r && (!best || r->link.order < best->link.order);
         r = r->next)
        if (!r->link.queue && deliver_fits(&r->receive.filter, what))
            return r;
    return best;
}

struct dvm_request *posted_find(const struct match_result *what)
{
    struct dvm_request *best = NULL;

    if (sole)
        return deliver_fits(&sole->receive.filter, what) ? sole : NULL;
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        struct match_key key = {what->context, pattern & ANY_SOURCE ? DVM_ANY : what->source,
                                pattern & ANY_TAG ? DVM_ANY : what->tag};
        struct match_link *link;

        if (!counts[pattern])
            continue;
        link = match_table_first(&table, &key);
        if (link && (!best || link->order < best->link.order))
            best = (struct dvm_request *)link;
    }
    return odd ? find_odd(what, best) : best;
}

struct dvm_request *posted_first(void)
{
    return first;
}
