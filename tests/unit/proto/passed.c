/* passed: descriptors arrive as the same files, those without a place are closed, and a
 * packet without any brings none. */
#include "proto/passed.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static void send_fds(int socket, const int *fds, int count)
{
    union passed_room room;
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    passed_put(&m, &room, fds, count);
    cr_assert_eq(sendmsg(socket, &m, 0), 1);
}

static int receive_fds(int socket, int *fds, int max, int *flags)
{
    union passed_room room;
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    passed_expect(&m, &room);
    cr_assert_eq(recvmsg(socket, &m, MSG_CMSG_CLOEXEC), 1);
    *flags = m.msg_flags;
    return passed_take(&m, fds, max);
}

/* Whether the read end of a pipe whose own write end is closed knows of another. */
static bool has_writer(int read_end)
{
    struct pollfd p = {.fd = read_end, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

Test(passed, some_are_taken_and_the_rest_closed)
{
    for (int count = 0; count <= PASSED_MAX; count++)
        for (int max = 0; max <= PASSED_MAX; max++) {
            int wanted = count < max ? count : max, got, flags, pair[2];
            int ends[PASSED_MAX][2], writers[PASSED_MAX], fds[PASSED_MAX];

            cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
            for (int i = 0; i < count; i++) {
                cr_assert_eq(pipe2(ends[i], O_CLOEXEC), 0);
                writers[i] = ends[i][1];
            }
            send_fds(pair[0], writers, count);
            for (int i = 0; i < count; i++)
                close(writers[i]);
            got = receive_fds(pair[1], fds, max, &flags);
            cr_assert_eq(got, wanted);
            cr_assert_eq(flags & MSG_CTRUNC, 0);
            for (int i = 0; i < count; i++)
                cr_assert_eq(has_writer(ends[i][0]), i < got, "%d of %d, max %d", i, count, max);
            for (int i = 0; i < got; i++) {
                cr_assert_eq(write(fds[i], "y", 1), 1);
                cr_assert_eq(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
                close(fds[i]);
            }
            for (int i = 0; i < count; i++)
                close(ends[i][0]);
            close(pair[0]);
            close(pair[1]);
        }
}
