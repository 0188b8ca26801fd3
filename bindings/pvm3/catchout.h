/* catchout.h: what spawned tasks write. */
#ifndef PVM3_CATCHOUT_H
#define PVM3_CATCHOUT_H

/* This task leaves: wait for what its children still write, if it collects that. */
void pvm3_catchout_end(void);

#endif
