/* knot.h: which of some tasks that wait for each other can never go on.
 *
 * A task goes on when one that it waits for can. What is left when all that can go on are
 * taken away is stuck: a circle of tasks, or a set that waits for any of its own members,
 * and all that wait for these.
 */
#ifndef DVM_CONSOLE_KNOT_H
#define DVM_CONSOLE_KNOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum knot_wait {
    KNOT_NONE, /* it goes on, or may, for all that is known */
    KNOT_ONE,  /* it waits for one other */
    KNOT_ANY   /* it waits for any of its set */
};

struct knot_node {
    enum knot_wait wait;
    size_t one;   /* with KNOT_ONE: place of the other */
    uint64_t set; /* whom it is one of, as a number */
    bool stuck;   /* receives the result */
};

/* Find out. Returns how many are stuck. Without memory sets are taken to go on. */
size_t knot_find(struct knot_node *nodes, size_t count);

/* From a stuck node along those that are waited for: the first of a circle, or count when
 * there is none (it ends at one that waits for any of a set). */
size_t knot_circle(const struct knot_node *nodes, size_t count, size_t from);

#endif
