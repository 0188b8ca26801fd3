/* The queue of what tasks write: whole lines, order, tags, acknowledgements. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/run/run_output.h"

#define TASK_A 0x40001
#define TASK_B 0x80001

static uint64_t acknowledged[2]; /* of A and B */

static void written(void *arg, int tid, uint64_t bytes)
{
    cr_assert(tid == TASK_A || tid == TASK_B, "0x%x", (unsigned)tid);
    acknowledged[tid == TASK_B] += bytes;
}

/* stdout of this test becomes a pipe, whose reading end is returned. */
static int catch_stdout(void)
{
    int ends[2];

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    return ends[0];
}

static void put(struct run_output *o, int tid, const char *prefix, const char *text)
{
    cr_assert(run_output_put(o, STDOUT_FILENO, tid, prefix, text, strlen(text)));
}

static const char *flushed(struct run_output *o, int fd)
{
    static char text[4096];
    ssize_t got;

    run_output_flush(o);
    cr_assert_eq(run_output_waiting(o), 0);
    got = read(fd, text, sizeof text - 1);
    cr_assert(got >= 0);
    text[got] = '\0';
    return text;
}

Test(run_output, lines_of_two_tasks)
{
    struct run_output o;
    int fd = catch_stdout();

    run_output_begin(&o, false, written, NULL);
    put(&o, TASK_A, NULL, "one\n");
    put(&o, TASK_B, NULL, "two\n");
    cr_expect_str_eq(flushed(&o, fd), "one\ntwo\n");
    cr_expect_eq(acknowledged[0], 4);
    cr_expect_eq(acknowledged[1], 4);
    run_output_free(&o);
}

Test(run_output, a_line_is_not_interrupted)
{
    struct run_output o;
    int fd = catch_stdout();

    run_output_begin(&o, false, written, NULL);
    put(&o, TASK_A, NULL, "half");
    put(&o, TASK_A, NULL, " and half\nrest");
    put(&o, TASK_B, NULL, "other\n");
    cr_expect_str_eq(flushed(&o, fd), "half and half\nrest\nother\n");
    /* the line end that was put in is no byte of the task's */
    cr_expect_eq(acknowledged[0], strlen("half and half\nrest"));
    cr_expect_eq(acknowledged[1], strlen("other\n"));
    run_output_free(&o);
}

/* stdout without its end and a line of stderr, on one terminal or in one file. */
Test(run_output, a_line_is_not_continued_on_the_other_stream)
{
    for (int raw = 0; raw < 2; raw++) {
        struct run_output o;
        int fd = catch_stdout();

        cr_assert_eq(dup2(STDOUT_FILENO, STDERR_FILENO), STDERR_FILENO);
        run_output_begin(&o, raw, written, NULL);
        put(&o, TASK_A, NULL, "half");
        cr_assert(run_output_put(&o, STDERR_FILENO, TASK_A, NULL, "error\n", 6));
        put(&o, TASK_A, NULL, "whole\nhalf");
        cr_assert(run_output_say(&o, "dvm: word"));
        put(&o, TASK_A, NULL, "end\n");
        cr_expect_str_eq(flushed(&o, fd), raw ? "halferror\nwhole\nhalf\ndvm: word\nend\n"
                                              : "half\nerror\nwhole\nhalf\ndvm: word\nend\n");
        run_output_free(&o);
    }
}

Test(run_output, what_is_acknowledged_already)
{
    struct run_output o;
    int fd = catch_stdout();

    run_output_begin(&o, false, written, NULL);
    put(&o, TASK_A, NULL, "begin");
    run_output_taken(&o);
    put(&o, TASK_A, NULL, " end\n");
    cr_expect_str_eq(flushed(&o, fd), "begin end\n");
    cr_expect_eq(acknowledged[0], strlen(" end\n"));
    run_output_free(&o);
}

Test(run_output, tags_begin_each_line_once)
{
    struct run_output o;
    int fd = catch_stdout();

    run_output_begin(&o, false, written, NULL);
    put(&o, TASK_A, "[0 a] ", "x\ny\nz");
    put(&o, TASK_A, "[0 a] ", "zz\n");
    put(&o, TASK_B, "[1 b] ", "\n\nend");
    put(&o, TASK_A, "[0 a] ", "last\n");
    cr_expect_str_eq(flushed(&o, fd),
                     "[0 a] x\n[0 a] y\n[0 a] zzz\n[1 b] \n[1 b] \n[1 b] end\n[0 a] last\n");
    cr_expect_eq(acknowledged[0], strlen("x\ny\nzzz\nlast\n"));
    cr_expect_eq(acknowledged[1], strlen("\n\nend"));
    run_output_free(&o);
}

/* A full pipe delays the queue and not the caller; what comes out is what went in. */
Test(run_output, full_pipe, .timeout = 240)
{
    enum { LINES = 100000 };
    struct run_output o;
    int fd = catch_stdout(), next = 0, seen = 0, number;
    char line[32], read_line[32];
    FILE *in = fdopen(fd, "r");

    cr_assert_not_null(in);
    run_output_begin(&o, false, written, NULL);
    for (; next < LINES; next++) {
        snprintf(line, sizeof line, "line %d\n", next);
        put(&o, TASK_A, NULL, line);
    }
    run_output_flush(&o);
    cr_expect(run_output_waiting(&o) > 0);
    cr_expect_eq(run_output_fd(&o), STDOUT_FILENO);
    for (; seen < LINES; seen++) {
        if (run_output_waiting(&o) > 0)
            run_output_flush(&o);
        cr_assert_not_null(fgets(read_line, sizeof read_line, in));
        cr_assert_eq(sscanf(read_line, "line %d", &number), 1);
        cr_assert_eq(number, seen);
    }
    cr_expect_eq(run_output_fd(&o), -1);
    run_output_free(&o);
}

Test(run_output, reader_gone)
{
    struct run_output o;
    int fd = catch_stdout();

    signal(SIGPIPE, SIG_IGN);
    run_output_begin(&o, false, written, NULL);
    close(fd);
    put(&o, TASK_A, NULL, "nobody\n");
    run_output_flush(&o);
    cr_expect_eq(o.broken, EPIPE);
    run_output_free(&o);
}
