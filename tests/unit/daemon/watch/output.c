/* output: what tasks have written is kept in order, within the bounds of a task and of a
 * host whatever they write, and what had to go is known by its place. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/watch/output.h"

#define TASK_MAX ((size_t)16 << 10)
#define HOST_MAX ((size_t)64 << 10)
#define LONG_LINE ((size_t)32 << 10)

static struct output o;

static void set_up(void)
{
    output_begin(&o, TASK_MAX, HOST_MAX);
}

static void tear_down(void)
{
    output_free(&o);
}

TestSuite(output, .init = set_up, .fini = tear_down);

static void say(int tid, int stream, const char *text)
{
    output_add(&o, tid, stream, text, strlen(text));
}

/* All of a stream from a place on, as one text; the caller frees it. */
static char *all(int tid, int stream, uint64_t at)
{
    const struct output_log *log = output_find(&o, tid);
    struct output_piece piece;
    size_t have = 0;
    char *text = malloc(HOST_MAX + 2 * LONG_LINE);

    while (log && output_piece(log, stream, 1000, &at, &piece)) {
        cr_assert(stream == 0 || piece.stream == stream);
        cr_assert_leq(piece.size, 1000);
        memcpy(text + have, piece.bytes, piece.size);
        have += piece.size;
    }
    if (log)
        cr_assert_eq(at, log->end);
    text[have] = '\0';
    return text;
}

static void expect(int tid, int stream, uint64_t at, const char *wanted)
{
    char *text = all(tid, stream, at);

    cr_expect_str_eq(text, wanted);
    free(text);
}

Test(output, streams_keep_their_order)
{
    cr_expect_null(output_find(&o, 1));
    say(1, 1, "a\n");
    say(1, 1, "b\n");
    say(1, 2, "x\n");
    say(1, 1, "c\n");
    say(2, 1, "other\n");
    expect(1, 0, 0, "a\nb\nx\nc\n");
    expect(1, 1, 0, "a\nb\nc\n");
    expect(1, 2, 0, "x\n");
    expect(1, 0, 4, "x\nc\n");
    expect(1, 0, 3, "\nx\nc\n");
    expect(1, 0, 99, "");
    expect(2, 0, 0, "other\n");
}

Test(output, the_last_lines)
{
    const struct output_log *log;

    say(1, 1, "a\nb\n");
    say(1, 2, "x\n");
    say(1, 1, "c\n");
    log = output_find(&o, 1);
    expect(1, 0, output_tail(log, 0, 1), "c\n");
    expect(1, 0, output_tail(log, 0, 2), "x\nc\n");
    expect(1, 0, output_tail(log, 0, 3), "b\nx\nc\n");
    expect(1, 1, output_tail(log, 1, 2), "b\nc\n");
    expect(1, 2, output_tail(log, 2, 1), "x\n");
    expect(1, 0, output_tail(log, 0, 99), "a\nb\nx\nc\n");
    say(1, 1, "no end");
    expect(1, 0, output_tail(log, 0, 1), "no end");
    expect(1, 0, output_tail(log, 0, 2), "c\nno end");
}

/* Lines that say their number, so that what is kept can be told from what is not. */
static void count_to(int tid, int from, int to)
{
    char line[32];

    for (int i = from; i < to; i++) {
        snprintf(line, sizeof line, "%d\n", i);
        say(tid, 1, line);
    }
}

Test(output, a_task_keeps_its_last_lines)
{
    const struct output_log *log;
    char *text, *end;
    long number;

    count_to(1, 0, 20000);
    log = output_find(&o, 1);
    cr_expect_leq(log->cost, TASK_MAX);
    cr_expect_gt(log->end - output_begins(log), TASK_MAX / 2, "short lines cost not much more "
                                                              "than their bytes");
    text = all(1, 0, 0);
    number = strtol(text, &end, 10);
    cr_expect_eq(strlen(text), log->end - output_begins(log));
    for (char *at = text; *at; number++, at = end + 1)
        cr_assert_eq(strtol(at, &end, 10), number); /* no line is cut, none is left out */
    cr_expect_eq(number, 20000);
    free(text);
}

Test(output, a_long_line_is_kept_whole)
{
    char *line = malloc(LONG_LINE + 1), *text;

    memset(line, 'x', LONG_LINE);
    line[LONG_LINE - 1] = '\n';
    line[LONG_LINE] = '\0';
    say(1, 1, "before\n");
    say(1, 1, line);
    text = all(1, 0, 0);
    cr_expect_str_eq(text, line);
    say(1, 1, "behind\n");
    expect(1, 0, 0, "behind\n");
    free(text);
    free(line);
}

Test(output, what_ended_first_goes_first)
{
    for (int tid = 1; tid <= 10; tid++) {
        count_to(tid, 0, 10000);
        output_end(&o, tid);
        cr_expect_leq(o.cost, HOST_MAX);
    }
    cr_expect_null(output_find(&o, 1));
    cr_expect_not_null(output_find(&o, 10));
    cr_expect(output_find(&o, 10)->ended);
    cr_expect_geq(o.ended, HOST_MAX / TASK_MAX - 1);
    say(10, 1, "another task with its tid\n");
    expect(10, 0, 0, "another task with its tid\n");
    cr_expect_not(output_find(&o, 10)->ended);
}

Test(output, those_that_run_share_what_there_is)
{
    const int tasks = 100;
    char *line = malloc(LONG_LINE + 1);

    memset(line, 'x', LONG_LINE);
    line[LONG_LINE] = '\0';
    for (int round = 0; round < 3; round++)
        for (int tid = 1; tid <= tasks; tid++)
            count_to(tid, 0, 300);
    cr_expect_leq(o.cost, HOST_MAX);
    for (int tid = 1; tid <= tasks; tid++) {
        const struct output_log *log = output_find(&o, tid);

        cr_assert_not_null(log);
        cr_expect_gt(log->end - output_begins(log), 0, "task %d has nothing left", tid);
    }
    for (int tid = 1; tid <= tasks; tid++)
        say(tid, 1, line); /* longer than anybody's share */
    cr_expect_leq(o.cost, HOST_MAX + LONG_LINE + 1024);
    free(line);
}

Test(output, the_number_of_ended_tasks_is_bounded)
{
    for (int tid = 1; tid <= OUTPUT_ENDED_MAX + 5; tid++) {
        say(tid, 1, "");
        output_add(&o, tid, 1, "x", 1);
        output_end(&o, tid);
    }
    cr_expect_leq(o.ended, OUTPUT_ENDED_MAX);
    cr_expect_leq(o.cost, HOST_MAX);
    cr_expect_null(output_find(&o, 5));
}
