/* probe.h: whether anybody listens at the addresses of a daemon that is not heard.
 *
 * Plain TCP, no key: it tells a host that is cut off (nothing answers) from one whose
 * daemon has ended (its computer answers that nobody is there), and spares attempts to
 * speak where nobody could answer.
 */
#ifndef DVMD_LINKS_PROBE_H
#define DVMD_LINKS_PROBE_H

#include <stddef.h>

#include "daemon/links/ticket.h"

struct ev_loop;
struct probe;

enum probe_result {
    PROBE_SILENT,   /* nothing came back */
    PROBE_ANSWERED, /* somebody accepts connections at one of the addresses */
    PROBE_REFUSED   /* the first address, where it was for sure, has no listener */
};

typedef void probe_f(void *arg, enum probe_result result);

/* Try all addresses at once, for at most ms milliseconds; done is called once, from the
 * loop, unless it is cancelled before. NULL without memory. */
struct probe *probe_start(struct ev_loop *loop, const char (*address)[TICKET_ADDRESS_BYTES],
                          size_t count, int ms, probe_f *done, void *arg);

/* Stop; done is not called any more. Accepts NULL. */
void probe_cancel(struct probe *p);

#endif
