/* daemon_link.h: the socket between this task and its daemon.
 *
 * The relay lane sends task frames over it; vm/ sends requests over it. Both
 * write whole frames, blocking if they must: the daemon always reads. Frames
 * that arrive are handed on by op: control messages to the function registered
 * for their number (a request's answer to the waiting request), the rest to the
 * stream above.
 */
#ifndef DVM_LANE_DAEMON_LINK_H
#define DVM_LANE_DAEMON_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/board.h"
#include "proto/frame.h"

/* Longest control message, all its frames together, bytes. */
#define DAEMON_LINK_MAX (32 * 1024 * 1024)

/* Called for a control message of a registered number. fds: descriptors that came
 * with it; the function owns them and closes what it does not keep. */
typedef void daemon_control_f(const struct dvm_frame *frame, const uint8_t *payload,
                              const int *fds, int fd_count);

/* Register a function for control messages of this number (enum dvm_control), until
 * the task leaves. Several may share a number: all are called, in the order in
 * which they registered, and the first has the descriptors. Answers to no open
 * request come here, too. */
void daemon_link_register(int type, daemon_control_f *function);

/* Send a control message. dst: a daemon's tid (DVM_TID_DAEMON) or a task's. fds:
 * fd_count descriptors to pass along, at most 4, which stay the caller's. Errors:
 * LOST_DAEMON, LIMIT (over DAEMON_LINK_MAX bytes). Over one frame it goes in parts. */
int daemon_link_control(int dst, int type, uint64_t ref, const void *payload, size_t length,
                        const int *fds, int fd_count);

/* An answer to a request. */
struct daemon_answer {
    int type;         /* enum dvm_control; DVM_CTL_FAIL when it was refused */
    uint8_t *payload; /* malloc'd, the caller frees it */
    size_t length;
};

/* Say which public call makes the requests that follow, for the board; site: return address
 * of the user's call. waits_for: the task whose end the answer tells, or 0. */
void daemon_link_asker(enum dvm_board_call call, uintptr_t site, int waits_for);

/* Send a request and wait for its answer. When the host of dst is lost meanwhile,
 * or a FAIL comes, the code and sentence of that are returned (after dvm_fail).
 * timeout: seconds, negative for ever. Errors: LOST_DAEMON, HOST_GONE, TIMEOUT,
 * and the codes of FAIL. */
int daemon_link_request(int dst, int type, const void *payload, size_t length, double timeout,
                        struct daemon_answer *answer);

#endif
