/* Requests to the ZAP handler, from anywhere: any number of parts of any length. Only a
 * listed key, asked for in the form of the protocol, is answered with 200; every request
 * is answered, with the version and number that it had. */
#include <ev.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "daemon/links/zap.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENDPOINT "inproc://zeromq.zap.01"
#define PARTS_MAX 12
#define PART_MAX 1024
#define PARTS 7
#define ANSWER_PARTS 6
#define WAIT_MS 1000
#define USER "h 2 1"

static struct pool *pool;
static struct zap *zap;
static void *asker;
static uint8_t listed[KEY_BYTES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    memset(listed, 'k', sizeof listed);
    pool = pool_create(ev_loop_new(0));
    zap = pool ? zap_create(pool) : NULL;
    asker = zap ? zmq_socket(pool_context(pool), ZMQ_REQ) : NULL;
    if (!asker || zmq_connect(asker, ENDPOINT) != 0 || zap_allow(zap, listed, USER) != 0)
        abort();
    return 0;
}

/* A part as the protocol wants it in this place, or what the input says. */
static size_t next_part(struct input *in, unsigned place, uint8_t *part)
{
    static const char *const good[PARTS] = {"1.0", "7", ZAP_DOMAIN, "192.0.2.1", "", "CURVE", ""};
    unsigned how = (unsigned)input_int(in, 2);
    size_t n = how >> 3;

    if (place < PARTS - 1 && (how & 7) != 0) {
        memcpy(part, good[place], strlen(good[place]));
        return strlen(good[place]);
    }
    if ((how & 7) == 1) {
        memcpy(part, listed, sizeof listed);
        return sizeof listed;
    }
    n = n < PART_MAX ? n : PART_MAX;
    n = n < in->left ? n : in->left;
    memcpy(part, in->at, n);
    in->at += n;
    in->left -= n;
    return n;
}

static void ask(struct input *in, bool *welcome)
{
    uint8_t part[PART_MAX];
    unsigned count = 1 + (unsigned)input_int(in, 1) % PARTS_MAX;

    *welcome = count == PARTS;
    for (unsigned i = 0; i < count; i++) {
        size_t n = next_part(in, i, part);

        if (i == PARTS - 1)
            *welcome = *welcome && n == KEY_BYTES && memcmp(part, listed, n) == 0;
        zmq_send(asker, part, n, i + 1 < count ? ZMQ_SNDMORE : 0);
    }
}

static void check_answer(bool welcome)
{
    char part[PART_MAX];
    int more = 1, n = 0;
    size_t size = sizeof more;

    for (; more; n++) {
        int got = zmq_recv(asker, part, sizeof part, ZMQ_DONTWAIT);

        if (got < 0)
            abort(); /* without an answer ZeroMQ's handshake would hang */
        if (n == 2 && got != 3)
            abort();
        if (n == 2 && memcmp(part, "200", 3) == 0 && !welcome)
            abort();
        zmq_getsockopt(asker, ZMQ_RCVMORE, &more, &size);
    }
    if (n != ANSWER_PARTS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    zmq_pollitem_t answer = {.socket = asker, .events = ZMQ_POLLIN};
    bool welcome;

    while (in.left > 0) {
        ask(&in, &welcome);
        for (int i = 0; i < WAIT_MS && zmq_poll(&answer, 1, 0) == 0; i++)
            pool_wait(pool, 1);
        check_answer(welcome);
    }
    return 0;
}
