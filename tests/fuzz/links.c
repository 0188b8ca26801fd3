/* Link messages from anywhere: of members over their own connections, through the relay
 * and through a dealer, of hosts that were removed, and of bearers of tickets. What is
 * delivered is a sound frame of a member; a member that was removed is not heard.
 *
 * The links are real and listen on a port of this computer; only what a connection
 * proves is this file's word.
 */
#include <ev.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/links/peer.h"
#include "dvm.h"
#include "proto/control.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF 1
#define RELAY 2
#define PEERS 4 /* slots 2 to 4; 4 is removed now and then */
#define LIFE 7

static struct ev_loop *loop;
static struct links *l;
static bool listed[PEERS + 1];

static void on_frame(void *arg, int slot, enum link_class class, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    volatile uint8_t sum = 0;

    if (slot < RELAY || slot > PEERS || !listed[slot] || class >= LINK_CLASSES ||
        frame->length > DVM_PAYLOAD_MAX)
        abort();
    for (uint32_t i = 0; i < frame->length; i++)
        sum = (uint8_t)(sum + payload[i]);
    if (frame->tag == 1) /* an answer, so that this side has something unacknowledged */
        links_send(l, slot, class, &(struct dvm_frame){.version = 1, .op = DVM_OP_CONTROL}, NULL);
}

static void on_heard(void *arg, int slot)
{
    if (slot < RELAY || slot > PEERS || !listed[slot])
        abort();
}

static void on_connection(void *arg, int slot, bool up)
{
}

static void on_join(void *arg, const struct links_joiner *joiner, const struct dvm_frame *frame,
                    const uint8_t *payload)
{
    static const uint8_t answer[100];

    if ((joiner->ticket && joiner->ticket[0] != 0xab) || frame->length > DVM_PAYLOAD_MAX)
        abort();
    links_answer(l, joiner, DVM_CTL_REFUSE, answer, sizeof answer);
}

static void on_bye(void *arg, const char *why)
{
    if (strlen(why) >= WHY_BYTES)
        abort();
}

static void on_want(void *arg, int slot)
{
}

static const struct links_events events = {on_frame, on_heard, on_connection, NULL, on_join,
                                           on_bye, on_want};

static void add(int slot)
{
    uint8_t key[KEY_BYTES] = {(uint8_t)slot};
    const struct links_peer info = {.slot = slot, .incarnation = LIFE + (uint64_t)slot, .key = key};

    listed[slot] = true;
    if (links_peer_add(l, &info) != 0)
        abort();
}

static void drop(int slot)
{
    listed[slot] = false;
    links_peer_remove(l, slot, "it was removed");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char error[256];

    input_be_quiet();
    loop = ev_loop_new(0);
    if (!loop || links_create(&l, loop, "127.0.0.1", 0, &events, NULL, error, sizeof error) != 0)
        abort();
    links_identity(l, SELF, LIFE + SELF);
    links_relay(l, RELAY);
    return 0;
}

/* A link message from the input; what a member of good will has right is repaired. */
static size_t next_message(struct input *in, uint8_t *bytes, int from, uint64_t seq)
{
    unsigned repairs = (unsigned)input_int(in, 1);
    size_t wanted = (size_t)input_int(in, 2), n = wanted < in->left ? wanted : in->left;
    struct link_header h;
    uint32_t length;

    n = n < LINK_MAX + 8 ? n : LINK_MAX + 8;
    memcpy(bytes, in->at, n);
    in->at += n;
    in->left -= n;
    if (n < LINK_HEADER_BYTES || !(repairs & REPAIR_FRAME))
        return n;
    bytes[0] = 'D';
    bytes[1] = LINK_VERSION;
    bytes[2] %= LINK_CLASSES + 1;
    bytes[3] %= LINK_KINDS;
    memset(bytes + 4, 0, 4);
    if (bytes[2] < LINK_CLASSES && (repairs & REPAIR_SEQ))
        bytes[3] = LINK_DATA;
    if ((bytes[3] != LINK_DATA && bytes[3] != LINK_ACK) || (repairs & REPAIR_SEQ))
        memset(bytes + 24, 0, 8);
    if (repairs & REPAIR_SEQ)
        bytes[24] = (uint8_t)seq;
    if (link_header_decode(&h, bytes, n) == 0 && (repairs & REPAIR_SRC)) {
        h.src = (uint16_t)from;
        h.dst = SELF;
        h.src_incarnation = LIFE + (uint64_t)from;
        h.dst_incarnation = LIFE + SELF;
        link_header_encode(bytes, &h);
    }
    if (n < LINK_HEADER_BYTES + DVM_FRAME_BYTES)
        return n;
    length = (uint32_t)(n - LINK_HEADER_BYTES - DVM_FRAME_BYTES);
    bytes[LINK_HEADER_BYTES] = DVM_FRAME_VERSION;
    memcpy(bytes + LINK_HEADER_BYTES + DVM_FRAME_BYTES - 8, &length, sizeof length);
    if (repairs & REPAIR_SIZE)
        memset(bytes + LINK_HEADER_BYTES + 4, 0, 8); /* no tids */
    return n;
}

static void step(struct input *in, uint64_t seq[PEERS + 1])
{
    static uint8_t bytes[LINK_MAX + 8];
    static const char ticket[] = "t abababababababababababababababab"
                                 "abababababababababababababababab";
    char member[64];
    unsigned how = (unsigned)input_int(in, 1);
    int slot = RELAY + (int)(how >> 4) % (PEERS - 1);
    int source = RELAY + (int)(how >> 2) % (PEERS - 1);
    struct origin o = {l->peers[slot], NULL, 0, (int)how};
    uint8_t route[ROUTE_BYTES + 4] = {0, (uint8_t)how};
    size_t n;

    if ((how & 3) != 1) {
        o.route = route;
        o.route_bytes = how & 0x80 ? 5 : sizeof route;
    }
    if ((how & 3) == 3 && slot == PEERS) {
        if (listed[PEERS])
            drop(PEERS);
        else
            add(PEERS);
        return;
    }
    source = slot == RELAY ? source : slot;
    n = next_message(in, bytes, source, seq[source] + 1);
    seq[source] += n > 0;
    links_enter(l);
    snprintf(member, sizeof member, "h %d %x", slot, LIFE + slot);
    if ((how & 3) != 1)
        input_user(l, (how & 3) == 2 ? ticket : member, &o, bytes, n);
    else if (o.peer) /* a dealer's peer goes with it */
        input_take(l, &o, bytes, n);
    links_leave(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint64_t seq[PEERS + 1] = {0};

    for (int slot = RELAY; slot <= PEERS; slot++)
        add(slot);
    while (in.left > 0)
        step(&in, seq);
    ev_run(loop, EVRUN_NOWAIT);
    for (int slot = RELAY; slot <= PEERS; slot++)
        if (listed[slot])
            drop(slot);
    return 0;
}
