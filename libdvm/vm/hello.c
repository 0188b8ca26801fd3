/* hello.c: from a connected socket to a task: HELLO, WELCOME, the inbox.
 *
 * This happens before the message layers run, so packets are read here: one frame
 * each, the longest WELCOME (a large world) in several. What the daemon sent is
 * checked as if it were a stranger's: a segment that could shrink would kill this
 * task with SIGBUS.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "group/group.h"
#include "group/host.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "proto/passed.h"
#include "proto/segment.h"
#include "vm/vm.h"

#define WELCOME_SECONDS 30.0        /* how long the daemon may take to answer */
#define WELCOME_MAX (4 * 1024 * 1024) /* bytes of a WELCOME, all its frames together */
#define TOKEN_MAX 64                /* bytes of a token */
#define PROGRAM_MAX 256             /* bytes of a program's path told for display */
#define MS_PER_SECOND 1e3

/* What has come of the answer. */
struct arrival {
    uint8_t packet[DVM_FRAME_MAX];
    struct dvm_frame frame; /* of the last packet */
    uint8_t *payload;       /* owned: the whole answer */
    size_t used;
    int fd;                 /* the inbox, -1 for none */
};

/* The bytes of a hex text; their number, or -1 when it is none. */
static int token_bytes(const char *hex, uint8_t out[TOKEN_MAX])
{
    size_t length = strlen(hex);

    if (length % 2 || length / 2 > TOKEN_MAX || strspn(hex, "0123456789abcdefABCDEF") != length)
        return -1;
    for (size_t i = 0; i < length / 2; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (int)(length / 2);
}

static int send_frame(int socket, int type, const uint8_t *payload, size_t length)
{
    const struct dvm_frame f = {.version = DVM_FRAME_VERSION,
                                .op = DVM_OP_CONTROL,
                                .tag = type,
                                .size = length,
                                .ref = 1,
                                .length = (uint32_t)length};
    uint8_t header[DVM_FRAME_BYTES];
    struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)payload, length}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;

    assert(length <= DVM_PAYLOAD_MAX);
    dvm_frame_encode(header, &f);
    do
        sent = sendmsg(socket, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    /* one that has closed the connection already has said why */
    if (sent < 0 && errno != EPIPE && errno != ECONNRESET && errno != ECONNREFUSED)
        return dvm_fail_errno(DVM_ERR_LOST_DAEMON, "the daemon cannot be spoken to");
    return DVM_OK;
}

static int say_hello(int socket, const char *token, bool owner)
{
    Dvm__Pb__Hello hello = DVM__PB__HELLO__INIT;
    uint8_t packed[DVM_PAYLOAD_MAX], bytes[TOKEN_MAX];
    char program[PROGRAM_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    int token_length = token ? token_bytes(token, bytes) : 0;

    if (token_length < 0)
        return dvm_fail(DVM_ERR_ARG, "DVM_TOKEN is no token of this machine's daemon");
    program[n > 0 ? n : 0] = '\0';
    hello.protocol_min = VM_PROTOCOL_MIN;
    hello.protocol_max = VM_PROTOCOL_MAX;
    hello.role = VM_ROLE_TASK;
    hello.token.data = bytes;
    hello.token.len = (size_t)token_length;
    hello.pid = getpid();
    hello.program = program;
    hello.version = (char *)(uintptr_t)dvm_version_text();
    hello.representation = group_representation();
    hello.owner = owner;
    return send_frame(socket, DVM_CTL_HELLO, packed, dvm__pb__hello__pack(&hello, packed));
}

/* Wait for one packet until the deadline; its size in bytes or an error. */
static ssize_t receive_packet(int socket, struct arrival *a, double deadline)
{
    union passed_room room;
    struct iovec part = {a->packet, sizeof a->packet};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    struct pollfd p = {.fd = socket, .events = POLLIN};
    bool reset = false;
    ssize_t got;

    for (;;) {
        double left = deadline - clock_seconds();
        int ready = poll(&p, 1, left > 0 ? (int)(left * MS_PER_SECOND) + 1 : 0);

        if (ready == 0)
            return dvm_fail(DVM_ERR_TIMEOUT,
                            "the daemon of this host has not answered within %.0f s; it may be "
                            "stopped or too busy",
                            WELCOME_SECONDS);
        if (ready < 0 && errno != EINTR)
            return dvm_fail_errno(DVM_ERR_SYSTEM, "the daemon's answer cannot be waited for");
        if (ready < 0)
            continue;
        passed_expect(&m, &room);
        got = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got > 0)
            break;
        /* told once, before a refusal that came before HELLO was read */
        if (got < 0 && errno == ECONNRESET && !reset)
            reset = true;
        else if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return dvm_fail(DVM_ERR_LOST_DAEMON,
                            "the daemon closed the connection without a word; its log says why");
    }
    passed_take(&m, &a->fd, a->fd < 0 ? 1 : 0); /* the inbox: one */
    return got;
}

