/* unexpected.c: messages that arrived before a receive wanted them.
 *
 * A message stands in a table under its exact key and in one list of all, in order
 * of arrival. A receive without wildcards looks at one queue. One with wildcards
 * walks the list, and when it has to walk far, all that wait are entered into a
 * second table, by keys with the same wildcards; from then on it looks at one queue,
 * too, until nothing waits any more. Programs that receive what has come, in order,
 * never need that. A receive that fits any context always walks. A message that a
 * receive could not take (too large, another type) never leaves its place.
 */
#include <assert.h>
#include <string.h>

#include "match/request.h"
#include "stream/blocks.h"

#define WALK_MAX 64 /* messages that a wildcard may look at before they are entered by it */

#define EXACT 1u    /* of entered: the pattern without wildcards, which always is */

struct list {
    struct dvm_message *first, *last;
};

static struct match_table tables[MATCH_PATTERNS];
static unsigned entered; /* patterns (bits 1 << pattern) by whose table all can be found */
static struct list waiting, taken;
static uint64_t kept; /* messages that have come here so far */

int unexpected_start(void)
{
    memset(&waiting, 0, sizeof waiting);
    memset(&taken, 0, sizeof taken);
    memset(tables, 0, sizeof tables);
    entered = EXACT;
    return match_table_start(&tables[0]);
}

static void list_append(struct list *list, struct dvm_message *m)
{
    m->next = NULL;
    m->previous = list->last;
    if (list->last)
        list->last->next = m;
    else
        list->first = m;
    list->last = m;
}

static void list_remove(struct list *list, struct dvm_message *m)
{
    if (m->previous)
        m->previous->next = m->next;
    else
        list->first = m->next;
    if (m->next)
        m->next->previous = m->previous;
    else
        list->last = m->previous;
}

void unexpected_stop(void)
{
    while (waiting.first)
        unexpected_free(waiting.first);
    while (taken.first)
        unexpected_free(taken.first);
    for (int i = 0; i < MATCH_PATTERNS; i++)
        if (tables[i].buckets)
            match_table_stop(&tables[i]);
}

/* Put a message into a table. Without memory this table is given up: messages are found
 * by walking. false: that was the one without wildcards, where it must be. */
static bool enter(struct dvm_message *m, int pattern)
{
    struct match_key key = match_key(&m->in.what, pattern);

    if (match_table_add(&tables[pattern], &key, &m->links[pattern]))
        return true;
    if (pattern == 0)
        return false;
    match_table_stop(&tables[pattern]);
    entered &= ~(1u << pattern);
    return true;
}

/* From now on find what waits by this pattern. */
static void pattern_use(int pattern)
{
    unsigned bit = 1u << pattern;

    if (!tables[pattern].buckets && match_table_start(&tables[pattern]))
        return;
    entered |= bit;
    for (struct dvm_message *m = waiting.first; m && entered & bit; m = m->next)
        enter(m, pattern);
}

/* In all tables that are in use, and behind all others. */
static bool message_wait(struct dvm_message *m)
{
    if (!enter(m, 0))
        return false;
    list_append(&waiting, m);
    for (int i = 1; entered != EXACT && i < MATCH_PATTERNS; i++)
        if (entered & 1u << i)
            enter(m, i);
    return true;
}

/* It waits no longer. */
static void message_leave(struct dvm_message *m)
{
    match_table_remove(&tables[0], &m->links[0]);
    list_remove(&waiting, m);
    for (int i = 1; entered != EXACT && i < MATCH_PATTERNS; i++)
        if (entered & 1u << i)
            match_table_remove(&tables[i], &m->links[i]);
    if (!waiting.first)
        entered = EXACT;
}

uint64_t match_kept(void)
{
    return kept;
}

struct dvm_message *unexpected_add(const struct incoming *in)
{
    size_t bytes = in->whole ? in->what.bytes : in->what.head ? DVM_FRAME_HEAD(in->what.type) : 0;
    size_t block = sizeof(struct dvm_message) + bytes;
    struct dvm_message *m = blocks_get(block);

    if (!m)
        return NULL;
    m->in = *in;
    m->block = block;
    m->taken = false;
    if (!message_wait(m)) {
        blocks_put(m, block);
        return NULL;
    }
    if (bytes)
        memcpy(m->payload, in->payload, bytes);
    m->in.payload = m->payload;
    if (in->what.head)
        m->in.what.head = m->payload;
    kept++;
    return m;
}

static struct dvm_message *of_link(struct match_link *link, int pattern)
{
    return link ? (struct dvm_message *)(void *)(link - pattern) : NULL;
}

/* Look at the queue of the filter's own key: only a predicate can refuse its messages. */
static struct dvm_message *find_entered(const struct match_filter *f, int pattern)
{
    struct match_key key = {f->context, f->source, f->tag};
    struct match_link *link = match_table_first(&tables[pattern], &key);

    while (link && f->accept && !deliver_fits(f, &of_link(link, pattern)->in.what))
        link = link->next;
    return of_link(link, pattern);
}

struct dvm_message *unexpected_find(const struct match_filter *f)
{
    int pattern = match_pattern(f);
    struct dvm_message *m = waiting.first;
    unsigned steps = 0;

    if (m && !f->any_context && entered & 1u << pattern)
        return find_entered(f, pattern);
    while (m && !deliver_fits(f, &m->in.what)) {
        m = m->next;
        steps++;
    }
    if (steps > WALK_MAX && !f->any_context)
        pattern_use(pattern);
    return m;
}

bool unexpected_none(void)
{
    return waiting.first == NULL;
}

void unexpected_take(struct dvm_message *m)
{
    assert(!m->taken);
    message_leave(m);
    m->taken = true;
    list_append(&taken, m);
}

void unexpected_free(struct dvm_message *m)
{
    if (m->taken)
        list_remove(&taken, m);
    else
        message_leave(m);
    blocks_put(m, m->block);
}

void unexpected_gone(struct stream *stream)
{
    struct dvm_message *next;

    for (struct dvm_message *m = waiting.first; m; m = next) {
        next = m->next;
        if (m->in.stream == stream && !m->in.whole)
            unexpected_free(m);
    }
}

void unexpected_forget(const struct dvm_request *local)
{
    struct list *lists[] = {&waiting, &taken};

    for (int i = 0; i < 2; i++)
        for (struct dvm_message *m = lists[i]->first; m; m = m->next)
            if (m->in.local == local)
                m->in.local = NULL;
}

void unexpected_revoke(uint64_t context)
{
    struct dvm_message *next;

    for (struct dvm_message *m = waiting.first; m; m = next) {
        struct incoming in = m->in;

        next = m->next;
        if (in.what.context != context)
            continue;
        unexpected_free(m);
        deliver_discard(&in);
    }
}

static void drop_list(struct list *list)
{
    while (list->first) {
        struct incoming in = list->first->in;

        unexpected_free(list->first);
        deliver_discard(&in);
    }
}

void unexpected_drop(void)
{
    drop_list(&waiting);
    drop_list(&taken);
}
