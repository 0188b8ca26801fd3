/* Sets of ranks as people write them. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "console/run/ranks.h"

static void expect(int limit, const char *list, const char *text, int members)
{
    struct ranks s;
    char got[RANKS_TEXT_MAX];

    cr_assert(ranks_make(&s, limit));
    cr_expect_eq(ranks_parse(&s, list), DVM_OK, "%s", list);
    cr_expect_str_eq(ranks_text(&s, got), text);
    cr_expect_eq(s.members, members, "%d members of %s", s.members, list);
    ranks_free(&s);
}

Test(ranks, read_and_write)
{
    expect(1, "0", "0", 1);
    expect(16, "0-15", "0-15", 16);
    expect(16, "3,0-1,2", "0-3", 4);
    expect(16, "7,7,7-8,15", "7-8,15", 3);
    expect(9, "8", "8", 1);
}

Test(ranks, wrong_lists)
{
    static const char *const wrong[] = {"",    ",",    "1,",   ",1", "a",  "-1",  "1-",
                                        "3-1", "1--2", "1 2",  "0x1", "16", "0-16", "all",
                                        "99999999999999999999", "1-2-3"};
    struct ranks s;

    cr_assert(ranks_make(&s, 16));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(ranks_parse(&s, wrong[i]), DVM_ERR_ARG, "\"%s\" was read", wrong[i]);
    ranks_parse(&s, "16");
    cr_expect(strstr(dvm_last_error(), "no rank 16"), "%s", dvm_last_error());
    ranks_free(&s);
}

Test(ranks, too_many_for_a_sentence)
{
    struct ranks s;
    char text[RANKS_TEXT_MAX];

    cr_assert(ranks_make(&s, 1000));
    for (int i = 0; i < 1000; i += 2)
        cr_expect(ranks_add(&s, i));
    cr_expect_not(ranks_add(&s, 0));
    ranks_text(&s, text);
    cr_expect_eq(strncmp(text, "0,2,4,6,", 8), 0, "%s", text);
    cr_expect(strstr(text, ",...(500 ranks)"), "%s", text);
    ranks_clear(&s);
    cr_expect_str_eq(ranks_text(&s, text), "");
    ranks_free(&s);
}
