/* Programs started at the same time: input, what they say, how they end, time
 * limits, a second try; and what is made of a failure. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "console/remote/launch.h"
#include "console/remote/verdict.h"

#define LONG 100 /* seconds that nothing here takes */

static struct launch shell(const char *script)
{
    return (struct launch){.argv = {"sh", "-c", script}, .seconds = LONG};
}

TestSuite(launch, .timeout = 240);

Test(launch, good_and_bad)
{
    struct launch l[] = {shell("read line; test \"$line\" = ticket"), shell("echo first; exit 3"),
                         shell("kill -9 $$"), shell("exit 0")};
    char line[80];

    l[0].input = "ticket\n";
    l[3].argv[0] = "/no/such/program";
    launch_all(l, 4, NULL, NULL);
    cr_expect(launch_good(&l[0]));
    cr_expect(!launch_good(&l[1]));
    cr_expect_str_eq(launch_last_line(&l[1], line, sizeof line), "first");
    cr_expect_str_eq(launch_last_line(&l[2], line, sizeof line), "sh was ended by signal 9");
    cr_expect_eq(WEXITSTATUS(l[3].status), 127);
    cr_expect(strstr(launch_last_line(&l[3], line, sizeof line), strerror(ENOENT)), "%s", line);
}

/* A daemon that is left behind keeps the output open: that is no reason to wait. */
Test(launch, does_not_wait_for_what_is_left_behind)
{
    struct launch l = shell("timeout 200 tail -f /dev/null & echo $! is up");
    double began = clock_seconds();
    int left = 0;

    launch_all(&l, 1, NULL, NULL);
    cr_expect(launch_good(&l));
    cr_expect(strstr(l.said, " is up\n") && sscanf(l.said, "%d", &left) == 1, "%s", l.said);
    cr_expect(clock_seconds() - began < LONG);
    if (left > 0)
        kill(left, SIGTERM);
}

Test(launch, late)
{
    char line[80];
    const char *last = "";

    /* a starved computer may need longer to say it */
    for (double seconds = 0.5; strcmp(last, "here") != 0; seconds *= 2) {
        struct launch l[] = {shell("echo here; exec timeout 200 tail -f /dev/null"),
                             shell("exit 0")};

        cr_assert_lt(seconds, LONG, "%s", last);
        l[0].seconds = seconds;
        launch_all(l, 2, NULL, NULL);
        cr_expect(l[0].late);
        cr_expect(!launch_good(&l[0]));
        cr_expect(launch_good(&l[1]));
        last = launch_last_line(&l[0], line, sizeof line);
    }
}

static bool try_again(struct launch *l, void *arg)
{
    int *tries = arg;

    l->argv[2] = "exit 0";
    return ++*tries == 1;
}

Test(launch, second_try)
{
    struct launch l = shell("echo no; exit 127");
    int tries = 0;

    launch_all(&l, 1, try_again, &tries);
    cr_expect_eq(tries, 2);
    cr_expect(launch_good(&l));
    cr_expect_str_empty(l.said);
}

Test(launch, more_than_run_at_once)
{
    enum { COUNT = LAUNCH_AT_ONCE + 40 };
    static struct launch l[COUNT];

    for (int i = 0; i < COUNT; i++)
        l[i] = shell(i % 7 ? "exit 0" : "exit 1");
    launch_all(l, COUNT, NULL, NULL);
    for (int i = 0; i < COUNT; i++)
        cr_expect_eq(launch_good(&l[i]), i % 7 != 0, "%d", i);
}

Test(launch, keeps_the_end_of_what_is_said)
{
    struct launch l = shell("seq 1 100000; echo the end");
    char line[80];

    launch_all(&l, 1, NULL, NULL);
    cr_expect(l.said_bytes < LAUNCH_SAID_MAX && l.said_bytes > LAUNCH_SAID_MAX / 2);
    cr_expect(strstr(l.said, "99999\n100000\nthe end\n"));
    cr_expect_str_eq(launch_last_line(&l, line, sizeof line), "the end");
}

Test(verdict, quotes_the_line_that_tells)
{
    struct launch l = shell("echo welcome to h; echo 'bash: dvmd: command not found'; exit 1");
    struct verdict v;

    launch_all(&l, 1, NULL, NULL);
    verdict_make(&v, &l);
    cr_expect_eq(v.code, JOIN_PROGRAM);
    cr_expect_str_eq(v.cause, "bash: dvmd: command not found");
    cr_expect(v.details);
}

/* dvmd's own word goes before any phrase, wherever it stands. */
Test(verdict, dvmd_says_the_code)
{
    struct launch l = shell("echo 'x: No such file or directory'; "
                            "echo 'dvmd: the ticket is used up -> this [J804]'; echo bye; exit 1");
    struct verdict v;

    launch_all(&l, 1, NULL, NULL);
    verdict_make(&v, &l);
    cr_expect_eq(v.code, JOIN_TICKET_USED);
    cr_expect_str_eq(v.cause, "the ticket is used up");
}

/* One that was late is that, whatever it said before. */
Test(verdict, late)
{
    struct launch l = shell("echo 'Connection refused'; exec timeout 200 tail -f /dev/null");
    struct verdict v;

    l.seconds = 0.2;
    launch_all(&l, 1, NULL, NULL);
    verdict_make(&v, &l);
    cr_expect_eq(v.code, JOIN_LATE);
}

static void answer(struct launch *l, const char *line, void *arg)
{
    static const char numbers[] = "1\n22\n";
    size_t *asked = arg;

    ++*asked;
    if (strcmp(line, "a number") == 0)
        launch_feed(l, numbers, strlen("1\n"), false);
    else
        launch_feed(l, numbers + strlen("1\n"), strlen("22\n"), true);
}

/* A dialog: its lines are heard, in turn, and are not among what was said. */
Test(launch, dialog)
{
    struct launch l = {.argv = {"sh"}, .seconds = LONG, .heard = answer};
    size_t asked = 0;

    l.input = "{ echo before; echo 'dvm-join: a number'; read a; echo 'dvm-join: another'; "
              "read b; read c && exit 9; echo $a-$b; }\n";
    launch_all(&l, 1, NULL, &asked);
    cr_expect(launch_good(&l), "%d", l.status);
    cr_expect_eq(asked, 2);
    cr_expect_str_eq(l.said, "before\n1-22\n");
}

/* More input than a pipe holds, to one that reads slowly and to one that does not read. */
Test(launch, much_input)
{
    enum { BYTES = 1 << 20 };
    struct launch l[] = {shell("wc -c"), shell("exec <&-; exit 0")};
    char *input = malloc(BYTES + 1), line[80];

    memset(input, 'x', BYTES);
    input[BYTES] = '\0';
    l[0].input = l[1].input = input;
    launch_all(l, 2, NULL, NULL);
    cr_expect(launch_good(&l[0]) && launch_good(&l[1]));
    cr_expect_eq(atoi(launch_last_line(&l[0], line, sizeof line)), BYTES);
    free(input);
}
