/* task_output: what a task writes reaches its sink in whole lines, within the bounds of what the
 * sink has not acknowledged, with the last of it before its end; and streams that cannot be made
 * leave nothing behind. */
#include "tests/support/stdio_alone.h"

#include <dirent.h>
#include <sys/resource.h>

#define STREAMS_FILES_MAX 16

TestSuite(task_output, .init = test_set_up, .fini = test_tear_down, .timeout = 240);

static void write_to(int stream, const char *text)
{
    cr_assert_eq(write(test_ends[stream], text, strlen(text)), (ssize_t)strlen(text));
    test_turn();
}

static void expect_told(const char *text)
{
    cr_expect_eq(test_told_size, strlen(text));
    cr_expect_arr_eq(test_told, text, strlen(text), "%.*s", (int)test_told_size, test_told);
}

static void acknowledge(int from, uint64_t bytes)
{
    Dvm__Pb__StdioAck m = DVM__PB__STDIO_ACK__INIT;
    struct dvm_frame f = {.src = from};
    uint8_t payload[32];

    m.tid = TEST_TID;
    m.bytes = bytes;
    f.length = (uint32_t)dvm__pb__stdio_ack__pack(&m, payload);
    handle_stdio_ack(&test_daemon, &f, payload);
}

Test(task_output, goes_in_lines)
{
    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    write_to(1, "one\ntw");
    expect_told("one\n");
    write_to(2, "an err");
    expect_told("one\n"); /* two halves do not mix */
    write_to(1, "o\nthree\nf");
    expect_told("one\ntwo\nthree\n");
    cr_expect_eq(test_last.stream, 1);
    write_to(2, "or\n");
    expect_told("one\ntwo\nthree\nan error\n");
    cr_expect_eq(test_last.stream, 2);
    stdio_finish(&test_tasks, &test_task);
    expect_told("one\ntwo\nthree\nan error\nf"); /* a last line has no end */
    cr_expect_null(test_task.stdio);
    cr_expect_eq(test_kept_size, test_told_size);
    cr_expect_arr_eq(test_kept, test_told, test_told_size);
}

Test(task_output, raw_is_not_held)
{
    cr_assert_eq(test_open((struct stdio_wish){.raw = true}), DVM_OK);
    write_to(1, "ha");
    write_to(1, "lf");
    expect_told("half");
    cr_expect_eq(test_pieces, 2);
}

/* A line of just the room's length is one piece; one that is longer says that more comes. */
Test(task_output, a_line_of_any_length)
{
    for (int over = -1; over <= 1; over++) {
        size_t size = (size_t)(STDIO_LINE_MAX + over); /* with its end */
        char *line = malloc(size + 1);

        memset(line, 'x', size);
        line[size - 1] = '\n';
        line[size] = '\0';
        test_told_size = test_pieces = 0;
        cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
        write_to(1, line);
        test_turn();
        expect_told(line);
        cr_expect_eq(test_pieces, over > 0 ? 2 : 1, "%d: %zu", over, test_pieces);
        cr_expect_not(test_last.more);
        stdio_close(&test_tasks, &test_task);
        test_close_ends();
        free(line);
    }
    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    for (size_t i = 0; i < STDIO_LINE_MAX / 8; i++)
        cr_assert_eq(write(test_ends[1], "no end..", 8), 8);
    test_turn();
    cr_expect(test_last.more);
    cr_expect_eq(test_last.data.len, STDIO_LINE_MAX);
}

/* Only who can be answered asks, and a question is short. */
Test(task_output, a_question_does_not_wait_for_its_line)
{
    char much[QUESTION_MAX + 2];

    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    write_to(1, "name? ");
    cr_expect_not(ev_is_active(&test_task.stdio->out[0].question));
    stdio_close(&test_tasks, &test_task);
    test_close_ends();
    cr_assert_eq(test_open((struct stdio_wish){.input = true}), DVM_OK);
    write_to(1, "name? ");
    cr_expect(ev_is_active(&test_task.stdio->out[0].question));
    while (test_told_size == 0)
        ev_run(test_daemon.loop, EVRUN_ONCE); /* the suite has a limit */
    expect_told("name? ");
    cr_expect_not(ev_is_active(&test_task.stdio->out[0].question));
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    write_to(1, much);
    cr_expect_not(ev_is_active(&test_task.stdio->out[0].question));
}

