/* lanes.h: direct lanes: connections between tasks of different hosts.
 *
 * This daemon listens at the lane port for its tasks: it keeps who may come (LANE_OPEN),
 * checks who does (the hello, proto/lane_hello.h), and passes the connection to the task
 * that is called (LANE_OFFER). What goes over it later, no daemon sees.
 */
#ifndef DVMD_LANES_H
#define DVMD_LANES_H

#include "daemon/daemon.h"

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

#endif
