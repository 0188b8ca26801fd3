/* outbox.c: see outbox.h. A packet that the socket takes at once is neither
 * copied nor allocated. */
#include "daemon/outbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvm.h"

struct outbox_packet {
    struct outbox_packet *next;
    size_t size;
    int fds[PASSED_MAX]; /* owned */
    int fd_count;
    uint8_t bytes[];
};

/* 1 sent, 0 the socket is full, or LOST_DAEMON. */
static int transmit(int fd, const struct iovec *parts, int count, const int *fds, int fd_count)
{
    union passed_room room;
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                       .msg_iovlen = (size_t)count};

    passed_put(&m, &room, fds, fd_count);
    for (;;) {
        if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return 1;
        /* the others are lacks that pass: of memory, and of descriptors on their way */
        if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS)
            return 0;
        if (errno != EINTR)
            return DVM_ERR_LOST_DAEMON;
    }
}

static void free_packet(struct outbox_packet *p)
{
    for (int i = 0; i < p->fd_count; i++)
        close(p->fds[i]);
    free(p);
}

static struct outbox_packet *keep(const struct iovec *parts, int count, const int *fds,
                                  int fd_count, int *error)
{
    struct outbox_packet *p;
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    p = malloc(sizeof *p + size);
    *error = DVM_ERR_NO_MEMORY;
    if (!p)
        return NULL;
    p->next = NULL;
    p->size = 0;
    p->fd_count = 0;
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len)
            memcpy(p->bytes + p->size, parts[i].iov_base, parts[i].iov_len);
        p->size += parts[i].iov_len;
    }
    for (int i = 0; i < fd_count; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            free_packet(p);
            *error = DVM_ERR_LIMIT;
            return NULL;
        }
        p->fds[p->fd_count++] = copy;
    }
    return p;
}

int outbox_put(struct outbox *o, int fd, const struct iovec *parts, int count, const int *fds,
               int fd_count, bool *sent)
{
    struct outbox_packet *p;
    int error;

    assert(fd_count <= PASSED_MAX);
    *sent = false;
    if (fd >= 0 && !o->first) {
        int r = transmit(fd, parts, count, fds, fd_count);

        *sent = r > 0;
        if (r != 0)
            return r < 0 ? r : DVM_OK;
    }
    p = keep(parts, count, fds, fd_count, &error);
    if (!p)
        return error;
    if (o->last)
        o->last->next = p;
    else
        o->first = p;
    o->last = p;
    o->bytes += p->size;
    return DVM_OK;
}

static void drop_first(struct outbox *o)
{
    struct outbox_packet *p = o->first;

    o->first = p->next;
    if (!o->first)
        o->last = NULL;
    o->bytes -= p->size;
    free_packet(p);
}

int outbox_flush(struct outbox *o, int fd, size_t *sent)
{
    *sent = 0;
    while (o->first) {
        struct outbox_packet *p = o->first;
        struct iovec part = {p->bytes, p->size};
        int r = transmit(fd, &part, 1, p->fds, p->fd_count);

        if (r <= 0)
            return r;
        drop_first(o);
        (*sent)++;
    }
    return DVM_OK;
}

void outbox_each(const struct outbox *o, void (*look)(void *arg, const uint8_t *, size_t),
                 void *arg)
{
    for (const struct outbox_packet *p = o->first; p; p = p->next)
        look(arg, p->bytes, p->size);
}

void outbox_append(struct outbox *o, struct outbox *other)
{
    if (!other->first)
        return;
    if (o->last)
        o->last->next = other->first;
    else
        o->first = other->first;
    o->last = other->last;
    o->bytes += other->bytes;
    *other = (struct outbox){0};
}

void outbox_clear(struct outbox *o)
{
    while (o->first)
        drop_first(o);
}
