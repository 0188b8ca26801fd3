/* start.h: collectives that go on while the program does. */
#ifndef DVM_COLL_START_H
#define DVM_COLL_START_H

#include <stdbool.h>

#include "coll/schedule.h"

/* Start a schedule (NULL: nothing is to be done) as an operation of the group; *request
 * receives it, to be ended as those of messages. Errors: NO_MEMORY; others come with the
 * request's completion. */
int start_schedule(struct schedule *s, struct group *g, struct dvm_request **request);

/* Make a persistent operation of a kept schedule, which is filled in, and take it over; nothing
 * is started. Errors: NO_MEMORY, which ends the collectives of the group. */
int start_keep(struct schedule *s, struct group *g, struct dvm_request **request);

/* Whether a message with this tag is for a schedule of the group that is under way. */
bool start_expects(const struct coll *c, int tag);

/* The first schedule under way, of any group; linked by next. NULL: none. */
const struct schedule *start_first(void);

/* This task leaves: tell which of the group's collectives are still under way, the last ones with
 * their line, and the other members what they are: one of those may wait for another call. */
void start_tell_open(const struct coll *c);

/* The group's state is freed: free its schedules, whose requests never complete. */
void start_drop(const struct coll *c);

#endif
