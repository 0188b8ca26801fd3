/* daemon.h: what the parts of one dvmd share.
 *
 * main.c makes it; route.c moves frames; local/ owns the clients, tasks/ the
 * tasks of this host, the cluster (cluster.h) the other hosts.
 */
#ifndef DVMD_DAEMON_H
#define DVMD_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/runtime.h"
#include "daemon/cluster.h"
#include "daemon/handler.h"

/* Descriptors that tasks do not get, so that consoles can still connect. */
#define DAEMON_FILES_SPARE 16

#define DVMD_TEXT_(x) #x
#define DVMD_TEXT(x) DVMD_TEXT_(x)
#define DVMD_VERSION \
    DVMD_TEXT(DVM_VERSION_MAJOR) "." DVMD_TEXT(DVM_VERSION_MINOR) "." DVMD_TEXT(DVM_VERSION_PATCH)

struct ev_loop;
struct local;  /* local.h: the clients of this host */
struct tasks;  /* tasks.h: the tasks of this host */
struct keeper; /* keeper.h: the process that starts and ends them */
struct route;  /* route.c: handlers by number, open requests */
struct options; /* options.h: the command line */
struct settings; /* base/settings.h: what is in force on this host */
struct lanes;   /* lanes.h: connections of tasks with those of other hosts */
struct names;   /* names.h: names that the machine keeps */
struct watch;   /* watch.h: what is kept for those who look at it */
struct ending;  /* daemon.c: how it ends */
struct away;    /* away.c: that this host has lost its machine */

struct daemon {
    struct ev_loop *loop;
    struct cluster *cluster;
    struct local *local;
    struct lanes *lanes;
    struct tasks *tasks;
    struct keeper *keeper;
    struct route *route;
    struct watch *watch;
    struct names *names; /* NULL as tasks */
    struct ending *finish;
    struct away *away; /* NULL while this host is a member; then there may be no tasks */
    const struct options *options; /* borrowed */
    struct settings *settings;     /* borrowed */
    char folder[RUNTIME_PATH_MAX]; /* the runtime folder */
    int lock;                      /* descriptor that holds its lock, or -1 */
    char bind[DVM_NAME_MAX];       /* address to listen on, "" for all */
    char machine[DVM_NAME_MAX];
    char host[DVM_NAME_MAX];
    long files;      /* descriptors that it may have */
    bool is_private; /* ends with its owner */
    bool ending;
    int status; /* to exit with, once ending */
};

/* Start all parts: folder, lock, log, cluster, socket. settings: borrowed; what the
 * machine says of them is put in. ticket: NULL, or of the machine to join. keeper is
 * taken over. The daemon is usable when this returns
 * DVM_OK; on failure everything is undone and the sentence is kept (dvm_fail). */
int daemon_start(struct daemon *d, const struct options *options, struct settings *settings,
                 const char *ticket, struct keeper *keeper);

/* Run until the end, then tell everybody, clean up and return the exit status. */
int daemon_run(struct daemon *d);

/* Whether a descriptor that was just made is one of the last, which are not for tasks:
 * the kernel gives the lowest number that is free. */
bool daemon_files_low(const struct daemon *d, int fd);

/* dvm_fail after a call that makes descriptors, by errno: what ("start a task") cannot be
 * done here, why, and what to do about it. Returns LIMIT or SYSTEM. */
int daemon_fail_files(const struct daemon *d, const char *what);

/* Move a frame to where its dst lives: a local client, a handler of this daemon
 * (n == 0), or another host. A frame for nobody is answered: a request with FAIL, a
 * task frame with GONE to its src. route.c */
void daemon_route(struct daemon *d, enum cluster_class class, const struct dvm_frame *frame,
                  const uint8_t *payload);

/* Send a control message from this daemon to a tid (client, task or daemon). */
void daemon_control(struct daemon *d, enum cluster_class class, int dst, int type,
                    const void *payload, size_t length);

/* The same for a protobuf message (NULL: without payload). */
void daemon_tell(struct daemon *d, enum cluster_class class, int dst, int type,
                 const ProtobufCMessage *message);

/* Tell a client that a tid is of a host that is not in the machine (GONE). */
void daemon_tell_host_gone(struct daemon *d, int to, int tid);

/* Answer a request: with a reply, with OK, or with FAIL. */
void daemon_reply(struct daemon *d, const struct dvm_frame *request, int type,
                  const void *payload, size_t length);
void daemon_answer(struct daemon *d, enum cluster_class class, const struct dvm_frame *request,
                   int type, const ProtobufCMessage *message);
void daemon_ok(struct daemon *d, const struct dvm_frame *request);
void daemon_fail(struct daemon *d, const struct dvm_frame *request, int code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A request from this daemon to another daemon (also itself). done is called once:
 * with the answer's type and payload, or with DVM_CTL_FAIL (packed pb Fail) when it
 * failed or the host was lost. */
typedef void daemon_answer_f(struct daemon *d, void *arg, int type, const uint8_t *payload,
                             size_t length);
void daemon_request(struct daemon *d, int slot, int type, const void *payload, size_t length,
                    daemon_answer_f *done, void *arg);

/* As daemon_request, for a protobuf message. */
void daemon_ask(struct daemon *d, int slot, int type, const ProtobufCMessage *message,
                daemon_answer_f *done, void *arg);

/* Make and free what route.c keeps. Error: NO_MEMORY. */
int daemon_route_open(struct daemon *d);
void daemon_route_close(struct daemon *d);

/* Fail what was asked of a host that is down, forget half messages from it, and remember its name
 * and what became of it (it was lost, or left; why) for sentences. */
void daemon_route_host_down(struct daemon *d, int slot, const char *name, bool lost,
                            const char *why);

/* Forget half messages of a client that is gone. */
void daemon_route_client_gone(struct daemon *d, int tid);

/* Begin to end this daemon: tasks are killed, clients told, the loop left. Tasks
 * first get SIGTERM and a short time. A second call changes nothing. */
void daemon_end(struct daemon *d, int status, const char *why);

/* As daemon_end, with SIGKILL at once: the machine was halted. */
void daemon_end_now(struct daemon *d, int status, const char *why);

#endif
