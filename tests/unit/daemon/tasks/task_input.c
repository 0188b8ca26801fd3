/* task_input: bytes for a task's stdin: answered when they are in its pipe, in their order,
 * bounded while it does not read, refused when it cannot read any more. */
#include "tests/support/stdio_alone.h"

#define PIECE 32768

TestSuite(task_input, .init = test_set_up, .fini = test_tear_down, .timeout = 240);

static uint64_t asked;

/* Send size bytes, all of them the letter. */
static void feed(int tid, int letter, size_t size, bool end)
{
    static uint8_t data[STDIO_IN_MAX], payload[STDIO_IN_MAX + 64];
    Dvm__Pb__Stdin m = DVM__PB__STDIN__INIT;
    struct dvm_frame f = {.src = TEST_SINK, .ref = ++asked};

    memset(data, letter, size);
    m.tid = tid;
    m.data.data = data;
    m.data.len = size;
    m.end = end;
    f.length = (uint32_t)dvm__pb__stdin__pack(&m, payload);
    handle_stdin(&test_daemon, &f, payload);
}

/* The task reads so many bytes; they are what has been sent in pieces 'a', 'b', ... */
static void take(size_t *at, size_t size)
{
    char byte;

    for (size_t i = 0; i < size; i++, ++*at) {
        if (read(test_ends[0], &byte, 1) != 1) {
            test_turn();
            cr_assert_eq(read(test_ends[0], &byte, 1), 1, "at %zu", *at);
        }
        cr_assert_eq(byte, (char)('a' + *at / PIECE), "at %zu: %c", *at, byte);
    }
    test_turn();
}

static void open_pipe(void)
{
    cr_assert_eq(test_open((struct stdio_wish){.input = true}), DVM_OK);
    fcntl(test_ends[0], F_SETFL, O_NONBLOCK);
}

Test(task_input, is_answered_when_it_is_in_the_pipe)
{
    size_t at = 0;
    char byte;

    open_pipe();
    feed(TEST_TID, 'a', PIECE, false);
    cr_expect(test_answers == 1 && test_ref == asked && test_code == DVM_OK);
    take(&at, PIECE);
    cr_expect(read(test_ends[0], &byte, 1) < 0 && errno == EAGAIN); /* not its end */
    feed(TEST_TID, 'b', 10, true);
    cr_expect(test_answers == 2 && test_code == DVM_OK);
    take(&at, 10);
    cr_expect_eq(read(test_ends[0], &byte, 1), 0);
    feed(TEST_TID, 'c', 1, false);
    cr_expect(test_answers == 3 && test_code == DVM_ERR_TASK_GONE);
}

Test(task_input, who_does_not_read_holds_the_others_back)
{
    size_t at = 0, pieces = 0;
    int in_pipe;

    open_pipe();
    while (test_code == DVM_OK) {
        feed(TEST_TID, 'a' + (int)pieces++, PIECE, false);
        cr_assert_lt(pieces, 100);
    }
    cr_expect_eq(test_code, DVM_ERR_LIMIT);
    cr_expect_eq(test_ref, asked);
    pieces--; /* that one was not taken */
    in_pipe = --test_answers;
    cr_expect_leq(test_task.stdio->waiting, STDIO_IN_MAX);
    cr_expect_gt(test_task.stdio->waiting, STDIO_IN_MAX - PIECE);
    cr_assert_lt((size_t)in_pipe, pieces);
    test_code = DVM_OK;
    take(&at, pieces * PIECE);
    cr_expect_eq((size_t)test_answers, pieces);
    cr_expect(test_code == DVM_OK && test_ref == pieces); /* in their order: the last is last */
    cr_expect_eq(test_task.stdio->waiting, 0);
    cr_expect_not(ev_is_active(&test_task.stdio->writable));
}

/* The end waits for what is before it, too. */
Test(task_input, the_end_comes_last)
{
    size_t at = 0, pieces = 0;
    char byte;

    open_pipe();
    while (test_answers == (int)pieces)
        feed(TEST_TID, 'a' + (int)pieces++, PIECE, false);
    feed(TEST_TID, 'x', 0, true);
    take(&at, pieces * PIECE);
    cr_expect_eq((size_t)test_answers, pieces + 1);
    cr_expect_eq(read(test_ends[0], &byte, 1), 0);
    cr_expect_lt(test_task.stdio->in, 0);
}

/* All that waits is refused, once each, when the task closes its stdin or ends. */
static void fill_and(bool closes)
{
    int taken;

    open_pipe();
    while (test_answers == (int)asked)
        feed(TEST_TID, 'a', PIECE, false);
    feed(TEST_TID, 'a', PIECE, false);
    taken = test_answers;
    if (closes) {
        close(test_ends[0]);
        test_ends[0] = 0;
        test_turn();
    } else {
        stdio_finish(&test_tasks, &test_task);
    }
    cr_expect_eq(test_answers, taken + 2);
    cr_expect(test_code == DVM_ERR_TASK_GONE && test_ref == asked);
    feed(TEST_TID, 'a', 1, false);
    cr_expect_eq(test_code, closes ? DVM_ERR_TASK_GONE : DVM_ERR_NO_TASK);
}

Test(task_input, the_task_closes_it)
{
    fill_and(true);
}

Test(task_input, the_task_ends)
{
    fill_and(false);
}

Test(task_input, what_is_wrong)
{
    struct dvm_frame f = {.src = TEST_SINK, .length = 2};
    char byte;

    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    cr_expect_eq(read(test_ends[0], &byte, 1), 0); /* the null device */
    feed(TEST_TID, 'a', 1, false);
    cr_expect_eq(test_code, DVM_ERR_TASK_GONE);
    feed(TEST_TID + 1, 'a', 1, false);
    cr_expect_eq(test_code, DVM_ERR_NO_TASK);
    handle_stdin(&test_daemon, &f, (const uint8_t *)"\x0a\x7f");
    cr_expect_eq(test_code, DVM_ERR_PROTOCOL);
    cr_expect_eq(test_answers, 3);
}

/* A terminal: what comes from it goes out as it is, and it takes another size. */
Test(task_input, of_a_terminal)
{
    Dvm__Pb__Stdin m = DVM__PB__STDIN__INIT;
    struct dvm_frame f = {.src = TEST_SINK, .ref = 1};
    struct winsize size;
    uint8_t payload[32];

    cr_assert_eq(test_open((struct stdio_wish){.terminal = true, .rows = 24, .columns = 80}),
                 DVM_OK);
    cr_assert_eq(ioctl(test_ends[2], TIOCGWINSZ, &size), 0);
    cr_expect(size.ws_row == 24 && size.ws_col == 80);
    m.tid = TEST_TID;
    m.rows = 50;
    m.columns = 100;
    f.length = (uint32_t)dvm__pb__stdin__pack(&m, payload);
    handle_stdin(&test_daemon, &f, payload);
    cr_expect(test_answers == 1 && test_code == DVM_OK);
    ioctl(test_ends[0], TIOCGWINSZ, &size);
    cr_expect(size.ws_row == 50 && size.ws_col == 100);
    cr_assert_eq(write(test_ends[2], "gdb> ", 5), 5);
    while (test_told_size < 5)
        ev_run(test_daemon.loop, EVRUN_ONCE);
    cr_expect_arr_eq(test_told, "gdb> ", 5);
    cr_expect_eq(test_last.stream, 1);
}
