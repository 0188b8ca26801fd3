/* keeper.h: the process that starts tasks and ends them, as dvmd sees it.
 *
 * The keeper is forked before dvmd has any thread. It is single-threaded, a
 * subreaper, and the parent of all tasks; it does nothing but start, signal and
 * reap, so a task start costs one vfork and one exec. When dvmd ends, however
 * that happens, the keeper kills every descendant and ends. When the keeper ends
 * dvmd, a subreaper too, inherits them, kills them and ends.
 */
#ifndef DVMD_KEEPER_H
#define DVMD_KEEPER_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct cgroup;
struct ev_loop;
struct keeper;

/* Longest start order: path, directory, arguments and environment, bytes. Linux
 * takes packets of this size with the default net.core.wmem_max. */
#define KEEPER_MESSAGE_MAX (192 * 1024)

/* Where a start failed. */
enum keeper_step {
    KEEPER_STEP_NONE,
    KEEPER_STEP_FORK,
    KEEPER_STEP_DIRECTORY, /* the working directory cannot be entered */
    KEEPER_STEP_BIND,
    KEEPER_STEP_EXEC,
    KEEPER_STEP_SETUP,
    KEEPER_STEP_CGROUP
};

/* What a task did to its limit of memory. */
enum keeper_memory {
    KEEPER_MEMORY_NEAR = 1, /* it failed with its data near the limit */
    KEEPER_MEMORY_OVER      /* it was killed for going over it */
};

struct keeper_events {
    /* The start of tid: pid, or 0 with errno and the step that failed. */
    void (*started)(void *arg, int tid, pid_t pid, int error, enum keeper_step step);
    /* The main process of tid ended; status as of waitpid. It is reaped, and what
     * is left of its process group has been killed. */
    void (*ended)(void *arg, int tid, int status);
    /* The keeper is gone. All its descendants have been killed. */
    void (*lost)(void *arg);
    /* Before ended: the memory of tid had something to do with its end. May be NULL. */
    void (*memory)(void *arg, int tid, enum keeper_memory what);
};

/* What the tasks may use. */
struct keeper_limits {
    struct rlimit files;   /* open files of a process */
    uint64_t memory;       /* bytes of a task, 0: no limit */
    double cores;          /* of a task, 0: no limit */
    struct cgroup *cgroup; /* open or not (cgroup.h); borrowed. NULL: none */
};

/* A task to start. All is copied or passed; nothing is kept. */
struct keeper_task {
    int tid;
    const char *path;        /* what to execute */
    const char *directory;   /* working directory, "" for that of the daemon */
    const char *const *argv; /* with the program's name, NULL at the end */
    const char *const *env;  /* NULL at the end */
    int fds[3];              /* stdin, stdout, stderr */
    const cpu_set_t *cpus;   /* to bind to, or NULL */
};

/* Fork the keeper. To be called while this process has one thread. limits are copied;
 * the cgroup is closed at the keeper's end. Errors: SYSTEM, NO_MEMORY. */
int keeper_fork(struct keeper **out, const struct keeper_limits *limits);

/* Begin to hear of events, in loop. events is copied. */
void keeper_attach(struct keeper *k, struct ev_loop *loop, const struct keeper_events *events,
                   void *arg);

/* Order the start of a task; started is called later. Errors: LIMIT (over
 * KEEPER_MESSAGE_MAX), NO_MEMORY, LOST_DAEMON (the keeper is gone). */
int keeper_start(struct keeper *k, const struct keeper_task *task);

/* Send a signal to the process group of tid; nothing happens if it has ended.
 * Errors as above. */
int keeper_signal(struct keeper *k, int tid, int signal);

/* Have it remove the runtime folder (sweep.h) when this daemon is killed; "" for none.
 * Errors as above. */
int keeper_guard(struct keeper *k, const char *folder);

/* Where its tasks have cgroups, borrowed; NULL: none. */
const struct cgroup *keeper_cgroup(const struct keeper *k);

/* Have it kill all that its tasks have left behind. To be called when all tasks have ended.
 * Errors as above. */
int keeper_sweep(struct keeper *k);

/* Its pid. */
pid_t keeper_pid(const struct keeper *k);

/* Have it kill all that is left and end; waits for that, some seconds at most.
 * Accepts NULL. */
void keeper_destroy(struct keeper *k);

#endif
