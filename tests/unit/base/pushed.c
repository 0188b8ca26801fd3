/* Programs that were pushed to a host: folders that are the user's alone, no link is
 * followed, and all goes with the runtime folder; and which libraries a program needs. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pushed.h"
#include "base/runtime.h"
#include "console/remote/libraries.h"
#include "daemon/daemon.h"
#include "daemon/tasks/push.h"
#include "dvm.h"

static char folder[] = "/tmp/dvm-test-pushed-XXXXXX";

static void open_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void close_up(void)
{
    char command[sizeof folder + 16];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(pushed, .init = open_up, .fini = close_up);

static int path_in(char *out, size_t size, const char *rest)
{
    return snprintf(out, size, "%s/%s", folder, rest);
}

Test(pushed, made_found_and_removed)
{
    char path[256];
    struct stat st;
    int fd, again, base;

    cr_assert_eq(pushed_open(folder, "key", &fd), DVM_OK);
    cr_assert_eq(pushed_open(folder, "key", &again), DVM_OK);
    cr_assert_eq(fstat(fd, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0700u);
    close(openat(fd, "program", O_CREAT | O_WRONLY, 0700));
    cr_assert_eq(faccessat(again, "program", X_OK, 0), 0);
    cr_assert_eq(runtime_open(folder, &base), DVM_OK);
    pushed_remove(base);
    path_in(path, sizeof path, PUSHED_FOLDER);
    cr_expect_neq(access(path, F_OK), 0);
    close(base);
    close(fd);
    close(again);
}

Test(pushed, links_are_refused_and_not_followed)
{
    char path[256], outside[256];
    int fd, base;

    path_in(outside, sizeof outside, "outside");
    cr_assert_eq(mkdir(outside, 0700), 0);
    path_in(outside, sizeof outside, "outside/file");
    close(open(outside, O_CREAT | O_WRONLY, 0600));
    cr_assert_eq(pushed_open(folder, "key", &fd), DVM_OK);
    cr_assert_eq(symlinkat("../../outside", fd, "link"), 0);
    close(fd);
    path_in(path, sizeof path, PUSHED_FOLDER "/trap");
    cr_assert_eq(symlink("../outside", path), 0);
    fd = 0;
    cr_expect_eq(pushed_open(folder, "trap", &fd), DVM_ERR_REFUSED);
    cr_expect_eq(fd, -1, "there is nothing to close");
    cr_assert_eq(runtime_open(folder, &base), DVM_OK);
    pushed_remove(base);
    close(base);
    cr_expect_eq(access(outside, F_OK), 0, "what a link leads to was removed");
}

Test(pushed, tasks_of_a_client_without_a_directory)
{
    Dvm__Pb__Spawn *what;
    uint8_t packed[256];
    struct daemon d = {0};
    char path[256];
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    int fd;

    m.pushed_key = (char *)"key";
    m.pushed_name = (char *)"program";
    what = dvm__pb__spawn__unpack(NULL, dvm__pb__spawn__pack(&m, packed), packed);
    snprintf(d.folder, sizeof d.folder, "%s", folder);
    path_in(path, sizeof path, PUSHED_FOLDER "/key/program");
    cr_assert_eq(pushed_open(folder, "key", &fd), DVM_OK);
    close(openat(fd, "program", O_CREAT | O_WRONLY, 0700));
    close(fd);
    cr_expect_eq(push_adapt(&d, path, what), DVM_OK);
    cr_expect_str_eq(what->directory, "", "they run where their daemon does");
    cr_expect_eq(what->n_env, 1u);
    dvm__pb__spawn__free_unpacked(what, NULL);
}

Test(libraries, of_a_program)
{
    struct libraries l;
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    bool found = false;

    cr_assert(n > 0);
    self[n] = '\0';
    cr_assert_eq(libraries_of(self, &l), DVM_OK);
    for (size_t i = 0; i < l.count; i++) {
        cr_expect_eq(access(l.list[i].path, R_OK), 0, "%s", l.list[i].path);
        cr_expect_neq(strncmp(l.list[i].name, "libc.so", 7), 0);
        cr_expect_neq(strncmp(l.list[i].name, "ld-linux", 8), 0);
        found = found || strncmp(l.list[i].name, "libcriterion", 12) == 0;
    }
    cr_expect(found, "%zu libraries", l.count);
    libraries_free(&l);
}

Test(libraries, of_what_has_none)
{
    struct libraries l;

    cr_assert_eq(libraries_of("/etc/passwd", &l), DVM_OK);
    cr_expect_eq(l.count, 0u);
    cr_assert_eq(libraries_of("/no/such/file", &l), DVM_OK);
    cr_expect_eq(l.count, 0u);
}
