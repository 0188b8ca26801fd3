/* lanes.c: who may come to the lane port, and who does, over real connections.
 *
 * Protects: what is expected is bounded and goes when its time is over; a caller is let
 * through with exactly its hello read; each refusal has its reason; callers are bounded,
 * the oldest goes first, and none stays for longer than the patience.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/lanes/expected.h"
#include "daemon/lanes/gate.h"
#include "daemon/lanes/mac.h"
#include "dvm.h"

#define MOST 3
#define PATIENCE 1000.0 /* seconds: nobody's time is over */
#define BRIEF 0.3       /* seconds, where it is to be */
#define WAIT_SECONDS 60.0
#define WAIT_MS 60000
#define PORTS 50

/* ---- expected ------------------------------------------------------------------------ */

static struct expected_lane lane(uint64_t id)
{
    struct expected_lane one = {.id = id, .from = 0x80001, .to = 0x40001};

    memset(one.key, (int)id, sizeof one.key);
    return one;
}

Test(expected, bounded_once_and_for_a_time)
{
    struct expected *e = expected_create(2, 100);
    struct expected_lane a = lane(1), b = lane(2), c = lane(3);

    cr_assert_eq(expected_add(e, &a, 1000), DVM_OK);
    cr_assert_eq(expected_add(e, &a, 1000), DVM_ERR_EXISTS);
    cr_assert_eq(expected_add(e, &b, 1050), DVM_OK);
    cr_assert_eq(expected_add(e, &c, 1050), DVM_ERR_LIMIT);
    cr_assert_eq(expected_find(e, 1, 1099)->key[0], 1);
    cr_assert_null(expected_find(e, 3, 1099));
    cr_assert_null(expected_find(e, 1, 1100)); /* its time is over */
    cr_assert_eq(expected_add(e, &c, 1100), DVM_OK);
    cr_assert_eq(expected_count(e), 2);
    expected_drop(e, 2);
    expected_drop(e, 2);
    cr_assert_null(expected_find(e, 2, 1100));
    cr_assert_not_null(expected_find(e, 3, 1199));
    cr_assert_null(expected_find(e, 3, 1200));
    cr_assert_eq(expected_count(e), 0);
    cr_assert_eq(expected_add(e, &a, 1300), DVM_OK); /* freed with the rest */
    expected_destroy(e);
    expected_destroy(NULL);
}

/* ---- the MAC -------------------------------------------------------------------------- */

/* The key of RFC 4231's test case 3, padded with zeros to 32 bytes, is the same HMAC key. */
Test(mac, of_rfc_4231)
{
    static const uint8_t wanted[LANE_MAC_BYTES] = {
        0x77, 0x3e, 0xa9, 0x1e, 0x36, 0x80, 0x0e, 0x46, 0x85, 0x4d, 0xb8,
        0xeb, 0xd0, 0x91, 0x81, 0xa7, 0x29, 0x59, 0x09, 0x8b, 0x3e, 0xf8,
        0xc1, 0x22, 0xd9, 0x63, 0x55, 0x14, 0xce, 0xd5, 0x65, 0xfe};
    uint8_t key[LANE_KEY_BYTES] = {0}, data[50] = {0}, out[LANE_MAC_BYTES];
    const char *why;

    cr_assert(!mac_make(out, key, data, 0)); /* before it is loaded */
    cr_assert(mac_load(&why), "%s", why);
    memset(key, 0xaa, 20);
    memset(data, 0xdd, sizeof data);
    cr_assert(mac_make(out, key, data, sizeof data));
    cr_assert_eq(memcmp(out, wanted, sizeof wanted), 0);
    cr_assert(mac_check(wanted, key, data, sizeof data));
    out[31] ^= 1;
    cr_assert(!mac_check(out, key, data, sizeof data));
    data[0] ^= 1;
    cr_assert(!mac_check(wanted, key, data, sizeof data));
}

/* ---- the gate ------------------------------------------------------------------------- */

static struct ev_loop *loop;
static struct gate *gate;
static int port, hellos, kept;
static const char *verdict; /* on the next hello */
static uint8_t last[LANE_HELLO_BYTES];
static char path[] = "/tmp/dvm-lanes-XXXXXX";

static const char *on_hello(void *arg, const uint8_t hello[LANE_HELLO_BYTES], int fd)
{
    hellos++;
    memcpy(last, hello, sizeof last);
    if (!verdict)
        kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return verdict;
}

static void begin(double patience)
{
    struct gate_config config = {.callers = MOST, .patience = patience, .hello = on_hello};

    loop = ev_loop_new(EVFLAG_AUTO);
    gate = gate_create(loop, &config);
    srand((unsigned)getpid());
    for (int i = 0; i < PORTS && port == 0; i++) {
        int wanted = 20000 + rand() % 10000;

        port = gate_listen(gate, "127.0.0.1", wanted) == 0 ? wanted : 0;
    }
    cr_assert_neq(port, 0, "%s", dvm_last_error());
    close(mkstemp(path));
    log_open(path, LOG_INFO, false);
    kept = -1;
}

static void set_up(void)
{
    begin(PATIENCE);
}

static void set_up_brief(void)
{
    begin(BRIEF);
}

static void tear_down(void)
{
    gate_destroy(gate);
    ev_loop_destroy(loop);
    log_close();
    unlink(path);
}

