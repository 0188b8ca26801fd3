/* pacing.c: see pacing.h.
 *
 * BBR, which some computers have as their default, sends no faster than it believes the narrowest
 * part of the way to be, and sets a timer between packets for that. It finds that speed by
 * sending for several round trips; between hosts of a cluster these take less than its timers (in
 * a virtual machine each is an exit to the hypervisor), and two tasks that exchange messages send
 * in bursts, of which it learns too low a speed. So near connections use CUBIC, the kernel's own
 * default, or Reno, which every kernel has. Over long ways, where packets are lost that tell
 * nothing of congestion, BBR is much the better one, and whoever has chosen it shall have it.
 *
 * How far the other end is is known when a connection stands. By then it is too late to turn
 * pacing off: a socket that was to be paced once always is. So it is turned on late instead.
 */
#include "base/pacing.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_NAME_MAX 16 /* bytes of the name of a congestion control, with its NUL */

static const char paced[] = "bbr"; /* how the names of those that pace begin */

static bool control_of(int fd, char name[CONTROL_NAME_MAX])
{
    socklen_t size = CONTROL_NAME_MAX - 1;

    memset(name, 0, CONTROL_NAME_MAX);
    return getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0;
}

static bool use(int fd, const char *name)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0;
}

void pacing_avoid(int fd)
{
    char name[CONTROL_NAME_MAX];

    if (control_of(fd, name) && strncmp(name, paced, strlen(paced)) == 0 && !use(fd, "cubic"))
        use(fd, "reno");
}

/* The name of the computer's own: what a new socket has. */
static bool own(char name[CONTROL_NAME_MAX])
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && control_of(fd, name);

    if (fd >= 0)
        close(fd);
    return known;
}

bool pacing_allow(int fd, unsigned far_us)
{
    char name[CONTROL_NAME_MAX];
    struct tcp_info info;
    socklen_t size = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) || info.tcpi_min_rtt < far_us)
        return false;
    if (own(name) && strncmp(name, paced, strlen(paced)) == 0)
        use(fd, name);
    return true;
}
