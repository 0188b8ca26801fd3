/* usage.h: what processes and this computer use now, by /proc. */
#ifndef DVMD_USAGE_H
#define DVMD_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a process and its descendants use, but for those below another root. */
struct usage {
    pid_t root;         /* given; 0: nobody */
    uint64_t cpu_ms;    /* of those that run, user and system */
    uint64_t reaped_ms; /* of those that they have waited for */
    uint64_t memory;    /* bytes resident */
    unsigned processes;
    char state;         /* T when the root is stopped; else R, D, S, Z: the first that one of
                         * them is in; 0: there are none */
};

/* Fill in what each of the roots uses. */
void usage_read(struct usage *list, size_t count);

struct usage_computer {
    double load;           /* processes that want a processor, mean of a minute */
    uint64_t busy_ms;      /* of all processors, since the computer was started */
    unsigned processors;
    uint64_t memory_total; /* bytes */
    uint64_t memory_free;  /* that programs may have, bytes */
};

/* What the computer as a whole uses; 0 for what is not told. */
void usage_read_computer(struct usage_computer *out);

#endif
