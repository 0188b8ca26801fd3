/* bulk.c: when bulk has a connection of its own.
 *
 * So that bulk never delays a heartbeat for long it has one beside the control connection,
 * but not before there is some: a connection costs the ROUTER's side some 60 KiB of
 * ZeroMQ's memory, and the first host of a machine has one with every other. Until 64 KiB
 * went or came (as the relay counts, frames cost, too), and again when it was quiet for a
 * minute, bulk takes the control connection. Who dialed decides: a HELLO of class bulk
 * tells the ROUTER's side which connection it is, so peers of earlier versions follow.
 * What is lost at a change the flow sends again.
 */
#include "base/log.h"
#include "daemon/links/peer.h"

void bulk_carried(struct links *l, struct peer *p, size_t bytes)
{
    uint64_t now = links_now();

    trim_later(l, now);
    if (!p->dealer[LINK_CONTROL].up)
        return;
    p->bulk_at = now;
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
