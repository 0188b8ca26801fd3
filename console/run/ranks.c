/* ranks.c: see ranks.h. One bit a rank: a set of a run's ranks is small, and
 * a range is found by walking along it.
 */
#include "console/run/ranks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define BITS 8
#define TAIL_MAX 32   /* bytes of "...(500 ranks)" with its NUL */
#define ITEM_MAX 24   /* bytes of "1000-2000," with its NUL */
#define DIGITS_MAX 6  /* of a rank: a run has at most 262143 tasks */

bool ranks_make(struct ranks *s, int limit)
{
    assert(limit > 0);
    *s = (struct ranks){.bits = calloc((size_t)(limit + BITS - 1) / BITS, 1), .limit = limit};
    return s->bits != NULL;
}

void ranks_free(struct ranks *s)
{
    free(s->bits);
    *s = (struct ranks){0};
}

void ranks_clear(struct ranks *s)
{
    memset(s->bits, 0, (size_t)(s->limit + BITS - 1) / BITS);
    s->members = 0;
}

bool ranks_has(const struct ranks *s, int rank)
{
    return rank >= 0 && rank < s->limit && (s->bits[rank / BITS] >> (rank % BITS) & 1);
}

bool ranks_add(struct ranks *s, int rank)
{
    assert(rank >= 0 && rank < s->limit);
    if (ranks_has(s, rank))
        return false;
    s->bits[rank / BITS] |= (uint8_t)(1 << (rank % BITS));
    s->members++;
    return true;
}

/* Read a number; NULL when there is none at this place. */
static const char *read_number(const char *at, int *number)
{
    size_t digits = strspn(at, "0123456789");

    if (digits == 0 || digits > DIGITS_MAX)
        return NULL;
    *number = atoi(at);
    return at + digits;
}

int ranks_parse(struct ranks *s, const char *text)
{
    const char *at = text;

    for (;;) {
        int low, high;

        at = read_number(at, &low);
        high = low;
        if (at && *at == '-')
            at = read_number(at + 1, &high);
        if (!at || (*at && *at != ',') || high < low)
            return dvm_fail(DVM_ERR_ARG, "\"%.60s\" is no list of ranks; write them as 0,3-5",
                            text);
        if (high >= s->limit)
            return dvm_fail(DVM_ERR_ARG, "there is no rank %d: the ranks of this run are 0 to %d",
                            high, s->limit - 1);
        for (int rank = low; rank <= high; rank++)
            ranks_add(s, rank);
        if (!*at)
            return DVM_OK;
        at++;
    }
}

int ranks_option(struct ranks *s, const char *option, const char *text)
{
    int code = ranks_parse(s, text);
    char sentence[DVM_SENTENCE_MAX];

    if (!code)
        return code;
    error_save(sentence);
    return dvm_fail(code, "%s: %s", option, sentence);
}

const char *ranks_text(const struct ranks *s, char text[RANKS_TEXT_MAX])
{
    size_t used = 0;

    text[0] = '\0';
    for (int rank = 0; rank < s->limit; rank++) {
        int last = rank;

        if (!ranks_has(s, rank))
            continue;
        while (ranks_has(s, last + 1))
            last++;
        if (used + ITEM_MAX + TAIL_MAX > RANKS_TEXT_MAX) {
            snprintf(text + used, RANKS_TEXT_MAX - used, ",...(%d ranks)", s->members);
            return text;
        }
        used += (size_t)snprintf(text + used, RANKS_TEXT_MAX - used, "%s%d",
                                 used ? "," : "", rank);
        if (last > rank)
            used += (size_t)snprintf(text + used, RANKS_TEXT_MAX - used, "-%d", last);
        rank = last;
    }
    return text;
}
