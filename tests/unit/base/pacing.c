/* pacing.c: a connection is not held back by BBR unless its other end is far; whatever else the
 * computer uses stays. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pacing.h"

#define NAME_MAX_BYTES 16
#define FAR_NEVER 1000000000u /* us */

static int listening = -1, dialed = -1, accepted = -1;

static const char *control(int fd)
{
    static char name[NAME_MAX_BYTES];
    socklen_t size = sizeof name - 1;

    memset(name, 0, sizeof name);
    cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
    return name;
}

static void use(int fd, const char *name)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name));
}

/* Connect two sockets that had this congestion control, if there is one of the name. */
static void connect_both(const char *name)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    listening = socket(AF_INET, SOCK_STREAM, 0);
    dialed = socket(AF_INET, SOCK_STREAM, 0);
    use(listening, name);
    use(dialed, name);
    pacing_avoid(listening);
    pacing_avoid(dialed);
    cr_assert(bind(listening, (struct sockaddr *)&a, size) == 0 && listen(listening, 1) == 0);
    cr_assert_eq(getsockname(listening, (struct sockaddr *)&a, &size), 0);
    cr_assert_eq(connect(dialed, (struct sockaddr *)&a, size), 0);
    accepted = accept(listening, NULL, NULL);
    cr_assert(accepted >= 0);
}

static void close_all(void)
{
    close(listening);
    close(dialed);
    close(accepted);
}

TestSuite(pacing, .fini = close_all);

Test(pacing, near)
{
    connect_both("bbr");
    cr_assert(!pacing_allow(dialed, FAR_NEVER));
    cr_assert_str_neq(control(dialed), "bbr");
    cr_assert_str_neq(control(accepted), "bbr");
}

Test(pacing, far)
{
    char own[NAME_MAX_BYTES];

    connect_both("bbr");
    cr_assert(pacing_allow(dialed, 0));
    strcpy(own, control(dialed));
    close(listening);
    listening = socket(AF_INET, SOCK_STREAM, 0);
    /* the computer's own, if that paces */
    cr_assert_eq(strcmp(own, "bbr") == 0, strcmp(control(listening), "bbr") == 0);
}

Test(pacing, others_stay)
{
    connect_both("reno");
    cr_assert_str_eq(control(dialed), "reno");
    cr_assert_str_eq(control(accepted), "reno");
    cr_assert(pacing_allow(dialed, 0));
}
