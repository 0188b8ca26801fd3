/* table.h: things in queues by (context, source, tag), in the order in which they
 * were added: posted receives, and messages that nobody has received.
 *
 * A key may hold DVM_ANY as source or tag; it is then a key of its own, not a
 * wildcard. All functions take the same time however much is in the table.
 */
#ifndef DVM_MATCH_TABLE_H
#define DVM_MATCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct match_key {
    uint64_t context;
    int source, tag;
};

/* Part of a thing that can be in a table. */
struct match_link {
    struct match_link *next, *previous; /* in its queue */
    struct match_queue *queue;          /* NULL: in no table */
};

struct match_table {
    struct match_queue **buckets;
    size_t size;               /* buckets, a power of two */
    size_t queues;             /* in use */
    struct match_queue *recent; /* that something was added to last, or NULL */
    struct match_queue *spare; /* to be used again */
};

/* Start an empty table. Error: NO_MEMORY. */
int match_table_start(struct match_table *table);

/* Free it; what is in it stays its owners'. */
void match_table_stop(struct match_table *table);

/* Add link behind all others of its key. false: no memory. */
bool match_table_add(struct match_table *table, const struct match_key *key,
                     struct match_link *link);

/* The first of a key, or NULL. */
struct match_link *match_table_first(const struct match_table *table,
                                     const struct match_key *key);

/* Take link, which is in the table, out. */
void match_table_remove(struct match_table *table, struct match_link *link);

#endif
