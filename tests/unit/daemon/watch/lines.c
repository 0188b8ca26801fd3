/* lines: where the last lines of a text begin, for every small text against one that counts
 * them from the front. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "daemon/watch/lines.h"

#define LETTERS_MAX 8

struct row {
    const char *text;
    uint32_t asked;
    size_t begin;
    uint32_t left; /* of those asked for, not found */
};

static const struct row rows[] = {
    {"", 0, 0, 0},          {"", 3, 0, 3},           {"\n", 0, 1, 0},
    {"\n", 1, 0, 0},        {"\n", 2, 0, 1},         {"no end", 0, 0, 0},
    {"no end", 5, 0, 5},    {"a\nb\nc\n", 1, 4, 0},  {"a\nb\nc\n", 2, 2, 0},
    {"a\nb\nc\n", 3, 0, 0}, {"a\nb\nc\n", 9, 0, 6},  {"a\nb\nrest", 0, 4, 0},
    {"a\nb\nrest", 1, 2, 0}, {"a\n\n\n", 2, 2, 0},   {"\n\nx", 1, 1, 0},
};

Test(lines, table)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t lines = rows[i].asked;
        size_t begin = lines_tail(rows[i].text, strlen(rows[i].text), &lines);

        cr_expect_eq(begin, rows[i].begin, "row %zu: %zu", i, begin);
        cr_expect_eq(lines, rows[i].left, "row %zu: %u left", i, lines);
    }
}

/* The begin of the last wanted lines, from the front on. */
static size_t from_front(const char *text, size_t size, uint32_t wanted)
{
    uint32_t ends = 0, seen = 0;

    for (size_t i = 0; i < size; i++)
        ends += text[i] == '\n';
    for (size_t i = 0; i < size && ends > wanted; i++)
        if (text[i] == '\n' && ++seen == ends - wanted)
            return i + 1;
    return 0;
}

Test(lines, every_small_text)
{
    char text[LETTERS_MAX];

    for (size_t size = 0; size <= LETTERS_MAX; size++)
        for (unsigned bits = 0; bits < 1U << size; bits++) {
            for (size_t i = 0; i < size; i++)
                text[i] = bits >> i & 1 ? '\n' : 'x';
            for (uint32_t wanted = 0; wanted <= LETTERS_MAX + 1; wanted++) {
                uint32_t lines = wanted;

                cr_assert_eq(lines_tail(text, size, &lines), from_front(text, size, wanted),
                             "size %zu, bits %x, %u lines", size, bits, wanted);
            }
        }
}

/* A NUL is a byte as any other, and what stands before the text is not looked at. */
Test(lines, any_bytes)
{
    static const char bytes[] = "\n\n\0\n\0x";
    uint32_t lines = 2;

    cr_expect_eq(lines_tail(bytes + 2, 4, &lines), 0);
    cr_expect_eq(lines, 1);
}
