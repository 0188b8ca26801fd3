/* fake_daemon.c: a router for tasks that are forked from a test.
 *
 * One poll loop over the tasks' sockets. What a socket does not take waits in a
 * queue, so the router never blocks and always reads, as a daemon does.
 */
#include "tests/support/fake_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "dvm.h"
#include "match/match.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/lane_hello.h"
#include "proto/passed.h"
#include "proto/segment.h"
#include "tests/support/full_size.h"

#define TASKS_MAX 64
#define DIALS_MAX 64 /* LANE_OPENs and connections that wait for their hello */
#define POLL_MS 2
#define US_NS 1000
#define FLUSH_SECONDS 100.0
#define LINE_SECONDS "60"

struct packet {
    struct packet *next;
    int fds[PASSED_MAX], fd_count;
    size_t bytes;
    uint8_t data[];
};

struct client {
    int tid, pid, fd, inbox_fd;
    unsigned index;
    struct dvm_inbox *inbox;
    struct packet *first, *last;
    bool over;                 /* its socket is closed: told of */
    bool left;
    bool ended;                /* the process is reaped */
    int status;
    bool watchers[TASKS_MAX];
};

/* A LANE_OPEN, until its connection has come. */
struct dial {
    uint64_t id; /* 0: free */
    int from, to;
    uint8_t key[LANE_KEY_BYTES];
};

struct router {
    struct dial dials[DIALS_MAX];
    int callers[DIALS_MAX]; /* accepted, without hello yet; 0: free */
    int count;
    struct client clients[TASKS_MAX];
    int tids[TASKS_MAX];
    const struct fake_options *options;
    bool killed;
    double ready; /* from when kill_us counts; 0: not yet */
};

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

void fake_complain(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: task %d: not so: %s (last error: %s)\n", file, line, (int)getpid(),
            condition, dvm_last_error());
}

uint32_t fake_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

uint64_t fake_seed(const char *test)
{
    const char *text = getenv("DVM_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : clock_ns();

    fprintf(stderr, "%s: DVM_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return seed;
}

static void die(const char *what)
{
    perror(what);
    abort();
}

/* ---- the router's side --------------------------------------------------------- */

static void drop_first(struct client *c)
{
    struct packet *p = c->first;

    for (int i = 0; i < p->fd_count; i++)
        close(p->fds[i]);
    c->first = p->next;
    if (!c->first)
        c->last = NULL;
    free(p);
}

/* Write what the socket takes. */
static void flush(struct client *c)
{
    while (c->first && !c->over) {
        struct packet *p = c->first;
        union passed_room room;
        struct iovec part = {p->data, p->bytes};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

        passed_put(&message, &room, p->fds, p->fd_count);
        if (sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            if (errno == EAGAIN || errno == EINTR)
                return;
        }
        drop_first(c);
        dvm_inbox_ring(c->inbox, DVM_INDEX_DAEMON);
    }
}

static void put(struct client *c, const struct dvm_frame *frame, const void *payload,
                const int *fds, int fd_count)
{
    struct packet *p = malloc(sizeof *p + DVM_FRAME_BYTES + frame->length);

    p->next = NULL;
    p->bytes = DVM_FRAME_BYTES + frame->length;
    p->fd_count = fd_count;
    for (int i = 0; i < fd_count; i++)
        p->fds[i] = dup(fds[i]);
    dvm_frame_encode(p->data, frame);
    if (frame->length)
        memcpy(p->data + DVM_FRAME_BYTES, payload, frame->length);
    if (c->last)
        c->last->next = p;
    else
        c->first = p;
    c->last = p;
    flush(c);
}

static void control(struct client *c, int type, uint64_t ref, int flags, const void *payload,
                    size_t length, const int *fds, int fd_count)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                              .flags = (uint8_t)flags,
                              .src = DVM_TID_DAEMON(c->tid >> DVM_TID_N_BITS), .dst = c->tid,
                              .tag = type, .ref = ref, .length = (uint32_t)length};

    put(c, &frame, payload, fds, fd_count);
}

