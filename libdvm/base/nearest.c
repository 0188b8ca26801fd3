/* nearest.c: edit distance of short words (optimal string alignment).
 *
 * A candidate counts as near when at most a third of the longer word differs:
 * "hsots" finds hosts, "frobnicate" finds nothing.
 */
#include "base/nearest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NEAR_PART 3 /* one edit is allowed for so many characters, */
#define NEAR_LEAST 1 /* and so many in any case */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

unsigned nearest_edits(const char *a, const char *b)
{
    unsigned row[3][NEAREST_MAX]; /* distances for the last three characters of a */
    size_t la = strlen(a), lb = strlen(b);

    assert(la < NEAREST_MAX && lb < NEAREST_MAX);
    for (size_t j = 0; j <= lb; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *upper = row[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                upper[j - 2] + 1 < now[j])
                now[j] = upper[j - 2] + 1;
        }
    }
    return row[la % 3][lb];
}

void nearest_begin(struct nearest *n, const char *text, size_t length)
{
    *n = (struct nearest){.edits = ~0u};
    if (length >= NEAREST_MAX)
        length = NEAREST_MAX - 1;
    memcpy(n->wanted, text, length);
    n->wanted[length] = '\0';
}

void nearest_offer(struct nearest *n, const char *prefix, const char *name)
{
    char word[NEAREST_MAX];
    unsigned edits, allowed;
    size_t longer;

    snprintf(word, sizeof word, "%s%s", prefix, name);
    edits = nearest_edits(n->wanted, word);
    longer = strlen(word) > strlen(n->wanted) ? strlen(word) : strlen(n->wanted);
    longer -= strlen(prefix);
    allowed = (unsigned)(longer / NEAR_PART);
    if (allowed < NEAR_LEAST)
        allowed = NEAR_LEAST;
    if (edits <= allowed && edits < n->edits) {
        n->edits = edits;
        strcpy(n->best, word);
    }
}
