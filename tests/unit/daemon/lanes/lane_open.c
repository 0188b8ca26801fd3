/* lane_open.c: from LANE_OPEN of a task of another host to the connection in the hands of a
 * task of this one: a whole daemon in this process, whose far host is made up.
 *
 * Protects: the right hello brings the descriptor, with key, nonce and ciphers, to the task
 * that is called; it is good once; whatever is wrong with it is refused with its reason and
 * takes nothing away from whom it belongs to; LANE_WANT reaches the task.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/settings.h"
#include "daemon/keeper.h"
#include "daemon/lanes/gate.h"
#include "daemon/lanes/lanes.h"
#include "daemon/lanes/mac.h"
#include "daemon/local/seat.h"
#include "daemon/options.h"
#include "tests/support/raw_client.h"

#define FAR DVM_TID_MAKE(2, 1) /* a task of a host that is not there */
#define ID UINT64_C(0x1122334455667788)
#define WAIT_SECONDS 60.0

static struct daemon d;
static struct raw_client *task;
static char folder[] = "/tmp/dvm-lane-XXXXXX";
static const uint8_t key[LANE_KEY_BYTES] = "a key of thirty-two bytes length";

static void turn_until(bool (*done)(void))
{
    double end = clock_seconds() + WAIT_SECONDS;

    while (!done() && clock_seconds() < end) {
        ev_run(d.loop, EVRUN_NOWAIT);
        poll(NULL, 0, 1);
    }
    cr_assert(done());
}

