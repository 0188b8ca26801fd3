/* records.h: which collective each member of a group is in, when somebody must know: because a
 * wait takes long, or because two members are in different ones.
 */
#ifndef DVM_COLL_RECORDS_H
#define DVM_COLL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coll/schedule.h"

#define RECORDS_MODULE_MAX 256 /* bytes of the path of a program, with its NUL */

/* What a member has told of one call. */
struct said {
    bool told;                 /* the rest is its word */
    struct coll_record record;
    bool answered;             /* it was asked for this call, and */
    bool there;                /* has made it */
    bool asks;                 /* it has asked for one that this task has not made yet: */
    uint32_t asks_for;
    uint64_t address;          /* of its call, as its program counts; 0: not known */
    char module[RECORDS_MODULE_MAX];
};

/* A schedule that waits begins, and ends, to wait. */
void records_wait(struct schedule *s);
void records_go_on(const struct schedule *s);

/* As match_on_stall: tell those that are waited for what this task is in. */
double records_stalled(unsigned times);

/* As word_on_call: what another member says or asks. */
void records_word(struct group *g, int rank, const uint8_t *bytes, size_t size);

/* This task's call with a number; NULL: not yet, or long ago. */
const struct coll_record *records_own(const struct coll *c, uint32_t sequence);

/* The type of an own record as others are told it: the id of a message, and 1; 0: not known. */
uint32_t records_type(const struct coll_record *own);

/* Compare what others have told of theirs with this task's calls; sets c->mixed if one differs. */
void records_compare(struct coll *c);

/* Tell all other members of a call of this task that it gives up, as an answer to who asks. */
void records_tell(const struct coll *c, uint32_t sequence);

/* Seconds that all answers may take: 1. Tests that compare sentences have more patience. */
extern double records_patience;

/* Ask all members for their call with this number, and wait for what comes within that time; a
 * third of it where none comes any more and those that are left compute, as far as is known.
 * Their answers are in c->said. false: nobody could be asked. */
bool records_ask(struct coll *c, uint32_t sequence);

/* Free what was told. */
void records_free(struct coll *c);

#endif
