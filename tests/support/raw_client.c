/* raw_client.c: see raw_client.h. */
#include "tests/support/raw_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/runtime.h"

#define MS_PER_SECOND 1e3
#define TOKEN_MAX 64
#define HELLO_MAX 512

struct raw_client *raw_connect(const char *folder)
{
    struct raw_client *c = calloc(1, sizeof *c);

    if (c && runtime_connect(folder, &c->fd) == 0)
        return c;
    free(c);
    return NULL;
}

static void drop_fds(struct raw_client *c)
{
    for (int i = 0; i < c->fd_count; i++)
        close(c->fds[i]);
    c->fd_count = 0;
}

void raw_close(struct raw_client *c)
{
    if (!c)
        return;
    drop_fds(c);
    close(c->fd);
    free(c);
}

bool raw_packet(struct raw_client *c, const void *bytes, size_t size, const int *fds,
                int fd_count)
{
    union passed_room room;
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    passed_put(&m, &room, fds, fd_count);
    return sendmsg(c->fd, &m, MSG_NOSIGNAL) == (ssize_t)size;
}

bool raw_send(struct raw_client *c, struct dvm_frame f, const void *payload, size_t length,
              const int *fds, int fd_count)
{
    uint8_t *bytes = malloc(DVM_FRAME_BYTES + length);
    bool ok;

    f.version = DVM_FRAME_VERSION;
    f.length = (uint32_t)length;
    dvm_frame_encode(bytes, &f);
    if (length)
        memcpy(bytes + DVM_FRAME_BYTES, payload, length);
    ok = raw_packet(c, bytes, DVM_FRAME_BYTES + length, fds, fd_count);
    free(bytes);
    return ok;
}

uint64_t raw_control(struct raw_client *c, int dst, int type, const ProtobufCMessage *m)
{
    size_t size = m ? protobuf_c_message_get_packed_size(m) : 0, at = 0;
    uint8_t *bytes = malloc(size + 1);
    struct dvm_frame f = {.op = DVM_OP_CONTROL, .src = c->tid, .dst = dst, .tag = type,
                          .ref = ++c->refs, .size = size};

    if (m)
        protobuf_c_message_pack(m, bytes);
    do {
        size_t part = size - at < DVM_PAYLOAD_MAX ? size - at : DVM_PAYLOAD_MAX;

        f.extra = at;
        raw_send(c, f, bytes + at, part, NULL, 0);
        at += part;
    } while (at < size);
    free(bytes);
    return c->refs;
}

bool raw_hello(struct raw_client *c, int role, const char *hex_token, unsigned min, unsigned max)
{
    Dvm__Pb__Hello h = DVM__PB__HELLO__INIT;
    uint8_t bytes[HELLO_MAX], token[TOKEN_MAX];
    struct dvm_frame f = {.op = DVM_OP_CONTROL, .tag = DVM_CTL_HELLO};

    h.protocol_min = min;
    h.protocol_max = max;
    h.role = (uint32_t)role;
    h.pid = getpid();
    h.program = (char *)(uintptr_t)"raw";
    h.version = (char *)(uintptr_t)"9.9";
    for (h.token.len = 0; hex_token && hex_token[2 * h.token.len]; h.token.len++)
        sscanf(hex_token + 2 * h.token.len, "%2hhx", &token[h.token.len]);
    h.token.data = token;
    f.size = dvm__pb__hello__pack(&h, bytes);
    return raw_send(c, f, bytes, f.size, NULL, 0);
}

/* One packet: as raw_receive, the payload at an offset. */
static int receive_packet(struct raw_client *c, double deadline, size_t offset)
{
    static uint8_t packet[DVM_FRAME_MAX];
    union passed_room room;
    struct iovec part = {packet, sizeof packet};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    double left = deadline - clock_seconds();
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t got;

    if (poll(&p, 1, left > 0 ? (int)(left * MS_PER_SECOND) : 0) <= 0)
        return -1;
    passed_expect(&m, &room);
    do
        got = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got <= 0 || dvm_frame_decode(&c->frame, packet, (size_t)got) ||
        offset + c->frame.length > sizeof c->payload)
        return 0;
    memcpy(c->payload + offset, packet + DVM_FRAME_BYTES, c->frame.length);
    c->fd_count = passed_take(&m, c->fds, PASSED_MAX);
    return 1;
}

int raw_receive(struct raw_client *c, double seconds)
{
    double deadline = clock_seconds() + seconds;
    size_t have = 0;
    int r;

    drop_fds(c);
    do {
        r = receive_packet(c, deadline, have);
        if (r <= 0)
            return r;
        have += c->frame.length;
    } while (c->frame.op == DVM_OP_CONTROL && have < c->frame.size);
    c->frame.length = (uint32_t)have;
    return 1;
}

bool raw_expect(struct raw_client *c, int type)
{
    double deadline = clock_seconds() + RAW_SECONDS;

    while (raw_receive(c, deadline - clock_seconds()) > 0)
        if (c->frame.op == DVM_OP_CONTROL && c->frame.tag == type)
            return true;
    return false;
}

struct raw_client *raw_enrol(const char *folder, int role, const char *hex_token)
{
    struct raw_client *c = raw_connect(folder);
    Dvm__Pb__Welcome *w;

    if (!c)
        return NULL;
    if (!raw_hello(c, role, hex_token, 1, 1) || raw_receive(c, RAW_SECONDS) <= 0 ||
        c->frame.tag != DVM_CTL_WELCOME) {
        raw_close(c);
        return NULL;
    }
    w = dvm__pb__welcome__unpack(NULL, c->frame.length, c->payload);
    c->tid = w->tid;
    c->slot = (int)w->slot;
    dvm__pb__welcome__free_unpacked(w, NULL);
    return c;
}

const char *raw_text(struct raw_client *c, int *code)
{
    static char text[1024];
    Dvm__Pb__Fail *f = dvm__pb__fail__unpack(NULL, c->frame.length, c->payload);

    *code = f ? f->code : 0;
    snprintf(text, sizeof text, "%s", f ? f->text : "");
    dvm__pb__fail__free_unpacked(f, NULL);
    return text;
}
