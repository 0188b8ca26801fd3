/* What a task of another host writes to its connection with this one: frames of all ops,
 * whole and in pieces, plain or sealed, raw bytes, ends in the middle; with words by the relay
 * about what it has got, while this task receives, sends, cancels and revokes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/error.h"
#include "lane/bell.h"
#include "lane/direct.h"
#include "match/request.h"
#include "proto/wire.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF DVM_TID_MAKE(2, 1)
#define PEER DVM_TID_MAKE(1, 1)
#define CONTEXT 2
#define REQUESTS 16
#define SENT_MAX (150 * 1024) /* bytes of all sends: they fit into the sockets */

static struct {
    struct input in;
    int daemon, peer;       /* the other ends of the task's sockets; peer -1: none */
    struct seal *seal;      /* of the peer; NULL: plain */
    struct dvm_inbox *inbox;
    bool sealed;
    uint64_t seq;
    struct dvm_request *requests[REQUESTS];
    void *buffers[REQUESTS]; /* owned */
    size_t sent;
} t;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *why;

    input_be_quiet();
    dvm_errors(DVM_SILENT);
    match_acknowledge_seconds = 0;
    if (!seal_load(&why))
        abort();
    return 0;
}

static unsigned choose(unsigned count)
{
    return (unsigned)input_int(&t.in, 1) % count;
}

/* Let the task look, and take out what it has sent. */
static void look(void)
{
    static uint8_t packet[INPUT_PACKET_MAX];
    int fds[INPUT_FDS], fd_count;

    dvm_inbox_ring(t.inbox, DVM_INDEX_DAEMON);
    bell_look();
    match_progress();
    while (input_receive(t.daemon, packet, sizeof packet, fds, &fd_count) > 0)
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    while (t.peer >= 0 && recv(t.peer, packet, sizeof packet, MSG_DONTWAIT) > 0)
        continue;
}

static void hang_up(void)
{
    if (t.peer >= 0)
        close(t.peer);
    t.peer = -1;
    seal_free(t.seal);
    t.seal = NULL;
}