Test(task_output, a_worlds_tasks_share_what_may_be_ahead)
{
    static const struct { int count; size_t limit; } rows[] = {
        {0, STDIO_AHEAD},    {1, STDIO_AHEAD},     {128, STDIO_AHEAD},
        {256, 128 * 1024},   {4096, 8 * 1024},     {8192, STDIO_AHEAD_MIN},
        {8193, STDIO_AHEAD_MIN}, {1 << 30, STDIO_AHEAD_MIN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_world.count = rows[i].count;
        cr_expect_eq(ahead_limit(&test_task), rows[i].limit, "%d tasks: %zu", rows[i].count,
                     ahead_limit(&test_task));
    }
    test_task.world = NULL;
    cr_expect_eq(ahead_limit(&test_task), STDIO_AHEAD);
}

/* Write until the pipe is full and nothing is read from it any more. */
static void flood(void)
{
    static char lines[4096];
    size_t before;

    memset(lines, '\n', sizeof lines);
    fcntl(test_ends[1], F_SETFL, O_NONBLOCK);
    do {
        before = test_kept_size;
        while (write(test_ends[1], lines, sizeof lines) > 0)
            continue;
        test_turn();
    } while (test_kept_size > before && test_kept_size < TEST_TEXT_MAX / 2);
}

Test(task_output, the_sink_says_how_far)
{
    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    flood();
    cr_expect_eq(test_told_size, STDIO_AHEAD);
    acknowledge(TEST_SINK + 1, STDIO_AHEAD); /* it is not the sink */
    flood();
    cr_expect_eq(test_told_size, STDIO_AHEAD);
    acknowledge(TEST_SINK, 100);
    flood();
    cr_expect_eq(test_told_size, STDIO_AHEAD + 100);
    acknowledge(TEST_SINK, UINT64_MAX); /* more than there is: as all */
    flood();
    cr_expect_eq(test_told_size, 2 * STDIO_AHEAD + 100);
    stdio_sink_gone(&test_tasks, &test_task);
    flood();
    cr_expect_eq(test_told_size, 2 * STDIO_AHEAD + 100);
    cr_expect_geq(test_kept_size, TEST_TEXT_MAX / 2); /* nothing holds it back any more */
}

Test(task_output, an_acknowledgement_that_is_none)
{
    struct dvm_frame f = {.src = TEST_SINK, .length = 2};

    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    handle_stdio_ack(&test_daemon, &f, (const uint8_t *)"\x0a\x7f");
    stdio_close(&test_tasks, &test_task);
    acknowledge(TEST_SINK, 1); /* nothing is open */
    stdio_sink_gone(&test_tasks, &test_task);
    stdio_finish(&test_tasks, &test_task);
    cr_expect_eq(test_answers, 0);
}

static int open_files(int *highest)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    for (struct dirent *e; (e = readdir(dir)); count++)
        if (atoi(e->d_name) > *highest && atoi(e->d_name) != dirfd(dir))
            *highest = atoi(e->d_name);
    closedir(dir);
    return count;
}

/* With fewer descriptors than it takes, whichever of them is the one that is missing. */
static void expect_undone(struct stdio_wish wish, int least)
{
    int highest = 0, before, tries = 0, code;
    struct rlimit all, few;

    before = open_files(&highest);
    while (dup(0) < highest)
        before++; /* no holes below */
    before++;
    highest++;
    getrlimit(RLIMIT_NOFILE, &all);
    few = all;
    do {
        few.rlim_cur = (rlim_t)(highest + 1 + tries);
        setrlimit(RLIMIT_NOFILE, &few);
        code = test_open(wish);
        setrlimit(RLIMIT_NOFILE, &all);
        cr_assert(!code || open_files(&highest) == before, "with %d files", tries);
        cr_assert(!code || (code == DVM_ERR_LIMIT && !test_task.stdio));
    } while (code && ++tries < STREAMS_FILES_MAX);
    cr_expect_eq(tries, least, "%d", tries);
    stdio_close(&test_tasks, &test_task);
    test_close_ends();
    test_low = true; /* what is left is not for tasks */
    cr_expect_eq(test_open(wish), DVM_ERR_LIMIT);
    cr_expect_eq(open_files(&highest), before);
}

Test(task_output, no_descriptors_for_pipes)
{
    expect_undone((struct stdio_wish){.input = true}, 6);
}

Test(task_output, no_descriptors_for_a_terminal)
{
    expect_undone((struct stdio_wish){.terminal = true}, 5);
}

Test(task_output, no_memory)
{
    test_no_memory = true;
    cr_expect_eq(test_open((struct stdio_wish){.input = true}), DVM_ERR_NO_MEMORY);
    cr_expect_null(test_task.stdio);
}

/* Without a sink, in a machine of its own, a task writes where the daemon does. */
Test(task_output, of_a_private_machine)
{
    test_daemon.is_private = true;
    test_task.sink = 0;
    cr_assert_eq(test_open((struct stdio_wish){0}), DVM_OK);
    cr_expect(test_task.stdio->out[0].fd < 0 && test_task.stdio->out[1].fd < 0);
    cr_expect(test_ends[1] > STDERR_FILENO && test_ends[2] > STDERR_FILENO);
    stdio_finish(&test_tasks, &test_task);
}
