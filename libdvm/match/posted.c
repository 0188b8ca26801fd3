/* posted.c: receives that wait for a message.
 *
 * Each stands in the table under its own pattern, wildcards included, so an
 * arriving message looks at one queue for each of the four patterns it may fit,
 * and takes the earliest of their heads. Receives that fit any context, or that
 * ask a predicate, are rare and stand in a list of their own (odd), which is walked.
 * The only receive, as in most programs, is in neither: there is nothing to find. Receives of
 * words (MATCH_WORDS), which stand as long as their group has collectives, do not count for
 * this: they are in the table, and messages are not looked for there because of them.
 *
 * A receive with room for a large message is owed (lane_owed): who sends it waits until this
 * task has said where the bytes go, also while the program computes.
 */
#include <assert.h>
#include <stddef.h>

#include "match/request.h"

#define ROOM_LARGE 65536 /* bytes from which a message may come as a rendezvous */

static struct match_table table;
static size_t counts[MATCH_PATTERNS];
static struct dvm_request *first, *last; /* all, in order */
static size_t common;                    /* how many, but for those of words */
static struct dvm_request *earliest;     /* the first of these */
static struct dvm_request *sole;         /* the only one of these, and not in the table */
static struct match_link *odd, *odd_last; /* of the others, those not in the table */
static uint64_t order;

int posted_start(void)
{
    first = last = sole = earliest = NULL;
    order = common = 0;
    odd = odd_last = NULL;
    for (int i = 0; i < MATCH_PATTERNS; i++)
        counts[i] = 0;
    return match_table_start(&table);
}

void posted_stop(void)
{
    match_table_stop(&table);
}

static void odd_add(struct match_link *link)
{
    link->next = NULL;
    link->previous = odd_last;
    if (odd_last)
        odd_last->next = link;
    else
        odd = link;
    odd_last = link;
}

static void odd_remove(struct match_link *link)
{
    if (link->previous)
        link->previous->next = link->next;
    else
        odd = link->next;
    if (link->next)
        link->next->previous = link->previous;
    else
        odd_last = link->previous;
}

/* Put a receive where it is found among others. */
static void enter(struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;
    struct match_key key = {f->context, f->source, f->tag};

    /* without memory for a queue it is found by the slow way */
    if (!f->any_context && !f->accept && match_table_add(&table, &key, &r->link))
        counts[match_pattern(f)]++;
    else
        odd_add(&r->link);
}

static bool has_large_room(const struct dvm_request *r)
{
    return r->receive.sink.capacity >= ROOM_LARGE;
}

static bool is_for_words(const struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;

    return !f->any_context && f->context & MATCH_WORDS;
}

void posted_add(struct dvm_request *r)
{
    bool words = is_for_words(r);

    r->state = REQUEST_POSTED;
    lane_owed += has_large_room(r);
    r->order = ++order;
    r->next = NULL;
    r->previous = last;
    last = r;
    if (r->previous)
        r->previous->next = r;
    else
        first = r;
    if (!words && ++common == 1) {
        sole = earliest = r;
        return;
    }
    if (!words && sole) {
        enter(sole);
        sole = NULL;
    }
    enter(r);
}

void posted_remove(struct dvm_request *r)
{
    assert(r->state == REQUEST_POSTED);
    lane_owed -= has_large_room(r);
    common -= !is_for_words(r);
    if (r == earliest)
        for (earliest = r->next; earliest && is_for_words(earliest);)
            earliest = earliest->next;
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
        counts[match_pattern(&r->receive.filter)]--;
    } else {
        odd_remove(&r->link);
    }
    r->state = REQUEST_ACTIVE;
}

/* The earliest of those that are not in the table, if it is before best. */
static struct dvm_request *find_odd(const struct match_result *what, struct dvm_request *best)
{
    for (struct match_link *link = odd; link; link = link->next) {
        struct dvm_request *r = (struct dvm_request *)link;

        if (best && best->order < r->order)
            break;
        if (deliver_fits(&r->receive.filter, what))
            return r;
    }
    return best;
}

struct dvm_request *posted_find(const struct match_result *what)
{
    struct dvm_request *best = NULL;

    if (!common && !(what->context & MATCH_WORDS))
        return NULL;
    if (earliest && deliver_fits(&earliest->receive.filter, what))
        best = earliest;
    if ((sole || best) && !(what->context & MATCH_WORDS))
        return best;
    for (int pattern = 0; pattern < MATCH_PATTERNS; pattern++) {
        struct match_key key = match_key(what, pattern);
        struct dvm_request *head;

        if (!counts[pattern])
            continue;
        head = (struct dvm_request *)match_table_first(&table, &key);
        if (head && (!best || head->order < best->order))
            best = head;
    }
    return odd ? find_odd(what, best) : best;
}

struct dvm_request *posted_earliest(void)
{
    return earliest;
}

bool posted_none(void)
{
    return common == 0;
}

struct dvm_request *posted_first(void)
{
    return first;
}

size_t match_open(struct match_open *list, size_t max)
{
    size_t count = 0;

    for (const struct dvm_request *r = first; r; r = r->next) {
        if (is_for_words(r) || r->released)
            continue;
        if (count < max)
            list[count] = (struct match_open){.filter = r->receive.filter,
                                              .site = r->receive.sink.site, .group = r->group};
        count++;
    }
    return count;
}
