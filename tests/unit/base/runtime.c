/* runtime: nothing in /tmp is believed. Each test has a folder of its own, given by
 * DVM_DIR or made below this user's folder with a machine name of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"

#define STRANGER 12345 /* a user id that is not this process's */

static char base[RUNTIME_PATH_MAX];    /* where a test may do what it likes */
static char machine[DVM_NAME_MAX];     /* a machine that nobody else has */

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/dvm-test-XXXXXX");
    cr_assert_not_null(mkdtemp(base));
    snprintf(machine, sizeof machine, "unit-test-%d", (int)getpid());
    unsetenv("DVM_DIR");
    unsetenv("DVM_HOST");
    setenv("DVM_MACHINE", machine, 1);
}

static void tear_down(void)
{
    char command[2 * RUNTIME_PATH_MAX];

    snprintf(command, sizeof command, "rm -rf %s /tmp/dvm-%u/%s", base, (unsigned)geteuid(),
             machine);
    cr_assert_eq(system(command), 0);
}

TestSuite(runtime, .init = set_up, .fini = tear_down);

/* A folder NAME below base, as DVM_DIR. */
static const char *own_folder(const char *name)
{
    static char folder[RUNTIME_PATH_MAX + DVM_NAME_MAX];

    snprintf(folder, sizeof folder, "%s/%s", base, name);
    setenv("DVM_DIR", folder, 1);
    return folder;
}

Test(runtime, names)
{
    char longest[DVM_NAME_MAX + 1];

    cr_assert(runtime_name_ok("node-1.a_B"));
    cr_assert_not(runtime_name_ok(""));
    cr_assert_not(runtime_name_ok("."));
    cr_assert_not(runtime_name_ok(".."));
    cr_assert_not(runtime_name_ok(".hidden"));
    cr_assert_not(runtime_name_ok("a/b"));
    cr_assert_not(runtime_name_ok("a b"));
    memset(longest, 'a', sizeof longest);
    longest[DVM_NAME_MAX] = '\0';
    cr_assert_not(runtime_name_ok(longest));
    longest[DVM_NAME_MAX - 1] = '\0';
    cr_assert(runtime_name_ok(longest));
}

Test(runtime, a_bad_name_is_refused_in_words)
{
    char folder[RUNTIME_PATH_MAX];

    setenv("DVM_MACHINE", "../etc", 1);
    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, NULL), DVM_ERR_ARG);
    cr_assert_not_null(strstr(dvm_last_error(), "DVM_MACHINE"));
    cr_assert_not_null(strstr(dvm_last_error(), "../etc"));
    cr_assert_eq(runtime_find(folder, sizeof folder, NULL), DVM_ERR_ARG);
}

Test(runtime, the_path_is_made_of_user_machine_and_host)
{
    char folder[RUNTIME_PATH_MAX], expected[RUNTIME_PATH_MAX];

    snprintf(expected, sizeof expected, "/tmp/dvm-%u/%s/h1", (unsigned)geteuid(), machine);
    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, "h1"), DVM_OK);
    cr_assert_str_eq(folder, expected);
    setenv("DVM_HOST", "h1", 1);
    cr_assert_eq(runtime_folder(folder, sizeof folder, machine, NULL), DVM_OK);
    cr_assert_str_eq(folder, expected);
    cr_assert_eq(runtime_folder(folder, 8, NULL, "h1"), DVM_ERR_ARG);
}

Test(runtime, dvm_dir_goes_before_all)
{
    char folder[RUNTIME_PATH_MAX];

    setenv("DVM_DIR", "/some/where//", 1);
    cr_assert_eq(runtime_folder(folder, sizeof folder, "m", "h"), DVM_OK);
    cr_assert_str_eq(folder, "/some/where");
}

Test(runtime, folders_are_made_private)
{
    char folder[RUNTIME_PATH_MAX];
    struct stat st;

    umask(0);
    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, "h1"), DVM_OK);
    for (int twice = 0; twice < 2; twice++)
        cr_assert_eq(runtime_make(folder), DVM_OK, "%s", dvm_last_error());
    for (int level = 0; level < 3; level++) {
        cr_assert_eq(lstat(folder, &st), 0);
        cr_assert(S_ISDIR(st.st_mode));
        cr_assert_eq(st.st_mode & 0777, 0700);
        *strrchr(folder, '/') = '\0';
    }
}

