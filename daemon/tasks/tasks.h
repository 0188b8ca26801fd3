/* tasks.h: the tasks of this host, and the consoles that are connected to it.
 *
 * A record is made when a tid is reserved or a client enrols by itself, and is
 * kept for some time after the end, so that it can still be asked for and its
 * tid is not given to another too soon. All records are owned by struct tasks.
 */
#ifndef DVMD_TASKS_TASKS_H
#define DVMD_TASKS_TASKS_H

#include <ev.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/daemon.h"
#include "daemon/table.h"
#include "proto/control.pb-c.h"

#define TASKS_TOKEN_BYTES 16
#define TASKS_SPAWN_MAX 8192           /* tasks of one spawn */
#define TASKS_REMEMBER_SECONDS 600.0   /* how long an ended task can be asked for */
#define TASKS_REMEMBER_MAX 20000       /* records of ended tasks; then the oldest go */
#define TASKS_RESERVE_SECONDS 60.0     /* how long a reserved tid waits for its launch */
#define TASKS_TIDY_SECONDS 5.0         /* how often old records are looked for */
#define TASKS_OWNER_SECONDS 30.0       /* how long a private machine waits for its owner */
#define TASKS_LEFT_SECONDS 5.0         /* how long its tasks may go on when that has left */

struct stdio;
struct launch;
struct spawn;

/* The tasks that were spawned together. Shared by their records here. */
struct world {
    uint64_t id;  /* context of DVM_WORLD */
    int count;
    int references;
    int32_t *tids; /* in rank order; owned */
};

enum waiter_kind {
    WAITER_WATCH,  /* wants GONE */
    WAITER_WAIT,   /* wants TASK_EXIT, as the answer to ref */
    WAITER_NOTICE  /* wants a notify message with tag */
};

/* Somebody who wants to know of an end. */
struct waiter {
    enum waiter_kind kind;
    int tid;
    int tag;
    uint64_t ref;
};

struct waiters {
    struct waiter *list; /* owned */
    size_t count, room;
};

enum { TASK_RESERVED = 0 }; /* before DVM_TASK_STARTING */

struct task {
    int tid, parent, rank;
    enum role role;
    int state;              /* TASK_RESERVED or DVM_TASK_... */
    bool spawned;           /* a child of the keeper */
    bool never_ran;         /* it could not be started */
    bool enrolled;          /* has been connected */
    bool left;              /* called dvm_finalize */
    bool told_world;        /* its world knows of the end */
    bool by_machine;        /* the machine ended it */
    pid_t pid;              /* of the main process */
    pid_t enrolled_pid;     /* of the process that said HELLO */
    int pidfd;              /* of that process where the keeper does not know it, or -1 */
    ev_io death;            /* of pidfd */
    struct world *world;
    char *program;          /* owned */
    bool has_token;         /* not yet used */
    uint8_t token[TASKS_TOKEN_BYTES];
    int sink;               /* tid of the console with the output, 0: none */
    int owner;              /* tid whose end ends it, 0: none */
    int origin;             /* slot of the daemon that spawns it */
    int kill_signal;        /* last signal that was asked for, 0: none */
    char *why;              /* why the machine ends it; owned, or NULL */
    double started, ended;  /* clock_seconds */
    int status, signal;     /* once ended; status -1: unknown or signal */
    struct stdio *stdio;    /* pipes; NULL for none */
    struct launch *launch;  /* being started for it; borrowed */
    bool bound;             /* has cores of its own: cpus */
    cpu_set_t cpus;
    struct waiters waiters;
    struct task *next_ended; /* in order of their ends */
};

struct tasks {
    struct daemon *d; /* borrowed */
    struct table by_tid;
    struct table worlds;
    struct table foreign;        /* tids that are watched: foreign.c */
    struct waiters host_notices; /* who wants messages about hosts: notify.c */
    struct task *first_ended, *last_ended;
    size_t ended_count;
    int next_n;
    uint64_t next_world;
    int running;  /* tasks with role task that run */
    int children; /* of the keeper, running or being started */
    int owner;    /* tid of a private machine's owner, 0 before it came */
    ev_timer tidy, patience;
};

extern const struct handler tasks_handlers[];

/* Error: NO_MEMORY. */
int tasks_create(struct tasks **out, struct daemon *d);

/* Accepts NULL. */
void tasks_destroy(struct tasks *t);

/* Tasks that run here, for placement and heartbeats. */
int tasks_running(const struct tasks *t);

/* Processes of the keeper that have not ended. */
int tasks_children(const struct tasks *t);

/* The record of a tid of this host, or NULL. */
struct task *tasks_find(const struct tasks *t, int tid);

/* A new record with its seat and the next free tid; rank 0, world NULL. Errors:
 * LIMIT, NO_MEMORY (dvm_fail). */
int tasks_new(struct tasks *t, enum role role, const char *program, struct task **out);

/* Forget a record and its seat. */
void tasks_forget(struct tasks *t, struct task *task);

/* Put an ended record into the queue of those that are remembered. */
void tasks_remember(struct tasks *t, struct task *task);

/* The world with this id and these tids, made if it is not there; one more
 * reference. NULL: no memory. */
struct world *tasks_world(struct tasks *t, uint64_t id, const int32_t *tids, size_t count);

/* A context for a new world. */
uint64_t tasks_world_id(struct tasks *t);

struct tasks_enrol {
    enum role role;
    pid_t pid; /* by the kernel's word */
    const uint8_t *token;
    size_t token_size;
    const char *program;
};

/* A client said HELLO: the record it belongs to. Errors: REFUSED, LIMIT,
 * NO_MEMORY (dvm_fail). */
int tasks_enrol(struct tasks *t, const struct tasks_enrol *who, struct task **out);

/* What local/ sees of a client: LEAVE; its connection ended; the owner of a
 * private machine came or its connection ended. */
void tasks_left(struct tasks *t, int tid);
void tasks_disconnected(struct tasks *t, int tid);
void tasks_owner_came(struct tasks *t, int tid);
void tasks_owner_gone(struct tasks *t, int tid);

/* Send GONE for a tid to a client or daemon, saying as much as is known. */
void tasks_tell_gone(struct tasks *t, int to, int tid);

/* What the cluster sees. */
void tasks_host_up(struct tasks *t, const struct cluster_host *host);
void tasks_host_down(struct tasks *t, const struct cluster_host *host, bool lost);

/* Send a signal to all tasks of this host, because of why. */
void tasks_end_all(struct tasks *t, int signal, const char *why);

/* The keeper's words. */
void tasks_started(struct tasks *t, int tid, pid_t pid, int error, int step);
void tasks_ended(struct tasks *t, int tid, int status);

#endif
