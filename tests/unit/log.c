/* log: one line a message whatever is in it, and a word about what a full disk took. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "dvm.h"

#define TEXT_MAX 4096

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
    log_raw("lost\n", 5);
    cr_assert_eq(log_open(path, LOG_INFO, false), DVM_OK);
    log_info("kept");
    log_info("kept, too");
    text = content();
    cr_assert_eq(strstr(text, "warning: 2 pieces are missing here"), text, "%s", text);
    cr_assert_null(strstr(strchr(text, '\n'), "missing"), "told twice: %s", text);
    cr_assert_not_null(strstr(text, "info: kept\n"));
}
