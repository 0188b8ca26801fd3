/* run_input: stdin for rank 0, some ranks or all: everybody gets the same bytes at their own
 * pace, who does not read is waited for and then given up, and the end comes once. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/run/run.h"
#include "proto/control.pb-c.h"

static int test_send(struct client *c, int dst, int type, const ProtobufCMessage *message,
                     uint64_t *ref);

#define client_send test_send
#include "console/run/run_input.c"

#define TASKS 4
#define LETTERS 23 /* a prime: a piece that is moved or lost is seen */

static struct console console_ = {.quiet = true};
static struct run_settings settings;
static struct run_task tasks[TASKS];
static struct run r;
static Dvm__Pb__Spawn request;
static Dvm__Pb__Streams streams;
static int typing; /* writes stdin */
static size_t typed;

/* What each rank was sent. */
static struct {
    size_t bytes;
    int messages, ends;
    uint64_t ref;
} got[TASKS];

static uint64_t refs;
static bool lost; /* the daemon is not there any more */

static char letter(size_t at)
{
    return (char)('a' + at % LETTERS);
}

static int test_send(struct client *c, int dst, int type, const ProtobufCMessage *message,
                     uint64_t *ref)
{
    const Dvm__Pb__Stdin *m = (const Dvm__Pb__Stdin *)message;
    int rank = 0;

    if (lost)
        return DVM_ERR_LOST_DAEMON;
    cr_assert_eq(type, DVM_CTL_STDIN);
    while (tasks[rank].tid != m->tid)
        cr_assert_lt(++rank, TASKS);
    cr_assert_eq(dst, DVM_TID_DAEMON(DVM_TID_SLOT(m->tid)));
    cr_assert_eq(got[rank].ends, 0, "rank %d gets something behind its end", rank);
    for (size_t i = 0; i < m->data.len; i++)
        cr_assert_eq((char)m->data.data[i], letter(got[rank].bytes + i), "rank %d", rank);
    got[rank].bytes += m->data.len;
    got[rank].messages++;
    got[rank].ends += m->end;
    got[rank].ref = ++refs;
    if (ref)
        *ref = refs;
    return DVM_OK;
}

static void set_up(void)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    typing = ends[1];
    for (int i = 0; i < TASKS; i++)
        tasks[i].tid = DVM_TID_MAKE(1 + i % 2, 10 + i);
    r = (struct run){.c = &console_, .s = &settings, .tasks = tasks, .count = TASKS};
    dvm__pb__spawn__init(&request);
    dvm__pb__streams__init(&streams);
}

static void tear_down(void)
{
    run_input_free(&r);
    run_output_free(&r.output);
    free(streams.stdin_ranks);
}

TestSuite(run_input, .init = set_up, .fini = tear_down, .timeout = 240);

static void begin(const char *who)
{
    settings.input = who;
    cr_assert_eq(run_input_begin(&r, &request, &streams), DVM_OK);
    r.started = true;
}

/* Type so many bytes and let the run take all of them in that it wants. */
static void type(size_t bytes)
{
    char text[PIECE_BYTES];

    while (bytes > 0) {
        size_t size = bytes < sizeof text ? bytes : sizeof text;

        for (size_t i = 0; i < size; i++)
            text[i] = letter(typed + i);
        cr_assert_eq(write(typing, text, size), (ssize_t)size);
        typed += size;
        bytes -= size;
        cr_assert(run_input_wanted(&r));
        run_input_ready(&r);
        run_input_pump(&r, 1);
    }
}

static void type_end(void)
{
    close(typing);
    cr_assert(run_input_wanted(&r));
    run_input_ready(&r);
    run_input_pump(&r, 1);
}

/* A rank's daemon has said OK to what it was sent last. */
static void answer(int rank)
{
    cr_assert(run_input_answer(&r, got[rank].ref, true));
    run_input_pump(&r, 2);
}

/* Bit i: rank i gets a pipe, by what the daemons are told. */
static unsigned pipes(void)
{
    unsigned bits = 0;

    for (size_t i = 0; i < streams.n_stdin_ranks; i++)
        bits |= 1U << streams.stdin_ranks[i];
    if (streams.stdin_all)
        return ~0U;
    return bits || !request.stdin_open ? bits : 1;
}

