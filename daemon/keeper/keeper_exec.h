/* keeper_exec.h: starting one task from the keeper. */
#ifndef DVMD_KEEPER_EXEC_H
#define DVMD_KEEPER_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What the new process shall be. All borrowed. */
struct keeper_plan {
    const char *path, *directory; /* directory: "" for that of the keeper */
    char *const *argv, *const *env;
    int fds[3];          /* each 3 or more */
    const void *cpus;    /* cpu set of cpu_bytes, or NULL */
    size_t cpu_bytes;
    bool shares;         /* stays in the keeper's session, in a process group of its own; else it
                          * gets a session */
    struct rlimit files; /* number of open files */
    struct rlimit data;  /* bytes of data of a process */
    int cgroup;          /* folder of the cgroup to run in, or -1 */
};

/* Start it and wait until it runs the program. Returns its pid, or 0 with *error
 * (errno) and *step (enum keeper_step). To be called with all signals blocked. */
pid_t keeper_exec(const struct keeper_plan *plan, int *error, int *step);

#endif
