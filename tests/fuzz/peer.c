/* What other tasks send to a task, from anywhere: frames of all ops by the relay, and
 * rings with any contents, while it receives, sends, probes, cancels and revokes.
 *
 * The target is the daemon and three peers at once: two on the task's own host, which
 * can have rings, one on another. What the task sends is taken out of its socket after
 * each step, and all its sends together fit into the socket, so that it never waits.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "group/sink.h"
#include "lane/ringpool.h"
#include "lane/ring.h"
#include "match/request.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "tests/fuzz/input.h"
#include "type/type.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF DVM_TID_MAKE(1, 1)
#define SELF_INDEX 1
#define PEERS 3
#define SHM_PEERS 2            /* the first of them are of this host */
#define REQUESTS 16
#define RELEASED 64
#define SENT_MAX (150 * 1024)  /* bytes of all sends: with less than the socket holds */
#define WORLD_CONTEXT UINT64_C(0x4000000000002)
#define DAEMON DVM_TID_DAEMON(1)

struct neighbour {
    int tid;
    struct ringpool pool;     /* with the ring to the task */
    struct ring_out out;  /* to the task */
    struct ring_in in;    /* from the task */
    int inbox;            /* descriptor */
    uint64_t seq;
};

static const int tids[PEERS] = {DVM_TID_MAKE(1, 2), DVM_TID_MAKE(1, 3), DVM_TID_MAKE(2, 1)};
static const uint64_t contexts[] = {0, WORLD_CONTEXT, WORLD_CONTEXT | 1, 77};

static struct {
    struct input in;
    int daemon;               /* the other end of the task's socket */
    struct dvm_inbox *inbox;  /* the task's; its own mapping of it goes with the task */
    struct neighbour peers[PEERS];
    struct dvm_request *requests[REQUESTS];
    void *buffers[REQUESTS];  /* owned: of the requests; freed as early as a caller may */
    struct dvm_message *message; /* taken by a probe */
    bool taken_whole;
    void *released[RELEASED]; /* owned: of requests that nobody will finish */
    size_t released_count, sent;
} t;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    dvm_errors(DVM_SILENT);
    match_acknowledge_seconds = 0;
    return 0;
}

static unsigned choose(unsigned count)
{
    return (unsigned)input_int(&t.in, 1) % count;
}

static uint64_t choose_context(void)
{
    return contexts[choose(sizeof contexts / sizeof contexts[0])];
}

static int choose_source(void)
{
    unsigned n = choose(PEERS + 2);

    return n < PEERS ? tids[n] : n == PEERS ? DVM_ANY : SELF;
}

static int choose_tag(void)
{
    return (int)choose(4) - 1; /* -1 is DVM_ANY */
}

static dvm_type choose_type(void)
{
    static const dvm_type types[] = {DVM_BYTE, DVM_INT, DVM_LONG, DVM_DOUBLE};

    return types[choose(sizeof types / sizeof types[0])];
}

/* Exactly so many bytes, so that a sanitizer sees the next one. */
static void *buffer_make(size_t bytes)
{
    return calloc(1, bytes ? bytes : 1);
}

/* A place for a request; REQUESTS when all are taken. */
static size_t free_place(void)
{
    size_t i = 0;

    while (i < REQUESTS && t.requests[i])
        i++;
    return i;
}

/* Keep what was started, or drop its buffer when it was not. */
static void keep(size_t place, int rc, struct dvm_request *request, void *buffer)
{
    if (rc) {
        free(buffer);
        return;
    }
    t.requests[place] = request;
    t.buffers[place] = buffer;
}

static void forget(size_t place)
{
    free(t.buffers[place]);
    t.buffers[place] = NULL;
    t.requests[place] = NULL;
}

/* ---- the daemon and the peers ---------------------------------------------------- */

static void tell(int type, const ProtobufCMessage *m, const int *fds, int fd_count)
{
    uint8_t packet[DVM_FRAME_BYTES + 64];
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL, .src = DAEMON,
                          .dst = SELF, .tag = type};

    f.length = (uint32_t)protobuf_c_message_pack(m, packet + DVM_FRAME_BYTES);
    f.size = f.length;
    dvm_frame_encode(packet, &f);
    input_send(t.daemon, packet, DVM_FRAME_BYTES + f.length, fds, fd_count);
}

