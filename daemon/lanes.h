/* lanes.h: direct lanes: connections between tasks of different hosts.
 *
 * This daemon listens at the lane port for its tasks: it keeps who may come (LANE_OPEN),
 * checks who does (the hello, proto/lane_hello.h), and passes the connection to the task
 * that is called (LANE_OFFER). What goes over it later, no daemon sees.
 */
#ifndef DVMD_LANES_H
#define DVMD_LANES_H

#include "base/endpoint.h"
#include "base/error.h"
#include "daemon/daemon.h"
#include "dvm.h"
#include "proto/probe.h"

#define LANES_EXPECTED 4096       /* openings of which the hello is to come; more are refused */
#define LANES_EXPECTED_MS 10000   /* for so long */
#define LANES_CALLERS 512         /* connections without a whole hello; then the oldest goes */
#define LANES_CALLERS_SHARE 8     /* and at most this part of all descriptors */
#define LANES_HELLO_SECONDS 5.0   /* in which it must be whole */

struct lanes;

extern const struct handler lanes_handlers[];

/* Nothing is listened to yet. Error: NO_MEMORY. */
int lanes_create(struct lanes **out, struct daemon *d);

/* Close all that has not been passed on. Accepts NULL. */
void lanes_destroy(struct lanes *l);

/* Listen at a port of bind ("": all addresses). If that is not possible the log says so,
 * LANE_OPEN is refused, and daemons carry what tasks of this host are sent. */
void lanes_listen(struct lanes *l, const char *bind, int port);

/* ---- attempt.c: whether this host reaches the lane port of another (dvm doctor) --------- */

struct lanes_attempt;

struct lanes_tried {
    char address[ENDPOINT_BYTES]; /* as it was connected to */
    enum dvm_probe result;
};

/* Called once, from the loop, as soon as one address is good or all have failed, after at
 * most 7 s; it looks and cancels. */
typedef void lanes_done_f(void *arg);

/* Ask the daemon of a slot to expect this one, and say a hello at its addresses in turn.
 * Nothing stays of it. NULL without memory. */
struct lanes_attempt *lanes_attempt_start(struct lanes *l, int slot, lanes_done_f *done,
                                          void *arg);

/* What is known so far, into list (CLUSTER_ADDRESSES); returns how many. why
 * (DVM_SENTENCE_MAX) receives in words why nothing was tried, else "". */
size_t lanes_attempt_look(const struct lanes_attempt *a, struct lanes_tried *list, char *why);

/* Stop, without done, and free it. Accepts NULL. */
void lanes_attempt_cancel(struct lanes_attempt *a);

#endif
