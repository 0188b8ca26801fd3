/* Equal lines of several ranks become one; no rank's lines change their order. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/run/fold.h"

#define TASKS 4
#define TID(rank) (0x40001 + (rank))

static char out[65536];
static size_t lines_out;

static bool print(void *arg, const struct fold_line *line)
{
    char ranks[RANKS_TEXT_MAX];
    size_t used = strlen(out);

    lines_out++;
    snprintf(out + used, sizeof out - used, "[%s] %.*s", ranks_text(&line->ranks, ranks),
             (int)line->size, line->text);
    return true;
}

static bool put(struct fold *f, int rank, const char *line, double now)
{
    bool joined;

    cr_assert(fold_put(f, 1, rank, TID(rank), line, strlen(line), now, &joined));
    return joined;
}

static struct fold *f;

static void make(void)
{
    f = fold_create(TASKS, print, NULL);
    cr_assert_not_null(f);
}

static void unmake(void)
{
    fold_free(f);
}

TestSuite(fold, .init = make, .fini = unmake, .timeout = 240);

Test(fold, all_ranks_are_not_waited_for_further)
{
    for (int rank = 0; rank < TASKS; rank++)
        cr_expect_eq(put(f, rank, "Hello\n", 1), rank > 0);
    cr_expect_str_eq(out, "[0-3] Hello\n");
    cr_expect_eq(fold_deadline(f), 0);
}

Test(fold, some_ranks_wait_a_moment)
{
    put(f, 0, "a\n", 1);
    put(f, 2, "a\n", 1);
    cr_assert(fold_flush(f, 1.1, false));
    cr_expect_str_empty(out);
    cr_expect_eq(fold_deadline(f), 1 + FOLD_SECONDS);
    cr_assert(fold_flush(f, 1 + FOLD_SECONDS, false));
    cr_expect_str_eq(out, "[0,2] a\n");
    put(f, 1, "a\n", 2); /* too late */
    cr_assert(fold_flush(f, 2, true));
    cr_expect_str_eq(out, "[0,2] a\n[1] a\n");
}

Test(fold, the_order_of_each_rank_is_kept)
{
    put(f, 0, "a\n", 1);
    put(f, 0, "b\n", 1);
    put(f, 1, "a\n", 1);
    put(f, 1, "c\n", 1);
    put(f, 1, "b\n", 1);
    put(f, 0, "b\n", 1); /* a second one joins what rank 1 wrote */
    cr_assert(fold_flush(f, 1, true));
    cr_expect_str_eq(out, "[0-1] a\n[0] b\n[1] c\n[0-1] b\n");
}

Test(fold, streams_and_ends_differ)
{
    bool joined;

    put(f, 0, "a\n", 1);
    cr_assert(fold_put(f, 2, 1, TID(1), "a\n", 2, 1, &joined));
    cr_expect_not(joined);
    cr_expect_not(put(f, 2, "a \n", 1));
    cr_expect(put(f, 3, "a\n", 1));
}

/* What waits is bounded by lines and by bytes, and nothing is lost or doubled. */
Test(fold, bounds)
{
    static char line[FOLD_BYTES_MAX / 4];

    for (int i = 0; i < 3 * FOLD_LINES_MAX; i++) {
        snprintf(line, sizeof line, "%d\n", i);
        put(f, i % TASKS, line, 1);
        cr_assert(f->count <= FOLD_LINES_MAX);
    }
    cr_expect_eq(lines_out, 2 * FOLD_LINES_MAX);
    cr_assert(fold_flush(f, 1, true));
    cr_expect_eq(lines_out, 3 * FOLD_LINES_MAX);
    memset(line, 'x', sizeof line - 2);
    for (int i = 0; i < 8; i++) {
        line[0] = (char)('a' + i);
        put(f, 0, line, 1);
        cr_assert(f->bytes <= FOLD_BYTES_MAX);
    }
    cr_expect(f->count >= 3);
}

/* Random lines of random ranks: what comes out for a rank is what it wrote. */
Test(fold, random_lines)
{
    enum { LINES = 2000 };
    static char wrote[TASKS][LINES * 4], came[TASKS][LINES * 4];
    static const char *const words[] = {"a\n", "b\n", "c\n"};
    unsigned seed = 4711;

    for (int i = 0; i < LINES; i++) {
        int rank = rand_r(&seed) % TASKS;
        const char *word = words[rand_r(&seed) % 3];

        put(f, rank, word, i / 100.0);
        strcat(wrote[rank], word);
    }
    cr_assert(fold_flush(f, 0, true));
    for (char *at = strtok(out, "\n"); at; at = strtok(NULL, "\n")) {
        char *word = strchr(at, ' ') + 1;
        struct ranks set;

        strchr(at, ']')[0] = '\0';
        cr_assert(ranks_make(&set, TASKS));
        cr_assert_eq(ranks_parse(&set, at + 1), 0, "%s", at);
        for (int rank = 0; rank < TASKS; rank++)
            if (ranks_has(&set, rank))
                strcat(strcat(came[rank], word), "\n");
        ranks_free(&set);
    }
    for (int rank = 0; rank < TASKS; rank++)
        cr_expect_str_eq(came[rank], wrote[rank]);
}