Test(runtime, a_missing_folder_is_no_daemon)
{
    int fd;

    cr_assert_eq(runtime_open(own_folder("missing"), &fd), DVM_ERR_NO_DAEMON);
    cr_assert_not(runtime_alive(getenv("DVM_DIR")));
    cr_assert_eq(runtime_connect(getenv("DVM_DIR"), &fd), DVM_ERR_NO_DAEMON);
}

Test(runtime, a_link_is_refused)
{
    char target[RUNTIME_PATH_MAX + DVM_NAME_MAX];
    const char *folder = own_folder("link");
    int fd;

    snprintf(target, sizeof target, "%s/target", base);
    cr_assert_eq(mkdir(target, 0700), 0);
    cr_assert_eq(symlink(target, folder), 0);
    cr_assert_eq(runtime_open(folder, &fd), DVM_ERR_REFUSED);
    cr_assert_not_null(strstr(dvm_last_error(), "link"));
    cr_assert_eq(runtime_make(folder), DVM_ERR_REFUSED);
    strcat(target, "/../link/"); /* a slash at the end would follow it */
    cr_assert_neq(runtime_open(target, &fd), DVM_OK);
}

Test(runtime, a_link_in_the_middle_is_refused)
{
    char folder[RUNTIME_PATH_MAX], level[RUNTIME_PATH_MAX];
    int fd;

    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, "h1"), DVM_OK);
    cr_assert_eq(runtime_make(folder), DVM_OK);
    strcpy(level, folder);
    *strrchr(level, '/') = '\0'; /* the machine's level */
    strcat(base, "/moved");
    cr_assert_eq(rename(level, base), 0);
    cr_assert_eq(symlink(base, level), 0);
    *strrchr(base, '/') = '\0';
    cr_assert_eq(runtime_open(folder, &fd), DVM_ERR_REFUSED);
    cr_assert_eq(runtime_find(folder, sizeof folder, NULL), DVM_ERR_REFUSED);
    cr_assert_eq(unlink(level), 0);
}

Test(runtime, a_file_is_refused)
{
    const char *folder = own_folder("file");
    int fd = open(folder, O_CREAT | O_WRONLY, 0600);

    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(runtime_open(folder, &fd), DVM_ERR_REFUSED);
}

Test(runtime, a_folder_open_to_others_is_refused)
{
    static const mode_t modes[] = {0701, 0710, 0770, 0777, 0755};
    const char *folder = own_folder("open");
    int fd;

    cr_assert_eq(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert_eq(chmod(folder, modes[i]), 0);
        cr_assert_eq(runtime_open(folder, &fd), DVM_ERR_REFUSED, "mode %o", modes[i]);
        cr_assert_not_null(strstr(dvm_last_error(), "open to others"));
    }
    cr_assert_eq(chmod(folder, 0700), 0);
    cr_assert_eq(runtime_open(folder, &fd), DVM_OK);
    close(fd);
}

Test(runtime, another_users_folder_is_refused)
{
    const char *folder = own_folder("foreign");
    int fd;

    if (geteuid() != 0)
        cr_skip_test("only root can make a folder of another user");
    cr_assert_eq(mkdir(folder, 0700), 0);
    cr_assert_eq(chown(folder, STRANGER, STRANGER), 0);
    cr_assert_eq(runtime_open(folder, &fd), DVM_ERR_REFUSED);
    cr_assert_not_null(strstr(dvm_last_error(), "12345"));
    cr_assert_eq(runtime_make(folder), DVM_ERR_REFUSED);
}

