/* environment: what a spawned task finds in its environment: what its request brought, but
 * for what belonged to its parent alone, and DVM's own variables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"
#include "daemon/tasks/environment.h"

static struct options options;
static struct daemon daemon_;
static Dvm__Pb__Spawn what;
static struct environment *e;
static const char *const *list; /* as the task gets it */

static void set_up(void)
{
    unsetenv("DVM_DIR");
    memset(&options, 0, sizeof options);
    daemon_.options = &options;
    strcpy(daemon_.folder, "/run/f");
    strcpy(daemon_.machine, "m");
    strcpy(daemon_.host, "h");
    dvm__pb__spawn__init(&what);
}

static void tear_down(void)
{
    environment_free(e);
}

TestSuite(environment, .init = set_up, .fini = tear_down);

static void make(char **env, size_t count, int threads)
{
    static const uint8_t token[TASKS_TOKEN_BYTES] = {0x00, 0x0f, 0xf0, 0xff};

    what.env = env;
    what.n_env = count;
    environment_free(e);
    e = environment_make(&daemon_, &what, threads);
    cr_assert_not_null(e);
    list = environment_with_token(e, token, sizeof token);
}

/* How often a variable is there; value: of the last. */
static int times(const char *name, const char **value)
{
    size_t length = strlen(name);
    int found = 0;

    for (size_t i = 0; list[i]; i++)
        if (!strncmp(list[i], name, length) && list[i][length] == '=') {
            found++;
            *value = list[i] + length + 1;
        }
    return found;
}

/* It is there once, with this value; wanted NULL: not at all. */
static void expect(const char *name, const char *wanted)
{
    const char *value = "";

    cr_expect_eq(times(name, &value), wanted ? 1 : 0, "%s", name);
    cr_expect_str_eq(value, wanted ? wanted : "", "%s=%s", name, value);
}

Test(environment, what_the_daemon_adds)
{
    make(NULL, 0, 3);
    expect("DVM_SOCKET", "/run/f/" RUNTIME_SOCKET);
    expect("DVM_MACHINE", "m");
    expect("DVM_HOST", "h");
    expect("DVM_TOKEN", "000ff0ff000000000000000000000000");
    expect("OMP_NUM_THREADS", "3");
    expect("DVM_DIR", NULL);
    expect("PWD", NULL);
}

Test(environment, what_was_the_parents_own_is_not_handed_on)
{
    char *env[] = {(char *)"DVM_SOCKET=old", (char *)"DVM_TOKEN=old", (char *)"DVM_DIR=old",
                   (char *)"DVM_HOST=old",   (char *)"DVM_MACHINE=old", (char *)"PWD=old",
                   (char *)"DVM_HOSTS=x",    (char *)"DVM_TOKE=y",    (char *)"PWD2=z",
                   (char *)"OMP_NUM_THREADS=", (char *)"DVM_TOKEN",   (char *)"EMPTY="};

    what.directory = (char *)"/tmp";
    options.folder = "/run/f";
    make(env, sizeof env / sizeof env[0], 3);
    expect("DVM_SOCKET", "/run/f/" RUNTIME_SOCKET);
    expect("DVM_TOKEN", "000ff0ff000000000000000000000000");
    expect("DVM_DIR", "/run/f");
    expect("DVM_HOST", "h");
    expect("DVM_MACHINE", "m");
    expect("PWD", "/tmp");
    expect("DVM_HOSTS", "x"); /* names that only begin like those */
    expect("DVM_TOKE", "y");
    expect("PWD2", "z");
    expect("OMP_NUM_THREADS", ""); /* it was set: to nothing */
    expect("EMPTY", "");
}

/* A second task of the same launch has its own token, and only that. */
Test(environment, one_token_a_task)
{
    static const uint8_t other[TASKS_TOKEN_BYTES] = {0xab};

    make(NULL, 0, 1);
    list = environment_with_token(e, other, sizeof other);
    expect("DVM_TOKEN", "ab000000000000000000000000000000");
}

/* PWD is a convenience: one that does not fit is left out, and what comes behind it is there. */
Test(environment, a_long_working_directory)
{
    static char path[4 * RUNTIME_PATH_MAX];

    memset(path, 'x', sizeof path - 1);
    what.directory = path;
    make(NULL, 0, 2);
    expect("PWD", NULL);
    expect("OMP_NUM_THREADS", "2");
}

Test(environment, get)
{
    char *env[] = {(char *)"AB=1", (char *)"A", (char *)"A=2=3", (char *)"A=4", (char *)"=5"};

    cr_expect_str_eq(environment_get(env, 5, "A"), "2=3");
    cr_expect_str_eq(environment_get(env, 5, ""), "5");
    cr_expect_null(environment_get(env, 2, "A"));
    cr_expect_null(environment_get(env, 5, "ABC"));
    cr_expect_null(environment_get(NULL, 0, "A"));
}
