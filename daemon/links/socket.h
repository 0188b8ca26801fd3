/* socket.h: ZeroMQ sockets inside a libev loop. The only user of ZMQ_FD.
 *
 * A pool owns one ZeroMQ context and wakes up its sockets' owners: `read` is called
 * while a socket has messages, at most SOCKET_BUDGET times a turn of the loop, and
 * takes exactly one with ZMQ_DONTWAIT. Everything runs in the loop's thread.
 */
#ifndef DVMD_LINKS_SOCKET_H
#define DVMD_LINKS_SOCKET_H

#include <stdbool.h>

struct ev_loop;
struct pool;
struct pool_socket;

#define POOL_PEERS 900 /* direct links that its sockets are enough for */
#define SOCKET_BUDGET 64 /* messages of one socket in a turn of the loop */

/* Take one message. Returns false when there was none. May close any socket. */
typedef bool pool_read_f(void *arg);

/* Start ZeroMQ. Returns NULL with errno set. */
struct pool *pool_create(struct ev_loop *loop);

/* Close all sockets and the context. Messages that cannot be sent within 100 ms are
 * dropped. Accepts NULL. */
void pool_destroy(struct pool *p);

/* The context, borrowed. */
void *pool_context(const struct pool *p);

/* Open a socket of a type (ZMQ_ROUTER ...), with a short LINGER. Returns NULL with errno. */
struct pool_socket *pool_open(struct pool *p, int type, pool_read_f *read, void *arg);

/* Close a socket; its read is not called any more. Accepts NULL. */
void pool_close(struct pool_socket *s);

/* The ZeroMQ socket, borrowed. */
void *pool_zmq(const struct pool_socket *s);

/* From now on its read is called with this arg (borrowed). Accepts NULL for the socket. */
void pool_owner(struct pool_socket *s, void *arg);

/* Let the socket take note of what ZeroMQ's thread did. A send looks for that only now
 * and then, so right after a monitor told of a connection it may not know it yet. */
void pool_refresh(struct pool_socket *s);

/* To be called after every zmq_send on the socket, and after bind and connect: the
 * descriptor is edge-triggered, and sending may have taken its edge. */
void pool_touch(struct pool_socket *s);

/* Without the loop: wait up to ms milliseconds for any socket, then call reads. */
void pool_wait(struct pool *p, int ms);

#endif
