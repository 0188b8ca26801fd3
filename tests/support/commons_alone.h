/* commons_alone.h: match/commons*.c as part of a test, which has functions test_* of its own in
 * the place of the lane and of waiting. */
#ifndef TEST_COMMONS_ALONE_H
#define TEST_COMMONS_ALONE_H

#define shared_make test_make
#define shared_join test_join
#define shared_offer test_offer
#define shared_leave test_leave
#define shared_give_back test_give_back
#define shared_ring test_ring
#define wait_looking test_wait_looking
#define wait_spins test_wait_spins
#define wait_threaded test_wait_threaded
#define match_task_gone test_gone
#include "match/commons.c"
#include "match/commons_make.c"
#include "match/commons_odd.c"
#include "match/commons_parts.c"

#endif
