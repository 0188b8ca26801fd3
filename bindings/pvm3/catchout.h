/* catchout.h: what spawned tasks write. */
#ifndef PVM3_CATCHOUT_H
#define PVM3_CATCHOUT_H

/* Children were started, which are caught if pvm_catchout is on. */
void pvm3_catchout_children(const int *tids, int count);

/* This task leaves: wait for what its children still write, if it collects that. */
void pvm3_catchout_end(void);

/* Forget all children: they are another task's, of which this process is a copy. */
void pvm3_catchout_forget(void);

#endif
