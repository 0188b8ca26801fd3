/* hosts.h: asking the own daemon for the hosts of the machine. */
#ifndef DVM_VM_HOSTS_H
#define DVM_VM_HOSTS_H

#include "proto/control.pb-c.h"

/* Ask for the hosts. *reply is the caller's: dvm__pb__hosts_reply__free_unpacked.
 * Errors: those of vm_ask. */
int hosts_ask(Dvm__Pb__HostsReply **reply);

/* The slot of who coordinates now, which may have changed since WELCOME. */
int hosts_coordinator(int *slot);

#endif