/* The task opened a ring: map it, and say that it is ready. */
static void pair_opened(const uint8_t *payload, size_t length, const int *fds, int fd_count)
{
    Dvm__Pb__PairOpen *open = dvm__pb__pair_open__unpack(NULL, length, payload);
    Dvm__Pb__PairReady ready = DVM__PB__PAIR_READY__INIT;

    for (size_t i = 0; open && fd_count == 1 && i < SHM_PEERS; i++) {
        if (open->tid != t.peers[i].tid || t.peers[i].in.base)
            continue;
        if (ring_map(&t.peers[i].in, fds[0], open->at, SELF, open->tid))
            abort();
        ready.tid = open->tid;
        ready.index = SELF_INDEX + 1 + (uint32_t)i;
        tell(DVM_CTL_PAIR_READY, &ready.base, &t.peers[i].inbox, 1);
    }
    dvm__pb__pair_open__free_unpacked(open, NULL);
}

/* Take in what the task has sent; all of it must be frames of its own. */
static void take_out(void)
{
    static uint8_t packet[INPUT_PACKET_MAX];
    int fds[INPUT_FDS], fd_count;
    ssize_t got;

    while ((got = input_receive(t.daemon, packet, sizeof packet, fds, &fd_count)) > 0) {
        struct dvm_frame f;

        if (dvm_frame_decode(&f, packet, (size_t)got) || f.src != SELF)
            abort();
        if (f.op == DVM_OP_CONTROL && f.tag == DVM_CTL_PAIR_OPEN)
            pair_opened(packet + DVM_FRAME_BYTES, f.length, fds, fd_count);
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    }
}

static void ring_bell(unsigned index)
{
    dvm_inbox_ring(t.inbox, index);
    match_progress();
    take_out();
}

/* The next packet as a frame of a peer. */
static bool next_frame(struct input_packet *p, struct dvm_frame *f, struct neighbour *n)
{
    if (!input_packet(&t.in, p, f, n->tid, SELF))
        return false;
    if (p->repairs & REPAIR_SEQ)
        f->seq = ++n->seq;
    dvm_frame_encode(p->bytes, f);
    return true;
}

static struct input_packet packet;

static void step_relay(void)
{
    struct neighbour *n = &t.peers[choose(PEERS)];
    struct dvm_frame f;

    next_frame(&packet, &f, n);
    input_send(t.daemon, packet.bytes, packet.size, &t.daemon, packet.repairs >> 7);
    ring_bell(DVM_INDEX_DAEMON);
}

static void step_offer(void)
{
    unsigned i = choose(SHM_PEERS);
    struct neighbour *n = &t.peers[i];
    Dvm__Pb__PairOffer offer = DVM__PB__PAIR_OFFER__INIT;
    int fds[2];

    if (n->out.now.ring || ringpool_open(&n->pool) || ringpool_home(&n->pool, &offer.at))
        return;
    ring_format(ringpool_ring(&n->pool, offer.at), DVM_HOME_CELLS, n->tid, SELF);
    ring_begin(&n->out, ringpool_ring(&n->pool, offer.at), offer.at);
    fds[0] = n->pool.fd;
    fds[1] = n->inbox;
    offer.tid = n->tid;
    offer.index = SELF_INDEX + 1 + i;
    tell(DVM_CTL_PAIR_OFFER, &offer.base, fds, 2);
    ring_bell(DVM_INDEX_DAEMON);
}

static void step_ring_frame(void)
{
    unsigned i = choose(SHM_PEERS);
    struct neighbour *n = &t.peers[i];
    struct dvm_frame f;

    if (next_frame(&packet, &f, n) && n->out.now.ring && f.length <= n->out.now.payload_max) {
        if (n->out.frames)
            f.seq = n->out.first + n->out.frames;
        ring_put(&n->out, &f, packet.bytes + DVM_FRAME_BYTES);
    }
    ring_bell(SELF_INDEX + 1 + i);
}

