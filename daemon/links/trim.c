/* trim.c: what the heap does not need any more goes back to the system.
 *
 * Hosts that come and go, and bulk, take memory for a moment: lists of all members, frames,
 * buffers of ZeroMQ. The C library keeps what is free in the middle of its heaps, some 0.4
 * MiB in the first daemon of 64 hosts. A minute after the last of them the whole pages
 * of it are given back, once; a daemon at rest is not woken again for that.
 */
#include <malloc.h>

#include "daemon/links/peer.h"

#define TRIM_QUIET_MS 60000

void trim_later(struct links *l, uint64_t now)
{
    l->trim_at = now + TRIM_QUIET_MS;
    links_arm(l, l->trim_at);
}

uint64_t trim_tick(struct links *l, uint64_t now)
{
    if (l->trim_at == 0)
        return FLOW_NEVER;
    if (now < l->trim_at)
        return l->trim_at;
    l->trim_at = 0;
    malloc_trim(0);
    return FLOW_NEVER;
}
