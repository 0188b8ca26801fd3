/* tasks/tasks.h: inside tasks/: the records of the tasks of this host, and of the
 * consoles that are connected to it.
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
#include "daemon/tasks.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"

#define TASKS_TOKEN_BYTES 16
#define TASKS_SPAWN_MAX 8192           /* tasks of one spawn */
#define TASKS_REMEMBER_SECONDS 600.0   /* how long an ended task can be asked for */
#define TASKS_REMEMBER_MAX 20000       /* records of ended tasks; then the oldest go */
#define TASKS_RESERVE_SECONDS 60.0     /* how long a reserved tid waits for its launch */
#define TASKS_TIDY_SECONDS 5.0         /* how often old records are looked for */
#define TASKS_OWNER_SECONDS 30.0       /* how long a private machine waits for its owner */
#define TASKS_STARTER_SECONDS 1.0      /* how often it looks whether that still lives */
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
    bool by_tasker;         /* started by the tasker; not spawned then, but a process of its */
    bool never_ran;         /* it could not be started */
    bool left;              /* called dvm_finalize */
    bool told_world;        /* its world knows of the end */
    bool by_machine;        /* the machine ended it */
    bool aborts;            /* asked for the end of its world: exits by itself */
    char *cause;            /* why it aborts, in words; owned, or NULL */
    bool enrolled_gone;     /* what enrolled has ended before the keeper told of its start */
    pid_t pid;              /* of the main process */
    pid_t enrolled_pid;     /* of the process that said HELLO */
    int pidfd;              /* of that process where the keeper does not know it, or -1 */
    ev_io death;            /* of pidfd */
    struct world *world;
    bool reserved;          /* counts in tasks.reserved */
    uint64_t reserved_for;  /* id of the world, before there is one here */
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
    int memory;             /* enum keeper_memory: what it had to do with the end; 0: nothing */
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
    struct table tokens;         /* those not yet used, by their first bytes */
    struct table foreign;        /* tids that are watched: foreign.c */
    struct waiters host_notices; /* who wants messages about hosts: notify.c */
    struct task *first_ended, *last_ended;
    size_t ended_count;
    int next_n;
    uint64_t next_world;
    int running;  /* tasks with role task that run */
    int reserved; /* tids that are reserved for tasks that do not run yet */
    int tasker;   /* tid of who starts the tasks in the keeper's place, 0: nobody; */
    int tasker_tag; /* of the messages to it */
    int children; /* of the keeper, running or being started */
    int owner;    /* tid of a private machine's owner, 0 before it came */
    pid_t starter; /* who started this daemon, and when: of a private machine its owner */
    double began;
    ev_timer tidy, patience;
};

/* Whether count more tasks would be more than this host may run; then the sentence is
 * kept (dvm_fail, LIMIT). */
bool tasks_over_limit(const struct tasks *t, unsigned count);

/* The record of a tid of this host, or NULL. */
struct task *tasks_find(const struct tasks *t, int tid);

/* A new record with its seat and the next free tid; rank 0, world NULL. Errors:
 * LIMIT, NO_MEMORY (dvm_fail). */
int tasks_new(struct tasks *t, enum role role, const char *program, struct task **out);

/* Count it as reserved, or no more. */
void tasks_reserve(struct tasks *t, struct task *task, bool reserved);

/* Forget a record and its seat. */
void tasks_forget(struct tasks *t, struct task *task);

/* The record goes while the keeper's word on its start is awaited: nobody is
 * answered, as the daemon ends. launch.c */
void tasks_drop_launch(struct task *task);

/* Put an ended record into the queue of those that are remembered. */
void tasks_remember(struct tasks *t, struct task *task);

/* The world with this id and these tids, made if it is not there; one more
 * reference. NULL: no memory. */
struct world *tasks_world(struct tasks *t, uint64_t id, const int32_t *tids, size_t count);

/* Make a token for a task that is about to be started. Error: SYSTEM, NO_MEMORY. */
int tasks_token_make(struct tasks *t, struct task *task);

/* It is used, or of no use any more. */
void tasks_token_drop(struct tasks *t, struct task *task);

/* Tell the daemon of a slot, which placed tasks here, how many run now: it must not
 * place the next ones by what the last heartbeats said. class: of the news that it
 * goes before. */
void tasks_tell_load(struct tasks *t, enum cluster_class class, int slot);

/* Put into the record of events what happened to a task. text: the cause, or "". */
void tasks_event(struct tasks *t, const struct task *task, enum dvm_event kind,
                 const char *text);

/* A context for a new world. */
uint64_t tasks_world_id(struct tasks *t);

#endif
