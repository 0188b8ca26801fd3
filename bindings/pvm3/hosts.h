/* hosts.h: the machine's hosts. */
#ifndef PVM3_HOSTS_H
#define PVM3_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"

/* All hosts. *list is the caller's to free. Returns DVM_OK or an error. */
int pvm3_hosts(struct dvm_host **list, size_t *count);

/* Whether a host's tid is one of the machine's that is up. */
bool pvm3_host_is_there(int host);

/* The tid of a host that is up, by its name; PvmNoHost. */
int pvm3_host_tid(const char *name);

/* Open a file of this name (DVM_BINDING_...) that all tasks of this host share, for reading and
 * writing; made if it is not there. Returns a descriptor, or -1. */
int pvm3_host_file(const char *name);

/* PVM's name of an architecture, such as "LINUX64" for "x86_64". */
const char *pvm3_arch(const char *machine);

#endif