Test(runtime, a_lock_has_one_holder)
{
    const char *folder = own_folder("lock");
    int first, second;

    cr_assert_eq(runtime_make(folder), DVM_OK);
    cr_assert_not(runtime_alive(folder));
    cr_assert_eq(runtime_lock(folder, &first), DVM_OK);
    cr_assert(runtime_alive(folder));
    cr_assert_eq(runtime_lock(folder, &second), DVM_ERR_EXISTS);
    cr_assert(fcntl(first, F_GETFD) & FD_CLOEXEC);
    close(first);
    cr_assert_not(runtime_alive(folder), "a file that is left behind is no daemon");
    cr_assert_eq(runtime_lock(folder, &second), DVM_OK);
    close(second);
}

/* A child that holds the lock until it is killed; returns when it has it. */
static pid_t lock_in_child(const char *folder)
{
    int ready[2], fd;
    char byte;
    pid_t child;

    cr_assert_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (runtime_lock(folder, &fd) == DVM_OK && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

Test(runtime, a_killed_holder_leaves_no_daemon)
{
    char folder[RUNTIME_PATH_MAX], found[RUNTIME_PATH_MAX];
    pid_t child;

    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, "h1"), DVM_OK);
    cr_assert_eq(runtime_make(folder), DVM_OK);
    child = lock_in_child(folder);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK, "%s", dvm_last_error());
    cr_assert_str_eq(found, folder);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_DAEMON);
    cr_assert_not_null(strstr(dvm_last_error(), "dvm start"));
}

Test(runtime, find_prefers_by_name)
{
    static const char *const hosts[] = {"h3", "h1", "h2"};
    char folder[RUNTIME_PATH_MAX], found[RUNTIME_PATH_MAX];
    int locks[3];

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, hosts[i]), DVM_OK);
        cr_assert_eq(runtime_make(folder), DVM_OK);
        cr_assert_eq(runtime_lock(folder, &locks[i]), DVM_OK);
    }
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK);
    cr_assert_str_eq(strrchr(found, '/'), "/h1", "the first by name");
    setenv("DVM_HOST", "h3", 1);
    cr_assert_eq(runtime_find(found, sizeof found, machine), DVM_OK);
    cr_assert_str_eq(strrchr(found, '/'), "/h3", "DVM_HOST first");
    close(locks[0]);
    unsetenv("DVM_HOST");
    close(locks[1]);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK);
    cr_assert_str_eq(strrchr(found, '/'), "/h2");
    close(locks[2]);
}

Test(runtime, find_takes_no_other_host_for_dvm_host)
{
    static const char *const hosts[] = {"h2", "h1"};
    char folder[RUNTIME_PATH_MAX], found[RUNTIME_PATH_MAX], socket[RUNTIME_PATH_MAX + 16];
    int locks[2];

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, hosts[i]), DVM_OK);
        cr_assert_eq(runtime_make(folder), DVM_OK);
        cr_assert_eq(runtime_lock(folder, &locks[i]), DVM_OK);
    }
    setenv("DVM_HOST", "h4", 1);
    runtime_put_name(folder, "h1-2"); /* that of h1 */
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_HOST);
    cr_expect_not_null(strstr(dvm_last_error(), "DVM_HOST is \"h4\""), "%s", dvm_last_error());
    cr_expect_not_null(strstr(dvm_last_error(), "only h1, h2;"), "%s", dvm_last_error());
    setenv("DVM_HOST", "h1-2", 1);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK, "its name in the machine");
    cr_assert_str_eq(strrchr(found, '/'), "/h1");
    runtime_put_name(folder, "h4");
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_HOST);
    setenv("DVM_HOST", "no name", 1);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_HOST);
    cr_assert_eq(runtime_find(found, sizeof found, machine), DVM_OK, "any of a named machine");
    cr_assert_str_eq(strrchr(found, '/'), "/h1");

    /* a task of a host whose name in the machine is not its folder's */
    snprintf(socket, sizeof socket, "%.*s/h2/" RUNTIME_SOCKET,
             (int)(strrchr(folder, '/') - folder), folder);
    setenv("DVM_SOCKET", socket, 1);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK, "%s", dvm_last_error());
    cr_assert_str_eq(strrchr(found, '/'), "/h2");
    setenv("DVM_SOCKET", "/elsewhere/h2/" RUNTIME_SOCKET, 1);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_HOST, "another machine's");

    close(locks[0]);
    close(locks[1]);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_DAEMON);
}

