/* private: starting the daemon of a private machine, with scripts in its place: what
 * it says on the ready pipe, and what becomes of one that says nothing. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "vm/vm.h"

static char script[] = "/tmp/dvm-test-daemon-XXXXXX";

static void set_up(void)
{
    int fd = mkstemp(script);

    cr_assert_geq(fd, 0);
    close(fd);
    setenv("DVM_DAEMON", script, 1);
}

static void tear_down(void)
{
    unlink(script);
}

TestSuite(private, .init = set_up, .fini = tear_down);

/* Make the daemon a shell script; $3 is the number of the ready pipe. */
static void daemon_is(const char *text)
{
    FILE *f = fopen(script, "w");

    cr_assert_not_null(f);
    fprintf(f, "#!/bin/bash\n%s\n", text);
    fclose(f);
    cr_assert_eq(chmod(script, 0700), 0);
}

Test(private, ready)
{
    char folder[64];

    daemon_is("[ \"$1 $2\" = '--private --ready-fd' ] && eval \"echo ready /tmp/x >&$3\"");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_OK, "%s", dvm_last_error());
    cr_assert_str_eq(folder, "/tmp/x");
    private_end(false);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_assert_eq(errno, ECHILD);
}

Test(private, its_error_is_passed_on)
{
    char folder[64];

    daemon_is("eval \"echo error no room for another machine >&$3\"");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_NO_DAEMON);
    cr_assert_str_eq(dvm_last_error(), "no room for another machine");
}

Test(private, one_that_dies)
{
    char folder[64];

    daemon_is("exit 3");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_NO_DAEMON);
    cr_assert_not_null(strstr(dvm_last_error(), "ended before it was ready"));
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "it was reaped");
}

Test(private, one_that_babbles)
{
    char folder[64];

    daemon_is("eval \"echo good morning >&$3\"");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_PROTOCOL);
    cr_assert_not_null(strstr(dvm_last_error(), "good morning"));
}

Test(private, a_folder_that_is_too_long)
{
    char folder[8];

    daemon_is("eval \"echo ready /tmp/a/long/folder >&$3\"");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_PROTOCOL);
}

Test(private, one_that_is_missing)
{
    char folder[64];

    unlink(script);
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_NO_DAEMON);
    cr_assert_not_null(strstr(dvm_last_error(), "DVM_DAEMON"));
}

Test(private, one_that_is_no_program)
{
    char folder[64];

    daemon_is("");
    cr_assert_eq(chmod(script, 0600), 0);
    cr_assert_eq(private_start(folder, sizeof folder), DVM_ERR_NO_DAEMON);
}

/* It gets no descriptor of the program's but the standard ones and the pipe. */
Test(private, it_inherits_nothing)
{
    char folder[256];
    int fd = open("/dev/null", O_RDONLY); /* the program's own, not closed by exec */

    cr_assert_geq(fd, 3);
    /* bash keeps its script open on 255 */
    daemon_is("for i in {3..254}; do [ -e /proc/$$/fd/$i ] && open+=\"_$i\"; done\n"
              "eval \"echo ready $open >&$3\"");
    cr_assert_eq(private_start(folder, sizeof folder), DVM_OK, "%s", dvm_last_error());
    cr_assert_str_eq(folder, "_3");
    close(fd);
}

Test(private, a_stuck_one_is_killed)
{
    double begun = clock_seconds();

    daemon_is("eval \"echo ready /tmp/x >&$3\"; exec sleep 100");
    cr_assert_eq(private_start((char[64]){0}, 64), DVM_OK);
    private_end(true);
    cr_assert_lt(clock_seconds() - begun, 5);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
}

Test(private, programs_are_found_by_variable_and_path)
{
    char path[256], folder[] = "/tmp/dvm-test-path-XXXXXX", program[300];

    daemon_is("");
    cr_assert(program_find("dvmd", "DVM_DAEMON", "daemon", path, sizeof path));
    cr_assert_str_eq(path, script);
    cr_assert_not(program_find("no-such-program-of-dvm", NULL, "daemon", path, sizeof path));
    cr_assert_not_null(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/found-in-path", folder);
    cr_assert_eq(symlink(script, program), 0);
    setenv("PATH", folder, 1);
    cr_assert(program_find("found-in-path", NULL, "daemon", path, sizeof path));
    cr_assert_str_eq(path, program);
    unlink(program);
    rmdir(folder);
}
