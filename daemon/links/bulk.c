/* bulk.c: when bulk has a connection of its own.
 *
 * So that bulk never delays a heartbeat for long it has one beside the control connection,
 * but not before there is some: a connection costs the ROUTER's side some 60 KiB of
 * ZeroMQ's memory, and the first host of a machine has one with every other. Until 64 KiB
 * went or came (as the relay counts, frames cost, too), and again when it was quiet for a
 * minute, bulk takes the control connection. Who dialed decides: a HELLO of class bulk
 * tells the ROUTER's side which connection it is, so peers of earlier versions follow.
 * What is lost at a change the flow sends again.
 *
 * Where malloc takes large blocks from changes likewise. ZeroMQ's queues and buffers, 16 to
 * 18 KiB and aligned, come and go with each connection and leave holes in the heap that the
 * next do not fit into: the first host's daemon grew for ever. Pages of their own go back at
 * once, and cost nothing before they are used; but a stream of large frames would ask the
 * kernel for pages all the time. So without bulk they have their own, with bulk they do not.
 */
#include <malloc.h>

#include "base/log.h"
#include "daemon/links/peer.h"

#define PAGES_FROM (16 << 10)       /* bytes: a block's own pages, without bulk */
#define PAGES_FROM_BULK (128 << 10) /* and with bulk: more than a frame */

void bulk_begin(void)
{
    mallopt(M_MMAP_THRESHOLD, PAGES_FROM);
}

static void note(struct links *l, size_t units)
{
    l->bulk_at = links_now();
    l->bulk_units += units;
    if (l->much_bulk || l->bulk_units < LINK_BULK_MIN)
        return;
    l->much_bulk = true;
    mallopt(M_MMAP_THRESHOLD, PAGES_FROM_BULK);
    links_arm(l, l->bulk_at + LINK_BULK_QUIET_MS);
}

void bulk_carried(struct links *l, struct peer *p, size_t bytes)
{
    note(l, LINK_RELAY_COST + bytes);
    if (!p->dealer[LINK_CONTROL].up)
        return;
    p->bulk_at = l->bulk_at;
    if (p->dealer[LINK_BULK].socket)
        return;
    p->bulk_units += LINK_RELAY_COST + bytes;
    if (p->bulk_units < LINK_BULK_MIN)
        return;
    p->bulk_units = 0;
    dial_bulk(p);
    links_arm(l, p->bulk_at + LINK_BULK_QUIET_MS);
}

uint64_t bulk_tick(struct links *l, struct peer *p, uint64_t now)
{
    uint64_t at = p->bulk_at + LINK_BULK_QUIET_MS;

    if (!p->dealer[LINK_BULK].socket || !p->dealer[LINK_CONTROL].up)
        return FLOW_NEVER;
    if (now < at)
        return at;
    log_debug("the bulk connection with slot %d is quiet: closed", p->slot);
    dial_close(&p->dealer[LINK_BULK]);
    path_share(l, p);
    return FLOW_NEVER;
}

uint64_t bulk_tick_all(struct links *l, uint64_t now)
{
    uint64_t at = l->bulk_at + LINK_BULK_QUIET_MS;

    if (!l->much_bulk || now < at)
        return l->much_bulk ? at : FLOW_NEVER;
    l->much_bulk = false;
    l->bulk_units = 0;
    bulk_begin();
    malloc_trim(0);
    return FLOW_NEVER;
}
