/* apart.c: see apart.h.
 *
 * Tasks of several hosts of one computer (simulated ones, containers) do not know where the
 * others run. When one is woken while something else has its core for a moment the scheduler
 * may put it behind its peer. There it stays: the peer spins for its answer, which it cannot
 * write until the peer gives up and sleeps, and then it spins itself. Each message takes as
 * long as a task spins, while the other core is idle, until the scheduler looks at its balance,
 * which may be tens of messages later.
 *
 * What is sent to a socket of the same computer is put there by the sender's own core, and the
 * kernel notes which that was. A network's interface may interrupt any core: one move too many
 * is all that it can cause, and who asks does so only after it has spun in vain.
 *
 * Who moves does so by naming the core for a moment: the scheduler does not move it back while
 * as many threads want one core as the other, and may when that changes.
 */
#include "lane/apart.h"

#include <sched.h>
#include <sys/socket.h>

bool apart_shared(int fd)
{
    int cpu = -1;
    socklen_t size = sizeof cpu;

    return getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &size) == 0 && cpu >= 0 &&
           cpu == sched_getcpu();
}

/* Go to one of these cores, and may use others again. */
static bool go(const cpu_set_t *cores, const cpu_set_t *may)
{
    if (sched_setaffinity(0, sizeof *cores, cores))
        return false;
    sched_setaffinity(0, sizeof *may, may);
    return true;
}

bool apart_leave(void)
{
    int here = sched_getcpu();
    cpu_set_t may, others;

    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof may, &may))
        return false;
    others = may;
    CPU_CLR(here, &others);
    if (CPU_COUNT(&others) == 0)
        return false;
    return go(&others, &may);
}

bool apart_settle(int place, int count)
{
    cpu_set_t may, one;
    int nth, core = 0;

    if (sched_getaffinity(0, sizeof may, &may) || CPU_COUNT(&may) >= count)
        return false;
    nth = (int)((long)place * CPU_COUNT(&may) / count);
    while (!CPU_ISSET(core, &may) || nth-- > 0)
        core++;
    if (sched_getcpu() == core)
        return false;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return go(&one, &may);
}
