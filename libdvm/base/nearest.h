/* nearest.h: what the user may have meant: the candidate with the fewest edits. */
#ifndef DVM_BASE_NEAREST_H
#define DVM_BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 48 /* bytes of a word that is compared, with its NUL */

struct nearest {
    char wanted[NEAREST_MAX];
    char best[NEAREST_MAX]; /* empty while nothing is near enough */
    unsigned edits;         /* of best */
};

/* Begin to look for something like the first length bytes of text. */
void nearest_begin(struct nearest *n, const char *text, size_t length);

/* Offer a candidate: prefix (may be "") and name together. */
void nearest_offer(struct nearest *n, const char *prefix, const char *name);

/* Edits (insert, delete, change, swap of neighbours) that turn a into b; both
 * shorter than NEAREST_MAX. */
unsigned nearest_edits(const char *a, const char *b);

#endif