static bool something_came(void)
{
    struct pollfd p = {.fd = task->fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* Take what comes until a message of this type. */
static void expect(int type)
{
    do {
        turn_until(something_came);
        cr_assert_eq(raw_receive(task, 0), 1);
    } while (task->frame.tag != type);
}

static void enrol(void)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    cr_assert_eq(connection_accept(d.local, ends[0], getpid(), geteuid()), DVM_OK);
    task = calloc(1, sizeof *task);
    task->fd = ends[1];
    cr_assert(raw_hello(task, ROLE_TASK, NULL, 1, 1));
    expect(DVM_CTL_WELCOME);
    task->tid = task->frame.dst;
}

static void set_up(void)
{
    static const struct options options = {.machine = "unit", .host = "h", .folder = folder,
                                           .ready_fd = -1, .cores = 1};
    static struct settings settings;
    struct keeper_limits limits = {.files = {RLIM_INFINITY, RLIM_INFINITY}};
    struct keeper *keeper;
    const char *why;

    signal(SIGPIPE, SIG_IGN);
    settings_init(&settings);
    getrlimit(RLIMIT_NOFILE, &limits.files);
    cr_assert(mac_load(&why), "%s", why);
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(keeper_fork(&keeper, &limits), DVM_OK);
    cr_assert_eq(daemon_start(&d, &options, &settings, NULL, keeper), DVM_OK, "%s",
                 dvm_last_error());
    srand((unsigned)getpid());
    while (d.lanes->port == 0)
        lanes_listen(d.lanes, "127.0.0.1", 20000 + rand() % 10000);
    enrol();
}

static void tear_down(void)
{
    char command[64];

    raw_close(task);
    daemon_end_now(&d, 0, "the test is over");
    daemon_run(&d);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(lane_open, .init = set_up, .fini = tear_down);

/* A control message of the far task to this daemon. */
static void far_says(int type, const ProtobufCMessage *m)
{
    uint8_t bytes[256];
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL, .src = FAR,
                          .dst = DVM_TID_DAEMON(1), .tag = type};

    f.length = (uint32_t)protobuf_c_message_pack(m, bytes);
    f.size = f.length;
    daemon_route(&d, CLUSTER_CONTROL, &f, bytes);
}

static void open_lane(void)
{
    Dvm__Pb__LaneOpen m = DVM__PB__LANE_OPEN__INIT;

    m.tid = task->tid;
    m.id = ID;
    m.key = (ProtobufCBinaryData){sizeof key, (uint8_t *)(uintptr_t)key};
    far_says(DVM_CTL_LANE_OPEN, &m.base);
}

static struct lane_hello right(void)
{
    return (struct lane_hello){.ciphers = 3, .id = ID, .src = FAR, .dst = task->tid,
                               .nonce = "a nonce of 16 b"};
}

static uint64_t called, refused_before;

static bool was_decided(void)
{
    return gate_refused(d.lanes->gate) + gate_passed(d.lanes->gate) == called;
}

/* Say a hello, signed with a key; spoil: xor the last byte of its MAC. Returns the socket. */
static int say(const struct lane_hello *h, const uint8_t *with, uint8_t spoil)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((in_port_t)d.lanes->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint8_t bytes[LANE_HELLO_BYTES];

    refused_before = gate_refused(d.lanes->gate);
    lane_hello_encode(bytes, h);
    cr_assert(mac_make(bytes + LANE_HELLO_SIGNED, with, bytes, LANE_HELLO_SIGNED));
    bytes[LANE_HELLO_BYTES - 1] ^= spoil;
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    cr_assert_eq(send(fd, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    called++;
    turn_until(was_decided);
    return fd;
}

static void expect_refusal(const struct lane_hello *h, const uint8_t *with, uint8_t spoil)
{
    char byte;
    int fd = say(h, with, spoil);

    cr_assert_eq(gate_refused(d.lanes->gate), refused_before + 1);
    cr_assert_eq(recv(fd, &byte, 1, 0), 0);
    close(fd);
    cr_assert(!something_came());
}

Test(lane_open, the_right_hello_once)
{
    struct lane_hello h = right();
    Dvm__Pb__LaneOffer *m;
    char text[8] = "";
    int fd;

    expect_refusal(&h, key, 0); /* not announced yet */
    open_lane();
    fd = say(&h, key, 0);
    expect(DVM_CTL_LANE_OFFER);
    cr_assert_eq(task->fd_count, 1);
    m = dvm__pb__lane_offer__unpack(NULL, task->frame.length, task->payload);
    cr_assert(m && m->tid == FAR && m->id == ID && m->ciphers == 3 &&
              m->security == LANE_ENCRYPTED);
    cr_assert(m->key.len == sizeof key && memcmp(m->key.data, key, sizeof key) == 0);
    cr_assert(m->nonce.len == sizeof h.nonce &&
              memcmp(m->nonce.data, h.nonce, sizeof h.nonce) == 0);
    dvm__pb__lane_offer__free_unpacked(m, NULL);
    cr_assert_eq(send(task->fds[0], "hello", 5, 0), 5);
    cr_assert_eq(recv(fd, text, sizeof text, 0), 5);
    expect_refusal(&h, key, 0); /* said again */
}

Test(lane_open, what_is_wrong_takes_nothing_away)
{
    static const uint8_t other[LANE_KEY_BYTES] = "another key, of 32 bytes length";
    struct lane_hello h = right();

    open_lane();
    expect_refusal(&h, other, 0);
    expect_refusal(&h, key, 1);
    h.id ^= 1;
    expect_refusal(&h, key, 0);
    h = right();
    h.src++;
    expect_refusal(&h, key, 0);
    h = right();
    h.dst++;
    expect_refusal(&h, key, 0);
    h = right();
    open_lane(); /* the same id again: refused, the first stays */
    close(say(&h, key, 0));
    expect(DVM_CTL_LANE_OFFER);
    cr_assert_eq(task->fd_count, 1);
}

Test(lane_open, a_daemon_that_looks_is_answered)
{
    struct lane_hello h = right();
    Dvm__Pb__LaneOpen m = DVM__PB__LANE_OPEN__INIT;
    uint8_t bytes[256], answer[LANE_ANSWER_BYTES + 1], over[LANE_ANSWER_SIGNED];
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(2), .dst = DVM_TID_DAEMON(1),
                          .tag = DVM_CTL_LANE_OPEN};
    struct lane_answer a;
    int fd;

    m.tid = h.dst = DVM_TID_DAEMON(1);
    h.src = DVM_TID_DAEMON(2);
    m.id = ID;
    m.key = (ProtobufCBinaryData){sizeof key, (uint8_t *)(uintptr_t)key};
    f.length = (uint32_t)dvm__pb__lane_open__pack(&m, bytes);
    f.size = f.length;
    daemon_route(&d, CLUSTER_CONTROL, &f, bytes);
    for (int i = 0; i < 2; i++) { /* at each of its addresses */
        fd = say(&h, key, 0);
        cr_assert_eq(recv(fd, answer, sizeof answer, MSG_WAITALL), LANE_ANSWER_BYTES);
        close(fd);
        cr_assert_eq(lane_answer_decode(&a, answer, LANE_ANSWER_BYTES), DVM_OK);
        lane_answer_signed(over, answer, h.nonce);
        cr_assert(a.id == ID && a.cipher == 0 && mac_check(a.mac, key, over, sizeof over));
    }
    cr_assert(!something_came());
}

Test(lane_open, a_wish_is_passed_on)
{
    Dvm__Pb__LaneWant m = DVM__PB__LANE_WANT__INIT, *got;

    m.tid = task->tid;
    far_says(DVM_CTL_LANE_WANT, &m.base);
    expect(DVM_CTL_LANE_WANT);
    got = dvm__pb__lane_want__unpack(NULL, task->frame.length, task->payload);
    cr_assert(got && got->tid == FAR && task->frame.src == DVM_TID_DAEMON(1));
    dvm__pb__lane_want__free_unpacked(got, NULL);
    m.tid = task->tid + 1; /* nobody: no answer is wanted, so none is given */
    far_says(DVM_CTL_LANE_WANT, &m.base);
    ev_run(d.loop, EVRUN_NOWAIT);
    cr_assert(!something_came());
}