Test(runtime, find_keeps_to_dvm_dir)
{
    const char *folder = own_folder("one");
    char found[RUNTIME_PATH_MAX];
    int lock;

    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_ERR_NO_DAEMON);
    cr_assert_eq(runtime_make(folder), DVM_OK);
    cr_assert_eq(runtime_lock(folder, &lock), DVM_OK);
    cr_assert_eq(runtime_find(found, sizeof found, NULL), DVM_OK);
    cr_assert_str_eq(found, folder);
    close(lock);
}

Test(runtime, listen_and_connect_in_a_long_folder)
{
    char name[201], path[2 * RUNTIME_PATH_MAX];
    const char *folder;
    int listener, client, server;
    struct pollfd p = {.events = POLLIN};

    memset(name, 'x', sizeof name - 1); /* longer than a socket's address may be */
    name[sizeof name - 1] = '\0';
    folder = own_folder(name);
    cr_assert_eq(runtime_make(folder), DVM_OK);
    cr_assert_eq(runtime_connect(folder, &client), DVM_ERR_NO_DAEMON);
    for (int twice = 0; twice < 2; twice++) { /* a socket left behind is replaced */
        cr_assert_eq(runtime_listen(folder, &listener), DVM_OK, "%s", dvm_last_error());
        snprintf(path, sizeof path, "%s/%s", folder, RUNTIME_SOCKET);
        cr_assert_eq(twice ? runtime_connect_socket(path, &client)
                           : runtime_connect(folder, &client),
                     DVM_OK, "%s", dvm_last_error());
        p.fd = listener;
        cr_assert_eq(poll(&p, 1, 60000), 1);
        server = accept(listener, NULL, NULL);
        cr_assert_geq(server, 0);
        cr_assert_eq(send(client, "hi", 2, 0), 2);
        cr_assert(fcntl(client, F_GETFD) & FD_CLOEXEC);
        cr_assert(fcntl(listener, F_GETFD) & FD_CLOEXEC);
        close(server);
        close(client);
        close(listener);
    }
    cr_assert_eq(runtime_connect(folder, &client), DVM_ERR_NO_DAEMON, "nobody listens");
}

Test(runtime, a_socket_path_must_have_a_folder)
{
    int fd;

    cr_assert_eq(runtime_connect_socket("socket", &fd), DVM_ERR_ARG);
    cr_assert_eq(runtime_connect_socket("/socket", &fd), DVM_ERR_ARG);
    cr_assert_eq(runtime_connect_socket("", &fd), DVM_ERR_ARG);
}

Test(runtime, remove_leaves_nothing)
{
    char folder[RUNTIME_PATH_MAX];
    struct stat st;
    int lock, listener;

    cr_assert_eq(runtime_folder(folder, sizeof folder, NULL, "h1"), DVM_OK);
    cr_assert_eq(runtime_make(folder), DVM_OK);
    cr_assert_eq(runtime_lock(folder, &lock), DVM_OK);
    cr_assert_eq(runtime_listen(folder, &listener), DVM_OK);
    runtime_remove(folder);
    close(listener);
    close(lock);
    cr_assert_eq(stat(folder, &st), -1);
    *strrchr(folder, '/') = '\0';
    cr_assert_eq(stat(folder, &st), -1, "the machine's level is empty and goes, too");
}

Test(runtime, remove_spares_other_hosts)
{
    char one[RUNTIME_PATH_MAX], two[RUNTIME_PATH_MAX];
    struct stat st;

    cr_assert_eq(runtime_folder(one, sizeof one, NULL, "h1"), DVM_OK);
    cr_assert_eq(runtime_folder(two, sizeof two, NULL, "h2"), DVM_OK);
    cr_assert_eq(runtime_make(one), DVM_OK);
    cr_assert_eq(runtime_make(two), DVM_OK);
    runtime_remove(one);
    cr_assert_eq(stat(one, &st), -1);
    cr_assert_eq(stat(two, &st), 0);
}
