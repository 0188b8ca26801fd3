/* seat.c: the places of local tids; see seat.h and local.h.
 *
 * Frames of this daemon's host meet here with clients. What a connection does
 * not take at once, and what comes before there is a connection, waits in the
 * seat, up to a hard cap. After each frame in a task's socket its inbox is rung,
 * so that a task asleep on its futex looks at the socket.
 */
#include "daemon/local/seat.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/tasks.h"

#define WORD_BITS 64

struct seat *seat_find(const struct local *l, int tid)
{
    return table_get(&l->seats, (uint64_t)tid);
}

int local_seat_open(struct local *l, int tid, enum role role)
{
    struct seat *s = calloc(1, sizeof *s);

    assert(!seat_find(l, tid));
    if (!s || table_put(&l->seats, (uint64_t)tid, s)) {
        free(s);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for another client");
    }
    s->tid = tid;
    s->role = role;
    s->inbox_fd = -1;
    return DVM_OK;
}

/* One inbox more, or less: what each task may lend to its neighbours changes with it. */
static void share_out(struct local *l, int more)
{
    uint32_t share;
    size_t at = 0;
    struct seat *s;

    l->inboxes += more;
    share = DVM_POOL_HOST / (uint32_t)(l->inboxes > 0 ? l->inboxes : 1);
    while ((s = table_next(&l->seats, &at)))
        if (s->inbox)
            atomic_store_explicit(&s->inbox->share, share, memory_order_relaxed);
}

void seat_free(struct local *l, struct seat *s)
{
    outbox_clear(&s->waiting);
    if (s->inbox) {
        /* whoever has it mapped: nobody of that tid writes anywhere any more (lane/lend.c) */
        atomic_store(&s->inbox->over, 1);
        munmap(s->inbox, DVM_INBOX_BYTES);
    }
    if (s->inbox_fd >= 0)
        close(s->inbox_fd);
    if (s->index)
        l->index_used[s->index / WORD_BITS] &= ~(UINT64_C(1) << (s->index % WORD_BITS));
    free(s);
}

/* A frame that nobody took: its sender must not wait for it. */
static void return_frame(void *arg, const uint8_t *bytes, size_t size)
{
    struct local *l = arg;
    struct dvm_frame f;

    if (dvm_frame_decode(&f, bytes, size) == 0 && f.op >= DVM_OP_EAGER &&
        f.op <= DVM_OP_DATA)
        tasks_tell_gone(l->d->tasks, f.src, f.dst);
}

void local_seat_close(struct local *l, int tid)
{
    struct seat *s = table_take(&l->seats, (uint64_t)tid);

    if (!s)
        return;
    if (s->inbox)
        share_out(l, -1);
    if (s->client) {
        connection_flush(s->client);
        connection_close(s->client);
    }
    outbox_each(&s->waiting, return_frame, l);
    seat_free(l, s);
}

void local_seat_left(struct local *l, int tid)
{
    struct seat *s = seat_find(l, tid);

    if (s)
        s->left = true;
}

void local_drain(struct local *l, int tid)
{
    struct seat *s = seat_find(l, tid);

    if (s && s->client)
        connection_read(s->client, LOCAL_DRAIN_BYTES, INT32_MAX);
}

static int free_index(struct local *l)
{
    for (unsigned i = DVM_INDEX_DAEMON + 1; i <= DVM_INDEX_MAX; i++) {
        uint64_t bit = UINT64_C(1) << (i % WORD_BITS);

        if (l->index_used[i / WORD_BITS] & bit)
            continue;
        l->index_used[i / WORD_BITS] |= bit;
        return (int)i;
    }
    return dvm_fail(DVM_ERR_LIMIT, "host %s has %d enrolled tasks; more are not possible",
                    l->d->host, DVM_INDEX_MAX);
}

int seat_inbox(struct local *l, struct seat *s)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, index, fd;
    void *memory;

    if (s->inbox)
        return DVM_OK;
    index = free_index(l);
    if (index < 0)
        return index;
    s->index = (unsigned)index; /* given back with the seat */
    fd = memfd_create("dvm-inbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return daemon_fail_files(l->d, "make the inbox of a task");
    memory = MAP_FAILED;
    errno = posix_fallocate(fd, 0, DVM_INBOX_BYTES);
    if (errno == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0)
        memory = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        int r = daemon_fail_files(l->d, "make the inbox of a task");

        close(fd);
        return r;
    }
    s->inbox_fd = fd;
    s->inbox = memory;
    s->inbox->magic = DVM_INBOX_MAGIC;
    s->inbox->version = DVM_SEGMENT_VERSION;
    s->inbox->tid = s->tid;
    s->inbox->index = s->index;
    share_out(l, 1);
    return DVM_OK;
}

int seat_put(struct seat *s, const struct dvm_frame *frame, const uint8_t *payload,
             const int *fds, int fd_count)
{
    uint8_t header[DVM_FRAME_BYTES];
    struct iovec parts[2] = {{header, sizeof header},
                             {(void *)(uintptr_t)payload, frame->length}};
    struct connection *c = s->client;
    bool sent;
    int r;

    if (s->waiting.bytes + frame->length > LOCAL_QUEUE_MAX) {
        if (c)
            connection_refuse(c, DVM_ERR_LIMIT,
                              "task 0x%x does not read: %zu MiB wait for it; it was cut off",
                              (unsigned)s->tid, s->waiting.bytes >> 20);
        outbox_clear(&s->waiting);
        return DVM_ERR_LIMIT;
    }
    dvm_frame_encode(header, frame);
    r = outbox_put(&s->waiting, c && !c->eof ? c->fd : -1, parts, 2, fds, fd_count, &sent);
    if (r == DVM_ERR_LOST_DAEMON) {
        c->eof = true; /* what it sent before may still be read */
        return DVM_OK;
    }
    if (sent && s->inbox)
        dvm_inbox_ring(s->inbox, DVM_INDEX_DAEMON);
    else if (!r && c && !c->eof)
        ev_io_start(c->local->d->loop, &c->writable);
    return r;
}

int local_deliver(struct local *l, const struct dvm_frame *frame, const uint8_t *payload,
                  const int *fds, int fd_count)
{
    struct seat *s = seat_find(l, frame->dst);

    if (!s || (s->left && frame->op != DVM_OP_CONTROL))
        return DVM_ERR_NO_TASK;
    return seat_put(s, frame, payload, fds, fd_count);
}
