/* expected.h: who may come to the lane port: openings that were announced by LANE_OPEN and
 * of which the hello is to come. Pure: no clock, no socket. Keys are wiped when an entry goes.
 */
#ifndef DVMD_LANES_EXPECTED_H
#define DVMD_LANES_EXPECTED_H

#include <stddef.h>
#include <stdint.h>

#include "proto/lane_hello.h"

struct expected;

struct expected_lane {
    uint64_t id;
    int from, to; /* tids: who dials, and whom */
    uint8_t key[LANE_KEY_BYTES];
};

/* At most so many, for ms milliseconds each. NULL without memory. */
struct expected *expected_create(size_t most, uint64_t ms);

/* Accepts NULL. */
void expected_destroy(struct expected *e);

/* Expect one; copied. now: ms. Errors: LIMIT (so many are expected already), EXISTS (one
 * with this id is), NO_MEMORY. */
int expected_add(struct expected *e, const struct expected_lane *lane, uint64_t now);

/* The one with this id, until the next call; NULL when there is none, or its time is over. */
const struct expected_lane *expected_find(struct expected *e, uint64_t id, uint64_t now);

/* It has come. */
void expected_drop(struct expected *e, uint64_t id);

/* How many are kept: those whose time is over go with the next call above. */
size_t expected_count(const struct expected *e);

#endif
