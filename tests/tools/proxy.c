/* proxy.c TARGET_PORT SEED: bad weather between a port of its own, which it prints, and
 * another of this computer: connections are reset, delayed and paused at random, until
 * standard input ends. What happened is printed then.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/fake_daemon.h"
#include "tests/support/proxy.h"

enum { STEP_MS = 300, DELAY_MS = 20, /* at most */
       CALM_MS = 1500 };             /* of fair weather after a reset: a host whose connection
                                      * does not come back at once is lost, and rightly so */

/* Do something bad, or nothing. Returns how long it is to last, ms. */
static int change(struct proxy *p, uint64_t *seed, int counts[3])
{
    enum proxy_direction which = (enum proxy_direction)(1 + fake_random(seed) % 3);
    unsigned what = fake_random(seed) % 4;

    proxy_pause(p, PROXY_BOTH, false);
    if (what < 3)
        counts[what]++;
    if (what == 1)
        proxy_delay(p, which, 1 + (int)(fake_random(seed) % DELAY_MS));
    else if (what == 2)
        proxy_pause(p, which, true);
    else
        proxy_delay(p, PROXY_BOTH, 0);
    if (what == 0)
        proxy_reset(p);
    return what == 0 ? CALM_MS : 1 + (int)(fake_random(seed) % STEP_MS);
}

int main(int argc, char **argv)
{
    int port = argc == 3 ? atoi(argv[1]) : 0, counts[3] = {0}, ms = STEP_MS;
    uint64_t seed = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    struct pollfd input = {.events = POLLIN};
    struct proxy *p;

    if (port < 1)
        return 2;
    p = proxy_start(port);
    printf("%d\n", proxy_port(p));
    fflush(stdout);
    while (poll(&input, 1, ms) == 0)
        ms = change(p, &seed, counts);
    printf("%d resets, %d delays, %d pauses, %llu bytes\n", counts[0], counts[1], counts[2],
           proxy_bytes(p));
    proxy_stop(p);
    return 0;
}
