/* streams.h: a program's standard streams. */
#ifndef DVM_BASE_STREAMS_H
#define DVM_BASE_STREAMS_H

/* Open /dev/null in the place of each standard stream that is closed (as after
 * `dvm hosts >&-`), so that no socket gets its number. Call it first of all. */
void streams_fill(void);

#endif