/* Add a packet to the answer. Returns 1 when the answer is complete, 0, or an error. */
static int add_packet(struct arrival *a, size_t bytes)
{
    struct dvm_frame *f = &a->frame;
    int rc = dvm_frame_decode(f, a->packet, bytes);
    uint8_t *more;

    if (rc == DVM_ERR_VERSION)
        return dvm_fail(rc, "the daemon of this host speaks another version of the protocol; "
                            "libdvm %s and dvmd must go together", dvm_version_text());
    if (rc != DVM_OK || f->op != DVM_OP_CONTROL || f->size > WELCOME_MAX ||
        f->length > WELCOME_MAX - a->used)
        return dvm_fail(DVM_ERR_PROTOCOL, "what answered HELLO is no daemon of DVM");
    more = realloc(a->payload, a->used + f->length + 1);
    if (!more)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for the daemon's answer");
    a->payload = more;
    memcpy(a->payload + a->used, a->packet + DVM_FRAME_BYTES, f->length);
    a->used += f->length;
    return a->used >= f->size || f->length == 0;
}

/* The error that a REFUSE (or FAIL, which has the same fields) tells. */
static int refused(const struct arrival *a)
{
    Dvm__Pb__Refuse *r = dvm__pb__refuse__unpack(NULL, a->used, a->payload);
    int code;

    if (!r)
        return vm_bad_answer(DVM_CTL_REFUSE);
    code = r->code < 0 ? r->code : DVM_ERR_REFUSED;
    dvm_fail(code, "%s", r->text[0] ? r->text : dvm_error_text(code));
    dvm__pb__refuse__free_unpacked(r, NULL);
    return code;
}

/* An inbox of this task alone: the daemon's has its words in the other byte order. */
static struct dvm_inbox *own_inbox(const struct vm_welcome *w)
{
    struct dvm_inbox *inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (inbox == MAP_FAILED)
        return inbox;
    inbox->magic = DVM_INBOX_MAGIC;
    inbox->version = DVM_SEGMENT_VERSION;
    inbox->tid = w->tid;
    inbox->index = w->index;
    return inbox;
}

static int check_inbox(const struct dvm_inbox *inbox, const struct vm_welcome *w)
{
    if (inbox->magic == DVM_INBOX_MAGIC && inbox->version != DVM_SEGMENT_VERSION)
        return dvm_fail(DVM_ERR_VERSION,
                        "this host's daemon and this program's library are different builds of "
                        "DVM (shared memory of version %u and %d); start the machine and link the "
                        "program from one installation", (unsigned)inbox->version,
                        DVM_SEGMENT_VERSION);
    if (inbox->magic != DVM_INBOX_MAGIC || inbox->tid != w->tid || inbox->index != w->index ||
        w->index > DVM_INDEX_MAX)
        return dvm_fail(DVM_ERR_PROTOCOL, "the inbox that the daemon passed is not this task's");
    return DVM_OK;
}

/* Map the inbox and check that it is this task's. */
static int map_inbox(int fd, struct vm_welcome *w, struct dvm_inbox **out)
{
    const int sealed = F_SEAL_SHRINK | F_SEAL_GROW;
    struct dvm_inbox *inbox;
    struct stat st;
    int rc;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size != DVM_INBOX_BYTES ||
        (fcntl(fd, F_GET_SEALS) & sealed) != sealed)
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon's WELCOME came without a sound inbox");
    inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (inbox == MAP_FAILED)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "this task's inbox cannot be mapped");
    if (inbox->magic == __builtin_bswap32(DVM_INBOX_MAGIC)) {
        munmap(inbox, DVM_INBOX_BYTES);
        w->alone = true;
        inbox = own_inbox(w);
        if (inbox == MAP_FAILED)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for this task's inbox");
    }
    rc = check_inbox(inbox, w);
    if (rc != DVM_OK) {
        munmap(inbox, DVM_INBOX_BYTES);
        return rc;
    }
    *out = inbox;
    return DVM_OK;
}

