/* pacing.h: connections whose bytes the kernel does not hold back. */
#ifndef DVM_BASE_PACING_H
#define DVM_BASE_PACING_H

#include <stdbool.h>

/* Before fd connects or listens (what it accepts inherits it): if this computer's congestion
 * control paces, use one that does not. Without effect where the kernel refuses. */
void pacing_avoid(int fd);

/* A connection stands: give it the computer's own congestion control back if the other end is
 * at least so many microseconds away. Returns whether it is. */
bool pacing_allow(int fd, unsigned far_us);

#endif
