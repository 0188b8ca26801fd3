/* --output: a file for each rank and stream, and what can go wrong with them. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "console/run/files.h"

static char folder[] = "/tmp/dvm-test-files-XXXXXX";

static void make(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void unmake(void)
{
    char command[80];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(files, .init = make, .fini = unmake, .timeout = 240);

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *contents(const char *name)
{
    static char text[256];
    FILE *in = fopen(path_of(name), "r");

    cr_assert_not_null(in, "%s is not there", name);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

Test(files, each_rank_has_its_own)
{
    struct files *f;

    cr_assert_eq(files_open(&f, path_of("new/deep"), 3), DVM_OK);
    cr_expect_eq(files_write(f, 0, 1, "one\n", 4), DVM_OK);
    cr_expect_eq(files_write(f, 2, 2, "wrong\n", 6), DVM_OK);
    cr_expect_eq(files_write(f, 0, 1, "two\n", 4), DVM_OK);
    cr_expect_eq(files_close(f), DVM_OK);
    cr_expect_str_eq(contents("new/deep/0.out"), "one\ntwo\n");
    cr_expect_str_eq(contents("new/deep/2.err"), "wrong\n");
    cr_expect_str_eq(contents("new/deep/1.out"), "");
    /* the next run begins anew */
    cr_assert_eq(files_open(&f, path_of("new/deep/"), 1), DVM_OK);
    cr_expect_eq(files_close(f), DVM_OK);
    cr_expect_str_eq(contents("new/deep/0.out"), "");
}

static void expect_failure(const char *name, int count, const char *words)
{
    struct files *f;

    cr_expect_eq(files_open(&f, name, count), DVM_ERR_SYSTEM, "%s", name);
    cr_expect(strstr(dvm_last_error(), words), "%s", dvm_last_error());
}

Test(files, wrong_folders)
{
    FILE *file = fopen(path_of("file"), "w");

    fclose(file);
    expect_failure(path_of("file"), 1, "file cannot be made: Not a directory");
    expect_failure(path_of("file/below"), 1, "Not a directory");
    expect_failure("/proc/none", 1, "/proc/none cannot be made");
    cr_assert_eq(mkdir(path_of("1.out"), 0700), 0);
    expect_failure(folder, 3, "/1.out cannot be made: Is a directory");
}

Test(files, full_disk)
{
    struct files *f;

    cr_assert_eq(symlink("/dev/full", path_of("0.err")), 0);
    cr_assert_eq(files_open(&f, folder, 1), DVM_OK);
    cr_expect_eq(files_write(f, 0, 2, "x", 1), DVM_ERR_SYSTEM);
    cr_expect(strstr(dvm_last_error(), "/0.err cannot be written: No space left"), "%s",
              dvm_last_error());
    files_close(f);
}

Test(files, too_many)
{
    struct rlimit limit = {256, 256};
    struct files *f;

    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    expect_failure(folder, 1000, "needs 2064 open files for 1000 tasks, and at most 256");
    cr_assert_eq(files_open(&f, folder, 90), DVM_OK);
    files_close(f);
}

/* A low soft limit is raised. */
Test(files, many)
{
    struct rlimit limit = {64, 1024};
    struct files *f;

    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(files_open(&f, folder, 200), DVM_OK, "%s", dvm_last_error());
    cr_expect_eq(files_write(f, 199, 1, "last", 4), DVM_OK);
    files_close(f);
    cr_expect_str_eq(contents("199.out"), "last");
}
