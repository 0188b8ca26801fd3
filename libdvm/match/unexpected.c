/* unexpected.c: messages that arrived before a receive wanted them.
 *
 * A message stands in the table under its exact key and in one list of all, in
 * order of arrival. A receive without wildcards looks at one queue; one with
 * wildcards walks the list. A message that a receive could not take (too large,
 * another type) never leaves its place.
 */
#include <assert.h>
#include <string.h>

#include "match/request.h"
#include "stream/blocks.h"

struct list {
    struct dvm_message *first, *last;
};

static struct match_table table;
static struct list waiting, taken;

int unexpected_start(void)
{
    memset(&waiting, 0, sizeof waiting);
    memset(&taken, 0, sizeof taken);
    return match_table_start(&table);
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
    match_table_stop(&table);
}

struct dvm_message *unexpected_add(const struct incoming *in)
{
    struct match_key key = {in->what.context, in->what.source, in->what.tag};
    size_t bytes = in->whole ? in->what.bytes : 0;
    size_t block = sizeof(struct dvm_message) + bytes;
    struct dvm_message *m = blocks_get(block);

    if (!m)
        return NULL;
    m->in = *in;
    m->block = block;
    m->taken = false;
    if (!match_table_add(&table, &key, &m->link)) {
        blocks_put(m, block);
        return NULL;
    }
    if (bytes)
        memcpy(m->payload, in->payload, bytes);
    m->in.payload = m->payload;
    list_append(&waiting, m);
    return m;
}

struct dvm_message *unexpected_find(const struct match_filter *f)
{
    struct match_key key = {f->context, f->source, f->tag};
    struct dvm_message *m = waiting.first;

    if (m && !f->any_context && f->source != DVM_ANY && f->tag != DVM_ANY) {
        m = (struct dvm_message *)match_table_first(&table, &key);
        /* messages of one key differ for a predicate only */
        while (m && f->accept && !deliver_fits(f, &m->in.what))
            m = (struct dvm_message *)m->link.next;
        return m;
    }
    while (m && !deliver_fits(f, &m->in.what))
        m = m->next;
    return m;
}

void unexpected_take(struct dvm_message *m)
{
    assert(!m->taken);
    match_table_remove(&table, &m->link);
    list_remove(&waiting, m);
    m->taken = true;
    list_append(&taken, m);
}

void unexpected_free(struct dvm_message *m)
{
    if (!m->taken)
        match_table_remove(&table, &m->link);
    list_remove(m->taken ? &taken : &waiting, m);
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
