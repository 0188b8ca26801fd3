/* What dvm doctor finds: the table of codes, and findings as lines that any shell may lie
 * between; lists of names as people write them, back and forth. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/finding.h"
#include "base/hostlist.h"
#include "base/join.h"

Test(finding, table)
{
    int last = 0;

    for (const struct finding_row *f = finding_rows; f->code != FINDING_NONE; f++) {
        char code[FINDING_CODE_BYTES], remedy[FINDING_REMEDY_BYTES];

        cr_expect_gt((int)f->code, last, "D%03d is not in order", (int)f->code);
        last = (int)f->code;
        finding_code_write(f->code, code);
        cr_expect_eq(strlen(code), 4);
        cr_expect_eq(finding_code_read(code), f->code);
        cr_expect_lt(strlen(f->check), FINDING_CHECK_BYTES);
        finding_remedy(code, "node7", remedy, sizeof remedy);
        cr_expect(remedy[0] && f->cause[0]);
        cr_expect_null(strstr(remedy, "%"), "%s", remedy);
        cr_expect_lt(strlen(remedy), sizeof remedy - 1);
    }
    cr_expect_eq(last, FINDING_LANE_ROUTE);
}

/* What a code means is never changed: scripts rely on it. */
Test(finding, codes_stay)
{
    cr_expect_str_eq(finding_row(101)->check, "folder");
    cr_expect_str_eq(finding_row(104)->check, "memory");
    cr_expect_str_eq(finding_row(201)->check, "path");
    cr_expect_str_eq(finding_row(209)->check, "daemon");
}

Test(finding, codes_as_text)
{
    static const char *const wrong[] = {"", "D", "D1", "D000", "D999", "J101", "101", "D1010",
                                        "D10x", "D-01", "D 10"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(finding_code_read(wrong[i]), FINDING_NONE, "%s", wrong[i]);
    cr_expect_eq(finding_code_read("d104"), FINDING_MEMORY);
    cr_expect_null(finding_row(0));
}

Test(finding, remedies_of_joins)
{
    char remedy[FINDING_REMEDY_BYTES], join[FINDING_REMEDY_BYTES];

    finding_remedy("J303", "node7", remedy, sizeof remedy);
    join_remedy(JOIN_LOGIN, "node7", join, sizeof join);
    cr_expect_str_eq(remedy, join);
    finding_remedy("X1", "node7", remedy, sizeof remedy);
    cr_expect_str_eq(remedy, "");
}

/* Whoever has named the runtime folder with DVM_DIR is not sent to another. */
Test(finding, remedies_name_the_folder_that_is_used)
{
    static const char *const codes[] = {"D101", "D102", "J405", "J601", "J602"};
    char remedy[FINDING_REMEDY_BYTES];

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        finding_remedy(codes[i], "node7", remedy, sizeof remedy);
        cr_expect(strstr(remedy, "\"${DVM_DIR:-/tmp"), "%s: %s", codes[i], remedy);
    }
}

Test(finding, lines)
{
    struct findings f = {.count = 0};
    struct finding back;
    char line[FINDING_LINE_BYTES];

    finding_well(&f, "cores", "%d", 8);
    finding_add(&f, FINDING_NOTE, FINDING_FILES, "%d: few, or\nnot", 64);
    finding_join(&f, JOIN_DIAL_BACK, "192.0.2.1:7117 is silent");
    cr_assert_eq(f.count, 3);
    for (size_t i = 0; i < f.count; i++) {
        finding_write(&f.list[i], line);
        cr_expect_null(strchr(line, '\n'));
        cr_assert(finding_read(line, &back), "%s", line);
        cr_expect_eq(back.level, f.list[i].level);
        cr_expect_str_eq(back.code, f.list[i].code);
        cr_expect_str_eq(back.check, f.list[i].check);
    }
    cr_expect_str_eq(back.code, "J701");
    cr_expect_str_eq(back.check, "dial back");
    cr_expect_str_eq(back.text, "192.0.2.1:7117 is silent");
    for (int i = 0; i < FINDING_MAX + 5; i++)
        finding_well(&f, "more", "%d", i);
    cr_expect_eq(f.count, FINDING_MAX);
}

/* Every beginning of a good line, and lines that are none: nothing is read past the end. */
Test(finding, bad_lines)
{
    static const char *const wrong[] = {
        "", "check", "check ", "check well", "check well -", "check well - x", "run /bin/dvmd",
        "check good - x: y", "check well D1234567890 x: y", "check  - x: y",
        "check well - a-name-that-is-far-too-long: y"};
    static const char good[] = "check bad D104 memory: none";
    struct finding f;
    char part[sizeof good];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(finding_read(wrong[i], &f), "%s", wrong[i]);
    for (size_t n = 0; n < sizeof good; n++) {
        snprintf(part, n + 1, "%s", good);
        cr_expect_eq(finding_read(part, &f), n >= strlen("check bad D104 memory:"), "%s", part);
    }
    cr_expect_str_eq(f.text, "none");
}

static void expect_list(const char *text)
{
    struct hostlist list;
    const char *names[64];
    char out[256];

    cr_assert_eq(hostlist_parse(&list, text), 0);
    for (size_t i = 0; i < list.count; i++)
        names[i] = list.names[i];
    hostlist_write(names, list.count, out, sizeof out);
    cr_expect_str_eq(out, text);
    hostlist_free(&list);
}

Test(finding, lists_of_names)
{
    const char *const odd[] = {"a", "node1", "node2", "node3", "b2c", "node10"};
    char out[64], small[10];

    expect_list("node[1-8,12]");
    expect_list("n[01-16]");
    expect_list("lab,node7,x[1-2]");
    expect_list("node[9-11]");
    expect_list("node[08-11,20]");
    hostlist_write(odd, sizeof odd / sizeof odd[0], out, sizeof out);
    cr_expect_str_eq(out, "a,node[1-3],b2c,node10");
    hostlist_write(odd, sizeof odd / sizeof odd[0], small, sizeof small);
    cr_expect_str_eq(small, "a,node...");
    hostlist_write(odd, 0, out, sizeof out);
    cr_expect_str_eq(out, "");
}
