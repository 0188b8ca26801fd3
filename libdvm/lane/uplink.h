/* uplink.h: what the lanes need of the socket to the daemon, besides what
 * daemon_link.h offers to everybody. */
#ifndef DVM_LANE_UPLINK_H
#define DVM_LANE_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"

/* Use this connected socket, which is owned from now on; self: this task's tid. */
void uplink_start(int socket, int self);

/* Close it and forget what daemon_link.h has registered. */
void uplink_stop(void);

/* In a child after fork: close the copy of the socket. Async-signal-safe. */
void uplink_forked(void);

/* Write a frame. fds: fd_count descriptors to pass along. Returns 0 or LOST_DAEMON. */
int uplink_send(const struct dvm_frame *frame, const void *payload, const int *fds, int fd_count);

/* Read and dispatch all that is in the socket: the daemon rang, or may be gone. */
void uplink_rung(void);

/* This task's tid, as uplink_start was told. */
int uplink_self(void);

/* A control message came (daemon_link.c). fds become the callee's. */
void daemon_link_dispatch(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                          int fd_count);

/* Forget all registered functions and requests. */
void daemon_link_reset(void);

/* Whether the daemon is known to be gone. */
bool uplink_lost(void);

/* Make the sentence about that, and return LOST_DAEMON. */
int uplink_fail(void);

/* The daemon has said why it is about to end the connection. */
void uplink_refused(const char *text);

/* The host with this slot is gone: its open requests fail with this sentence. */
void daemon_link_host_gone(int slot, const char *text);

/* Set by the layer that knows how to wait: progress until done(arg), at most
 * timeout seconds (negative: for ever); subject: for the board. Returns 0, TIMEOUT or
 * LOST_DAEMON. */
struct board_subject;
extern int (*uplink_wait)(bool (*done)(void *arg), void *arg, double timeout,
                          const struct board_subject *subject);

/* A frame of a task came by the relay (relay.c). */
void relay_frame(const struct dvm_frame *frame, const uint8_t *payload);

#endif
