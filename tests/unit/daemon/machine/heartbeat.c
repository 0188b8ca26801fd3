/* heartbeat.c: how often a member of the machine (daemon/machine) speaks while all is well:
 * each heartbeat wakes two computers. What it does when there is no answer: machine.c. */
#include <criterion/criterion.h>

#include "daemon/machine/machine.h"

#define SILENCE_MS 3000
#define FIRST_WORD_MS 10000
#define JOINED 1000 /* ms */

/* A member that joined the coordinator's machine at JOINED. */
static struct machine *member(void)
{
    struct machine_config config = {SILENCE_MS, 0};
    struct machine_host hosts[2] = {{.name = "head", .slot = 1}, {.name = "a", .slot = 2}};
    struct machine *m = machine_join(&config, JOINED, 2, 1, 2, hosts, 2);

    cr_assert(m);
    return m;
}

/* An idle member sends one heartbeat an interval, and has no doubts, also when its timers
 * are a little late. */
Test(heartbeat, a_member_that_is_answered_is_quiet)
{
    struct machine_message pong = {.type = MACHINE_PONG};
    struct machine_action a;
    struct machine *m = member();
    uint64_t now = JOINED;
    int pings = 0;

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

/* When it has given up the coordinator, if it ticks in time and hears it for the last time at
 * heard; 0: never. Ends it. */
static uint64_t given_up(struct machine *m, uint64_t heard)
{
    struct machine_action a;
    uint64_t now = JOINED, ended = 0;

    for (; !ended; now = machine_deadline(m)) {
        if (now <= heard)
            machine_heard(m, now, 1);
        machine_tick(m, now);
        while (machine_action(m, &a))
            if (a.type == MACHINE_DO_END)
                ended = now;
    }
    machine_destroy(m);
    return ended;
}

/* It is lost before the time of silence is over; but when it lets in many hosts at once, the
 * last of them hear nothing of it for a while. */
Test(heartbeat, the_first_word_may_take_longer)
{
    uint64_t ended = given_up(member(), 5000);

    cr_assert_gt(ended, 4000 + SILENCE_MS - MACHINE_TICK_MS);
    cr_assert_leq(ended, 5000 + SILENCE_MS - MACHINE_TICK_MS);
    cr_assert_eq(given_up(member(), 0), JOINED + FIRST_WORD_MS);
}

/* The same when the connection broke at JOINED, and what was heard then was the last. */
static uint64_t given_up_broken(bool taken)
{
    struct machine *m = member();

    machine_heard(m, JOINED, 1);
    machine_connection(m, JOINED, 1, false);
    if (taken)
        machine_taken(m, 1);
    return given_up(m, 0);
}

/* Whose computer takes the connection that is dialed is not dead; it is lost when silent. */
Test(heartbeat, a_connection_that_is_taken_leaves_silence_to_judge)
{
    cr_assert_eq(given_up_broken(false), JOINED + MACHINE_SUSPECT_MS);
    cr_assert_geq(given_up_broken(true), JOINED + SILENCE_MS - MACHINE_TICK_MS);
}

Test(heartbeat, a_silent_coordinator_is_doubted_before_it_is_lost)
{
    struct machine_action a;
    struct machine *m = member();
    uint64_t now = JOINED, heard = 5000;
    int doubts = 0;

    for (bool ended = false; !ended; now = machine_deadline(m)) {
        if (now <= heard)
            machine_heard(m, now, 1);
        machine_tick(m, now);
        while (machine_action(m, &a)) {
            ended = ended || a.type == MACHINE_DO_END;
            if (a.type != MACHINE_DO_DOUBT)
                continue;
            doubts++;
            cr_assert_eq(a.slot, 1);
            cr_assert_gt(now, heard + SILENCE_MS / MACHINE_DOUBTS_PER_SILENCE -
                                  MACHINE_PING_MAX_MS);
        }
    }
    cr_assert_geq(doubts, 3, "time to try another way more than once");
    machine_destroy(m);
}
