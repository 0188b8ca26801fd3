/* door.c: callers at the control port, with real connections and made up events.
 *
 * Protects: a crowd of callers is bounded, the oldest goes first, and who was let in
 * stays; each refusal has its reason; a number that has become something else by the
 * time its event is read is never touched.
 */
#include "daemon/links/door.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/log.h"

#define PATIENCE_MS 1000
#define MOST 3
#define FILES (MOST * DOOR_FILES_SHARE * DOOR_FILES_EACH)
#define CALLERS 8
#define LATE_MS 5000
#define WAIT_MS 60000

static struct door *door;
static int listening, port;
static int far[CALLERS], near[CALLERS]; /* the caller's end and ours */
static char path[] = "/tmp/dvm-door-XXXXXX";

static void set_up(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    listening = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listening, (struct sockaddr *)&a, sizeof a), 0);
    listen(listening, CALLERS);
    getsockname(listening, (struct sockaddr *)&a, &size);
    port = ntohs(a.sin_port);
    for (int i = 0; i < CALLERS; i++) {
        far[i] = socket(AF_INET, SOCK_STREAM, 0);
        cr_assert_eq(connect(far[i], (struct sockaddr *)&a, sizeof a), 0);
        near[i] = accept(listening, NULL, NULL);
    }
    close(mkstemp(path));
    log_open(path, LOG_INFO, false);
    door = door_create(port, FILES, PATIENCE_MS);
}

static void tear_down(void)
{
    door_destroy(door);
    log_close();
    unlink(path);
}

TestSuite(door, .init = set_up, .fini = tear_down);

static void come(int i, uint64_t now)
{
    door_event(door, ZMQ_EVENT_ACCEPTED, (uint32_t)near[i], now);
}

static void go(int i, uint64_t now)
{
    door_event(door, ZMQ_EVENT_DISCONNECTED, (uint32_t)near[i], now);
}

/* Whether the caller sees the end of its connection, as is awaited or not. */
static bool is_cut(int i, bool awaited)
{
    struct pollfd p = {.fd = far[i], .events = POLLIN};
    char byte;

    return poll(&p, 1, awaited ? WAIT_MS : 50) == 1 && recv(far[i], &byte, 1, MSG_DONTWAIT) <= 0;
}

static bool logged(const char *text)
{
    char line[LOG_LINE_MAX];
    FILE *in = fopen(path, "r");
    bool found = false;

    while (fgets(line, sizeof line, in))
        found = found || strstr(line, text);
    fclose(in);
    return found;
}

Test(door, the_oldest_caller_is_cut_off_for_one_too_many)
{
    for (int i = 0; i < CALLERS; i++)
        come(i, 1);
    cr_assert_eq(door_callers(door), MOST);
    for (int i = 0; i < CALLERS; i++)
        cr_assert_eq(is_cut(i, i < CALLERS - MOST), i < CALLERS - MOST, "caller %d", i);
    cr_assert(logged("from 127.0.0.1 was refused: too many"));
    cr_assert_eq(door_refused(door), CALLERS - MOST);
    for (int i = 0; i < CALLERS; i++)
        go(i, 2);
    cr_assert_eq(door_callers(door), 0);
}

Test(door, who_was_let_in_is_no_caller_any_more)
{
    come(0, 1);
    cr_assert(!door_let_in(door, near[1]));
    door_event(door, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0, 1);
    cr_assert(door_let_in(door, near[0]));
    cr_assert(door_let_in(door, near[0]));
    for (int i = 1; i < CALLERS; i++)
        come(i, 2);
    cr_assert(!is_cut(0, false));
    cr_assert(is_cut(1, true));
    go(0, LATE_MS);
    cr_assert(!door_let_in(door, near[0]));
}

Test(door, each_refusal_has_its_reason)
{
    static const struct {
        int event;
        uint32_t value;
        const char *words;
    } rows[] = {
        {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
         "encrypted for another machine"},
        {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
         "does not encrypt"},
        {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
         "handshake is malformed"},
        {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 300, "key is not known"},
        {ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 0, "did not prove itself in time"},
        {0, 0, "not the protocol of this port"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        come(0, 1);
        cr_assert(!logged(rows[i].words));
        door_event(door, rows[i].event, rows[i].value, 1);
        go(0, LATE_MS);
        cr_assert(logged(rows[i].words), "no '%s'", rows[i].words);
    }
    cr_assert_eq(door_refused(door), sizeof rows / sizeof rows[0]);
}

Test(door, who_hangs_up_or_proved_itself_is_not_refused)
{
    come(0, 1);
    door_event(door, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 0, 2);
    go(0, 2);
    come(1, 1);
    door_event(door, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0, 2);
    go(1, LATE_MS);
    cr_assert_eq(door_refused(door), 0);
    cr_assert_eq(door_callers(door), 0);
}

Test(door, a_number_that_means_something_else_is_not_touched)
{
    int pair[2];
    struct pollfd p;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    door_event(door, ZMQ_EVENT_ACCEPTED, (uint32_t)pair[0], 1);
    door_event(door, ZMQ_EVENT_ACCEPTED, (uint32_t)listening, 1);
    door_event(door, ZMQ_EVENT_ACCEPTED, (uint32_t)STDIN_FILENO, 1);
    door_event(door, ZMQ_EVENT_ACCEPTED, 1000000, 1); /* closed since */
    for (int i = 0; i < CALLERS; i++)
        come(i, 2);
    p = (struct pollfd){.fd = pair[1], .events = POLLIN};
    cr_assert_eq(poll(&p, 1, 0), 0);
    p = (struct pollfd){.fd = listening, .events = POLLIN};
    cr_assert_eq(poll(&p, 1, 0), 0);
    cr_assert_eq(door_callers(door), MOST);
}

Test(door, numbers_come_again)
{
    for (int round = 0; round < 100; round++) {
        come(round % 2, 1);
        if (round % 3)
            go(round % 2, 2);
    }
    cr_assert_leq(door_callers(door), 2);
}
