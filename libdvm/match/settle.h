/* settle.h: where the tasks of a crowd run: neighbours together. */
#ifndef DVM_MATCH_SETTLE_H
#define DVM_MATCH_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

/* So many tasks of a host, named by who, are more than the cores, perhaps: whether it is time for
 * this one to look; then *had is what it has had of a core since it last did, in thousandths.
 * Cheap. The first that asks is who says so, until settle_forget. */
bool settle_due(const void *who, int count, uint32_t *had);
void settle_forget(const void *who);

/* They have had so much together: if nobody else wants the cores, have this task, the one at a
 * place, run on the core of its neighbours. */
void settle(uint64_t had, int place, int count);

/* ---- when, for tests ------------------------------------------------------------------ */

#define SETTLE_NS UINT64_C(100000000)       /* from one look to the next, */
#define SETTLE_NS_MOST UINT64_C(12800000000) /* while the task is found elsewhere again and again */

/* Times in ns. All zeros: nothing is known. */
struct settling {
    uint64_t due, pause; /* the next look, and how long after the last one that is */
    uint64_t seen, used; /* the last look, and the processor time that the task had used then */
};

/* A look at a time, by a task that has used so much: what it has had since the last. */
uint32_t settle_look(struct settling *s, uint64_t now, uint64_t used);

/* It has moved: if it must again, then not so soon. */
void settle_moved(struct settling *s);

#endif
