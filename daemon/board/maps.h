/* maps.h: which file of a process an address lies in. */
#ifndef DVMD_BOARD_MAPS_H
#define DVMD_BOARD_MAPS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A place in a file. */
struct maps_place {
    char file[PATH_MAX];
    uint64_t offset; /* bytes from its start */
};

/* Find the code at an address of a process. false: there is no file with code there, or the
 * process may not be looked at. */
bool maps_find(pid_t pid, uint64_t address, struct maps_place *place);

#endif
