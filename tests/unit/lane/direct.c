/* direct.c: two tasks of different hosts with a connection of their own: all sizes, both
 * ways, each security; resets in the middle; tasks that leave while others compute. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lane/bell.h"
#include "lane/direct.h"
#include "match/request.h"
#include "tests/support/computing.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/full_size.h"
#include "tests/support/proxy.h"

#define CONTEXT 2
#define READY_SECONDS 60.0
#define TRIES 20 /* to do something before another task, which may be faster */

static struct fake_options two_hosts(int security)
{
    struct fake_options o = {.hosts = 2, .lane_security = security};

    o.lane_fd = fake_lane_listen(&o.lane_port);
    return o;
}

static uint8_t byte_of(int number, size_t at)
{
    return (uint8_t)((size_t)number * 7 + at * 13 + (at >> 9));
}

static void fill(uint8_t *bytes, size_t size, int number)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_of(number, i);
}

static bool is_filled(const uint8_t *bytes, size_t size, int number)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_of(number, i))
            return false;
    return true;
}

static int send_to(int tid, int tag, const void *bytes, size_t size)
{
    return match_send(MATCH_STANDARD, CONTEXT, tid, tag, bytes, size, 0, 0, 0);
}

static int receive_from(int tid, int tag, void *bytes, size_t size)
{
    struct match_filter filter = {.context = CONTEXT, .source = tid, .tag = tag};
    struct match_sink sink = {.buffer = bytes, .capacity = size};
    struct match_result result;
    int rc = match_recv(&filter, &sink, &result);

    return rc ? rc : result.bytes == size ? 0 : -1;
}

/* Exchange words until both use the connection. */
static int open_lane(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    double limit = clock_seconds() + READY_SECONDS;
    uint8_t mine = 0, theirs = 0;

    while (!(mine && theirs)) {
        struct stream *s = stream_known(other);

        mine = s && s->peer.out == &direct_lane;
        FAKE_CHECK(send_to(other, 1, &mine, 1) == 0);
        FAKE_CHECK(receive_from(other, 1, &theirs, 1) == 0);
        FAKE_CHECK(clock_seconds() < limit);
    }
    return 0;
}

/* ---- opening ---------------------------------------------------------------------- */

/* Send what makes this task, the one that dials, ask for a connection. */
static struct direct *ask_for_one(int other)
{
    uint8_t byte = 0;

    for (int i = 0; i < 2; i++)
        if (send_to(other, 1, &byte, 1))
            return NULL;
    return stream_known(other)->peer.direct;
}

/* The time for it is over, but it had come about before that, while this task did not look. The
 * word counts the runs in which it was not looked at before. */
static int looks_late(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    double limit = clock_seconds() + READY_SECONDS;
    struct pollfd socket = {.events = POLLOUT};
    struct direct *d;
    uint8_t byte;

    if (me->rank == 1)
        return open_lane(me);
    d = ask_for_one(other);
    FAKE_CHECK(d && d->state != DIRECT_NONE);
    while (d->state == DIRECT_ASKED && clock_seconds() < limit)
        match_progress();
    if (d->state == DIRECT_DIALING) {
        socket.fd = d->fd;
        FAKE_CHECK(poll(&socket, 1, (int)READY_SECONDS * 1000) == 1);
        d->deadline = 1;
        direct_lane.open(d->peer);
        FAKE_CHECK(d->state == DIRECT_GREETING && d->failures == 0);
        atomic_fetch_add((_Atomic unsigned *)me->arg, 1);
    }
    for (int i = 0; i < 2; i++)
        FAKE_CHECK(receive_from(other, 1, &byte, 1) == 0);
    return open_lane(me);
}

Test(direct, a_late_look_is_not_a_late_answer)
{
    _Atomic unsigned *late = computing_words(1);

    for (int i = 0; i < TRIES && atomic_load(late) == 0; i++) {
        struct fake_options o = two_hosts(LANE_PLAIN);

        cr_assert_eq(fake_run(2, looks_late, (void *)late, &o), 0);
        close(o.lane_fd);
    }
    cr_assert_gt(atomic_load(late), 0, "it was never late");
}

