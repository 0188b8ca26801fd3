/* ranks.h: sets of ranks, and how people write them: "0,3-5". */
#ifndef DVM_CONSOLE_RUN_RANKS_H
#define DVM_CONSOLE_RUN_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANKS_TEXT_MAX 128 /* bytes of a set in a sentence or a tag, with its NUL */

struct ranks {
    uint8_t *bits; /* owned */
    int limit;     /* ranks are below it */
    int members;
};

/* Make an empty set of ranks below limit. Returns false when there is no memory. */
bool ranks_make(struct ranks *s, int limit);

/* Free it. Accepts a set of zeros. */
void ranks_free(struct ranks *s);

/* Make it empty. */
void ranks_clear(struct ranks *s);

/* Put a rank in; false when it was in before. */
bool ranks_add(struct ranks *s, int rank);

/* Whether it is in. */
bool ranks_has(const struct ranks *s, int rank);

/* Read a list such as "0,3-5" into a set that ranks_make has made; what was in
 * stays. Error: ARG (dvm_fail), when the text is no list or names a rank that the run
 * does not have; then a part of it may be in. */
int ranks_parse(struct ranks *s, const char *text);

/* The same for what an option has; the error names it. */
int ranks_option(struct ranks *s, const char *option, const char *text);

/* Write the set as "0-3,7"; when it does not fit, its begin and how many there are in
 * all, such as "0,2,4,...(500 ranks)". Returns text. */
const char *ranks_text(const struct ranks *s, char text[RANKS_TEXT_MAX]);

#endif