/* Move to a slot and back, whatever the task has seen of it. */
static void step_ring_move(void)
{
    unsigned i = choose(SHM_PEERS);
    struct neighbour *n = &t.peers[i];

    if (n->out.now.ring && ring_is_away(&n->out)) {
        ring_move_home(&n->out);
    } else if (n->out.now.ring) {
        ring_format(ringpool_ring(&n->pool, DVM_POOL_SLOTS_AT), DVM_MIDDLE_CELLS, n->tid, SELF);
        ring_move(&n->out, ringpool_ring(&n->pool, DVM_POOL_SLOTS_AT), DVM_POOL_SLOTS_AT,
                  DVM_MIDDLE_CELLS, DVM_MIDDLE_DATA);
    }
    ring_bell(SELF_INDEX + 1 + i);
}

/* Write anything anywhere into the ring to the task, its words included. */
static void step_ring_scribble(void)
{
    unsigned i = choose(SHM_PEERS);
    struct neighbour *n = &t.peers[i];
    struct ring_put_side *now = &n->out.now;
    size_t bytes = DVM_RING_BYTES((size_t)now->mask + 1, now->data_size);
    size_t at = (size_t)input_int(&t.in, 3) % bytes;
    uint64_t cells = input_int(&t.in, 3);
    struct dvm_frame f;

    next_frame(&packet, &f, n);
    if (now->ring) {
        if (packet.size > bytes - at)
            packet.size = bytes - at;
        memcpy((uint8_t *)now->ring + at, packet.bytes, packet.size);
        /* as if these cells had been written, too */
        for (cells %= now->mask + 3; cells > 0; cells--, now->cells++)
            atomic_store(&now->ring->cells[now->cells & now->mask].mark,
                         (uint32_t)(now->cells + 1));
    }
    ring_bell(SELF_INDEX + 1 + i);
}

/* Take what the task put into its ring, or lie about having done so. */
static void step_ring_take(void)
{
    unsigned i = choose(SHM_PEERS);
    struct ring_in *in = &t.peers[i].in;
    uint64_t lie = input_int(&t.in, 3);
    struct dvm_frame f;
    const uint8_t *payload;

    if (in->base && lie) {
        struct dvm_ring *ring = in->now.ring;

        atomic_store(lie % 2 ? &ring->cells_out : &ring->data_out, in->now.cells + lie);
    } else if (in->base && ring_peek(in, &f, &payload) == 1) {
        if (f.src != SELF || f.dst != t.peers[i].tid)
            abort();
        ring_take(in);
    }
    ring_bell(SELF_INDEX + 1 + i);
}

/* ---- the task ---------------------------------------------------------------------- */

static void step_receive(void)
{
    struct match_filter filter = {.context = choose_context(), .source = choose_source(),
                                  .tag = choose_tag(), .any_context = choose(4) == 3};
    dvm_type type = choose_type();
    size_t bytes = (size_t)input_int(&t.in, 2) * (1 + choose(8)), place = free_place();
    bool checked = choose(2);
    void *buffer = place < REQUESTS ? buffer_make(bytes) : NULL;
    struct match_sink sink = {.buffer = buffer, .capacity = bytes};
    const struct match_data data = {.buffer = buffer, .bytes = bytes, .type = type_code(type)};
    struct dvm_request *request = NULL;

    if (checked)
        sink = sink_make(NULL, &data, 0);
    if (buffer)
        keep(place, match_irecv(&filter, &sink, &request), request, buffer);
}

static void step_send(void)
{
    enum match_mode mode = (enum match_mode)choose(MATCH_SYNC + 1);
    uint64_t context = choose_context();
    int dest = choose_source(), tag = (int)choose(4);
    size_t bytes = (size_t)input_int(&t.in, 2) * (1 + choose(2)), place = free_place();
    struct dvm_request *request = NULL;
    void *buffer;

    if (dest == DVM_ANY || place == REQUESTS || t.sent + bytes > SENT_MAX)
        return;
    buffer = buffer_make(bytes);
    t.sent += bytes;
    if (buffer)
        keep(place, match_isend(mode, context, dest, tag, buffer, bytes, 0, 0, 0, &request),
             request, buffer);
}

static void step_finish(void)
{
    size_t place = choose(REQUESTS);
    unsigned how = choose(4);
    struct dvm_request *request = t.requests[place];
    struct match_result result;

    if (!request)
        return;
    if (how == 0 && t.released_count < RELEASED) {
        t.released[t.released_count++] = t.buffers[place];
        t.buffers[place] = NULL;
        match_release(request);
        forget(place);
    } else if (how == 1) {
        request_abandon(request);
        forget(place);
    } else {
        if (how == 2)
            match_cancel(request);
        if (match_complete(request)) {
            match_finish(request, &result);
            forget(place);
        }
    }
}

