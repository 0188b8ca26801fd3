/* clock.h: the one clock of the library and the daemon: monotonic, of this host. */
#ifndef DVM_BASE_CLOCK_H
#define DVM_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_SECOND 1000000000

/* Nanoseconds since some fixed moment of this host. */
uint64_t clock_ns(void);

/* The same in seconds. */
double clock_seconds(void);

/* Nanoseconds of processor time that this thread has used. */
uint64_t clock_used_ns(void);

/* The wall clock: milliseconds since 1970, UTC. It may step. */
uint64_t clock_wall_ms(void);

#endif
