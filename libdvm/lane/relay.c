/* relay.c: the lane that always works: task, daemon, daemon, task.
 *
 * A frame is one datagram on the socket to the daemon, which routes it by dst.
 * The daemon always reads, so a send may block for a moment but never fails for
 * want of room; what bounds memory on the way is credit for messages and the
 * window for rendezvous.
 */
#include "lane/lane.h"

#include "dvm.h"
#include "lane/uplink.h"

#define RELAY_WINDOW (UINT64_C(1) << 20) /* bytes of a rendezvous under way */
#define RELAY_EAGER_MAX (63 * 1024)      /* with the cost of its header below 64 KiB */

static bool relay_reaches(const struct peer *peer)
{
    return true;
}

static void relay_open(struct peer *peer)
{
    /* lane_open has chosen it already */
}

static int relay_send(struct peer *peer, const struct dvm_frame *frame, const void *payload)
{
    int rc = uplink_send(frame, payload, NULL, 0);

    return rc ? rc : LANE_SENT;
}

void relay_frame(const struct dvm_frame *frame, const uint8_t *payload)
{
    struct peer *peer;

    if (frame->dst != lane_self() || !DVM_TID_OK(frame->src)) {
        lane_complain("dropped a frame from tid %#x to tid %#x", frame->src, frame->dst);
        return;
    }
    peer = lane_peer(frame->src);
    if (!peer) {
        lane_complain("dropped a frame from tid %#x: no memory", frame->src);
        return;
    }
    lane_deliver(&relay_lane, peer, frame, payload);
    /* frames of its ring may have waited for this one */
    if (peer->shm.held)
        shm_lane.drain(peer);
    if (peer->direct)
        direct_release(peer);
}

const struct lane relay_lane = {
    .name = "relay",
    .payload_max = DVM_PAYLOAD_MAX,
    .eager_max = RELAY_EAGER_MAX,
    .window = RELAY_WINDOW,
    .reaches = relay_reaches,
    .open = relay_open,
    .send = relay_send,
};