static void step_probe(void)
{
    struct match_filter filter = {.context = choose_context(), .source = choose_source(),
                                  .tag = choose_tag()};
    bool take = choose(2) && !t.message, found;
    struct match_result result;

    if (match_probe(&filter, false, take, 0, &found, &t.message, &result) == 0 && found && take)
        t.taken_whole = t.message->in.whole;
}

/* Receive the taken message, unless that would wait: only the bytes of one that came
 * whole are here. */
static void step_take(void)
{
    size_t bytes = (size_t)input_int(&t.in, 2);
    void *buffer = t.message && t.taken_whole ? buffer_make(bytes) : NULL;
    struct match_sink sink = {.buffer = buffer, .capacity = bytes};

    if (buffer)
        match_mrecv(&t.message, &sink, NULL);
    free(buffer);
}

/* What a wait does before it sleeps. */
static void about_to_sleep(void)
{
    stream_watch_now();
    stream_grant_starved();
}

static void step_life(void)
{
    unsigned what = choose(5);

    if (what == 0)
        match_revoke(choose_context(), DVM_ERR_TASK_GONE, "revoked");
    else if (what == 1)
        match_gone(tids[choose(PEERS)], DVM_ERR_TASK_GONE, "gone", choose(2));
    else if (what == 2)
        match_watch(tids[choose(PEERS)]);
    else if (what == 3)
        about_to_sleep();
    else
        ring_bell((unsigned)input_int(&t.in, 2) % (DVM_INDEX_MAX + 1));
}

static void (*const steps[])(void) = {
    step_relay, step_relay, step_ring_frame, step_ring_frame, step_ring_scribble, step_ring_take,
    step_offer, step_receive, step_receive, step_send, step_finish, step_probe, step_take,
    step_life, step_ring_move,
};

/* ---- the whole ------------------------------------------------------------------------ */

static struct dvm_inbox *map_inbox(int fd)
{
    void *map = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        abort();
    return map;
}

static int make_inbox(int tid, unsigned index, struct dvm_inbox **map)
{
    int fd = input_segment(DVM_INBOX_BYTES);

    *map = map_inbox(fd);
    (*map)->magic = DVM_INBOX_MAGIC;
    (*map)->version = DVM_SEGMENT_VERSION;
    (*map)->tid = tid;
    (*map)->index = index;
    atomic_store(&(*map)->share, DVM_POOL_HOST);
    return fd;
}

static void begin(void)
{
    const int world[] = {SELF, tids[0], tids[PEERS - 1]};
    struct match_config config = {.self = SELF, .index = SELF_INDEX};
    struct dvm_inbox *map;
    int ends[2], own;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        abort();
    for (int i = 0; i < PEERS; i++) {
        t.peers[i].tid = tids[i];
        t.peers[i].inbox = make_inbox(tids[i], SELF_INDEX + 1 + (unsigned)i, &map);
        munmap(map, DVM_INBOX_BYTES);
    }
    own = make_inbox(SELF, SELF_INDEX, &t.inbox);
    config.socket = ends[0];
    config.inbox = map_inbox(own);
    close(own);
    t.daemon = ends[1];
    if (group_start(SELF, WORLD_CONTEXT, world, sizeof world / sizeof world[0], 0) ||
        match_start(&config))
        abort();
}

static void end(void)
{
    match_stop(0);
    group_stop();
    close(t.daemon);
    munmap(t.inbox, DVM_INBOX_BYTES);
    for (int i = 0; i < PEERS; i++) {
        ringpool_close(&t.peers[i].pool);
        ring_free_in(&t.peers[i].in);
        close(t.peers[i].inbox);
    }
    for (size_t i = 0; i < REQUESTS; i++)
        free(t.buffers[i]);
    for (size_t i = 0; i < t.released_count; i++)
        free(t.released[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&t, 0, sizeof t);
    t.in = (struct input){data, size};
    begin();
    while (t.in.left > 0) {
        steps[choose(sizeof steps / sizeof steps[0])]();
        take_out();
    }
    end();
    return 0;
}
