/* log: one line a message whatever is in it, and a word about what a full disk took. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "dvm.h"

#define TEXT_MAX 4096
#define LIMIT 2000  /* bytes of a log */
#define FLOOD 10000 /* lines */

static char path[] = "/tmp/dvm-test-log-XXXXXX";

static void set_up(void)
{
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    log_close();
    unlink(path);
}

TestSuite(log, .init = set_up, .fini = tear_down);

static const char *content(void)
{
    static char text[TEXT_MAX];
    FILE *file = fopen(path, "re");
    size_t used;

    cr_assert_not_null(file);
    used = fread(text, 1, sizeof text - 1, file);
    text[used] = '\0';
    fclose(file);
    return text;
}

Test(log, a_message_is_one_line)
{
    const char *text;

    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    log_info("two\nlines of %s", "a client");
    log_debug("not this");
    text = content();
    cr_assert_not_null(strstr(text, "Z info: two lines of a client\n"), "%s", text);
    cr_assert_null(strstr(text, "not this"));
}

Test(log, what_a_full_disk_took_is_counted)
{
    const char *text;

    if (access("/dev/full", W_OK))
        cr_skip_test("there is no /dev/full");
    cr_assert_eq(log_open("/dev/full", LOG_INFO, false), DVM_OK);
    log_info("lost");
    log_warning("lost");
    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    log_info("kept");
    log_info("kept, too");
    text = content();
    cr_assert_eq(strstr(text, "warning: 2 pieces are missing here"), text, "%s", text);
    cr_assert_null(strstr(strchr(text, '\n'), "missing"), "told twice: %s", text);
    cr_assert_not_null(strstr(text, "info: kept\n"));
}

static size_t size_of(const char *name)
{
    struct stat st;

    return stat(name, &st) ? 0 : (size_t)st.st_size;
}

Test(log, a_flood_takes_twice_the_limit_at_most)
{
    char old[sizeof path + sizeof LOG_OLD];
    const char *text;

    snprintf(old, sizeof old, "%s" LOG_OLD, path);
    log_limit(LIMIT);
    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    for (int i = 0; i < FLOOD; i++) {
        log_info("line %d of a flood", i);
        cr_assert_leq(size_of(path), LIMIT);
    }
    cr_expect_leq(size_of(old), LIMIT);
    cr_expect_gt(size_of(old), LIMIT / 2);
    text = content();
    cr_expect_null(strstr(text, "missing"), "%s", text);
    cr_expect_not_null(strstr(text, "line 9999 of a flood"), "%s", text);
    unlink(old);
}

Test(log, a_log_that_is_full_at_the_start_is_the_old_one)
{
    char old[sizeof path + sizeof LOG_OLD];
    FILE *file = fopen(path, "we");

    snprintf(old, sizeof old, "%s" LOG_OLD, path);
    for (int i = 0; i < LIMIT; i++)
        fputc('x', file);
    fclose(file);
    log_limit(LIMIT);
    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    log_info("the first");
    cr_expect_eq(size_of(old), LIMIT);
    cr_expect_not_null(strstr(content(), "the first"));
    unlink(old);
}

Test(log, what_cannot_be_renamed_keeps_within_its_limit)
{
    char old[sizeof path + sizeof LOG_OLD + 8];

    /* a folder that is not empty cannot be replaced by a file, not even by root */
    snprintf(old, sizeof old, "%s" LOG_OLD, path);
    cr_assert_eq(mkdir(old, 0700), 0);
    strcat(old, "/in");
    cr_assert_eq(mkdir(old, 0700), 0);
    log_limit(LIMIT);
    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    for (int i = 0; i < FLOOD; i++)
        log_info("line %d of a flood", i);
    cr_expect_leq(size_of(path), LIMIT);
    rmdir(old);
    *strrchr(old, '/') = '\0';
    rmdir(old);
    log_info("later");
    cr_expect_not_null(strstr(content(), "pieces are missing here"), "%s", content());
    unlink(old);
}

Test(log, a_flood_of_one_kind_hides_no_other)
{
    static const char one[] = "too many", other[] = "no key";

    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    for (int i = 0; i < 100; i++)
        log_warning_of(one, "refused: %s", one);
    cr_expect_null(strstr(content(), other));
    log_warning_of(other, "refused: %s", other);
    cr_expect_not_null(strstr(content(), other), "%s", content());
}
