/* passed.c: see passed.h. Descriptors are copied one by one with memcpy: the data of a
 * control message need not be aligned for an int. */
#include "proto/passed.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

void passed_put(struct msghdr *m, union passed_room *room, const int *fds, int count)
{
    assert(count >= 0 && count <= PASSED_MAX);
    if (count == 0)
        return;
    memset(room, 0, sizeof *room);
    room->align.cmsg_level = SOL_SOCKET;
    room->align.cmsg_type = SCM_RIGHTS;
    room->align.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(&room->align), fds, sizeof(int) * (size_t)count);
    m->msg_control = room;
    m->msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
}

void passed_expect(struct msghdr *m, union passed_room *room)
{
    m->msg_control = room;
    m->msg_controllen = sizeof *room;
}

int passed_take(struct msghdr *m, int *fds, int max)
{
    int taken = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < max)
                fds[taken++] = fd;
            else
                close(fd);
        }
    }
    return taken;
}