/* It comes about although the task that dials computes. */
static int dials_and_computes(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    double limit = clock_seconds() + READY_SECONDS;
    _Atomic unsigned *word = me->arg;

    if (me->rank == 0) {
        FAKE_CHECK(ask_for_one(other));
        dvm_leave(DVM_OK);
        FAKE_CHECK(compute_until(word, 1));
        return dvm_enter();
    }
    while (!stream_known(other) || stream_known(other)->peer.out != &direct_lane) {
        FAKE_CHECK(clock_seconds() < limit);
        match_progress();
    }
    atomic_store(word, 1);
    return 0;
}

Test(direct, opens_while_the_program_computes)
{
    struct fake_options o = two_hosts(LANE_PLAIN);

    cr_assert_eq(fake_run(2, dials_and_computes, computing_words(1), &o), 0);
    close(o.lane_fd);
}

/* ---- sizes ------------------------------------------------------------------------ */

static const size_t edges[] = {0,     1,     31,    32,    33,    63,    64,     65,    4095,
                               4096,  4097,  16383, 16384, 63 * 1024 - 1, 63 * 1024,
                               63 * 1024 + 1, DVM_PAYLOAD_MAX - 1, DVM_PAYLOAD_MAX,
                               DVM_PAYLOAD_MAX + 1, 2 * DVM_PAYLOAD_MAX, 131072, 1 << 20,
                               (4 << 20) + 5, 9 << 20};
#define EDGES (sizeof edges / sizeof edges[0])

static int all_sizes(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    uint8_t *bytes = malloc(edges[EDGES - 1]);

    if (open_lane(me))
        return 1;
    for (int i = 0; i < (int)EDGES; i++) {
        if (me->rank == i % 2) {
            fill(bytes, edges[i], i);
            FAKE_CHECK(send_to(other, i, bytes, edges[i]) == 0);
        } else {
            memset(bytes, 0, edges[i]);
            FAKE_CHECK(receive_from(other, i, bytes, edges[i]) == 0);
            FAKE_CHECK(is_filled(bytes, edges[i], i));
        }
    }
    FAKE_CHECK(stream_known(other)->peer.out == &direct_lane);
    free(bytes);
    return 0;
}

Test(direct, carries_all_sizes)
{
    for (int security = LANE_PLAIN; security <= LANE_ENCRYPTED; security++) {
        struct fake_options o = two_hosts(security);

        cr_assert_eq(fake_run(2, all_sizes, NULL, &o), 0, "security %d", security);
        close(o.lane_fd);
    }
}

/* Both send at once, more than sockets hold, before either receives. */
#define CROSS 40
#define CROSS_BYTES 300000

static int cross(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    uint8_t *out = malloc((size_t)CROSS * CROSS_BYTES), *in = malloc(CROSS_BYTES);
    struct dvm_request *r[CROSS];

    if (open_lane(me))
        return 1;
    for (int i = 0; i < CROSS; i++) {
        size_t size = i % 3 ? CROSS_BYTES : 60000;

        fill(out + (size_t)i * CROSS_BYTES, size, i);
        FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, other, i, out + (size_t)i * CROSS_BYTES,
                               size, 0, 0, 0, &r[i]) == 0);
    }
    for (int i = 0; i < CROSS; i++) {
        size_t size = i % 3 ? CROSS_BYTES : 60000;

        FAKE_CHECK(receive_from(other, i, in, size) == 0);
        FAKE_CHECK(is_filled(in, size, i));
    }
    for (int i = 0; i < CROSS; i++)
        FAKE_CHECK(match_wait(r[i], NULL) == 0);
    free(out);
    free(in);
    return 0;
}

Test(direct, both_send_at_once)
{
    for (int threads = DVM_THREAD_SINGLE; threads <= DVM_THREAD_MULTIPLE;
         threads += DVM_THREAD_MULTIPLE - DVM_THREAD_SINGLE) {
        struct fake_options o = two_hosts(LANE_ENCRYPTED);

        o.threads = threads;
        cr_assert_eq(fake_run(2, cross, NULL, &o), 0);
        close(o.lane_fd);
    }
}

/* ---- a socket that takes little ----------------------------------------------------- */

#define FAR DVM_TID_MAKE(9, 1)
#define NARROW 300 /* frames */

static int text_of(int number)
{
    return number % 3 ? number % 100 : 20000 + number;
}

/* A connection of this task's to tid whose other end is here. */
static struct direct *narrow_connection(int tid, int security, int *end)
{
    static const uint8_t salt[2 * LANE_NONCE_BYTES];
    struct direct *d = direct_of(lane_peer(tid));
    int ends[2], little = 4096;
    const char *why;

