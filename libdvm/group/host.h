/* host.h: the names of hosts, as far as this task was told of them, for sentences. */
#ifndef DVM_GROUP_HOST_H
#define DVM_GROUP_HOST_H

#include <stddef.h>

/* A host has this name (copied). Without memory it has none. */
void host_learn(int slot, const char *name);

/* Its name, or NULL; valid until it is learnt anew. */
const char *host_name(int slot);

/* Forget all. */
void host_forget(void);

#endif
