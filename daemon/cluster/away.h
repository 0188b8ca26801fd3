/* away.h: what a daemon does while its host has lost the machine, and afterwards. */
#ifndef DVMD_AWAY_H
#define DVMD_AWAY_H

#include "daemon/daemon.h"

/* The machine has declared this host lost, or will: all tasks here are ended, all clients
 * told why and disconnected, and who comes now is refused in words. Then the cluster may
 * try to come back. */
void away_enter(struct daemon *d, const char *why);

/* This host is in the machine again: nothing runs here, and everything may. */
void away_leave(struct daemon *d);

/* Free what away_enter keeps; the daemon ends. */
void away_free(struct daemon *d);

#endif
