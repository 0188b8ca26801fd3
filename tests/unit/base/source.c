/* source: an address of a program is told as its line, whatever the program is linked like;
 * what is not known, takes too long or is no program is not. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/source.h"

#define PATIENCE 60.0 /* seconds: the machine may be busy */

/* Skips the test where there is no addr2line. */
static void need_addr2line(void)
{
    if (system("command -v addr2line >/dev/null || command -v eu-addr2line >/dev/null"))
        cr_skip_test("neither addr2line nor eu-addr2line is here");
}

__attribute__((noinline)) static uintptr_t who_called(void)
{
    return (uintptr_t)__builtin_return_address(0);
}

Test(source, an_address_of_this_process)
{
    char text[SOURCE_TEXT_MAX], wanted[SOURCE_TEXT_MAX];
    uintptr_t site;

    need_addr2line();
    site = who_called(); snprintf(wanted, sizeof wanted, "source.c:%d", __LINE__);
    cr_expect_str_eq(source_here(site - 1, PATIENCE, text), wanted);
    cr_expect_str_eq(source_here(0, PATIENCE, text), "");
    cr_expect_str_eq(source_here(16, PATIENCE, text), "", "that is in no file");
}

Test(source, without_time_the_file_is_told)
{
    char text[SOURCE_TEXT_MAX];

    source_here(who_called(), 0, text);
    cr_expect(strncmp(text, "unit_source+0x", 14) == 0, "%s", text);
}

/* Compile the program with options, and give the address of its function. */
static bool compile(const char *folder, const char *options, char *path, size_t size,
                    uint64_t *address)
{
    char command[1024], symbol[64];
    FILE *f;
    int n = 0;

    snprintf(path, size, "%s/program", folder);
    snprintf(command, sizeof command,
             "printf 'int wanted(int a);\\n\\nint wanted(int a)\\n{\\n    return a + 1;\\n}\\n"
             "int main(void) { return wanted(1); }\\n' >%s/some.c && cc -g %s -o %s %s/some.c",
             folder, options, path, folder);
    if (system(command))
        return false;
    snprintf(command, sizeof command, "nm %s | grep ' T wanted$'", path);
    f = popen(command, "r");
    if (f && fgets(symbol, sizeof symbol, f)) {
        *address = strtoull(symbol, NULL, 16);
        n = 1;
    }
    return f && pclose(f) == 0 && n == 1;
}

static void expect_lines(const char *options)
{
    char folder[] = "/tmp/dvm-source-XXXXXX", path[64];
    struct source places[3] = {{.module = path}, {.module = path}, {.module = "/etc/passwd"}};
    uint64_t address = 0, there = 0;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert(compile(folder, options, path, sizeof path, &address), "%s", options);
    places[0].address = address;
    places[1].address = address + 1;
    source_find(places, 3, PATIENCE);
    cr_expect_str_eq(places[0].text, "some.c:4", "%s", options);
    cr_expect_str_eq(places[1].text, "some.c:4", "%s", options);
    cr_expect_str_eq(places[2].text, "");
    /* from the place in the file and back: how GNU ld lays a program out */
    cr_expect(source_address(path, address % 0x400000, &there), "%s", options);
    cr_expect_eq(there, address, "%s", options);
    snprintf(path + strlen(path), 16, " ; rm -rf %c", '.'); /* no shell looks at it */
    source_find(places, 1, PATIENCE);
    cr_expect_str_eq(places[0].text, "");
    path[strlen(folder) + 8] = '\0';
    unlink(path);
    snprintf(path, sizeof path, "%s/some.c", folder);
    unlink(path);
    rmdir(folder);
}

Test(source, programs_of_each_kind)
{
    need_addr2line();
    if (system("command -v cc >/dev/null && command -v nm >/dev/null"))
        cr_skip_test("no compiler is here");
    expect_lines("-pie -fPIE");
    expect_lines("-no-pie -fno-pie -static-libgcc");
}

Test(source, what_is_no_program_has_no_address)
{
    uint64_t address = 7;

    cr_expect_not(source_address("/etc/passwd", 0, &address));
    cr_expect_not(source_address("/dev/null", 0, &address));
    cr_expect_not(source_address("/nowhere", 0, &address));
    cr_expect_not(source_address("/proc/self/exe", UINT64_MAX, &address));
    cr_expect_eq(address, 7);
    cr_expect(source_address("/proc/self/exe", 0, &address));
}

Test(source, who_never_answers_is_not_waited_for)
{
    char folder[] = "/tmp/dvm-source-XXXXXX", path[64], text[SOURCE_TEXT_MAX];
    double start;
    FILE *f;

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/addr2line", folder);
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fprintf(f, "#!/bin/sh\nkill -STOP $$\n");
    fclose(f);
    chmod(path, 0700);
    setenv("PATH", folder, 1);
    start = clock_seconds();
    source_here(who_called(), 0.2, text);
    cr_expect(strncmp(text, "unit_source+0x", 14) == 0, "%s", text);
    cr_expect(clock_seconds() - start < PATIENCE);
    unlink(path);
    rmdir(folder);
}