static struct client *client_of(struct router *r, int tid)
{
    for (int i = 0; i < r->count; i++)
        if (r->clients[i].tid == tid)
            return &r->clients[i];
    return NULL;
}

static void tell_gone(struct client *to, int tid, const struct client *dead)
{
    Dvm__Pb__Gone gone = DVM__PB__GONE__INIT;
    uint8_t buffer[256];

    gone.tid = tid;
    gone.code = dead ? DVM_ERR_TASK_GONE : DVM_ERR_NO_TASK;
    gone.text = dead ? (dead->left ? "it called dvm_finalize" : "killed by signal 9") : "never was";
    gone.left = dead && dead->left;
    control(to, DVM_CTL_GONE, 0, 0, buffer, dvm__pb__gone__pack(&gone, buffer), NULL, 0);
}

static void tell_host_lost(struct client *to, const struct client *dead)
{
    Dvm__Pb__HostEvent event = DVM__PB__HOST_EVENT__INIT;
    Dvm__Pb__Host host = DVM__PB__HOST__INIT;
    uint8_t buffer[256];

    host.slot = (uint32_t)(dead->tid >> DVM_TID_N_BITS);
    host.name = "lostone";
    event.event = 3;
    event.host = &host;
    event.reason = "no word for 3 s";
    control(to, DVM_CTL_HOST_EVENT, 0, 0, buffer, dvm__pb__host_event__pack(&event, buffer),
            NULL, 0);
}

static void refuse(struct client *c)
{
    Dvm__Pb__Refuse refuse = DVM__PB__REFUSE__INIT;
    uint8_t buffer[64];

    refuse.code = DVM_ERR_PROTOCOL;
    refuse.text = "it sent nonsense";
    control(c, DVM_CTL_REFUSE, 0, 0, buffer, dvm__pb__refuse__pack(&refuse, buffer), NULL, 0);
}

static void pair_open(struct router *r, struct client *opener, int tid, uint64_t at,
                      const int *fds)
{
    struct client *peer = client_of(r, tid);
    Dvm__Pb__PairOffer pair = DVM__PB__PAIR_OFFER__INIT;
    uint8_t buffer[64];
    int offer[2];

    if (!peer || peer->over) {
        tell_gone(opener, tid, peer);
        return;
    }
    offer[0] = fds[0];
    offer[1] = opener->inbox_fd;
    pair.tid = opener->tid;
    pair.index = opener->index;
    pair.at = at;
    control(peer, DVM_CTL_PAIR_OFFER, 0, 0, buffer, dvm__pb__pair_offer__pack(&pair, buffer),
            offer, 2);
    pair.tid = peer->tid;
    pair.index = peer->index;
    pair.at = 0;
    control(opener, DVM_CTL_PAIR_READY, 0, 0, buffer, dvm__pb__pair_offer__pack(&pair, buffer),
            &peer->inbox_fd, 1);
}

static void ring(struct router *r, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Ring *m = dvm__pb__ring__unpack(NULL, frame->length, payload);
    struct client *peer = client_of(r, m->tid);

    if (peer && !peer->over)
        control(peer, DVM_CTL_RING, 0, 0, NULL, 0, NULL, 0);
    dvm__pb__ring__free_unpacked(m, NULL);
}

/* ---- direct lanes -------------------------------------------------------------- */

int fake_lane_listen(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, DIALS_MAX) ||
        getsockname(fd, (struct sockaddr *)&address, &length))
        die("fake_lane_listen");
    *port = ntohs(address.sin_port);
    return fd;
}

static void lane_refuse(struct client *c, const struct dvm_frame *frame)
{
    Dvm__Pb__Fail fail = DVM__PB__FAIL__INIT;
    uint8_t buffer[64];

    fail.code = DVM_ERR_REFUSED;
    fail.text = "no lanes here";
    control(c, DVM_CTL_FAIL, frame->ref, DVM_FLAG_REPLY, buffer, dvm__pb__fail__pack(&fail, buffer),
            NULL, 0);
}

