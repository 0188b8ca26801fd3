/* machines.h: which machines of this user have a daemon on this computer. */
#ifndef DVM_CONSOLE_MACHINES_H
#define DVM_CONSOLE_MACHINES_H

#include <stdbool.h>

#include "dvm.h"

#define MACHINES_NAMED 3 /* names that a sentence has */
#define MACHINES_TEXT_MAX (MACHINES_NAMED * DVM_NAME_MAX + 32)

struct machines {
    int count;
    char first[DVM_NAME_MAX];     /* by name; empty when there is none */
    char text[MACHINES_TEXT_MAX]; /* "a, b, c and 2 more" */
};

/* Those with a name, or the private ones of programs that have none (also of programs that
 * were started by hand). */
void machines_running(struct machines *out, bool is_private);

#endif