    if (!seal_load(&why) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
        return NULL;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    d->fd = ends[0];
    *end = ends[1];
    if (bell_watch(d->fd, EPOLLIN, direct_event, d) ||
        !direct_use(d, (uint32_t)security, LANE_CHACHA20_POLY1305, salt, true))
        return NULL;
    return d;
}

/* Take all bytes out of the other end. */
static size_t read_end(int end, uint8_t *bytes, size_t room)
{
    size_t size = 0;
    ssize_t got;

    while (size < room && (got = recv(end, bytes + size, room - size, 0)) > 0)
        size += (size_t)got;
    return size;
}

/* The bytes are frames in a row, each as it was put. */
static int check_frames(uint8_t *bytes, size_t size, int security)
{
    static const uint8_t salt[2 * LANE_NONCE_BYTES], key[LANE_KEY_BYTES];
    uint8_t derived[SEAL_KEY_BYTES];
    struct seal *seal = NULL;
    size_t at = 0;

    if (security == LANE_ENCRYPTED) {
        FAKE_CHECK(seal_derive(derived, key, salt, sizeof salt, LANE_INFO_TO_ACCEPTER));
        seal = seal_new(LANE_CHACHA20_POLY1305, derived, false);
    }
    for (int i = 0; i < NARROW; i++) {
        size_t text = (size_t)DIRECT_HEAD + (size_t)text_of(i);
        struct dvm_frame frame;

        if (seal) {
            size_t whole = SEAL_TEXT(text);

            FAKE_CHECK(size - at >= whole + SEAL_MORE && seal_length(bytes + at) == whole);
            at += SEAL_HEAD_BYTES;
            FAKE_CHECK(seal_begin(seal) && seal_text(seal, bytes + at, bytes + at, whole));
            FAKE_CHECK(seal_end(seal, bytes + at + whole));
        }
        FAKE_CHECK(size - at >= text);
        FAKE_CHECK(!dvm_frame_decode(&frame, bytes + at, text - 8) && frame.seq == (uint64_t)i + 1);
        FAKE_CHECK(is_filled(bytes + at + DIRECT_HEAD, text - DIRECT_HEAD, i));
        at += seal ? SEAL_TEXT(text) + SEAL_TAG_BYTES : text;
    }
    FAKE_CHECK(at == size);
    seal_free(seal);
    return 0;
}

static int narrow(const struct fake_task *me)
{
    int security = *(int *)me->arg, end, again = 0;
    size_t room = (size_t)NARROW * 21000, size = 0;
    struct direct *d = narrow_connection(FAR, security, &end);
    uint8_t *bytes = malloc(room), *text = malloc(30000);

    FAKE_CHECK(d && bytes && text);
    for (int i = 0; i < NARROW; i++) {
        struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                                  .src = lane_self(), .dst = FAR, .seq = (uint64_t)i + 1,
                                  .length = (uint32_t)text_of(i)};

        fill(text, frame.length, i);
        while (direct_out_put(d, &frame, text) == LANE_AGAIN) {
            again++;
            size += read_end(end, bytes + size, room - size);
        }
        /* it is the caller's again, also when half of it has not gone yet */
        memset(text, 0, frame.length);
    }
    while (direct_out_flush(d) == LANE_AGAIN)
        size += read_end(end, bytes + size, room - size);
    size += read_end(end, bytes + size, room - size);
    FAKE_CHECK(again > NARROW / 4);
    FAKE_CHECK(check_frames(bytes, size, security) == 0);
    close(end);
    free(bytes);
    free(text);
    match_gone(FAR, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(direct, keeps_what_a_socket_does_not_take)
{
    struct fake_options o = {.lanes = "direct"};

    for (int security = LANE_PLAIN; security <= LANE_ENCRYPTED; security += 2)
        cr_assert_eq(fake_run(1, narrow, &security, &o), 0, "security %d", security);
}

/* The other end writes one byte of a header. */
static bool write_byte(int end)
{
    uint8_t byte = DVM_FRAME_VERSION;

    return send(end, &byte, 1, 0) == 1;
}

/* It is read by looking, as who spins does. */
static bool read_by_look(struct direct *d)
{
    size_t before = d->in.to;

    for (int i = 0; i < 8 && d->in.to == before; i++)
        direct_ready();
    direct_poll();
    return d->in.to == before + 1;
}

/* A socket that is read by looking leaves the bell's set, and is back before this task sleeps or
 * asks the bell for all. */
static int stands_aside(const struct fake_task *me)
{
    int end;
    struct direct *d = narrow_connection(FAR, LANE_PLAIN, &end);

    FAKE_CHECK(d && write_byte(end));
    bell_glance();
    FAKE_CHECK(bell_rung());
    match_progress();
    for (int i = 0; i < DIRECT_HEAD / 2; i++)
        FAKE_CHECK(write_byte(end) && read_by_look(d));
    FAKE_CHECK(write_byte(end));
    bell_glance();
    FAKE_CHECK(!bell_rung());
    lane_sleep(READY_SECONDS);
    FAKE_CHECK(bell_rung());
    match_progress();
    FAKE_CHECK(d->in.to == DIRECT_HEAD / 2 + 2);
    close(end);
    match_gone(FAR, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(direct, who_is_read_by_looking_stands_aside)
{
    struct fake_options o = {.lanes = "direct"};

    cr_assert_eq(fake_run(1, stands_aside, NULL, &o), 0);
}

/* ---- a message straight from its connection ------------------------------------------- */

/* The other end writes a message of so many bytes; tag, type and flags are what matters. */
static bool write_message(int end, uint64_t seq, int tag, uint32_t type, uint8_t flags,
                          uint32_t bytes)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER, .flags = flags,
                              .src = FAR, .dst = lane_self(), .tag = tag, .seq = seq,
                              .context = CONTEXT, .size = bytes, .length = bytes, .type = type};
    uint8_t out[DIRECT_HEAD + 100] = {0};

    dvm_frame_encode(out, &frame);
    fill(out + DIRECT_HEAD, bytes, tag);
    return send(end, out, DIRECT_HEAD + bytes, 0) == (ssize_t)(DIRECT_HEAD + bytes);
}

/* Take what is here, wished for with this tag, type 1, and room for 50 bytes. */
static bool wish_for(struct direct *d, int tag, bool any_tag, uint8_t *bytes, uint32_t *came)
{
    struct ring_wish wish = {.context = CONTEXT, .tag = tag, .any_tag = any_tag, .type = 1,
                             .capacity = 50, .buffer = bytes};
    bool taken = direct_looks(d->peer) && direct_look(d->peer) &&
                 stream_take_far((struct stream *)d->peer, &wish);

    *came = taken ? wish.came : 0;
    return taken && (any_tag ? wish.came_tag > 0 : wish.came_tag == tag);
}

/* What is not just what is wished for goes its usual way, and is received behind. */
static int wishes(const struct fake_task *me)
{
    static const struct {
        int tag;
        uint32_t type;
        uint8_t flags;
        uint32_t bytes;
        bool taken; /* by a wish for tag 5 */
    } rows[] = {{5, 1, 0, 8, true},   {5, 1, 0, 0, true},  {5, 1, 0, 50, true},
                {6, 1, 0, 8, false},  {5, 2, 0, 8, false}, {5, 1, DVM_FLAG_SYNC, 8, false},
                {5, 1, 0, 51, false}, {5, 1, 0, 8, true}};
    int end;
    struct direct *d = narrow_connection(FAR, LANE_PLAIN, &end);
    uint8_t bytes[100];
    uint32_t came;

    FAKE_CHECK(d && !wish_for(d, 5, false, bytes, &came));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FAKE_CHECK(write_message(end, i + 1, rows[i].tag, rows[i].type, rows[i].flags,
                                 rows[i].bytes));
        FAKE_CHECK(wish_for(d, 5, false, bytes, &came) == rows[i].taken);
        FAKE_CHECK(!rows[i].taken ||
                   (came == rows[i].bytes && is_filled(bytes, came, rows[i].tag)));
        FAKE_CHECK(rows[i].taken ||
                   (receive_from(DVM_ANY, rows[i].tag, bytes, rows[i].bytes) == 0 &&
                    is_filled(bytes, rows[i].bytes, rows[i].tag)));
    }
    close(end);
    match_gone(FAR, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

/* Of several that are here the first is taken, the next ones stay in their order. */
static int wishes_in_a_row(const struct fake_task *me)
{
    int end;
    struct direct *d = narrow_connection(FAR, LANE_PLAIN, &end);
    uint8_t bytes[100];
    uint32_t came;

    FAKE_CHECK(d);
    for (int i = 1; i <= 4; i++)
        FAKE_CHECK(write_message(end, (uint64_t)i, i, 1, 0, 10 + (uint32_t)i));
    FAKE_CHECK(wish_for(d, 0, true, bytes, &came) && came == 11);
    /* they are unexpected by now, and no wish is for them */
    FAKE_CHECK(!wish_for(d, 0, true, bytes, &came));
    for (int i = 2; i <= 4; i++)
        FAKE_CHECK(receive_from(DVM_ANY, DVM_ANY, bytes, 10 + (size_t)i) == 0 &&
                   is_filled(bytes, 10 + (size_t)i, i));
    /* one that comes again, and one that comes after a gap, are none */
    FAKE_CHECK(write_message(end, 4, 5, 1, 0, 8) && !wish_for(d, 5, false, bytes, &came));
    FAKE_CHECK(write_message(end, 6, 5, 1, 0, 8) && !wish_for(d, 5, false, bytes, &came));
    FAKE_CHECK(d->held && !direct_looks(d->peer));
    close(end);
    match_gone(FAR, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(direct, a_wish_takes_its_message_only)
{
    struct fake_options o = {.lanes = "direct"};

    cr_assert_eq(fake_run(1, wishes, NULL, &o), 0);
    cr_assert_eq(fake_run(1, wishes_in_a_row, NULL, &o), 0);
}

#define CONNECTIONS 6 /* more than a task reads from by itself */

/* A task that spins must know that there are sockets which only the bell has; who may look for a
 * moment only does not, then. */
static int many(const struct fake_task *me)
{
    struct direct *d[CONNECTIONS];
    int ends[CONNECTIONS], unseen = 0;
    uint8_t byte = 0;

    FAKE_CHECK(!lane_unseen());
    for (int i = 0; i < CONNECTIONS; i++) {
        d[i] = narrow_connection(FAR + i, LANE_PLAIN, &ends[i]);
        FAKE_CHECK(d[i]);
        FAKE_CHECK(lane_answers() == !lane_unseen());
        unseen += lane_unseen();
    }
    FAKE_CHECK(unseen > 0 && unseen < CONNECTIONS && lane_unseen());
    for (int i = 0; i < CONNECTIONS; i++) {
        FAKE_CHECK(send(ends[i], &byte, 1, 0) == 1);
        bell_look();
        FAKE_CHECK(bell_rung());
        match_progress();
        FAKE_CHECK(d[i]->in.to == 1);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        match_gone(FAR + i, DVM_ERR_TASK_GONE, "enough", false);
        close(ends[i]);
    }
    FAKE_CHECK(!lane_unseen());
    return 0;
}

Test(direct, sockets_that_only_the_bell_has_are_known)
{
    struct fake_options o = {.lanes = "direct"};

    cr_assert_eq(fake_run(1, many, NULL, &o), 0);
}

#define AHEAD 40         /* messages, more than a narrow socket takes */
#define AHEAD_BYTES 9000 /* of which the socket takes a part */
#define TELLING 128      /* frames taken in, after which a task acknowledges them by itself */

/* So many frames as tid writes them: it admits what there is to send. */
static int write_frames(int end, int tid, int count)
{
    for (int i = 0; i < count; i++) {
        struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CREDIT, .src = tid,
                                  .dst = lane_self(), .seq = (uint64_t)i + 1,
                                  .extra = 2 * AHEAD * AHEAD_BYTES};
        uint8_t head[DIRECT_HEAD] = {0};

        dvm_frame_encode(head, &frame);
        FAKE_CHECK(send(end, head, sizeof head, 0) == sizeof head);
    }
    return 0;
}

/* There is room again, and before the task has seen that it acknowledges what came. */
static int told_between(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank], end, complete = 0;
    static uint8_t bytes[AHEAD_BYTES], came[1 << 16];
    double limit = clock_seconds() + READY_SECONDS;
    struct dvm_request *r[AHEAD];
    struct direct *d;

    if (me->rank == 1) {
        FAKE_CHECK(receive_from(other, 1, bytes, 1) == DVM_ERR_TASK_GONE);
        return 0;
    }
    d = narrow_connection(other, LANE_PLAIN, &end);
    FAKE_CHECK(d);
    for (int i = 0; i < AHEAD; i++)
        FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, other, i, bytes, sizeof bytes, 0, 0, 0,
                               &r[i]) == 0);
    FAKE_CHECK(d->peer->blocked && d->out.from < d->out.to && !match_complete(r[AHEAD - 1]));
    FAKE_CHECK(lane_unseen()); /* only the bell tells of room */
    while (read_end(end, came, sizeof came) == sizeof came)
        continue;
    FAKE_CHECK(write_frames(end, other, TELLING) == 0);
    lane_drain(d->peer);
    FAKE_CHECK(d->out.from == d->out.to && read_end(end, came, sizeof came) > DIRECT_HEAD);
    while (complete < AHEAD && clock_seconds() < limit) {
        match_progress();
        read_end(end, came, sizeof came);
        complete += match_complete(r[complete]);
    }
    FAKE_CHECK(complete == AHEAD);
    for (int i = 0; i < AHEAD; i++)
        FAKE_CHECK(match_finish(r[i], NULL) == 0);
    close(end);
    match_gone(other, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(direct, goes_on_behind_an_acknowledgement)
{
    struct fake_options o = {.lanes = "direct", .hosts = 2};

    cr_assert_eq(fake_run(2, told_between, NULL, &o), 0);
}

/* ---- resets ----------------------------------------------------------------------- */

/* Run with the proxy between, which resets after so many bytes each. Returns how many
 * connections there were, or -1. */
static int run_in_weather(fake_task_f *task, int security, unsigned long long every)
{
    struct fake_options o = two_hosts(security);
    struct proxy *proxy = proxy_start(o.lane_port);
    int bad, accepted;

    proxy_reset_every(proxy, every);
    o.lane_port = proxy_port(proxy);
    bad = fake_run(2, task, NULL, &o);
    accepted = proxy_accepted(proxy);
    proxy_stop(proxy);
    close(o.lane_fd);
    return bad ? -1 : accepted;
}

#define STORM 700
#define STORM_LONG 20000

/* A row of messages of all sizes, as many as the sender likes ahead; then there is a lane again. */
static int storm(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    uint64_t seed = 42;
    uint8_t *bytes = malloc(1 << 20);

    int count = full_size() ? STORM_LONG : STORM;

    if (open_lane(me))
        return 1;
    for (int i = 0; i < count; i++) {
        size_t size = fake_random(&seed) % 8 ? fake_random(&seed) % 3000
                                              : fake_random(&seed) % (1 << 20);

        if (me->rank == 0) {
            fill(bytes, size, i);
            FAKE_CHECK(send_to(other, 5, bytes, size) == 0);
        } else {
            FAKE_CHECK(receive_from(other, 5, bytes, size) == 0);
            FAKE_CHECK(is_filled(bytes, size, i));
        }
    }
    free(bytes);
    return open_lane(me);
}

Test(direct, resets_lose_nothing)
{
    cr_assert_geq(run_in_weather(storm, LANE_PLAIN, 1 << 20), 2, "it was never opened again");
    cr_assert_geq(run_in_weather(storm, LANE_ENCRYPTED, 1 << 20), 2);
}

#define LARGE ((size_t)200 << 20)

static int large(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    uint8_t *bytes = malloc(LARGE);

    if (open_lane(me))
        return 1;
    if (me->rank == 0) {
        fill(bytes, LARGE, 3);
        FAKE_CHECK(send_to(other, 5, bytes, LARGE) == 0);
        /* it is this task's again */
        memset(bytes, 0, LARGE);
    } else {
        FAKE_CHECK(receive_from(other, 5, bytes, LARGE) == 0);
        FAKE_CHECK(is_filled(bytes, LARGE, 3));
    }
    free(bytes);
    return open_lane(me);
}

Test(direct, reset_within_a_large_message)
{
    cr_assert_geq(run_in_weather(large, LANE_PLAIN, 70 << 20), 2);
}

/* ---- leaving ---------------------------------------------------------------------- */

/* The sender leaves at once; the receiver does not look for a while. */
static int leave(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    struct timespec busy = {1, 0};
    uint8_t bytes[20000];

    if (open_lane(me))
        return 1;
    if (me->rank == 0) {
        for (int i = 0; i < 3; i++) {
            fill(bytes, sizeof bytes, i);
            FAKE_CHECK(send_to(other, 5, bytes, sizeof bytes) == 0);
        }
        return 0;
    }
    nanosleep(&busy, NULL); /* computes, outside of the library */
    for (int i = 0; i < 3; i++) {
        FAKE_CHECK(receive_from(other, 5, bytes, sizeof bytes) == 0);
        FAKE_CHECK(is_filled(bytes, sizeof bytes, i));
    }
    FAKE_CHECK(receive_from(other, 5, bytes, sizeof bytes) == DVM_ERR_TASK_GONE);
    return 0;
}

Test(direct, a_task_that_leaves_takes_nothing_with_it)
{
    struct fake_options o = two_hosts(LANE_ENCRYPTED);

    cr_assert_eq(fake_run(2, leave, NULL, &o), 0);
    close(o.lane_fd);
}

/* Killed: what had reached the other host is received, then its death. */
static int killed(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank], i = 0, rc;
    uint8_t bytes[5000];

    if (open_lane(me))
        return stream_known(other)->gone ? 0 : 1;
    if (me->rank == 1)
        for (;; i++) {
            fill(bytes, sizeof bytes, i);
            send_to(other, 5, bytes, sizeof bytes);
        }
    while ((rc = receive_from(other, 5, bytes, sizeof bytes)) == 0)
        FAKE_CHECK(is_filled(bytes, sizeof bytes, i++));
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    return 0;
}

Test(direct, death_comes_last)
{
    for (int i = 0; i < 10; i++) {
        struct fake_options o = two_hosts(LANE_PLAIN);

        o.kill = true;
        o.kill_rank = 1;
        o.kill_us = 100000;
        cr_assert_eq(fake_run(2, killed, NULL, &o), 0);
        close(o.lane_fd);
    }
}

/* The other one, of which nothing was asked and nothing is sent to, dies: a connection that is
 * lost makes this task wait for an answer, so it must be told of that. */
static int dies_unwatched(const struct fake_task *me)
{
    double limit = clock_seconds() + READY_SECONDS;
    int other = me->tids[1 - me->rank];
    struct stream *s = NULL;
    uint8_t byte = 0;

    if (me->rank == 1) {
        for (int i = 0; i < 2; i++)
            FAKE_CHECK(send_to(other, 1, &byte, 1) == 0);
        while (stream_known(other)->peer.out != &direct_lane && clock_seconds() < limit)
            match_progress();
        FAKE_CHECK(send_to(other, 1, &byte, 1) == 0);
        raise(SIGKILL);
    }
    while ((!s || !(s->resend.resumes || s->gone)) && clock_seconds() < limit) {
        match_progress();
        s = stream_known(other);
    }
    FAKE_CHECK(s && (s->watched || s->gone));
    while (!s->gone && clock_seconds() < limit)
        match_progress();
    FAKE_CHECK(s->gone);
    return 0;
}

Test(direct, a_lost_connection_asks_for_the_others_end)
{
    struct fake_options o = two_hosts(LANE_PLAIN);

    o.mortal = 1 << 1;
    cr_assert_eq(fake_run(2, dies_unwatched, NULL, &o), 0);
    close(o.lane_fd);
}

/* ---- no lane ---------------------------------------------------------------------- */

static int without(const struct fake_task *me)
{
    int other = me->tids[1 - me->rank];
    uint8_t byte = 0;

    for (int i = 0; i < 600; i++) {
        FAKE_CHECK(send_to(other, 1, &byte, 1) == 0);
        FAKE_CHECK(receive_from(other, 1, &byte, 1) == 0);
    }
    FAKE_CHECK(stream_known(other)->peer.out != &direct_lane);
    return 0;
}

Test(direct, the_relay_goes_on_without_it)
{
    struct fake_options o = two_hosts(LANE_PLAIN), none = {.hosts = 2};
    struct proxy *proxy = proxy_start(o.lane_port);

    /* refused by the daemon; refused by the network; not wanted */
    cr_assert_eq(fake_run(2, without, NULL, &none), 0);
    o.lane_port = proxy_port(proxy);
    proxy_refuse(proxy, true);
    cr_assert_eq(fake_run(2, without, NULL, &o), 0);
    proxy_refuse(proxy, false);
    o.lanes = "relay";
    cr_assert_eq(fake_run(2, without, NULL, &o), 0);
    proxy_stop(proxy);
    close(o.lane_fd);
}
