/* The manual's generator: what it reads out of a header, and that no text breaks a page. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manual/header.h"
#include "manual/roff.h"

#define HEAD "/* x.h: a header.\n *\n * Second.\n */\n#ifndef DVM_H\n#define DVM_H\n\n"
#define TAIL "\n#endif\n"
#define WHY_MAX 200

static struct header *read_good(const char *text)
{
    char why[WHY_MAX] = "";
    struct header *h = header_read(text, why, sizeof why);

    cr_assert_not_null(h, "%s", why);
    return h;
}

Test(header, functions_and_what_stands_before_them)
{
    struct header *h = read_good(
        HEAD "#define DVM_API\n#define DVM_ONE 1 /* one */\n\n"
        "/* ---- a part ---- */\n\n"
        "/* A remark\n * of two lines. */\n\n"
        "enum {\n    DVM_A = 1,\n#define ROW(x) DVM_##x,\n    ROWS(ROW)\n#undef ROW\n"
        "    DVM_B\n};\n\n"
        "struct dvm_x; /* opaque */\n\n"
        "/* Do it.\n *\n *   as shown\n */\n"
        "DVM_API int dvm_do(int a,\n                   int b);\n"
        "DVM_API int dvm_do_too(void);\n\n"
        "/* Undo. */\nDVM_API void dvm_undo(void) __attribute__((noreturn));\n" TAIL);

    cr_expect_str_eq(h->overview, "x.h: a header.\n\nSecond.\n");
    cr_assert_eq(h->count, 3);
    cr_expect_str_eq(h->functions[0].name, "dvm_do");
    cr_expect_str_eq(h->functions[0].prototype, "int dvm_do(int a,\n           int b);\n");
    cr_expect_str_eq(h->functions[0].comment, "Do it.\n\n  as shown\n");
    cr_expect_str_eq(h->functions[0].remarks, "A remark\nof two lines.\n");
    cr_expect_str_eq(h->functions[0].definitions,
                     "#define DVM_ONE 1 /* one */\n\nenum {\n    DVM_A = 1,\n    DVM_B\n};\n\n"
                     "struct dvm_x; /* opaque */\n");
    cr_expect_str_empty(h->functions[1].comment, "it shares the one before");
    cr_expect_str_eq(h->functions[2].comment, "Undo.\n");
    cr_expect_str_empty(h->functions[2].definitions);
    header_free(h);
}

Test(header, what_cannot_be_understood)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "no comment"},
        {HEAD TAIL, "no function"},
        {HEAD "DVM_API int dvm_f(void);\n", "no comment right before"},
        {HEAD "/* Far. */\n\nDVM_API int dvm_f(void);\n", "no comment right before"},
        {HEAD "/* F. */\nDVM_API int dvm_f(void);\n\nDVM_API int dvm_g(void);\n", "dvm_g"},
        {HEAD "/* F. */\nDVM_API int;\n", "no name"},
        {HEAD "/* no end\n * at all\n", "does not end"},
        {"/*", "does not end"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[WHY_MAX] = "";

        cr_expect_null(header_read(rows[i].text, why, sizeof why), "%s", rows[i].text);
        cr_expect(strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
    }
}

/* What roff writes for a text. */
static char *written(void (*write)(FILE *out, const char *text), const char *text)
{
    char *made;
    size_t size;
    FILE *out = open_memstream(&made, &size);

    write(out, text);
    fclose(out);
    return made;
}

Test(roff, nothing_is_taken_for_a_request)
{
    static const struct {
        const char *text, *roff;
    } rows[] = {
        {".TH", "\\&.TH\n"},
        {"'quoted", "\\&\\(aqquoted\n"},
        {"a\\fB --x-y ~ ^ ` \"", "a\\efB \\-\\-x\\-y \\(ti \\(ha \\(ga \\(dq\n"},
        {"", "\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *made = written(roff_line, rows[i].text);

        cr_expect_str_eq(made, rows[i].roff);
        free(made);
    }
}

Test(roff, paragraphs_and_what_is_shown_as_it_is)
{
    char *made = written(roff_text, "One\ntwo.\n\nThree:\n    literal\n      more\n"
                                    "Four.\n\n  last");

    cr_expect_str_eq(made, "One\ntwo.\n.PP\nThree:\n.RS 4\n.EX\nliteral\n  more\n.EE\n.RE\n"
                           ".PP\nFour.\n.RS 4\n.EX\nlast\n.EE\n.RE\n");
    free(made);
    made = written(roff_text, "");
    cr_expect_str_empty(made);
    free(made);
    made = written(roff_literal, "a\n\n.b\n");
    cr_expect_str_eq(made, ".RS 4\n.EX\na\n\n\\&.b\n.EE\n.RE\n");
    free(made);
}