static void lane_open(struct router *r, struct client *c, const struct dvm_frame *frame,
                      const uint8_t *payload)
{
    Dvm__Pb__LaneOpen *open = dvm__pb__lane_open__unpack(NULL, frame->length, payload);
    Dvm__Pb__LaneReady ready = DVM__PB__LANE_READY__INIT;
    char endpoint[ENDPOINT_BYTES], *address = endpoint;
    struct dvm_frame answer;
    uint8_t buffer[128];
    int i = 0;

    while (i < DIALS_MAX && r->dials[i].id)
        i++;
    if (!r->options->lane_port || i == DIALS_MAX) {
        lane_refuse(c, frame);
    } else {
        r->dials[i] = (struct dial){.id = open->id, .from = c->tid, .to = open->tid};
        memcpy(r->dials[i].key, open->key.data, LANE_KEY_BYTES);
        endpoint_write(endpoint, "127.0.0.1", r->options->lane_port);
        ready.id = open->id;
        ready.n_addresses = 1;
        ready.addresses = &address;
        ready.port = (uint32_t)r->options->lane_port;
        ready.security = r->options->lane_security ? (uint32_t)r->options->lane_security
                                                   : LANE_PLAIN;
        /* from the daemon of the peer's host */
        answer = (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                                   .flags = DVM_FLAG_REPLY, .src = frame->dst, .dst = c->tid,
                                   .tag = DVM_CTL_LANE_READY, .ref = frame->ref};

        answer.length = (uint32_t)dvm__pb__lane_ready__pack(&ready, buffer);
        put(c, &answer, buffer, NULL, 0);
    }
    dvm__pb__lane_open__free_unpacked(open, NULL);
}

static void lane_want(struct router *r, struct client *c, const struct dvm_frame *frame,
                      const uint8_t *payload)
{
    Dvm__Pb__LaneWant *want = dvm__pb__lane_want__unpack(NULL, frame->length, payload);
    struct client *to = client_of(r, want->tid);
    uint8_t buffer[16];

    want->tid = c->tid;
    if (r->options->lane_port && to && !to->over)
        control(to, DVM_CTL_LANE_WANT, 0, 0, buffer, dvm__pb__lane_want__pack(want, buffer),
                NULL, 0);
    dvm__pb__lane_want__free_unpacked(want, NULL);
}

static void lane_offer(struct router *r, struct dial *dial, const struct lane_hello *hello, int fd)
{
    Dvm__Pb__LaneOffer offer = DVM__PB__LANE_OFFER__INIT;
    struct client *to = client_of(r, dial->to);
    uint8_t buffer[160];

    offer.tid = dial->from;
    offer.id = dial->id;
    offer.key.data = dial->key;
    offer.key.len = LANE_KEY_BYTES;
    offer.nonce.data = (uint8_t *)(uintptr_t)hello->nonce;
    offer.nonce.len = LANE_NONCE_BYTES;
    offer.security = r->options->lane_security ? (uint32_t)r->options->lane_security : LANE_PLAIN;
    offer.ciphers = hello->ciphers;
    if (to && !to->over)
        control(to, DVM_CTL_LANE_OFFER, 0, 0, buffer, dvm__pb__lane_offer__pack(&offer, buffer),
                &fd, 1);
    dial->id = 0;
}

/* Take the hello of a connection; false: it has not come yet. */
static bool take_hello(struct router *r, int fd)
{
    uint8_t bytes[LANE_HELLO_BYTES];
    struct lane_hello hello;
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

    if ((got < 0 && errno == EAGAIN) || (got > 0 && got < (ssize_t)sizeof bytes))
        return false;
    if (got == (ssize_t)sizeof bytes && recv(fd, bytes, sizeof bytes, 0) == got &&
        !lane_hello_decode(&hello, bytes, sizeof bytes))
        for (int i = 0; i < DIALS_MAX; i++)
            if (r->dials[i].id == hello.id)
                lane_offer(r, &r->dials[i], &hello, fd);
    return true;
}

