/* proxy.h: bad weather for TCP: a proxy that delays, pauses, swallows and resets.
 *
 * A thread of its own accepts connections on a loopback port and passes them on to
 * another. Each direction can be treated by itself, so that a one-way blackhole is
 * possible. All functions may be called at any time from any thread.
 */
#ifndef TESTS_SUPPORT_PROXY_H
#define TESTS_SUPPORT_PROXY_H

#include <stdbool.h>

struct proxy;

enum proxy_direction {
    PROXY_FORTH = 1, /* from who connected to the target */
    PROXY_BACK = 2,
    PROXY_BOTH = 3
};

/* Start to listen on a free port of 127.0.0.1 for connections to target_port there.
 * Ends the test program when that fails. */
struct proxy *proxy_start(int target_port);

/* Close everything and end the thread. Accepts NULL. */
void proxy_stop(struct proxy *p);

/* The port to connect to. */
int proxy_port(const struct proxy *p);

/* Connections that stand now, and that were accepted so far. */
int proxy_open(struct proxy *p);
int proxy_accepted(struct proxy *p);

/* Bytes passed on so far, both directions. */
unsigned long long proxy_bytes(struct proxy *p);

/* Hold every byte back for ms milliseconds (0: none). */
void proxy_delay(struct proxy *p, enum proxy_direction d, int ms);

/* Pass nothing on, and take nothing in, until paused is false again. */
void proxy_pause(struct proxy *p, enum proxy_direction d, bool paused);

/* Take everything in and pass nothing on: a blackhole that sends no error. What was
 * swallowed is lost, so a connection is of no use afterwards. */
void proxy_swallow(struct proxy *p, enum proxy_direction d, bool swallow);

/* Change a byte among the next bytes that are passed on that way. */
void proxy_alter(struct proxy *p, enum proxy_direction d);

/* Count from now on how often these bytes, which stay the caller's, are passed on. */
void proxy_watch(struct proxy *p, const char *word);
int proxy_seen(struct proxy *p);

/* Reset (RST) all connections at both ends; what is in them is lost. */
void proxy_reset(struct proxy *p);

/* The same by itself each time that so many bytes more were passed on (0: never). */
void proxy_reset_every(struct proxy *p, unsigned long long bytes);

/* Reset new connections at once, until refuse is false again. */
void proxy_refuse(struct proxy *p, bool refuse);

#endif
