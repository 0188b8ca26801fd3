/* outbox: packets come whole, in order and once, whatever the socket takes at which moment;
 * descriptors travel with the packet that they were given to; what cannot be sent is an error
 * and not a wait; and nothing that waits outlives the box. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/outbox.h"
#include "dvm.h"

#define PACKETS_MOST 100000 /* the socket is full before that many */

static int ends[2];
static struct outbox box;

static void open_pair(void)
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    box = (struct outbox){0};
}

static void close_pair(void)
{
    outbox_clear(&box);
    close(ends[0]);
    close(ends[1]);
}

/* A number in two parts, so that they must be put together. */
static int put(struct outbox *o, int fd, unsigned number, const int *fds, int count, bool *sent)
{
    uint16_t half[] = {(uint16_t)number, (uint16_t)(number >> 16)};
    struct iovec parts[] = {{&half[0], sizeof half[0]}, {&half[1], sizeof half[1]}};

    return outbox_put(o, fd, parts, 2, fds, count, sent);
}

/* The next number that came; false: none is there. */
static bool get(unsigned *number, int *fd)
{
    union passed_room room;
    uint16_t half[4];
    struct iovec part = {half, sizeof half};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;

    passed_expect(&m, &room);
    got = recvmsg(ends[1], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0)
        return false;
    cr_assert_eq(got, 2 * sizeof half[0]);
    *number = half[0] | (unsigned)half[1] << 16;
    if (passed_take(&m, fd, 1) == 0)
        *fd = -1;
    return true;
}

/* Put numbers from 0 until the first has to wait; returns how many were sent. */
static unsigned fill(void)
{
    bool sent = true;
    unsigned n = 0;

    for (; sent && n < PACKETS_MOST; n++)
        cr_assert_eq(put(&box, ends[0], n, NULL, 0, &sent), DVM_OK);
    cr_assert_not(sent, "the socket is never full");
    cr_assert_eq(box.bytes, sizeof(uint32_t));
    return n - 1;
}

TestSuite(outbox, .init = open_pair, .fini = close_pair);

Test(outbox, what_waits_goes_first)
{
    unsigned sent_at_once = fill(), number, expected = 0;
    bool sent;
    size_t flushed;
    int fd;

    /* there is room again, but one is waiting: this may not overtake it */
    cr_assert(get(&number, &fd) && number == expected++);
    cr_assert_eq(put(&box, ends[0], sent_at_once + 1, NULL, 0, &sent), DVM_OK);
    cr_assert_not(sent);
    while (get(&number, &fd))
        cr_assert_eq(number, expected++);
    cr_assert_eq(expected, sent_at_once);
    cr_assert_eq(outbox_flush(&box, ends[0], &flushed), DVM_OK);
    cr_assert_eq(flushed, 2);
    cr_assert_eq(box.bytes, 0);
    while (get(&number, &fd))
        cr_assert_eq(number, expected++);
    cr_assert_eq(expected, sent_at_once + 2);
}

Test(outbox, a_full_socket_takes_a_part)
{
    unsigned sent_at_once = fill(), number, extra = 3;
    size_t flushed;
    bool sent;
    int fd;

    for (unsigned i = 1; i < extra; i++)
        put(&box, ends[0], sent_at_once + i, NULL, 0, &sent);
    cr_assert_eq(outbox_flush(&box, ends[0], &flushed), DVM_OK);
    cr_assert_eq(flushed, 0);
    cr_assert_eq(box.bytes, extra * sizeof(uint32_t));
    while (get(&number, &fd))
        continue;
    cr_assert_eq(outbox_flush(&box, ends[0], &flushed), DVM_OK);
    cr_assert_eq(flushed, extra);
}

Test(outbox, descriptors_wait_as_copies)
{
    int pipe_ends[2], fd;
    unsigned number;
    size_t flushed;
    bool sent;
    char byte = 0;

    cr_assert_eq(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
    cr_assert_eq(put(&box, -1, 1, NULL, 0, &sent), DVM_OK); /* no socket yet: all wait */
    cr_assert_eq(put(&box, -1, 2, &pipe_ends[1], 1, &sent), DVM_OK);
    cr_assert_not(sent);
    close(pipe_ends[1]); /* the caller's, at any time */
    cr_assert_eq(outbox_flush(&box, ends[0], &flushed), DVM_OK);
    cr_assert_eq(flushed, 2);
    cr_assert(get(&number, &fd) && number == 1 && fd == -1);
    cr_assert(get(&number, &fd) && number == 2 && fd >= 0);
    cr_assert_eq(write(fd, "x", 1), 1);
    cr_assert_eq(read(pipe_ends[0], &byte, 1), 1);
    close(fd);
    cr_assert_eq(read(pipe_ends[0], &byte, 1), 0, "the box still has the descriptor");
    close(pipe_ends[0]);
}

Test(outbox, what_is_dropped_is_closed)
{
    int pipe_ends[2];
    bool sent;
    char byte;

    cr_assert_eq(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
    cr_assert_eq(put(&box, -1, 1, &pipe_ends[1], 1, &sent), DVM_OK);
    close(pipe_ends[1]);
    outbox_clear(&box);
    cr_assert_eq(box.bytes, 0);
    cr_assert_eq(read(pipe_ends[0], &byte, 1), 0);
    close(pipe_ends[0]);
}

static void add_up(void *arg, const uint8_t *bytes, size_t size)
{
    unsigned *numbers = arg;

    cr_assert_eq(size, sizeof(uint32_t));
    *numbers = *numbers * 10 + bytes[0];
}

Test(outbox, boxes_are_joined_in_order)
{
    struct outbox other = {0};
    unsigned seen = 0;
    bool sent;

    outbox_append(&box, &other); /* nothing to nothing */
    cr_assert_null(box.first);
    for (unsigned i = 3; i <= 4; i++)
        put(&other, -1, i, NULL, 0, &sent);
    outbox_append(&box, &other); /* to an empty one */
    cr_assert_null(other.first);
    put(&other, -1, 5, NULL, 0, &sent);
    outbox_append(&box, &other);
    put(&box, -1, 6, NULL, 0, &sent);
    cr_assert_eq(other.bytes, 0);
    cr_assert_eq(box.bytes, 4 * sizeof(uint32_t));
    outbox_each(&box, add_up, &seen);
    cr_assert_eq(seen, 3456);
}

Test(outbox, nobody_there_is_an_error)
{
    size_t flushed;
    bool sent;

    cr_assert_eq(put(&box, -1, 1, NULL, 0, &sent), DVM_OK);
    close(ends[1]);
    ends[1] = -1;
    cr_assert_eq(outbox_flush(&box, ends[0], &flushed), DVM_ERR_LOST_DAEMON);
    cr_assert_eq(flushed, 0);
    outbox_clear(&box);
    cr_assert_eq(put(&box, ends[0], 2, NULL, 0, &sent), DVM_ERR_LOST_DAEMON);
    cr_assert_not(sent);
    cr_assert_null(box.first, "what failed is not kept");
}
