/* The socket to the daemon when the system refuses for a moment. */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvm.h"
#include "lane/daemon_link.h"
#include "lane/uplink.h"
#include "proto/passed.h"

#define FILES 24       /* that this process may have, and so descriptors on their way */
#define NOBODY 65534
#define HELD_MS 30     /* that they stay on their way */

/* Send as many descriptors as a packet takes: a socket holds few packets. 0 or an errno. */
static int pass(int socket, int fd)
{
    union passed_room room;
    struct iovec part = {(char[]){0}, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    passed_put(&m, &room, (const int[PASSED_MAX]){fd, fd, fd, fd}, PASSED_MAX);
    return sendmsg(socket, &m, MSG_DONTWAIT) < 0 ? errno : 0;
}

/* Receive the descriptors after a while, as a daemon that was busy does. */
static void *take_late(void *arg)
{
    const int *socket = arg;
    char byte[1];

    poll(NULL, 0, HELD_MS);
    /* without room for them descriptors are closed as they come */
    while (recv(*socket, byte, sizeof byte, MSG_DONTWAIT) >= 0)
        continue;
    return NULL;
}

/* Many tasks send descriptors to one daemon: more than the system lets be on their way. */
Test(uplink, too_many_descriptors_on_their_way, .timeout = 240)
{
    const struct rlimit few = {FILES, FILES};
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL, .src = 0x40001,
                              .dst = 0x40000, .tag = 1};
    int held[2], up[2], error = 0, count = 0;
    pthread_t thread;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, held), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, up), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    if (geteuid() == 0)
        cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0); /* root has no such limit */
    while (count < 16 * FILES && (error = pass(held[0], up[0])) == 0)
        count++;
    if (error != ETOOMANYREFS)
        cr_skip_test("this system carries %d descriptors, then: %d", count, error);
    cr_assert_eq(pthread_create(&thread, NULL, take_late, &held[1]), 0);
    uplink_start(up[0], 0x40001);
    cr_expect_eq(uplink_send(&frame, NULL, &held[0], 1), DVM_OK);
    cr_expect_not(uplink_lost());
    cr_assert_eq(pthread_join(thread, NULL), 0);
    uplink_stop();
}
