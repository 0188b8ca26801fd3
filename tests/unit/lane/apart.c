/* apart.c: who shares a core with a sender is known, and can go to another. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lane/apart.h"

#define TRIES 100      /* the scheduler may take this thread elsewhere at any time */
#define WAIT_MS 60000

/* The n-th core that this process may use. */
static int core(int n)
{
    cpu_set_t may;

    cr_assert_eq(sched_getaffinity(0, sizeof may, &may), 0);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &may) && n-- == 0)
            return i;
    cr_skip_test("one core");
    return -1;
}

static void stay_on(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

static void pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listener, (struct sockaddr *)&at, size), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(ends[0], (struct sockaddr *)&at, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    cr_assert_geq(ends[1], 0);
    close(listener);
}

static void byte_over(const int ends[2])
{
    struct pollfd come = {.fd = ends[1], .events = POLLIN};
    char byte = 1;

    cr_assert_eq(send(ends[0], &byte, 1, 0), 1);
    cr_assert_eq(poll(&come, 1, WAIT_MS), 1);
    cr_assert_eq(recv(ends[1], &byte, 1, 0), 1);
}

Test(apart, the_sender_s_core_is_known)
{
    int ends[2], first = core(0), second = core(1);

    pair(ends);
    stay_on(first);
    byte_over(ends);
    cr_assert(apart_shared(ends[1]));
    stay_on(second);
    cr_assert_not(apart_shared(ends[1]));
    byte_over(ends);
    cr_assert(apart_shared(ends[1]));
}

Test(apart, nothing_is_shared_on_what_is_no_socket)
{
    cr_assert_not(apart_shared(STDIN_FILENO));
    cr_assert_not(apart_shared(-1));
}

Test(apart, leaves_and_may_come_back)
{
    cpu_set_t before, after;
    int here, tries = 0;

    core(1);
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    do {
        here = sched_getcpu();
        cr_assert(apart_leave());
        cr_assert_lt(tries++, TRIES);
    } while (sched_getcpu() == here);
    cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
    cr_assert(CPU_EQUAL(&before, &after));
}

/* Places of a crowd are shared out in order, and all cores may be used afterwards. */
Test(apart, neighbours_settle_together)
{
    cpu_set_t before, after;
    int cores, last, tries;

    core(1);
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    cores = CPU_COUNT(&before);
    last = 3 * cores - 1;
    for (int place = last; place >= 0; place--) {
        tries = 0;
        do {
            apart_settle(place, 3 * cores);
            cr_assert_lt(tries++, TRIES);
        } while (sched_getcpu() != core(place / 3));
        cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
        cr_assert(CPU_EQUAL(&before, &after));
    }
    /* tasks that have cores of their own are left alone */
    tries = 0;
    do {
        stay_on(core(0));
        sched_setaffinity(0, sizeof before, &before);
        apart_settle(cores - 1, cores);
        cr_assert_lt(tries++, TRIES);
    } while (sched_getcpu() != core(0));
}

Test(apart, who_has_one_core_stays)
{
    stay_on(core(0));
    cr_assert_not(apart_leave());
    apart_settle(5, 6);
    cr_assert_eq(sched_getcpu(), core(0));
}
