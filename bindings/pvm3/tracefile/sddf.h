/* sddf.h: events of a tracer as text in SDDF, as PVM's console and its tracer write them. */
#ifndef PVM3_TRACEFILE_SDDF_H
#define PVM3_TRACEFILE_SDDF_H

#include <stdio.h>

/* What a message told. */
enum sddf_told { SDDF_NOTHING, SDDF_BIRTH, SDDF_DEATH };

/* Write to out; every line begins with "[Tjob:ttask] " where job is not 0. */
void sddf_begin(FILE *out, int job);

/* A host, before all events. */
void sddf_host(const char *name, const char *arch, int tid, int speed);

/* Write the events of the message that was received last. Returns the last birth or death among
 * them; *tid receives whose. */
enum sddf_told sddf_message(int *tid);

#endif
