/* send.h: sending on behalf of other calls. */
#ifndef PVM3_SEND_H
#define PVM3_SEND_H

#include <stddef.h>

/* Send header and message to a task; one that has ended is no error. */
int pvm3_send_bytes(const char *call, int tid, int tag, const unsigned char *all, size_t bytes);

/* Send the send buffer to count tasks, to each once, and not to this one. */
int pvm3_mcast(const char *call, const int *tids, int count, int tag);

#endif
