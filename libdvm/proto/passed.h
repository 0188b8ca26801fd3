/* passed.h: descriptors that travel with a packet on a Unix socket (SCM_RIGHTS).
 *
 * The daemon's local socket, its clients, and the keeper's pair pass descriptors: this
 * is the one place that knows how they lie in a packet's control data.
 */
#ifndef DVM_PROTO_PASSED_H
#define DVM_PROTO_PASSED_H

#include <sys/socket.h>

/* Most descriptors that travel with one packet. */
#define PASSED_MAX 4

/* Room for the control data of one packet. */
union passed_room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PASSED_MAX)];
};

/* Have count descriptors, 0 to PASSED_MAX, travel with m, which is to be sent. They
 * stay the caller's. room is used until m was sent. */
void passed_put(struct msghdr *m, union passed_room *room, const int *fds, int count);

/* Prepare m to receive descriptors into room, which is used until passed_take. Without
 * this before each recvmsg none are received. */
void passed_expect(struct msghdr *m, union passed_room *room);

/* Take the descriptors that came with the received packet m: the first max of them into
 * fds, now the caller's; any others are closed. Returns how many were taken. Fewer than
 * were sent come when this process has none left: MSG_CTRUNC is then in m's flags. */
int passed_take(struct msghdr *m, int *fds, int max);

#endif
