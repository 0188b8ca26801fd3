/* gate.h: the lane port: whoever connects has a short time to say a hello, and is let
 * through or refused in words.
 *
 * Strangers may be many: callers are bounded, and above the bound the one that came first
 * is cut off for each that comes, as at the control port (links/door.h): a hello takes a
 * round trip, so those who belong here get through also while a crowd stands outside.
 */
#ifndef DVMD_LANES_GATE_H
#define DVMD_LANES_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/lane_hello.h"

struct ev_loop;
struct gate;

/* A whole hello came over fd, of which nothing behind it was read. Returns NULL when it was
 * let through (then a copy of fd is where it belongs), else why not: one of a few constants. */
typedef const char *gate_hello_f(void *arg, const uint8_t hello[LANE_HELLO_BYTES], int fd);

struct gate_config {
    size_t callers;    /* that may stand outside at a time */
    double patience;   /* seconds in which the hello must be whole */
    bool (*low)(void *arg, int fd); /* whether a descriptor is one of the last, which are
                                     * not for strangers; NULL: none is */
    gate_hello_f *hello;
    void *arg;         /* borrowed */
};

/* A gate that is open to nobody yet. config is copied. NULL without memory. */
struct gate *gate_create(struct ev_loop *loop, const struct gate_config *config);

/* Callers are cut off. Accepts NULL. */
void gate_destroy(struct gate *g);

/* Listen on bind (NULL: all addresses, of IPv4 and IPv6) and port, once.
 * Error: SYSTEM (dvm_fail). */
int gate_listen(struct gate *g, const char *bind, int port);

/* Take over a connection that was accepted, nonblocking, from an address. */
void gate_admit(struct gate *g, int fd, const struct sockaddr_storage *from);

/* Who stands outside at this moment; in all who were refused, and let through. */
size_t gate_callers(const struct gate *g);
uint64_t gate_refused(const struct gate *g);
uint64_t gate_passed(const struct gate *g);

#endif
