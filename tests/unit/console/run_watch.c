/* run_watch: when a quiet run is looked at: after the time that was chosen, then with pauses
 * that grow while nothing is heard, never so often that looks take more than their share; and
 * never where nobody would hear of it. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#include "console/run/run_waits.c"

#define NEAR 1e-6

static struct console console_;
static struct run_task tasks[1];
static struct run r;

static void set_up(void)
{
    console_ = (struct console){0};
    r = (struct run){.c = &console_, .tasks = tasks, .count = 1, .left = 1, .started = true,
                     .first = -1, .result = -1};
}

static void tear_down(void)
{
    run_watch_end(&r);
}

TestSuite(run_watch, .init = set_up, .fini = tear_down);

/* A look that began and ended then, with nothing found. */
static void look_at(double began, double ended)
{
    r.watch.began = began;
    looked(&r, ended);
}

static void expect_next(double wanted)
{
    cr_expect_float_eq(run_watch_deadline(&r), wanted, NEAR, "%f instead of %f",
                       run_watch_deadline(&r), wanted);
}

Test(run_watch, pauses_grow_while_nothing_is_heard)
{
    run_watch_begin(&r, 5);
    run_watch_heard(&r, 100);
    expect_next(105);
    look_at(105, 105.001);
    expect_next(115.001);
    look_at(115, 115.001);
    expect_next(135.001);
    run_watch_heard(&r, 120);
    expect_next(125);
    for (int i = 0; i < 20; i++)
        look_at(200, 200);
    expect_next(200 + PAUSE_MAX);
}

Test(run_watch, looks_take_a_hundredth_at_most)
{
    run_watch_begin(&r, 1);
    run_watch_heard(&r, 100);
    look_at(101, 101.5);
    expect_next(101.5 + 50);
    run_watch_heard(&r, 102); /* not even when it is quiet again soon */
    expect_next(151.5);
    run_watch_heard(&r, 1000);
    expect_next(1001);
}

Test(run_watch, nobody_is_told_who_would_not_hear)
{
    run_watch_begin(&r, 0);
    expect_next(0);
    console_.quiet = true;
    run_watch_begin(&r, 5);
    expect_next(0);
    console_.quiet = false;
    console_.json = true;
    run_watch_begin(&r, 5);
    expect_next(0);
    console_.json = false;
    r.debug.on = true;
    run_watch_begin(&r, 5);
    expect_next(0);
    r.debug.on = false;
    run_watch_begin(&r, 5);
    cr_expect(run_watch_deadline(&r) > 0);
    r.interrupts = 1;
    expect_next(0);
    r.interrupts = 0;
    r.started = false;
    expect_next(0);
    r.started = true;
    r.left = 0;
    expect_next(0);
}
