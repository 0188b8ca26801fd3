/* asleep.h: whether another process waits for something. */
#ifndef TESTS_SYSTEM_PROGRAMS_ASLEEP_H
#define TESTS_SYSTEM_PROGRAMS_ASLEEP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Whether it sleeps now. Ends the program with 1 when there is no such process. */
static inline bool asleep(int pid)
{
    char path[64], state = '?';
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        exit(1);
    fclose(f);
    return state == 'S';
}

#endif
