/* program: what is executed is found as a user expects, and what is not found is
 * said in words that name the host and the reason. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "daemon/tasks/program.h"

#define PATH_BYTES 512

static char base[PATH_BYTES];

static void make(const char *name, mode_t mode)
{
    char path[2 * PATH_BYTES];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", base, name);
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs("#!/bin/sh\n", f);
    fclose(f);
    chmod(path, mode);
}

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/dvm-program-XXXXXX");
    cr_assert_not_null(mkdtemp(base));
    make("good", 0755);
    make("plain", 0644);
}

static void tear_down(void)
{
    char command[PATH_BYTES + 16];

    snprintf(command, sizeof command, "rm -rf %s", base);
    cr_assert_eq(system(command), 0);
}

TestSuite(program, .init = set_up, .fini = tear_down);

static void expect(const char *program, const char *directory, const char *first,
                   const char *path, const char *wanted)
{
    char out[2 * PATH_BYTES];

    cr_assert_eq(program_locate(program, directory, first, path, "h", out, sizeof out), DVM_OK,
                 "%s", dvm_last_error());
    cr_assert_str_eq(out, wanted);
}

static void refuse(const char *program, const char *path, const char *words)
{
    char out[2 * PATH_BYTES];

    cr_assert_eq(program_locate(program, base, "", path, "h7", out, sizeof out),
                 DVM_ERR_NO_PROGRAM);
    cr_assert_not_null(strstr(dvm_last_error(), "host h7"), "%s", dvm_last_error());
    cr_assert_not_null(strstr(dvm_last_error(), words), "%s", dvm_last_error());
}

Test(program, is_found_by_path_folder_and_name)
{
    char good[2 * PATH_BYTES], path[2 * PATH_BYTES];

    snprintf(good, sizeof good, "%s/good", base);
    expect(good, "/nowhere", "", NULL, good);
    expect("good", "/", base, "/bin", good);
    snprintf(path, sizeof path, "/nowhere::%s", base);
    expect("good", "/", "", path, good);
    expect("sh", "/", base, "/bin:/usr/bin", "/bin/sh");
    expect("./good", base, "", NULL, good);
    snprintf(good, sizeof good, "%s/.//good", base);
    expect(".//good", base, "", NULL, good);
}

Test(program, failures_say_why)
{
    refuse("./missing", NULL, "No such file");
    refuse("./plain", NULL, "not executable");
    refuse("/tmp", NULL, "it is a folder");
    refuse("no-such-program", "/bin", "no program no-such-program in PATH (/bin)");
}
