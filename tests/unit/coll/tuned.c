/* tuned: tables of algorithms from files: what is read from them, what is refused with file and
 * line, that collectives do as they say, and that members without the same table are told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "coll/tuned.h"
#include "dvm.h"
#include "tests/support/group_task.h"

static struct tuned table;

static int read_text(const char *text)
{
    return tuned_text(&table, "t", text, strlen(text));
}

Test(tuned, rows)
{
    cr_assert_eq(read_text("# all\n\nallreduce 8 4096 star\n\tbcast any any binomial # rest\r\n"
                           "barrier 2 any dissemination"), DVM_OK);
    cr_assert_eq(table.count, 3);
    cr_assert(table.rows[0].kind == COLL_ALLREDUCE && table.rows[0].algorithm == ALGORITHM_STAR);
    cr_assert(table.rows[0].tasks == 8 && table.rows[0].bytes == 4096);
    cr_assert(table.rows[1].tasks == SIZE_MAX && table.rows[1].bytes == SIZE_MAX);
    cr_assert_eq(table.rows[2].algorithm, ALGORITHM_DISSEMINATION);
    cr_assert_eq(read_text(""), DVM_OK);
    cr_assert_eq(table.count, 0);
}

static void refused(const char *text, const char *begin, const char *part)
{
    cr_assert_eq(read_text(text), DVM_ERR_ARG, "%s", text);
    cr_assert_eq(strncmp(dvm_last_error(), begin, strlen(begin)), 0, "%s", dvm_last_error());
    cr_assert(strstr(dvm_last_error(), part), "%s", dvm_last_error());
    cr_assert_eq(table.count, 0);
}

Test(tuned, mistakes_have_file_and_line)
{
    refused("allreduce 8 star", "t:1: ", "CALL TASKS BYTES ALGORITHM");
    refused("#\nallreduce 8 8 star more", "t:2: ", "4 words");
    refused("barrier any any star\nshift 8 8 star", "t:2: \"shift\"", "no call");
    refused("bcast 8 8 bruck", "t:1: \"bruck\"", "no algorithm");
    refused("bcast 0 8 star", "t:1: \"0\"", "tasks");
    refused("bcast 8 -8 star", "t:1: \"-8\"", "bytes");
    refused("bcast 8 99999999999999999999999 star", "t:1: ", "bytes");
}

Test(tuned, a_table_has_an_end)
{
    char *text = malloc((TUNED_ROWS_MAX + 1) * 32), *at = text;

    for (int i = 0; i <= TUNED_ROWS_MAX; i++)
        at += sprintf(at, "bcast %d any star\n", i + 1);
    cr_assert_eq(read_text(text), DVM_ERR_ARG);
    free(text);
}

/* ---- in use ------------------------------------------------------------------------------ */

static const char *write_table(const char *text)
{
    static char name[] = "/tmp/dvm-tuned-XXXXXX";
    int fd;

    strcpy(name + strlen(name) - 6, "XXXXXX");
    fd = mkstemp(name);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return name;
}

static int sums(const struct fake_task *me)
{
    int n = me->count, sum;

    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, &me->rank, &sum, 1, DVM_INT, DVM_SUM));
    FAKE_CHECK(sum == n * (n - 1) / 2 && !dvm_barrier(DVM_WORLD));
    FAKE_CHECK(tuned_find(COLL_ALLREDUCE, 3, 4)->algorithm == ALGORITHM_SCATTER_GATHER);
    FAKE_CHECK(tuned_find(COLL_ALLREDUCE, 4, 4)->algorithm == ALGORITHM_STAR);
    FAKE_CHECK(!tuned_find(COLL_BCAST, 4, 4));
    return 0;
}

Test(tuned, collectives_use_it)
{
    const char *name = write_table("allreduce 3 any scatter_gather\nallreduce any 64 star\n");

    setenv("DVM_COLL_TABLE", name, 1);
    for (int n = 2; n <= 5; n++)
        cr_assert_eq(group_run(n, sums, NULL, NULL), 0, "%d tasks", n);
    unsetenv("DVM_COLL_TABLE");
    unlink(name);
}

static int unlike(const struct fake_task *me)
{
    if (me->rank == 1)
        setenv("DVM_COLL_TABLE", me->arg, 1);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("DVM_COLL_TABLE"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(tuned, members_with_other_tables_are_told)
{
    const char *name = write_table("barrier any any star\n");

    for (int n = 2; n <= 4; n++)
        cr_assert_eq(group_run(n, unlike, (void *)(uintptr_t)name, NULL), 0, "%d tasks", n);
    unlink(name);
}

static int bad_file(const struct fake_task *me)
{
    if (me->rank == 1)
        setenv("DVM_COLL_TABLE", me->arg, 1);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_ERR_ARG && group_said(":1: \"x\" is"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(tuned, a_bad_table_is_told_to_all)
{
    const char *name = write_table("barrier x any star\n");

    cr_assert_eq(group_run(3, bad_file, (void *)(uintptr_t)name, NULL), 0);
    unlink(name);
}