static void lane_callers(struct router *r)
{
    for (int i = 0; r->options->lane_port && i < DIALS_MAX; i++) {
        if (!r->callers[i]) {
            int fd = accept4(r->options->lane_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

            r->callers[i] = fd > 0 ? fd : 0;
        }
        if (r->callers[i] && take_hello(r, r->callers[i])) {
            close(r->callers[i]);
            r->callers[i] = 0;
        }
    }
}

static void on_control(struct router *r, struct client *c, const struct dvm_frame *frame,
                       const uint8_t *payload, const int *fds, int fd_count)
{
    Dvm__Pb__PairOpen *open; /* Watch has its first field */
    struct client *peer;
    uint64_t at;
    int tid;

    if (frame->tag == DVM_CTL_PAIR_OPEN || frame->tag == DVM_CTL_WATCH) {
        open = dvm__pb__pair_open__unpack(NULL, frame->length, payload);
        tid = open->tid;
        at = open->at;
        dvm__pb__pair_open__free_unpacked(open, NULL);
        peer = client_of(r, tid);
        if (frame->tag == DVM_CTL_PAIR_OPEN && fd_count == 1)
            pair_open(r, c, tid, at, fds);
        else if (!peer || peer->over)
            tell_gone(c, tid, peer);
        else
            peer->watchers[c - r->clients] = true;
    } else if (frame->tag == DVM_CTL_RING) {
        ring(r, frame, payload);
    } else if (frame->tag == DVM_CTL_LANE_OPEN) {
        lane_open(r, c, frame, payload);
    } else if (frame->tag == DVM_CTL_LANE_WANT) {
        lane_want(r, c, frame, payload);
    } else if (frame->tag == DVM_CTL_LEAVE) {
        c->left = true;
        control(c, DVM_CTL_OK, frame->ref, DVM_FLAG_REPLY, NULL, 0, NULL, 0);
    } else if (frame->tag == DVM_CTL_HOSTS) {
        control(c, DVM_CTL_HOSTS_REPLY, frame->ref, DVM_FLAG_REPLY, "x", 1, NULL, 0);
    } else if (frame->tag == DVM_CTL_KILL) {
        Dvm__Pb__Fail fail = DVM__PB__FAIL__INIT;
        uint8_t buffer[64];

        fail.code = DVM_ERR_REFUSED;
        fail.text = "the fake daemon kills nobody";
        control(c, DVM_CTL_FAIL, frame->ref, DVM_FLAG_REPLY, buffer,
                dvm__pb__fail__pack(&fail, buffer), NULL, 0);
    }
}

static void route(struct router *r, struct client *c, const uint8_t *data, size_t bytes,
                  const int *fds, int fd_count)
{
    struct dvm_frame frame;
    struct client *to;

    if (dvm_frame_decode(&frame, data, bytes)) {
        fprintf(stderr, "fake daemon: tid %#x sent no frame\n", c->tid);
        return;
    }
    if (DVM_TID_N(frame.dst) == 0) {
        on_control(r, c, &frame, data + DVM_FRAME_BYTES, fds, fd_count);
        return;
    }
    to = client_of(r, frame.dst);
    if (!to || to->over)
        tell_gone(c, frame.dst, to);
    else
        put(to, &frame, data + DVM_FRAME_BYTES, NULL, 0);
}

/* Its socket has ended: tell those who asked, behind all that it had sent. */
static void client_over(struct router *r, struct client *c)
{
    bool lost = r->options->host_lost && !c->left;

    c->over = true;
    while (c->first)
        drop_first(c);
    /* a keeper ends what its daemon leaves behind */
    for (int i = 0; lost && r->options->mortal && i < r->count; i++)
        if (!r->clients[i].ended && r->clients[i].tid >> DVM_TID_N_BITS == c->tid >> DVM_TID_N_BITS)
            kill(r->clients[i].pid, SIGKILL);
    for (int i = 0; i < r->count; i++) {
        struct client *to = &r->clients[i];

        if (to == c || to->over)
            continue;
        if (lost)
            tell_host_lost(to, c);
        else if (c->watchers[i] || (r->options->world && !c->left))
            tell_gone(to, c->tid, c);
    }
}

/* Read one frame; returns false when there is none. */
static bool read_one(struct router *r, struct client *c)
{
    static uint8_t data[DVM_FRAME_MAX];
    union passed_room room;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fds[PASSED_MAX], fd_count;
    ssize_t got;

    passed_expect(&message, &room);
    got = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    /* told once when a task ends without having read all; what it sent is still here */
    if (got < 0 && errno == ECONNRESET)
        return true;
    if (got <= 0) {
        client_over(r, c);
        return false;
    }
    fd_count = passed_take(&message, fds, PASSED_MAX);
    route(r, c, data, (size_t)got, fds, fd_count);
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
    return true;
}

/* ---- tasks --------------------------------------------------------------------- */

static void run_task(struct router *r, int rank, int fd, fake_task_f *task, void *arg, int go)
{
    struct client *c = &r->clients[rank];
    struct match_config config = {.self = c->tid, .socket = fd, .index = c->index,
                                  .inbox = c->inbox, .thread_level = r->options->threads};
    struct fake_task me = {rank, r->count, r->tids, arg};
    char byte;
    int rc;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < r->count; i++) {
        if (r->clients[i].fd >= 0)
            close(r->clients[i].fd);
        if (i != rank && r->clients[i].inbox)
            munmap(r->clients[i].inbox, DVM_INBOX_BYTES);
    }
    if (r->options->lanes)
        setenv("DVM_LANES", r->options->lanes, 1);
    setenv("DVM_LINE_SECONDS", LINE_SECONDS, 0); /* sentences with lines are compared */
    if (read(go, &byte, 1) < 0)
        die("read");
    if (match_start(&config)) {
        fake_complain(__FILE__, __LINE__, "match_start");
        _exit(1);
    }
    dvm_errors(DVM_SILENT);
    dvm_enter();
    rc = task(&me);
    if (r->options->threads != DVM_THREAD_MULTIPLE)
        dvm_enter(); /* the last call may have left progress to the service thread */
    if (rc == 0 && !r->options->hang_up && match_flush(FLUSH_SECONDS, 0)) {
        fake_complain(__FILE__, __LINE__, "match_flush");
        rc = 1;
    }
    match_stop(0);
    dvm_leave(0);
    if (rc == 0 && __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
        rc = 2;
    _exit(rc);
}

static void make_client(struct router *r, int i, int hosts)
{
    struct client *c = &r->clients[i];
    const int *host_of = r->options->host_of;
    int before = 0;

    memset(c, 0, sizeof *c);
    c->fd = -1;
    for (int k = 0; host_of && k < i; k++)
        before += host_of[k] == host_of[i];
    c->tid = host_of ? DVM_TID_MAKE(1 + host_of[i], 1 + before)
                     : DVM_TID_MAKE(1 + i % hosts, 1 + i / hosts);
    c->index = (unsigned)DVM_TID_N(c->tid);
    r->tids[i] = c->tid;
    c->inbox_fd = memfd_create("inbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (c->inbox_fd < 0 || fallocate(c->inbox_fd, 0, 0, DVM_INBOX_BYTES) ||
        fcntl(c->inbox_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
        die("inbox");
    c->inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, c->inbox_fd, 0);
    if (c->inbox == MAP_FAILED)
        die("mmap");
    c->inbox->magic = DVM_INBOX_MAGIC;
    c->inbox->version = DVM_SEGMENT_VERSION;
    c->inbox->tid = c->tid;
    c->inbox->index = c->index;
    atomic_store(&c->inbox->share, r->options->share ? r->options->share : FAKE_SHARE);
}

static void start_task(struct router *r, int i, fake_task_f *task, void *arg, int go)
{
    struct client *c = &r->clients[i];
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        die("socketpair");
    fflush(NULL);
    c->pid = fork();
    if (c->pid < 0)
        die("fork");
    if (c->pid == 0) {
        close(pair[0]);
        run_task(r, i, pair[1], task, arg, go);
    }
    close(pair[1]);
    c->fd = pair[0];
}

static int reap(struct router *r)
{
    int running = 0;

    for (int i = 0; i < r->count; i++) {
        struct client *c = &r->clients[i];

        if (!c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
            c->ended = true;
        running += !c->ended;
    }
    return running;
}

static void weather(struct router *r)
{
    const struct fake_options *o = r->options;

    if (r->killed || (!o->kill && !o->hang_up) || (o->when && atomic_load(o->when) < o->reached))
        return;
    if (r->ready == 0)
        r->ready = clock_seconds();
    if (clock_seconds() - r->ready < (double)o->kill_us / 1e6)
        return;
    r->killed = true;
    if (o->kill)
        kill(r->clients[o->kill_rank].pid, SIGKILL);
    for (int i = 0; o->hang_up && i < r->count; i++) {
        if (o->refuse)
            refuse(&r->clients[i]);
        else
            shutdown(r->clients[i].fd, SHUT_RDWR);
        r->clients[i].over = true;
    }
}

static void loop_once(struct router *r)
{
    struct pollfd polls[TASKS_MAX];
    struct timespec patience = {0, POLL_MS * 1000 * US_NS};

    for (int i = 0; i < r->count; i++) {
        struct client *c = &r->clients[i];

        polls[i].fd = c->over ? -1 : c->fd;
        polls[i].events = (short)(POLLIN | (c->first ? POLLOUT : 0));
        polls[i].revents = 0;
    }
    if (r->options->kill || r->options->hang_up)
        patience.tv_nsec = 100 * US_NS;
    ppoll(polls, (nfds_t)r->count, &patience, NULL);
    lane_callers(r);
    for (int i = 0; i < r->count; i++) {
        struct client *c = &r->clients[i];

        if (polls[i].revents & POLLOUT)
            flush(c);
        while (polls[i].revents && !c->over && read_one(r, c))
            continue;
    }
}

static int verdict(struct router *r)
{
    int bad = 0;

    for (int i = 0; i < r->count; i++) {
        struct client *c = &r->clients[i];
        bool victim = r->options->kill && i == r->options->kill_rank;

        if (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0)
            continue;
        victim |= r->options->mortal >> i & 1;
        if (victim && WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL)
            continue;
        fprintf(stderr, "fake daemon: rank %d ended with %s %d\n", i,
                WIFSIGNALED(c->status) ? "signal" : "status",
                WIFSIGNALED(c->status) ? WTERMSIG(c->status) : WEXITSTATUS(c->status));
        bad++;
    }
    return bad;
}

static void free_clients(struct router *r)
{
    for (int i = 0; i < r->count; i++) {
        struct client *c = &r->clients[i];

        while (c->first)
            drop_first(c);
        close(c->fd);
        close(c->inbox_fd);
        munmap(c->inbox, DVM_INBOX_BYTES);
    }
}

int fake_run(int count, fake_task_f *task, void *arg, const struct fake_options *options)
{
    static const struct fake_options defaults;
    struct router *r = calloc(1, sizeof *r);
    double begun, limit;
    bool late = false;
    int go[2], bad;

    r->count = count;
    r->options = options ? options : &defaults;
    limit = r->options->seconds;
    if (limit <= 0)
        limit = full_size() ? FAKE_LONG * FAKE_SECONDS : FAKE_SECONDS;
    if (count > TASKS_MAX || pipe(go))
        die("fake_run");
    for (int i = 0; i < count; i++)
        make_client(r, i, r->options->hosts ? r->options->hosts : 1);
    for (int i = 0; i < count; i++)
        start_task(r, i, task, arg, go[0]);
    for (int i = 0; i < count; i++)
        if (write(go[1], "g", 1) != 1)
            die("write");
    begun = clock_seconds();
    while (reap(r)) {
        loop_once(r);
        weather(r);
        if (!late && clock_seconds() - begun > limit) {
            late = true;
            fprintf(stderr, "fake daemon: not over after %g s\n", limit);
            for (int i = 0; i < count; i++)
                if (!r->clients[i].ended)
                    kill(r->clients[i].pid, SIGABRT);
        }
    }
    bad = verdict(r) + late;
    for (int i = 0; i < DIALS_MAX; i++)
        if (r->callers[i])
            close(r->callers[i]);
    close(go[0]);
    close(go[1]);
    free_clients(r);
    free(r);
    return bad;
}