/* The peer has a connection again, as if a hello had been good. */
static void step_open(void)
{
    static const uint8_t salt[2 * LANE_NONCE_BYTES], key[LANE_KEY_BYTES];
    struct peer *peer = lane_peer(PEER);
    uint8_t derived[SEAL_KEY_BYTES];
    struct direct *d = direct_of(peer);
    int ends[2];

    hang_up();
    look();
    if (!d || d->state != DIRECT_NONE || ((struct stream *)peer)->gone ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
        return;
    t.peer = ends[0];
    d->fd = ends[1];
    if (t.sealed) {
        seal_derive(derived, key, salt, sizeof salt, LANE_INFO_TO_ACCEPTER);
        t.seal = seal_new(LANE_CHACHA20_POLY1305, derived, true);
    }
    if (bell_watch(d->fd, EPOLLIN, direct_event, d) ||
        !direct_use(d, t.sealed ? LANE_ENCRYPTED : LANE_PLAIN, LANE_CHACHA20_POLY1305, salt, false))
        abort();
    look();
}

static struct input_packet packet;
static uint8_t record[SEAL_TEXT(INPUT_PACKET_MAX + 8) + SEAL_MORE];

/* The next packet as a frame of the peer, with the number before its payload; sealed, if
 * that is so. Returns its bytes in record. */
static size_t next_record(void)
{
    struct dvm_frame f;
    uint8_t head[DIRECT_HEAD];
    size_t tail;

    if (!input_packet(&t.in, &packet, &f, PEER, SELF) || packet.size > DVM_FRAME_MAX) {
        memcpy(record, packet.bytes, packet.size);
        return packet.size;
    }
    if (packet.repairs & REPAIR_SEQ)
        f.seq = ++t.seq;
    dvm_frame_encode(head, &f);
    wire_put(head + DVM_FRAME_BYTES, input_int(&t.in, 1), 8);
    tail = packet.size - DVM_FRAME_BYTES;
    if (t.seal)
        return seal_put(t.seal, record, head, sizeof head, packet.bytes + DVM_FRAME_BYTES, tail);
    memcpy(record, head, sizeof head);
    memcpy(record + sizeof head, packet.bytes + DVM_FRAME_BYTES, tail);
    return sizeof head + tail;
}

static void write_peer(const uint8_t *bytes, size_t size)
{
    if (t.peer >= 0 && send(t.peer, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        hang_up();
    look();
}

static void step_frame(void)
{
    size_t size = next_record();

    write_peer(record, size);
}

static void step_pieces(void)
{
    size_t first = (size_t)input_int(&t.in, 2), size = next_record();

    first = first < size ? first : size;
    write_peer(record, first);
    write_peer(record + first, size - first);
}

/* A bit of a good one is wrong. */
static void step_altered(void)
{
    size_t at = (size_t)input_int(&t.in, 2), size = next_record();

    if (size)
        record[at % size] ^= 1;
    write_peer(record, size);
}

/* Its length is another. */
static void step_length(void)
{
    uint64_t length = input_int(&t.in, 4);
    size_t size = next_record();

    if (size >= SEAL_HEAD_BYTES)
        wire_put(record, length, SEAL_HEAD_BYTES);
    write_peer(record, size);
}

static void step_relay(void)
{
    struct dvm_frame f;

    if (input_packet(&t.in, &packet, &f, PEER, SELF) && packet.repairs & REPAIR_SEQ) {
        f.seq = ++t.seq;
        dvm_frame_encode(packet.bytes, &f);
    }
    input_send(t.daemon, packet.bytes, packet.size, NULL, 0);
    look();
}

/* ---- the task ---------------------------------------------------------------------- */

static size_t free_place(void)
{
    size_t i = 0;

    while (i < REQUESTS && t.requests[i])
        i++;
    return i;
}

static void keep(size_t place, int rc, struct dvm_request *request, void *buffer)
{
    if (rc) {
        free(buffer);
        return;
    }
    t.requests[place] = request;
    t.buffers[place] = buffer;
}

static void step_receive(void)
{
    struct match_filter filter = {.context = CONTEXT, .source = choose(2) ? PEER : DVM_ANY,
                                  .tag = DVM_ANY};
    size_t bytes = (size_t)input_int(&t.in, 2) * (1 + choose(4)), place = free_place();
    void *buffer = place < REQUESTS ? calloc(1, bytes + 1) : NULL;
    struct match_sink sink = {.buffer = buffer, .capacity = bytes};
    struct dvm_request *request = NULL;

    if (buffer)
        keep(place, match_irecv(&filter, &sink, &request), request, buffer);
}

static void step_send(void)
{
    enum match_mode mode = (enum match_mode)choose(MATCH_SYNC + 1);
    size_t bytes = (size_t)input_int(&t.in, 2) * (1 + choose(2)), place = free_place();
    struct dvm_request *request = NULL;
    void *buffer;

    if (place == REQUESTS || t.sent + bytes > SENT_MAX)
        return;
    buffer = calloc(1, bytes + 1);
    t.sent += bytes;
    if (buffer)
        keep(place, match_isend(mode, CONTEXT, PEER, 1, buffer, bytes, 0, 0, 0, &request),
             request, buffer);
}

/* End a request; its buffer goes as early as a caller may let it go. */
static void step_finish(void)
{
    size_t place = choose(REQUESTS);
    struct dvm_request *request = t.requests[place];
    struct match_result result;

    if (!request)
        return;
    if (choose(2)) {
        request_abandon(request);
    } else {
        match_cancel(request);
        if (!match_complete(request))
            return;
        match_finish(request, &result);
    }
    free(t.buffers[place]);
    t.buffers[place] = NULL;
    t.requests[place] = NULL;
}

static void step_life(void)
{
    unsigned what = choose(16);

    if (what == 0)
        match_gone(PEER, DVM_ERR_TASK_GONE, "gone", choose(2));
    else if (what == 1)
        match_revoke(CONTEXT, DVM_ERR_TASK_GONE, "revoked");
    else if (what == 2)
        stream_hand_over();
    else if (what < 8)
        hang_up();
    else
        stream_settle_up();
    look();
}

static void (*const steps[])(void) = {
    step_frame, step_frame, step_frame, step_pieces, step_altered, step_relay, step_open,
    step_receive, step_send, step_finish, step_life, step_length,
};

/* ---- the whole ------------------------------------------------------------------------ */

static struct dvm_inbox *map_inbox(int fd)
{
    void *map = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        abort();
    return map;
}

static void begin(void)
{
    struct match_config config = {.self = SELF, .index = 1};
    int ends[2], own = input_segment(DVM_INBOX_BYTES);

    if (own < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        abort();
    t.inbox = map_inbox(own);
    t.inbox->magic = DVM_INBOX_MAGIC;
    t.inbox->version = DVM_SEGMENT_VERSION;
    t.inbox->tid = SELF;
    t.inbox->index = 1;
    config.socket = ends[0];
    config.inbox = map_inbox(own);
    close(own);
    t.daemon = ends[1];
    t.peer = -1;
    if (match_start(&config))
        abort();
}

static void end(void)
{
    match_stop(0);
    hang_up();
    close(t.daemon);
    munmap(t.inbox, DVM_INBOX_BYTES);
    for (size_t i = 0; i < REQUESTS; i++)
        free(t.buffers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&t, 0, sizeof t);
    t.in = (struct input){data, size};
    t.sealed = input_int(&t.in, 1) & 1;
    begin();
    step_open();
    while (t.in.left > 0)
        steps[choose(sizeof steps / sizeof steps[0])]();
    end();
    return 0;
}
