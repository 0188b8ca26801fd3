/* What comes to the lane port, from anywhere, in pieces of any length: the gate takes no byte
 * behind a hello, and hands on only what begins like one; hello and answer are refused, or
 * can be written again as they were. */
#include <ev.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/lanes/expected.h"
#include "daemon/lanes/gate.h"
#include "daemon/lanes/mac.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLERS 2
#define EXPECTED 4

static struct ev_loop *loop;
static struct expected *expected;
static uint8_t said[LANE_HELLO_BYTES]; /* the first bytes of the connection at hand */

static void decode(const uint8_t *data, size_t size)
{
    uint8_t again[LANE_HELLO_BYTES];
    struct lane_hello h;
    struct lane_answer a;

    if (lane_hello_decode(&h, data, size) == 0) {
        lane_hello_encode(again, &h);
        if (size != LANE_HELLO_BYTES || memcmp(again, data, size) != 0 ||
            !lane_hello_begins(data, size))
            abort();
    }
    if (lane_answer_decode(&a, data, size) == 0) {
        lane_answer_encode(again, &a);
        if (size != LANE_ANSWER_BYTES || memcmp(again, data, size) != 0)
            abort();
    }
}

static const char *on_hello(void *arg, const uint8_t hello[LANE_HELLO_BYTES], int fd)
{
    const struct expected_lane *lane;
    struct lane_hello h;

    if (memcmp(hello, said, LANE_HELLO_BYTES) != 0 || !lane_hello_begins(hello, LANE_HELLO_BYTES))
        abort();
    decode(hello, LANE_HELLO_BYTES);
    if (lane_hello_decode(&h, hello, LANE_HELLO_BYTES))
        return "it is none";
    lane = expected_find(expected, h.id, 0);
    if (!lane || !mac_check(h.mac, lane->key, hello, LANE_HELLO_SIGNED))
        return "it is not expected";
    expected_drop(expected, h.id);
    return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *why;

    input_be_quiet();
    if (!mac_load(&why))
        return 1;
    loop = ev_loop_new(EVFLAG_AUTO);
    return loop ? 0 : 1;
}

static void begin(struct input *in)
{
    expected = expected_create(EXPECTED, 1);
    for (int i = 0; i < EXPECTED; i++) {
        struct expected_lane lane = {.id = input_int(in, 1)};

        expected_add(expected, &lane, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_config config = {.callers = CALLERS, .patience = 1, .hello = on_hello};
    struct gate *gate = gate_create(loop, &config);
    struct sockaddr_storage from = {.ss_family = AF_INET};
    struct input in = {data, size};

    decode(data, size);
    begin(&in);
    while (in.left > 0) { /* connections, one after the other; those that wait stay */
        size_t whole = (size_t)input_int(&in, 1), done = 0, behind;
        int ends[2];
        char rest[256];
        ssize_t left;

        whole = whole < in.left ? whole : in.left;
        memcpy(said, in.at, whole < sizeof said ? whole : sizeof said);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
            abort();
        gate_admit(gate, fcntl(ends[0], F_DUPFD_CLOEXEC, 0), &from);
        while (done < whole) {
            size_t piece = in.at[done] % 64 + 1u;

            piece = piece < whole - done ? piece : whole - done;
            if (send(ends[1], in.at + done, piece, MSG_NOSIGNAL) < 0)
                break;
            done += piece;
            ev_run(loop, EVRUN_NOWAIT);
        }
        in.at += whole;
        in.left -= whole;
        left = recv(ends[0], rest, sizeof rest, 0);
        behind = done > LANE_HELLO_BYTES ? done - LANE_HELLO_BYTES : 0;
        if (behind > 0 && left < (ssize_t)behind)
            abort(); /* a byte behind a hello was taken */
        close(ends[0]);
        shutdown(ends[1], SHUT_WR);
        ev_run(loop, EVRUN_NOWAIT);
        close(ends[1]);
    }
    gate_destroy(gate);
    expected_destroy(expected);
    return 0;
}
