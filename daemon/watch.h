/* watch.h: what this daemon keeps for those who look at the machine from outside: what
 * happened (events), what its tasks have written (output), and its own log.
 *
 * All of it is bounded; what had to go is told as a number. Who follows asks for what came
 * after the last that it has got, and is answered when there is something: so the rings
 * are the only queues, and a slow follower costs nothing but what it misses.
 */
#ifndef DVMD_WATCH_H
#define DVMD_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/daemon.h"
#include "proto/event.h"

/* Requests that wait for news, of one kind; with one more the oldest is answered. */
#define WATCH_WAITING_MAX 256
/* Bytes of events or output in one answer, about. */
#define WATCH_ANSWER_BYTES ((size_t)256 << 10)

struct watch;

extern const struct handler watch_handlers[];

/* Error: NO_MEMORY (dvm_fail). */
int watch_create(struct watch **out, struct daemon *d);

/* Accepts NULL. */
void watch_destroy(struct watch *w);

/* Something happened to a host. text: the cause, or where it is. */
void watch_host(struct watch *w, enum dvm_event kind, const struct cluster_host *host,
                const char *text);

/* A task of this host, as events name it. program is borrowed. */
struct watch_task {
    int tid, rank;
    uint64_t world;
    const char *program;
    int status, signal; /* of an end; else 0 */
};

/* Something happened to a task of this host. text: the cause, may be empty. */
void watch_task(struct watch *w, enum dvm_event kind, const struct watch_task *task,
                const char *text);

/* A task has written this; stream: 1 stdout, 2 stderr. */
void watch_task_output(struct watch *w, int tid, int stream, const void *bytes, size_t size);

/* A task has ended: nothing more of it will come. */
void watch_task_ended(struct watch *w, int tid);

/* A client is gone: it waits for nothing any more. */
void watch_client_gone(struct watch *w, int tid);

#endif
