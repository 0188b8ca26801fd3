/* wish: which rank gets a stdin, a terminal, a debugger, and with which arguments it is
 * executed; also with lists of ranks from outside that are no good lists. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tasks/wish.h"
#include "dvm.h"

#define COUNT 8

static uint32_t some[] = {2, 3, 6};
static uint32_t far[] = {0, UINT32_MAX};
static uint32_t bad[] = {7, 7, 1, UINT32_MAX, 0};
static char *words[] = {(char *)"sh", (char *)"-q"};

static Dvm__Pb__Spawn what;
static Dvm__Pb__Streams streams;
static Dvm__Pb__Debug debug;

static void set_up(void)
{
    dvm__pb__spawn__init(&what);
    dvm__pb__streams__init(&streams);
    dvm__pb__debug__init(&debug);
    debug.words = words;
    debug.n_words = 2;
    debug.ranks = some;
    debug.n_ranks = 3;
}

TestSuite(wish, .init = set_up);

/* Bit r: rank r gets one. */
static unsigned inputs(void)
{
    unsigned bits = 0;

    for (int rank = 0; rank < COUNT; rank++)
        bits |= (unsigned)wish_streams(&what, rank).input << rank;
    return bits;
}

Test(wish, who_gets_stdin)
{
    cr_expect_eq(inputs(), 0);
    what.stdin_open = true;
    cr_expect_eq(inputs(), 1); /* as ever: rank 0 */
    what.streams = &streams;
    cr_expect_eq(inputs(), 1);
    streams.stdin_ranks = some;
    streams.n_stdin_ranks = 3;
    cr_expect_eq(inputs(), 1U << 2 | 1U << 3 | 1U << 6);
    streams.n_stdin_ranks = 1;
    cr_expect_eq(inputs(), 1U << 2);
    streams.stdin_all = true;
    cr_expect_eq(inputs(), 0xff);
    what.stdin_open = false;
    cr_expect_eq(inputs(), 0);
}

Test(wish, raw_is_for_all)
{
    cr_expect_not(wish_streams(&what, 0).raw);
    what.streams = &streams;
    cr_expect_not(wish_streams(&what, 0).raw);
    streams.raw = true;
    for (int rank = 0; rank < COUNT; rank++)
        cr_expect(wish_streams(&what, rank).raw);
}

Test(wish, a_terminal_is_for_the_debugged)
{
    struct stdio_wish wish;

    what.debug = &debug;
    debug.terminal = true;
    debug.rows = 50;
    debug.columns = UINT32_MAX; /* must not wrap into a small one */
    wish = wish_streams(&what, 3);
    cr_expect(wish.terminal);
    cr_expect_eq(wish.rows, 50);
    cr_expect_eq(wish.columns, 1000);
    cr_expect_not(wish_streams(&what, 4).terminal);
    debug.n_words = 0; /* no debugger, no terminal */
    cr_expect_not(wish_streams(&what, 3).terminal);
}

Test(wish, who_is_debugged)
{
    struct { int first, count; bool some; } ranges[] = {
        {0, 2, false}, {0, 3, true}, {2, 1, true},  {3, 1, true}, {4, 2, false},
        {4, 3, true},  {6, 1, true}, {7, 9, false}, {2, 0, false},
    };

    cr_expect_not(wish_debugged(&what, 2));
    cr_expect_not(wish_debugged_some(&what, 0, COUNT));
    what.debug = &debug;
    for (int rank = 0; rank < COUNT; rank++)
        cr_expect_eq(wish_debugged(&what, rank), rank == 2 || rank == 3 || rank == 6, "%d", rank);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        cr_expect_eq(wish_debugged_some(&what, ranges[i].first, ranges[i].count), ranges[i].some,
                     "from %d, %d", ranges[i].first, ranges[i].count);
    debug.n_words = 0;
    cr_expect_not(wish_debugged(&what, 2));
    cr_expect_not(wish_debugged_some(&what, 0, COUNT));
}

/* Whatever a list holds, only what stands in it is found, and nothing outside is read. */
Test(wish, lists_from_outside)
{
    what.debug = &debug;
    debug.ranks = far;
    debug.n_ranks = 2;
    cr_expect(wish_debugged(&what, 0));
    cr_expect_not(wish_debugged(&what, 1));
    cr_expect_not(wish_debugged_some(&what, 1, COUNT));
    debug.ranks = bad;
    debug.n_ranks = 5;
    for (int rank = 0; rank < COUNT; rank++)
        cr_expect(!wish_debugged(&what, rank) || rank == 0 || rank == 1 || rank == 7, "%d", rank);
    debug.ranks = NULL;
    debug.n_ranks = 0;
    cr_expect_not(wish_debugged(&what, 0));
    cr_expect_not(wish_debugged_some(&what, 0, COUNT));
}

static void expect_words(int rank, const char *path, const char *wanted)
{
    const char **argv = wish_arguments(&what, rank, path);
    char text[100] = "";

    cr_assert_not_null(argv);
    for (size_t i = 0; argv[i]; i++)
        strcat(strcat(text, i ? " " : ""), argv[i]);
    cr_expect_str_eq(text, wanted, "rank %d: %s", rank, text);
    free((void *)argv);
}

Test(wish, arguments)
{
    char *args[] = {(char *)"-x", (char *)"7"};

    what.program = (char *)"prog";
    expect_words(0, "/bin/prog", "prog");
    what.args = args;
    what.n_args = 2;
    expect_words(2, "/bin/prog", "prog -x 7");
    what.by_path = true;
    expect_words(2, "/bin/prog", "/bin/prog -x 7");
    what.by_path = false;
    what.debug = &debug;
    expect_words(0, "/bin/prog", "prog -x 7");
    expect_words(2, "/bin/prog", "sh -q /bin/prog -x 7"); /* where the debugger finds it */
    debug.n_words = 0;
    expect_words(2, "/bin/prog", "prog -x 7");
}

Test(wish, the_debugger_is_looked_for_in_the_tasks_path)
{
    char *env[] = {(char *)"PATHS=/", (char *)"PATH=/no/such:/bin"};
    char path[64];

    what.debug = &debug;
    what.env = env;
    what.n_env = 2;
    cr_assert_eq(wish_locate(&what, "h", path, sizeof path), DVM_OK);
    cr_expect_str_eq(path, "/bin/sh");
    env[1] = (char *)"PATH=/no/such";
    cr_expect_eq(wish_locate(&what, "h", path, sizeof path), DVM_ERR_NO_PROGRAM);
    cr_expect(strstr(dvm_last_error(), "host h"), "%s", dvm_last_error());
}
