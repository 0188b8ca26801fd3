/* book.h: the names that the machine keeps, as a pure state machine.
 *
 * The keeper and its deputy each have a book and apply the same changes in the same order,
 * so both come to the same state and the same answers. No socket, no clock, no loop. An
 * ask is known by the slot of the daemon that asks and its id there: asked again, it is
 * answered again and changes nothing, so a daemon that has no answer asks the next keeper.
 */
#ifndef DVMD_NAMES_BOOK_H
#define DVMD_NAMES_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/control.pb-c.h"

#define BOOK_GROUPS_MAX 65536 /* groups of one machine */
#define BOOK_VALUES_MAX 65536
#define BOOK_VALUE_BYTES (16 << 20) /* with their names: a book must fit into one message */
#define BOOK_VALUE_COST 32          /* bytes of one beside these */
#define BOOK_GROUP_BYTES (8 << 20)  /* of groups: their names, and */
#define BOOK_GROUP_COST 32          /* bytes of each beside its name */
#define BOOK_MEMBER_COST 16         /* bytes of each member */
#define BOOK_SLOTS 4096       /* of hosts: 0 is the keeper's own changes */

struct book;

/* An answer for the daemon of a slot. Valid during the call. */
typedef void book_told_f(void *arg, int origin, uint64_t id, const Dvm__Pb__NameAnswer *answer);

/* An empty book. NULL: no memory. */
struct book *book_create(void);

/* Accepts NULL. */
void book_free(struct book *b);

/* Whether an ask changes nothing, so that a deputy need not hear of it. */
bool book_only_reads(const Dvm__Pb__NameAsk *ask);

/* Do what is asked by the daemon of a slot (0: by the keeper itself, which needs no
 * answer). told is called for each answer that this leads to, also to other asks. What
 * cannot be done is answered with a code and a sentence. */
void book_apply(struct book *b, int origin, const Dvm__Pb__NameAsk *ask, book_told_f *told,
                void *arg);

/* A slot whose tasks or daemon the book still knows and for which up says no; 0: none. */
int book_find_lost(const struct book *b, bool (*up)(void *arg, int slot), void *arg);

/* The whole book as a message (free with dvm__pb__name_book__free_unpacked); NULL: no
 * memory. */
Dvm__Pb__NameBook *book_write(const struct book *b);

/* A book out of such a message; NULL: no memory, or it makes no sense. */
struct book *book_read(const Dvm__Pb__NameBook *m);

#endif
