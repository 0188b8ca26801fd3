/* tasks.h: the tasks of this host and the consoles that are connected to it, as
 * the other parts of the daemon see them.
 */
#ifndef DVMD_TASKS_H
#define DVMD_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/daemon.h"

#define TASKS_FATE_MAX 512 /* bytes of the sentence about an end, with its NUL */

extern const struct handler tasks_handlers[];

/* Error: NO_MEMORY. */
int tasks_create(struct tasks **out, struct daemon *d);

/* Accepts NULL. */
void tasks_destroy(struct tasks *t);

/* Tasks that run here, for placement and heartbeats. */
int tasks_running(const struct tasks *t);

/* Processes of the keeper that have not ended. */
int tasks_children(const struct tasks *t);

/* Who says HELLO. All borrowed. */
struct tasks_enrol {
    enum role role;
    pid_t pid; /* by the kernel's word */
    const uint8_t *token;
    size_t token_size;
    const char *program;
};

/* What a client is told of itself in its WELCOME. */
struct tasks_place {
    int tid, parent, rank;
    uint64_t world;
    int32_t *world_tids; /* borrowed: until the next call */
    size_t world_count;
    bool child;          /* of the keeper: it ends with this daemon */
    bool bound;          /* it has cores of its own */
};

/* A client said HELLO: the place it gets. Errors: REFUSED, LIMIT, NO_MEMORY
 * (dvm_fail). */
int tasks_enrol(struct tasks *t, const struct tasks_enrol *who, struct tasks_place *place);

/* What local/ sees of a client: LEAVE; its connection ended; the owner of a
 * private machine came or its connection ended. */
void tasks_left(struct tasks *t, int tid);
void tasks_disconnected(struct tasks *t, int tid);
void tasks_owner_came(struct tasks *t, int tid);
void tasks_owner_gone(struct tasks *t, int tid);

/* Send GONE for a tid to a client or daemon, saying as much as is known. */
void tasks_tell_gone(struct tasks *t, int to, int tid);

/* What became of a task or console of this host. */
struct tasks_fate {
    bool known;          /* there is one, or it is remembered */
    bool ended, console;
    bool captured;       /* its output passes, or passed, through this daemon */
    int rank;
    const char *program; /* borrowed; "" when not known */
    char text[TASKS_FATE_MAX]; /* how it ended, in words; else "" */
};
void tasks_fate(const struct tasks *t, int tid, struct tasks_fate *out);

/* A task that has enrolled: tell it of the members of its world whose hosts are gone
 * already, because what hosts' clients were told before, it has not heard. */
void tasks_tell_missing(struct tasks *t, int tid);

/* What the cluster sees. */
void tasks_host_up(struct tasks *t, const struct cluster_host *host);
void tasks_host_down(struct tasks *t, const struct cluster_host *host, bool lost);

/* Send a signal to all tasks of this host, because of why. */
void tasks_end_all(struct tasks *t, int signal, const char *why);

/* The keeper's words. */
void tasks_started(struct tasks *t, int tid, pid_t pid, int error, int step);
void tasks_ended(struct tasks *t, int tid, int status);
void tasks_memory(struct tasks *t, int tid, int what); /* enum keeper_memory */

#endif
