/* flood.h: lines that repeat, such as those about a stranger who calls ten thousand
 * times: the first FLOOD_LINES of a kind within FLOOD_MS pass, the rest is counted; of one that
 * goes on at two a second for hours only some do. Pure: no clock, no file. All zero is a new one.
 */
#ifndef DVM_BASE_FLOOD_H
#define DVM_BASE_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#define FLOOD_LINES 20     /* of one kind within FLOOD_MS */
#define FLOOD_MANY 10      /* so many, and the kind goes on: then only */
#define FLOOD_AGAIN 2      /* pass within each FLOOD_MS that follows */
#define FLOOD_MS 10000
#define FLOOD_KINDS 64     /* that are told from each other at a time */
#define FLOOD_TEXT_MAX 256 /* bytes kept of the last line that was held back */

struct flood_kind {
    const void *key;  /* NULL: free */
    uint64_t since;   /* ms: begin of its time */
    unsigned passed;
    bool again;       /* the time before was one of many */
    unsigned long held;
    char text[FLOOD_TEXT_MAX]; /* of the last one */
};

struct flood {
    struct flood_kind kinds[FLOOD_KINDS];
};

/* Whether a line may pass. key says of which kind it is (the address of its format); now:
 * ms. *first: it is the first to be held back in its time, so flood_due has something to
 * tell FLOOD_MS later. */
bool flood_pass(struct flood *f, const void *key, const char *text, uint64_t now, bool *first);

/* A kind whose time is over and of which lines were held back: it is told once, and its
 * counts begin anew. NULL for none. all: also those whose time is not over. */
const struct flood_kind *flood_due(struct flood *f, uint64_t now, bool all);

/* In how many ms flood_due will have something to tell; 0: nothing is held back. */
int flood_next(const struct flood *f, uint64_t now);

#endif
