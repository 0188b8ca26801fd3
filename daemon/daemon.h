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

#include "daemon/cluster.h"
#include "daemon/handler.h"

struct ev_loop;
struct local;  /* local/local.h: the clients of this host */
struct tasks;  /* tasks/tasks.h: the tasks of this host */
struct keeper; /* keeper.h: the process that starts and ends them */

struct daemon {
    struct ev_loop *loop;
    struct cluster *cluster;
    struct local *local;
    struct tasks *tasks;
    struct keeper *keeper;
    char machine[DVM_NAME_MAX];
    char host[DVM_NAME_MAX];
    bool is_private; /* ends with its owner */
    bool ending;
};

/* Move a frame to where its dst lives: a local client, a handler of this daemon
 * (n == 0), or another host. A frame for nobody is answered: a request with FAIL, a
 * task frame with GONE to its src. route.c */
void daemon_route(struct daemon *d, enum cluster_class class, const struct dvm_frame *frame,
                  const uint8_t *payload);

/* Send a control message from this daemon to a tid (client, task or daemon). */
void daemon_control(struct daemon *d, enum cluster_class class, int dst, int type,
                    const void *payload, size_t length);

/* Answer a request: with a reply, with OK, or with FAIL. */
void daemon_reply(struct daemon *d, const struct dvm_frame *request, int type,
                  const void *payload, size_t length);
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

/* Begin to end this daemon: tasks are killed, clients told, the loop left. */
void daemon_end(struct daemon *d, int status, const char *why);

#endif
