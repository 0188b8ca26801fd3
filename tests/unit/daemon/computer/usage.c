/* usage: a process counts for the nearest root above it, with the time of children that it
 * has waited for; and its state says what most concerns the whole. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/computer/usage.h"

#define SECONDS 60.0
#define LEAST_MS 30 /* of processor time: some ticks */

static pid_t child;

static void burn(void)
{
    for (volatile unsigned i = 0;; i++)
        continue;
}

/* A child with a child of its own; that one burns, or both only wait. */
static void start(bool burns)
{
    int ready[2];
    char byte;

    cr_assert_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* neither outlives the test */
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (write(ready[1], "x", 1) == 1 && burns)
                burn();
            pause();
        }
        pause();
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
}

static void stop(void)
{
    struct usage u = {.root = child};

    kill(child, SIGCONT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    usage_read(&u, 1);
    cr_expect_eq(u.processes, 0);
}

static bool await_usage(struct usage *u, size_t count, bool (*good)(const struct usage *u))
{
    double limit = clock_seconds() + SECONDS;

    do
        usage_read(u, count);
    while (!good(u) && clock_seconds() < limit);
    return good(u);
}

static bool burns_enough(const struct usage *u)
{
    return u->state == 'R' && u->cpu_ms >= LEAST_MS && u->processes == 2;
}

static bool is_stopped(const struct usage *u)
{
    return u->state == 'T';
}

static bool sleeps(const struct usage *u)
{
    return u->state == 'S' && u->processes == 2;
}

TestSuite(usage, .timeout = 240);

Test(usage, counts_what_a_process_has_started)
{
    struct usage u = {0};

    start(true);
    u.root = child;
    cr_expect(await_usage(&u, 1, burns_enough), "%u processes, %c, %lu ms", u.processes, u.state,
              (unsigned long)u.cpu_ms);
    cr_expect_gt(u.memory, 0);
    kill(child, SIGSTOP); /* the root alone: the whole is said to be stopped */
    cr_expect(await_usage(&u, 1, is_stopped));
    stop();
}

Test(usage, of_the_nearest_root)
{
    struct usage u[3] = {{0}};

    start(false);
    u[0].root = child;
    u[1].root = getpid();
    cr_expect(await_usage(u, 3, sleeps));
    cr_expect_eq(u[1].processes, 1, "the child counts for itself");
    cr_expect_eq(u[2].processes, 0, "nobody uses nothing");
    cr_expect_eq(u[2].state, 0);
    stop();
}

Test(usage, of_the_computer)
{
    struct usage_computer c;

    usage_read_computer(&c);
    cr_expect_geq(c.processors, 1);
    cr_expect_gt(c.busy_ms, 0);
    cr_expect_gt(c.memory_total, c.memory_free);
    cr_expect_gt(c.memory_free, 0);
}
