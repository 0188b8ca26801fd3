/* segment.c: ringing the bell of a task; see segment.h for the protocol.
 *
 * One unbound socket a process sends all datagrams; it is made when the first sleeper
 * is met that wants one. Nothing here waits: a queue that is full rings already.
 */
#include "proto/segment.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BELL_PREFIX "dvm-bell-"
#define BELL_DIGITS 16 /* of the name, in hexadecimal */

static _Atomic int sender = -1; /* the socket */

unsigned dvm_bell_address(uint64_t bell, struct sockaddr_un *address)
{
    char *at = address->sun_path + 1;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(at, BELL_PREFIX, sizeof BELL_PREFIX - 1);
    at += sizeof BELL_PREFIX - 1;
    for (int i = 0; i < BELL_DIGITS; i++)
        *at++ = "0123456789abcdef"[bell >> (4 * (BELL_DIGITS - 1 - i)) & 15];
    return (unsigned)(at - (char *)address);
}

/* The socket to send with, made if there is none; negative without a descriptor. */
static int sender_get(void)
{
    int fd = atomic_load(&sender), none = -1;

    if (fd >= 0)
        return fd;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* another thread may have been faster */
    if (fd >= 0 && !atomic_compare_exchange_strong(&sender, &none, fd)) {
        close(fd);
        fd = none;
    }
    return fd;
}

bool dvm_inbox_nudge(struct dvm_inbox *inbox)
{
    uint64_t key = atomic_load_explicit(&inbox->bell_key, memory_order_relaxed);
    struct sockaddr_un to;
    unsigned length = dvm_bell_address(atomic_load_explicit(&inbox->bell, memory_order_relaxed),
                                       &to);
    int fd = sender_get();
    ssize_t sent;

    do
        sent = sendto(fd, &key, sizeof key, MSG_NOSIGNAL, (struct sockaddr *)&to, length);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 || errno == EAGAIN;
}

bool dvm_inbox_ring(struct dvm_inbox *inbox, unsigned index)
{
    unsigned word = index / 64 % DVM_INBOX_WORDS;
    uint32_t sleep;

    atomic_fetch_or(&inbox->bits[word], UINT64_C(1) << (index % 64));
    atomic_fetch_or(&inbox->summary, UINT32_C(1) << (word / 2));
    /* pairs with the owner's store of sleep before it looks at summary */
    sleep = atomic_load(&inbox->sleep);
    /* the daemon also where this says epoll, and everybody where it says nonsense: a task that
     * writes what it likes must not keep another from hearing of its end */
    if (sleep == DVM_ASLEEP_FUTEX || sleep > DVM_ASLEEP_EPOLL ||
        (index == DVM_INDEX_DAEMON && sleep != DVM_AWAKE))
        syscall(SYS_futex, &inbox->summary, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    return sleep != DVM_ASLEEP_EPOLL || index == DVM_INDEX_DAEMON || dvm_inbox_nudge(inbox);
}

void dvm_inbox_forked(void)
{
    int fd = atomic_exchange(&sender, -1);

    if (fd >= 0)
        close(fd);
}
