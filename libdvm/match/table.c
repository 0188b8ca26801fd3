/* table.c: a hash table of queues, one for each key in use.
 *
 * A bucket chains queues, not things, so that a long queue makes no other key
 * slow. A queue exists while something is in it; empty ones are kept to be used
 * again, so a steady flow of messages allocates nothing.
 */
#include "match/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define TABLE_START 256 /* buckets */

struct match_queue {
    struct match_key key;
    struct match_queue *next; /* in its bucket, or among the spare */
    struct match_link *first, *last;
};

static size_t bucket_of(const struct match_table *table, const struct match_key *key)
{
    /* multiplication spreads low bits upwards; the upper half is used */
    uint64_t h = key->context * UINT64_C(0x9e3779b97f4a7c15);

    h ^= (uint64_t)(uint32_t)key->source << 32 | (uint32_t)key->tag;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(h >> 32) & (table->size - 1);
}

static bool same(const struct match_key *a, const struct match_key *b)
{
    return a->context == b->context && a->source == b->source && a->tag == b->tag;
}

int match_table_start(struct match_table *table)
{
    memset(table, 0, sizeof *table);
    table->buckets = calloc(TABLE_START, sizeof *table->buckets);
    if (!table->buckets)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the queues of messages");
    table->size = TABLE_START;
    return DVM_OK;
}

static void free_chain(struct match_queue *queue)
{
    while (queue) {
        struct match_queue *next = queue->next;

        free(queue);
        queue = next;
    }
}

void match_table_stop(struct match_table *table)
{
    for (size_t i = 0; i < table->size; i++)
        free_chain(table->buckets[i]);
    free_chain(table->spare);
    free(table->buckets);
    memset(table, 0, sizeof *table);
}

/* Twice the buckets. Without memory the table stays as it is, only slower. */
static void grow(struct match_table *table)
{
    struct match_table bigger = {.size = table->size * 2};

    bigger.buckets = calloc(bigger.size, sizeof *bigger.buckets);
    if (!bigger.buckets)
        return;
    for (size_t i = 0; i < table->size; i++) {
        struct match_queue *queue = table->buckets[i], *next;

        for (; queue; queue = next) {
            size_t at = bucket_of(&bigger, &queue->key);

            next = queue->next;
            queue->next = bigger.buckets[at];
            bigger.buckets[at] = queue;
        }
    }
    free(table->buckets);
    table->buckets = bigger.buckets;
    table->size = bigger.size;
}

static struct match_queue *queue_find(const struct match_table *table,
                                      const struct match_key *key)
{
    struct match_queue *queue = table->buckets[bucket_of(table, key)];

    while (queue && !same(&queue->key, key))
        queue = queue->next;
    return queue;
}

static struct match_queue *queue_make(struct match_table *table, const struct match_key *key)
{
    struct match_queue *queue = table->spare;
    size_t at;

    if (queue)
        table->spare = queue->next;
    else
        queue = malloc(sizeof *queue);
    if (!queue)
        return NULL;
    if (table->queues >= table->size)
        grow(table);
    at = bucket_of(table, key);
    *queue = (struct match_queue){.key = *key, .next = table->buckets[at]};
    table->buckets[at] = queue;
    table->queues++;
    return queue;
}

bool match_table_add(struct match_table *table, const struct match_key *key,
                     struct match_link *link)
{
    struct match_queue *queue = table->recent;

    if (!queue || !same(&queue->key, key))
        queue = queue_find(table, key);
    if (!queue)
        queue = queue_make(table, key);
    if (!queue)
        return false;
    table->recent = queue;
    link->queue = queue;
    link->next = NULL;
    link->previous = queue->last;
    if (queue->last)
        queue->last->next = link;
    else
        queue->first = link;
    queue->last = link;
    return true;
}

struct match_link *match_table_first(const struct match_table *table,
                                     const struct match_key *key)
{
    struct match_queue *queue = queue_find(table, key);

    return queue ? queue->first : NULL;
}

static void queue_free(struct match_table *table, struct match_queue *queue)
{
    struct match_queue **at = &table->buckets[bucket_of(table, &queue->key)];

    while (*at != queue)
        at = &(*at)->next;
    *at = queue->next;
    if (table->recent == queue)
        table->recent = NULL;
    queue->next = table->spare;
    table->spare = queue;
    table->queues--;
}

void match_table_remove(struct match_table *table, struct match_link *link)
{
    struct match_queue *queue = link->queue;

    assert(queue);
    if (link->previous)
        link->previous->next = link->next;
    else
        queue->first = link->next;
    if (link->next)
        link->next->previous = link->previous;
    else
        queue->last = link->previous;
    link->queue = NULL;
    if (!queue->first)
        queue_free(table, queue);
}
