/* Host lists: what they stand for, what is refused and where, and that no text
 * costs more than the limits. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hostlist.h"

/* The names of a list, joined by blanks; or "!" and the error sentence. */
static const char *expanded(const char *text)
{
    static char joined[4096];
    struct hostlist list;

    if (hostlist_parse(&list, text)) {
        snprintf(joined, sizeof joined, "!%s", dvm_last_error());
        return joined;
    }
    joined[0] = '\0';
    for (size_t i = 0; i < list.count; i++) {
        strcat(joined, i ? " " : "");
        strcat(joined, list.names[i]);
    }
    hostlist_free(&list);
    return joined;
}

Test(hostlist, expands)
{
    static const char *const rows[][2] = {
        {"node", "node"},
        {"a,b,c", "a b c"},
        {" a , b\t", "a b"},
        {"node[1-3,12]", "node1 node2 node3 node12"},
        {"n[08-11]", "n08 n09 n10 n11"},
        {"n[1-2]x,y", "n1x n2x y"},
        {"r[1-2]n[01-02]", "r1n01 r1n02 r2n01 r2n02"},
        {"[7-9]", "7 8 9"},
        {"a,b,a,b", "a b"},
        {"n[1-2],n2,n[2-3]", "n1 n2 n3"},
        {"user@host.example.org", "user@host.example.org"},
        {"n[5]", "n5"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(expanded(rows[i][0]), rows[i][1], "%s gave %s", rows[i][0],
                         expanded(rows[i][0]));
}

Test(hostlist, refuses_and_says_where)
{
    static const char *const rows[][2] = {
        {"", "is empty"},
        {" ", "is empty"},
        {"a,,b", "an empty name at character 3"},
        {"a,", "an empty name at character 3"},
        {"n[3-1]", "runs backwards at character 3"},
        {"n[1-", "without its ] at character 2"},
        {"n[]", "a number is missing at character 3"},
        {"n[x]", "a number is missing at character 3"},
        {"n[1-2-3]", "no number at character 6"},
        {"n[1", "without its ]"},
        {"n]1", "no host name has at character 2"},
        {"a b", "no host name has at character 2"},
        {"-oProxyCommand=x", "begins with -"},
        {"a;b", "no host name has"},
        {"n[1-99999999999]", "too many digits"},
        {"a[1][1][1][1][1]", "too many brackets"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *got = expanded(rows[i][0]);

        cr_expect(got[0] == '!' && strstr(got, rows[i][1]), "%s gave %s", rows[i][0], got);
    }
}

Test(hostlist, limits)
{
    static const char *const many[] = {"[1-999999999]", "n[0-99]x[0-99]", "a[1-4097]"};
    struct hostlist list;
    char *text;

    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        cr_expect(strstr(expanded(many[i]), "more than 4096 names"), "%s", expanded(many[i]));
    cr_assert_eq(hostlist_parse(&list, "a[1-4096]"), DVM_OK);
    cr_expect_eq(list.count, HOSTLIST_NAMES_MAX);
    cr_expect_str_eq(list.names[4095], "a4096");
    hostlist_free(&list);
    cr_expect_eq(list.count, 0);

    text = calloc(1, HOSTLIST_TEXT_MAX + 2);
    cr_assert_not_null(text);
    memset(text, 'a', DVM_NAME_MAX - 1);
    cr_expect_eq(strlen(expanded(text)), DVM_NAME_MAX - 1);
    memset(text, 'a', DVM_NAME_MAX);
    cr_expect(strstr(expanded(text), "more than 63 characters"));
    memset(text, 'a', HOSTLIST_TEXT_MAX + 1);
    cr_expect(strstr(expanded(text), "use ranges"));
    free(text);
}

Test(hostlist, contains)
{
    struct hostlist list;

    cr_assert_eq(hostlist_parse(&list, "n[1-3]"), DVM_OK);
    cr_expect(hostlist_contains(&list, "n2"));
    cr_expect(!hostlist_contains(&list, "n4"));
    cr_expect(!hostlist_contains(&list, "n"));
    hostlist_free(&list);
    hostlist_free(NULL);
}

/* Random texts of the grammar's own letters: no crash, no name over the limit. */
Test(hostlist, random_texts)
{
    static const char letters[] = "ab1209[[]],,--. ";
    unsigned seed = 20260801;

    for (int round = 0; round < 20000; round++) {
        char text[24];
        struct hostlist list;
        size_t length = (size_t)(rand_r(&seed) % (int)(sizeof text - 1));

        for (size_t i = 0; i < length; i++)
            text[i] = letters[rand_r(&seed) % (int)(sizeof letters - 1)];
        text[length] = '\0';
        if (hostlist_parse(&list, text)) {
            cr_expect(dvm_last_error()[0]);
            continue;
        }
        cr_expect(list.count > 0 && list.count <= HOSTLIST_NAMES_MAX, "%s", text);
        for (size_t i = 0; i < list.count; i++)
            cr_expect(list.names[i][0] && strlen(list.names[i]) < DVM_NAME_MAX, "%s", text);
        hostlist_free(&list);
    }
}
