/* heartbeat.c: how often a member of the machine (daemon/machine) speaks while all is well:
 * each heartbeat wakes two computers. What it does when there is no answer: machine.c. */
#include <criterion/criterion.h>

#include "daemon/machine/machine.h"

#define SILENCE_MS 3000

/* An idle member sends one heartbeat an interval, and has no doubts, also when its timers
 * are a little late. */
Test(heartbeat, a_member_that_is_answered_is_quiet)
{
    struct machine_config config = {SILENCE_MS, 0};
    struct machine_host hosts[2] = {{.name = "head"}, {.name = "a"}};
    struct machine_message pong = {.type = MACHINE_PONG};
    struct machine_action a;
    struct machine *m;
    uint64_t now = 1000;
    int pings = 0;

    hosts[0].slot = 1;
    hosts[1].slot = 2;
    m = machine_join(&config, now, 2, 1, 2, hosts, 2);
    cr_assert(m);
    for (; now < 61000; now = machine_deadline(m) + 3) {
        machine_tick(m, now);
        while (machine_action(m, &a)) {
            cr_assert_eq(a.type, MACHINE_DO_SEND);
            cr_assert_eq(a.message.type, MACHINE_PING);
            pings++;
            pong.sent_ms = a.message.sent_ms;
            machine_receive(m, now + 1, 1, &pong);
        }
    }
    cr_assert_leq(pings, 60000 / 833 + 1);
    cr_assert_geq(pings, 60000 / 837);
    machine_destroy(m);
}
