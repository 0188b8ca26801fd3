/* person.h: the processes of this computer, as /proc/PID/stat tells of them. */
#ifndef DVMD_PERSON_H
#define DVMD_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct person {
    pid_t pid, parent, session;
    char state;             /* R, S, D, T, Z, ...: a letter of proc(5) */
    bool dead;              /* a zombie */
    bool mine;              /* for the reader's use; false */
    uint64_t ticks;         /* of processor time, user and system */
    uint64_t reaped_ticks;  /* the same of its children that ended and were waited for */
    uint64_t pages;         /* resident */
};

/* One process. Returns false when there is none. */
bool person_read(pid_t pid, struct person *p);

/* All processes, in no order; *count receives how many. To be freed. NULL when there is no
 * memory or /proc. */
struct person *person_read_all(size_t *count);

#endif
