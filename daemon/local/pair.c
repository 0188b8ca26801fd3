/* pair.c: PAIR_OPEN: a task has made a ring for another task of this host; and RING.
 *
 * A pool that could shrink under its reader would kill it with SIGBUS, so its
 * size and seals are checked here, where no task can change them any more. The
 * peer gets the pool, the ring's place in it, and the opener's inbox (OFFER), the
 * opener the peer's inbox (READY). A peer that has not enrolled yet finds the offer
 * in its seat. READY carries the number of the request, but no reply flag.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/local/seat.h"
#include "daemon/tasks.h"
#include "proto/control.pb-c.h"
#include "proto/segment.h"

#define RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
#define REPLY_MAX 64 /* bytes of a packed PairOffer or PairReady */

static const char *pool_fault(int fd)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0)
        return "it is no memfd";
    if ((seals & RING_SEALS) != RING_SEALS)
        return "it is not sealed against shrinking and growing";
    if (fstat(fd, &st) || st.st_size != DVM_POOL_BYTES)
        return "it has the wrong size";
    return NULL;
}

/* Tell one side of the other: PairReady has the fields of PairOffer but at, which is 0. */
static int introduce(struct local *l, struct seat *to, const struct seat *other, int type,
                     uint64_t ref, uint64_t at, const int *fds, int fd_count)
{
    Dvm__Pb__PairOffer m = DVM__PB__PAIR_OFFER__INIT;
    uint8_t bytes[REPLY_MAX];
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(cluster_self(l->d->cluster)),
                          .dst = to->tid, .tag = type, .ref = ref};

    m.tid = other->tid;
    m.index = other->index;
    m.at = at;
    f.length = (uint32_t)dvm__pb__pair_offer__pack(&m, bytes);
    f.size = f.length;
    return seat_put(to, &f, bytes, fds, fd_count);
}

static void join(struct local *l, const struct dvm_frame *frame, struct seat *peer, int pool,
                 uint64_t at)
{
    struct seat *opener = seat_find(l, frame->src);
    int offer[2], r;

    r = seat_inbox(l, opener);
    if (!r)
        r = seat_inbox(l, peer);
    if (r) {
        daemon_fail(l->d, frame, r, "%s", dvm_last_error());
        return;
    }
    offer[0] = pool;
    offer[1] = opener->inbox_fd;
    r = introduce(l, peer, opener, DVM_CTL_PAIR_OFFER, 0, at, offer, 2);
    if (!r)
        r = introduce(l, opener, peer, DVM_CTL_PAIR_READY, frame->ref, 0, &peer->inbox_fd, 1);
    if (r)
        daemon_fail(l->d, frame, r, "no lane to task 0x%x could be made: %s",
                    (unsigned)peer->tid, dvm_error_text(r));
}

void pair_open(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct local *l = d->local;
    struct seat *self = seat_find(l, frame->src), *peer;
    Dvm__Pb__PairOpen *m;
    const char *fault;
    uint64_t at;
    int count, tid;
    const int *fds = local_passed(l, &count);

    if (!self || !self->client)
        return; /* of another host: it has no business here */
    m = dvm__pb__pair_open__unpack(NULL, frame->length, payload);
    tid = m ? m->tid : 0;
    at = m ? m->at : 0;
    dvm__pb__pair_open__free_unpacked(m, NULL);
    if (l->passed_lost || (count > 0 && daemon_files_low(d, fds[0]))) {
        /* the relay goes on carrying what they say */
        log_warning("task 0x%x gets no ring: no descriptor is left", (unsigned)frame->src);
        return;
    }
    fault = count == 1 ? pool_fault(fds[0]) : "one descriptor belongs to it";
    if (fault) {
        connection_refuse(self->client, DVM_ERR_PROTOCOL,
                      "task 0x%x offered a ring that cannot be used: %s",
                      (unsigned)frame->src, fault);
        return;
    }
    peer = seat_find(l, tid);
    if (!peer || peer->left || peer->role != ROLE_TASK || peer == self)
        tasks_tell_gone(d->tasks, frame->src, tid);
    else
        join(l, frame, peer, fds[0], at);
}

void pair_ring(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Ring *m = dvm__pb__ring__unpack(NULL, frame->length, payload);
    struct seat *peer = m ? seat_find(d->local, m->tid) : NULL;
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(cluster_self(d->cluster)), .tag = DVM_CTL_RING};

    dvm__pb__ring__free_unpacked(m, NULL);
    if (!peer || peer->role != ROLE_TASK || !peer->client)
        return;
    /* its socket is among what it looks at */
    f.dst = peer->tid;
    seat_put(peer, &f, NULL, NULL, 0);
}