TestSuite(gate, .init = set_up, .fini = tear_down);
TestSuite(brief_gate, .init = set_up_brief, .fini = tear_down);

static int call(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Run the loop until the gate has had so many callers in all, and so many stand outside. */
static void run_until(uint64_t gone, size_t outside)
{
    double end = clock_seconds() + WAIT_SECONDS;

    while ((gate_refused(gate) + gate_passed(gate) < gone || gate_callers(gate) != outside) &&
           clock_seconds() < end) {
        ev_run(loop, EVRUN_NOWAIT);
        poll(NULL, 0, 1);
    }
    cr_assert_eq(gate_refused(gate) + gate_passed(gate), gone);
    cr_assert_eq(gate_callers(gate), outside);
}

static bool is_cut(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* What the gate does reaches the caller a moment later. */
static bool gets_cut(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, WAIT_MS) == 1 && is_cut(fd);
}

static bool logged(const char *text)
{
    char bytes[8192] = "";
    FILE *file = fopen(path, "r");
    size_t n = fread(bytes, 1, sizeof bytes - 1, file);

    fclose(file);
    bytes[n] = '\0';
    return strstr(bytes, text) != NULL;
}

static void make_hello(uint8_t out[LANE_HELLO_BYTES])
{
    struct lane_hello h = {.id = 7, .src = 0x80001, .dst = 0x40001};

    lane_hello_encode(out, &h);
}

Test(gate, takes_the_hello_and_nothing_more)
{
    uint8_t bytes[LANE_HELLO_BYTES + 5];
    char rest[16];
    int fd = call();

    make_hello(bytes);
    memcpy(bytes + LANE_HELLO_BYTES, "after", 5);
    cr_assert_eq(send(fd, bytes, 10, 0), 10); /* in two parts, the second with more behind */
    run_until(0, 1);
    cr_assert_eq(hellos, 0);
    cr_assert_eq(send(fd, bytes + 10, sizeof bytes - 10, 0), (ssize_t)sizeof bytes - 10);
    run_until(1, 0);
    cr_assert(hellos == 1 && gate_passed(gate) == 1 && memcmp(last, bytes, sizeof last) == 0);
    cr_assert_eq(recv(kept, rest, sizeof rest, 0), 5);
    cr_assert_eq(memcmp(rest, "after", 5), 0);
    cr_assert_eq(send(kept, "back", 4, 0), 4);
    cr_assert_eq(recv(fd, rest, sizeof rest, 0), 4);
    cr_assert_neq(fcntl(kept, F_GETFL) & O_NONBLOCK, 0);
    cr_assert(!logged("refused"));
}

Test(gate, each_refusal_has_its_reason)
{
    uint8_t bytes[LANE_HELLO_BYTES];
    int wrong = call(), half = call(), none = call(), bad;

    make_hello(bytes);
    cr_assert_eq(send(wrong, "GET / HTTP/1.1\r\n", 16, 0), 16);
    cr_assert_eq(send(half, bytes, 30, 0), 30);
    shutdown(half, SHUT_WR);
    shutdown(none, SHUT_WR);
    run_until(2, 0);
    cr_assert(gets_cut(half) && gets_cut(none));
    cr_assert(logged("a connection from 127.0.0.1 to the lane port was refused: what it sent is "
                     "not the protocol of this port"));
    cr_assert(logged("it hung up in the middle of its hello"));
    verdict = "for a reason of the test";
    bad = call();
    cr_assert_eq(send(bad, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    run_until(3, 0);
    cr_assert(gets_cut(bad) && hellos == 1 && gate_passed(gate) == 0);
    cr_assert(logged("refused: for a reason of the test"));
}

Test(brief_gate, who_says_nothing_is_refused)
{
    int silent = call();

    run_until(0, 1);
    run_until(1, 0); /* its time is over */
    cr_assert(gets_cut(silent) && logged("it did not prove itself in time"));
}

Test(gate, a_crowd_is_bounded)
{
    uint8_t bytes[LANE_HELLO_BYTES];
    int fd[MOST + 2];

    for (int i = 0; i < MOST; i++)
        fd[i] = call();
    run_until(0, MOST);
    fd[MOST] = call();
    run_until(1, MOST);
    cr_assert(gets_cut(fd[0]) && !is_cut(fd[1]));
    cr_assert(logged("too many wait to prove themselves, and it has waited longest"));
    make_hello(bytes); /* who belongs here gets through all the same */
    fd[MOST + 1] = call();
    cr_assert_eq(send(fd[MOST + 1], bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    run_until(3, MOST - 1);
    cr_assert(gate_passed(gate) == 1 && gets_cut(fd[1]) && !is_cut(fd[2]));
}

Test(gate, a_port_that_is_taken)
{
    struct gate_config config = {.callers = MOST, .patience = PATIENCE, .hello = on_hello};
    struct gate *other = gate_create(loop, &config);

    cr_assert_eq(gate_listen(other, "127.0.0.1", port), DVM_ERR_SYSTEM);
    cr_assert_not_null(strstr(dvm_last_error(), "lane port"));
    cr_assert_eq(gate_listen(other, "no address", port), DVM_ERR_SYSTEM);
    gate_destroy(other);
    gate_destroy(NULL);
}
