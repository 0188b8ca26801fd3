/* The table of what can keep a host from joining: codes are unique and in order, each
 * has its texts, and the line in which dvmd says one can be read back. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/join.h"
#include "dvm.h"

Test(join, table)
{
    int last = 0, rows = 0;

    for (const struct join_fault *f = join_faults; f->code != JOIN_NONE; f++, rows++) {
        char code[JOIN_CODE_BYTES], remedy[JOIN_SENTENCE_MAX];

        cr_expect_gt((int)f->code, last, "J%03d is not in order", (int)f->code);
        last = (int)f->code;
        cr_expect(f->step[0] && f->cause[0] && f->remedy[0]);
        join_code_write(f->code, code);
        cr_expect_eq(strlen(code), 4);
        cr_expect_eq(join_code_read(code), f->code);
        cr_expect_eq(join_fault(f->code), f);
        join_remedy(f->code, "node7", remedy, sizeof remedy);
        cr_expect_null(strstr(remedy, "%"), "%s", remedy);
        cr_expect_eq(strstr(f->remedy, "%s") != NULL, strstr(remedy, "node7") != NULL);
    }
    cr_expect_gt(rows, 30);
}

/* What a code means is never changed: scripts rely on it. */
Test(join, codes_stay)
{
    static const struct {
        int code;
        const char *step;
    } known[] = {{1, "start"},      {2, "time"},        {101, "resolve"},  {201, "connect"},
                 {301, "host key"}, {303, "login"},     {401, "program"},  {404, "program"},
                 {501, "version"},  {601, "folder"},    {604, "port"},     {701, "dial back"},
                 {801, "ticket"},   {901, "register"},  {999, "join"}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_expect_str_eq(join_fault(known[i].code)->step, known[i].step, "%d", known[i].code);
}

Test(join, codes_as_text)
{
    cr_expect_eq(join_code_read("J804"), JOIN_TICKET_USED);
    cr_expect_eq(join_code_read("j804"), JOIN_TICKET_USED);
    cr_expect_eq(join_code_read("804"), JOIN_TICKET_USED);
    cr_expect_eq(join_code_read("J1"), JOIN_COMMAND);
    static const char *const wrong[] = {"", "J", "J0", "J805x", "J000", "J777", "K804", "-804",
                                        "J99999999999999999999", "run"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(join_code_read(wrong[i]), JOIN_NONE, "%s", wrong[i]);
    cr_expect_eq(join_fault(777)->code, JOIN_OTHER);
}

Test(join, lines)
{
    char line[2 * JOIN_SENTENCE_MAX], said[3 * JOIN_SENTENCE_MAX], cause[JOIN_SENTENCE_MAX];
    enum join_code code;

    join_line(JOIN_LOCK, "a daemon runs [there]", "h", line, sizeof line);
    cr_expect_str_eq(line, "a daemon runs [there] -> if it is of this machine: dvm rm h; if of "
                           "another: ssh h dvm halt [J603]");
    snprintf(said, sizeof said, "motd [J101]\ndvmd: %s\r\nbye\n", line);
    cr_assert(join_line_read(said, &code, cause, sizeof cause));
    cr_expect_eq(code, JOIN_LOCK);
    cr_expect_str_eq(cause, "a daemon runs [there]");
    cr_expect(!join_line_read("dvmd: x [J777]\ndvmd: [\ndvmd: ]\n[J101]\ndvmd: J101]\n", &code,
                              cause, sizeof cause));
    cr_assert(join_line_read("dvmd: no remedy [J101]\n", &code, cause, sizeof cause));
    cr_expect_str_eq(cause, "no remedy");
    cr_assert(join_line_read("dvmd: [J101]", &code, cause, sizeof cause));
    cr_expect_str_empty(cause);
    cr_assert(join_line_read("dvmd: long [J101]", &code, cause, 4));
    cr_expect_str_eq(cause, "lon");
}

Test(join, marks)
{
    join_clear();
    cr_expect_eq(join_marked(DVM_ERR_TICKET), JOIN_TICKET_UNKNOWN);
    cr_expect_eq(join_marked(DVM_ERR_TAG), JOIN_OTHER);
    join_mark(JOIN_PORT);
    join_mark(JOIN_BIND); /* later and further up: the first one knew */
    cr_expect_eq(join_marked(DVM_ERR_TICKET), JOIN_PORT);
    join_clear();
    cr_expect_eq(join_marked(DVM_ERR_TIMEOUT), JOIN_DIAL_BACK);
}
