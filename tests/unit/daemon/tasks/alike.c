/* alike: builds of a program are told apart, a file that has changed is summed anew, programs of
 * the system and what cannot be read are not compared, nor are those of another architecture. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/tasks/alike.h"

#define TEXT 256

static char file[64], other[64];

static void put(const char *path, const char *bytes, size_t n, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0700);

    cr_assert_eq(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

static void set_up(void)
{
    snprintf(file, sizeof file, "/tmp/dvm-alike-%d", (int)getpid());
    snprintf(other, sizeof other, "/tmp/dvm-unlike-%d", (int)getpid());
}

static void tear_down(void)
{
    unlink(file);
    unlink(other);
}

TestSuite(alike, .init = set_up, .fini = tear_down);

Test(alike, a_build_has_its_sum)
{
    uint64_t first;

    cr_expect_eq(alike_sum(file), 0); /* not there */
    put(file, "program", 7, 0);
    put(other, "pROgram", 7, 0);
    first = alike_sum(file);
    cr_expect_neq(first, 0);
    cr_expect_eq(alike_sum(file), first);
    cr_expect_neq(alike_sum(other), first);
    cr_expect_eq(alike_sum(file), first); /* summed anew */
    put(file, "s", 1, 7);                 /* another build, in the same place */
    cr_expect_neq(alike_sum(file), first);
    unlink(other);
    put(other, "", 0, 0);
    cr_expect_eq(alike_sum(other), 0);
    cr_expect_eq(alike_sum("/bin/sh"), 0);
    cr_expect_eq(alike_sum("/tmp"), 0);
}

Test(alike, hosts_that_differ_are_named)
{
    const struct alike same[] = {{"a", "x86_64", 7}, {"b", "x86_64", 7}, {"c", "s390x", 9},
                                 {"d", "x86_64", 0}};
    const struct alike one[] = {{"n1", "x86_64", 7}, {"n2", "s390x", 9}, {"n3", "x86_64", 8},
                                {"n4", "s390x", 9}};
    /* in the order of slots, which is that in which they have joined */
    const struct alike more[] = {{"n1", "x86_64", 0}, {"n2", "x86_64", 7}, {"n4", "x86_64", 8},
                                 {"n3", "x86_64", 8}};
    char text[TEXT];

    alike_note(same, 4, "prog", text, sizeof text);
    cr_expect_str_empty(text);
    alike_note(one, 4, "prog", text, sizeof text);
    cr_expect_str_eq(text, "prog is not the same on all hosts: n3 has another one than n1");
    alike_note(more, 4, "prog", text, sizeof text);
    cr_expect_str_eq(text, "prog is not the same on all hosts: n[3-4] have another one than n2");
    alike_note(more, 0, "prog", text, sizeof text);
    cr_expect_str_empty(text);
}