Test(run_input, who_gets_it)
{
    static const struct { const char *who; unsigned bits; size_t readers; int code; } rows[] = {
        {NULL, 1, 1, 0},    {"0", 1, 1, 0},    {"2", 4, 1, 0},       {"1,3", 10, 2, 0},
        {"0-3", ~0U, 4, 0}, {"all", ~0U, 4, 0}, {"none", 0, 0, 0},   {"4", 0, 0, DVM_ERR_ARG},
        {"x", 0, 0, DVM_ERR_ARG}, {"", 0, 0, DVM_ERR_ARG},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        settings.input = rows[i].who;
        cr_expect_eq(run_input_begin(&r, &request, &streams), rows[i].code, "row %zu", i);
        cr_expect_eq(r.input.count, rows[i].readers, "row %zu", i);
        cr_expect_eq(pipes(), rows[i].bits, "row %zu: %x", i, pipes());
        tear_down();
        r.input = (struct run_input){0};
        dvm__pb__streams__init(&streams);
    }
}

Test(run_input, there_is_none)
{
    int null = open("/dev/null", O_RDONLY);

    dup2(null, STDIN_FILENO);
    begin("all");
    cr_expect_not(request.stdin_open);
    cr_expect_not(run_input_wanted(&r));
    close(STDIN_FILENO);
    begin("all");
    cr_expect_not(request.stdin_open);
    run_input_pump(&r, 1);
    cr_expect_eq(run_input_deadline(&r), 0);
}

/* For one reader nothing is read ahead of what it has taken. */
Test(run_input, one_reader)
{
    begin(NULL);
    r.started = false;
    cr_expect_not(run_input_wanted(&r)); /* the tids are not known yet */
    r.started = true;
    type(100);
    cr_expect_eq(got[0].bytes, 100);
    cr_expect_not(run_input_wanted(&r));
    cr_expect_not(run_input_answer(&r, got[0].ref + 1, true)); /* to something else */
    cr_expect_not(run_input_wanted(&r));
    answer(0);
    type(50);
    answer(0);
    type_end();
    cr_expect(got[0].bytes == 150 && got[0].messages == 3 && got[0].ends == 1);
    cr_expect_not(run_input_wanted(&r));
    answer(0);
    run_input_pump(&r, 3);
    cr_expect_eq(got[0].messages, 3);
}

/* Others are not held up by one that has not answered, and it loses nothing. */
Test(run_input, each_at_its_pace)
{
    begin("1,2");
    for (int i = 0; i < 20; i++) {
        type(PIECE_BYTES);
        answer(1);
    }
    cr_expect_eq(got[1].bytes, typed);
    cr_expect_eq(got[2].bytes, PIECE_BYTES);
    type_end();
    cr_expect(got[1].ends == 1 && got[2].ends == 0);
    while (got[2].ends == 0)
        answer(2);
    cr_expect_eq(got[2].bytes, typed);
    cr_expect_eq(got[2].messages, 20, "the end goes with the last piece");
    cr_expect_eq(got[0].messages + got[3].messages, 0);
}

/* One that never reads: the others wait for it at the bound, then it is given up. */
Test(run_input, who_does_not_read)
{
    double until;

    begin("0,1");
    while (run_input_wanted(&r)) {
        type(PIECE_BYTES);
        answer(0);
        cr_assert_leq(typed, 2 * INPUT_BEHIND_MAX);
    }
    cr_expect_gt(typed, INPUT_BEHIND_MAX - PIECE_BYTES);
    cr_expect_leq(r.input.room, 2 * INPUT_BEHIND_MAX);
    cr_expect(r.input.waited);
    until = run_input_deadline(&r);
    cr_expect_gt(until, 2);
    run_input_pump(&r, until - 0.001);
    cr_expect_eq(got[1].ends, 0);
    run_input_pump(&r, until);
    cr_expect_eq(got[1].ends, 1);
    cr_expect_eq(got[0].ends, 0);
    cr_expect_eq(run_input_deadline(&r), 0);
    run_input_pump(&r, until); /* what only it had not got is forgotten */
    type(10);
    cr_expect_eq(got[0].bytes, typed);
}

/* A task that ends, a FAIL, and a lost daemon: each is one reader less. */
Test(run_input, readers_go)
{
    begin("all");
    type(10);
    tasks[0].ended = true;
    run_input_answer(&r, got[1].ref, false);
    for (int rank = 2; rank < TASKS; rank++)
        answer(rank);
    cr_expect_eq(r.input.left, 2);
    type(10);
    cr_expect(got[0].bytes == 10 && got[1].bytes == 10 && got[2].bytes == 20);
    answer(2);
    answer(3);
    lost = true;
    type(10);
    cr_expect_eq(r.input.left, 0);
    cr_expect_not(run_input_wanted(&r));
    run_input_pump(&r, 3);
}
