/* flood.c: lines that repeat.
 *
 * Protects: a flood of one kind of line is cut to some and a count that is told once its
 * time is over; other kinds pass meanwhile; nothing is held back for ever, and the log
 * tells the rest when it is closed.
 */
#include "base/flood.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static struct flood f;
static const char kinds[200];
static bool first;

static unsigned pass(const void *kind, unsigned times, uint64_t now)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < times; i++)
        passed += flood_pass(&f, kind, "text", now, &first);
    return passed;
}

Test(flood, the_first_pass_and_the_rest_is_counted)
{
    const struct flood_kind *k;

    cr_assert_eq(pass(&kinds[1], FLOOD_LINES, 1000), FLOOD_LINES);
    cr_assert_eq(pass(&kinds[1], 1, 1001), 0);
    cr_assert(first);
    cr_assert_eq(pass(&kinds[1], 9999, 1002), 0);
    cr_assert(!first);
    cr_assert_eq(pass(&kinds[2], 5, 1003), 5);
    cr_assert_null(flood_due(&f, 1000 + FLOOD_MS - 1, false));
    cr_assert_eq(flood_next(&f, 1000 + FLOOD_MS - 7), 7);
    k = flood_due(&f, 1000 + FLOOD_MS, false);
    cr_assert_eq(k->held, 10000);
    cr_assert_str_eq(k->text, "text");
    cr_assert_null(flood_due(&f, 1000 + FLOOD_MS, true));
    cr_assert_eq(flood_next(&f, 1000 + FLOOD_MS), 0);
    cr_assert_eq(pass(&kinds[1], FLOOD_LINES, 1001 + FLOOD_MS), FLOOD_AGAIN, "it goes on");
    cr_assert_eq(flood_due(&f, 1001 + 2 * FLOOD_MS, false)->held, FLOOD_LINES - FLOOD_AGAIN);
    cr_assert_eq(pass(&kinds[1], FLOOD_LINES + 1, 1002 + 3 * FLOOD_MS), FLOOD_LINES, "it was over");
}

Test(flood, a_slow_row_is_no_flood)
{
    for (uint64_t now = 0; now < 100 * FLOOD_MS; now += 2 * FLOOD_MS / FLOOD_MANY)
        cr_assert_eq(pass(&kinds[1], 1, now), 1);
}

Test(flood, a_row_that_goes_on_is_one)
{
    unsigned passed = 0, told = 0;

    for (uint64_t now = 0; now < 100 * FLOOD_MS; now += FLOOD_MS / FLOOD_LINES) {
        passed += pass(&kinds[1], 1, now);
        told += flood_due(&f, now, false) != NULL;
    }
    cr_assert_leq(passed, FLOOD_LINES + 100 * FLOOD_AGAIN, "%u", passed);
    cr_assert_geq(told, 90, "%u", told);
}

Test(flood, more_kinds_than_places_pass)
{
    for (int i = 0; i < FLOOD_KINDS; i++)
        pass(&kinds[i + 1], FLOOD_LINES + 1, 5);
    cr_assert_eq(pass(&kinds[FLOOD_KINDS + 1], 3 * FLOOD_LINES, 5), 3 * FLOOD_LINES);
    cr_assert_eq(pass(&kinds[1], 1, 5), 0);
    cr_assert_eq(flood_due(&f, 5, true)->held, 2);
    cr_assert_eq(pass(&kinds[FLOOD_KINDS + 1], FLOOD_LINES + 2, 6), FLOOD_LINES);
}

static int alarms;

static void on_alarm(int ms)
{
    alarms++;
    cr_assert_eq(ms, FLOOD_MS);
}

Test(flood, the_log_tells_how_many_were_left_out)
{
    char path[] = "/tmp/dvm-flood-XXXXXX", line[LOG_LINE_MAX], last[LOG_LINE_MAX] = "";
    int fd = mkstemp(path), lines = 0;
    double begun;
    FILE *in;

    cr_assert_eq(log_open(path, LOG_INFO, false), 0);
    log_alarm(on_alarm);
    begun = clock_seconds();
    for (int i = 0; i < 500; i++)
        log_warning("stranger %d", i);
    cr_assert_eq(alarms, 1);
    cr_assert_gt(log_due(), 0);
    log_info("other");
    log_close();
    log_alarm(NULL);
    if (clock_seconds() - begun > FLOOD_MS / 1e3)
        cr_skip_test("this process was stopped for so long that it is no flood");
    in = fdopen(fd, "r");
    while (fgets(line, sizeof line, in)) {
        strcpy(last, line);
        lines++;
    }
    cr_assert_eq(lines, FLOOD_LINES + 2);
    cr_assert(strstr(last, "480 more like this one, the last: stranger 499"), "%s", last);
    fclose(in);
    unlink(path);
}