/* Take over the fields of WELCOME; checks what everything else relies on. */
static int take_fields(const Dvm__Pb__Welcome *m, struct vm_welcome *w)
{
    if (m->protocol < VM_PROTOCOL_MIN || m->protocol > VM_PROTOCOL_MAX)
        return dvm_fail(DVM_ERR_VERSION,
                        "the daemon of this host (%s) chose version %u of the protocol, but "
                        "libdvm %s speaks %d to %d",
                        m->version, m->protocol, dvm_version_text(), VM_PROTOCOL_MIN,
                        VM_PROTOCOL_MAX);
    if (!DVM_TID_OK(m->tid) || DVM_TID_N(m->tid) == 0 || m->n_world_tids < 1 ||
        m->rank >= m->n_world_tids || m->slot > DVM_SLOT_MAX || m->coordinator > DVM_SLOT_MAX)
        return vm_bad_answer(DVM_CTL_WELCOME);
    for (size_t i = 0; i < m->n_world_tids; i++)
        if (!DVM_TID_OK(m->world_tids[i]))
            return vm_bad_answer(DVM_CTL_WELCOME);
    *w = (struct vm_welcome){.tid = m->tid,
                             .parent = m->parent,
                             .slot = (int)m->slot,
                             .coordinator = (int)m->coordinator,
                             .world = m->world,
                             .world_size = (int)m->n_world_tids,
                             .rank = (int)m->rank,
                             .index = m->index,
                             .child = m->child,
                             .bound = m->bound,
                             .neighbours = m->neighbours < m->n_world_tids
                                               ? (int)m->neighbours
                                               : (int)m->n_world_tids};
    snprintf(w->host, sizeof w->host, "%s", m->host);
    snprintf(w->machine, sizeof w->machine, "%s", m->machine);
    w->world_tids = malloc(m->n_world_tids * sizeof *w->world_tids);
    if (!w->world_tids)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a world of %zu tasks",
                        m->n_world_tids);
    for (size_t i = 0; i < m->n_world_tids; i++)
        w->world_tids[i] = m->world_tids[i];
    return DVM_OK;
}

static void learn_hosts(const Dvm__Pb__Welcome *m)
{
    host_forget();
    for (size_t i = 0; i < m->n_hosts; i++)
        host_learn((int)m->hosts[i]->slot, m->hosts[i]->name);
}

static int take_welcome(const struct arrival *a, struct vm_welcome *welcome)
{
    Dvm__Pb__Welcome *m = dvm__pb__welcome__unpack(NULL, a->used, a->payload);
    struct vm_welcome w = {0};
    int rc;

    if (!m)
        return vm_bad_answer(DVM_CTL_WELCOME);
    rc = take_fields(m, &w);
    if (rc == DVM_OK)
        learn_hosts(m);
    dvm__pb__welcome__free_unpacked(m, NULL);
    if (rc == DVM_OK)
        rc = map_inbox(a->fd, &w, &w.inbox);
    if (rc == DVM_OK)
        *welcome = w;
    else
        free(w.world_tids);
    return rc;
}

static int judge(const struct arrival *a, struct vm_welcome *welcome)
{
    switch (a->frame.tag) {
    case DVM_CTL_WELCOME:
        return take_welcome(a, welcome);
    case DVM_CTL_REFUSE:
    case DVM_CTL_FAIL:
        return refused(a);
    default:
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon answered HELLO with %s",
                        dvm_control_name(a->frame.tag));
    }
}

int hello_enrol(int socket, const char *token, bool owner, struct vm_welcome *welcome)
{
    double deadline = clock_seconds() + WELCOME_SECONDS;
    struct arrival *a = malloc(sizeof *a); /* large: pages that are not written cost nothing */
    int rc;

    if (!a)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to become a task");
    a->payload = NULL;
    a->used = 0;
    a->fd = -1;
    rc = say_hello(socket, token, owner);
    while (rc == DVM_OK) {
        ssize_t got = receive_packet(socket, a, deadline);

        rc = got < 0 ? (int)got : add_packet(a, (size_t)got);
    }
    if (rc == 1)
        rc = judge(a, welcome);
    if (a->fd >= 0)
        close(a->fd);
    free(a->payload);
    free(a);
    return rc;
}
