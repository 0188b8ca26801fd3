/* lane.h: the ways by which frames travel from one task to another.
 *
 * A lane is a table of functions. It moves whole frames (header and payload) to
 * a peer and hands up the frames that arrive; it knows nothing of messages,
 * credit or matching. A stream (stream/) uses one lane of a peer at a time and
 * may change to a better one when that is open: frames carry numbers, so that
 * nothing is lost, doubled or reordered by the change. A further lane is one
 * file and one row in lane.c.
 *
 * Called with the library's lock held; no function here sleeps, but a socket
 * write to the daemon, which always reads.
 */
#ifndef DVM_LANE_LANE_H
#define DVM_LANE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lane/both.h"
#include "lane/copy.h"
#include "lane/ring.h"
#include "proto/frame.h"

/* Results of a lane's send; negative values are DVM_ERR_ codes. */
enum { LANE_SENT = 0, LANE_AGAIN = 1 };

/* Results of the frame upcall. */
enum lane_taken {
    LANE_TAKEN, /* the frame was used, or dropped as nonsense */
    LANE_HELD   /* it came too early: keep it and offer it again */
};

struct lane;
struct direct;

enum shm_state { SHM_NONE, SHM_OPENING, SHM_READY, SHM_FAILED };

/* What is lent to a peer (lend.c). */
struct lend {
    uint64_t at;               /* place of the slot in the pool; 0: none */
    uint32_t bytes;
    bool returning;            /* it was left, and the peer may not be out of it yet */
    uint64_t end;              /* cells in all, then */
    uint64_t seen;             /* cells, when it was last looked at */
    struct peer *next;         /* with something lent, or to be given back */
    bool listed;
    bool parting;              /* the peer is gone, but may still touch its rings */
};

/* What the shm lane keeps for a peer. */
struct shm_pair {
    struct ring_out out;       /* to the peer; out.now.ring NULL: none */
    struct ring_in in;         /* from the peer; in.base NULL: none */
    struct lend lend;          /* to the peer */
    struct dvm_inbox *inbox;   /* the peer's, mapped; NULL before the first ring */
    unsigned index;            /* the peer's bit in inboxes */
    struct peer *same_index;   /* next peer with this index */
    enum shm_state state;      /* of the ring out */
    bool held;                 /* the ring in waits for frames of another lane */
    bool polled;               /* the ring in is looked at while this task is awake */
    struct copy_source source; /* the peer's memory */
    struct both_take take;     /* a large message from it */
    struct both_give give;     /* and to it */
};

/* Another task. struct stream (stream/stream.h) begins with one. */
struct peer {
    int tid;
    const struct lane *out; /* the lane that takes frames now; NULL before lane_open */
    bool blocked;           /* out said AGAIN; the writable upcall clears it */
    size_t eager_max;       /* bytes of the longest message that goes whole, and of the */
    size_t payload_max;     /* longest payload: by out, as it is now */
    struct shm_pair shm;
    struct direct *direct;  /* its connection (lane/direct.h), or NULL */
    struct peer *next;      /* in the order of their making */
};

struct lane {
    const char *name;
    size_t payload_max; /* bytes of payload of its longest frame, at best */
    size_t eager_max;   /* longest message worth sending whole, bytes, at best */
    uint64_t window;    /* bytes of one rendezvous that may be under way */
    bool holds;         /* keeps a frame that comes too early (LANE_HELD) */
    bool breaks;        /* may lose what it took: frames are kept until acknowledged */

    /* Make the lane ready, or free what it has. NULL: nothing to do. */
    int (*start)(void);
    void (*stop)(void);

    /* Whether the lane could reach this peer at all. */
    bool (*reaches)(const struct peer *peer);

    /* Begin to open a way to the peer. lane_opened is called when it can take
     * frames, at once or from a later lane_progress; never, when it cannot. */
    void (*open)(struct peer *peer);

    /* Send a frame. Returns LANE_SENT, LANE_AGAIN (full: the writable upcall
     * comes when it is not), or LOST_DAEMON. payload: frame->length bytes. */
    int (*send)(struct peer *peer, const struct dvm_frame *frame, const void *payload);

    /* Let frames with so many bytes of payload through, if that is possible now: the
     * peer's maxima say what came of it. NULL: they never change. */
    void (*widen)(struct peer *peer, size_t bytes);

    /* Copy bytes from an address of the peer's, those of its message with this ref; with ask it
     * may help. NULL: it cannot; FAILED: not now or not from this peer, and to is undefined.
     * LEFT: the peer is still at it; the copied upcall tells when it is not. One copy of a peer
     * at a time is. */
    enum both_result (*copy)(struct peer *peer, uint64_t ref, uint64_t from, void *to,
                             size_t bytes, bool ask);

    /* End what is LEFT: nobody writes to its place any more. May wait for the peer. */
    void (*copy_end)(struct peer *peer);

    /* Whether the peer copies a message of this task's and has not been helped yet. *ref: its. */
    bool (*copies)(struct peer *peer, uint64_t *ref);

    /* Help it: the message's bytes are there. */
    void (*help)(struct peer *peer, const void *from, size_t bytes);

    /* Hand up all frames of the peer that are here. NULL: it cannot know. */
    void (*drain)(struct peer *peer);

    /* Free what is kept for the peer: it is gone; it may still run when it has only left
     * the machine. NULL: nothing is. */
    void (*forget)(struct peer *peer, bool left);
};

extern const struct lane shm_lane, direct_lane, relay_lane;

/* What the layer above gives. */
struct lane_up {
    size_t peer_size; /* bytes of its struct that begins with struct peer; zeroed */
    /* A peer was made. */
    void (*made)(struct peer *peer);
    /* A frame came from a peer, by this lane; payload is valid during the call. */
    enum lane_taken (*frame)(struct peer *peer, const struct lane *lane,
                             const struct dvm_frame *frame, const uint8_t *payload);
    /* The lane out takes frames again, or is another one now. */
    void (*writable)(struct peer *peer);
    /* What was LEFT of a copy from the peer is over: COPIED or FAILED. */
    void (*copied)(struct peer *peer, enum both_result result);
    /* The peer wrote what no task writes, and nothing more of it can be trusted, or this task
     * cannot take in what it writes (code); why: what the peer has done. */
    void (*broken)(struct peer *peer, int code, const char *why);

    /* Of lanes that break: */
    /* The number of the last frame of the peer's that was taken in, to be told to it. */
    uint64_t (*taken)(const struct peer *peer);
    /* The peer has taken in our frames up to this number. */
    void (*acknowledged)(struct peer *peer, uint64_t number);
    /* Where the payload of a frame goes whose header came: NULL: nowhere special. The
     * lane asks again for each part of it, and may then hand it up from there. */
    uint8_t *(*into)(struct peer *peer, const struct dvm_frame *frame);
    /* Whether frames with such a place are to come. */
    bool (*awaits)(const struct peer *peer);
    /* The lane broke: what it took may not have come. The lane out is the relay now.
     * leaves: the peer has closed it in order, because it leaves. */
    void (*lost)(struct peer *peer, bool leaves);
};

struct lane_config {
    int self;                /* this task's tid */
    int socket;              /* to the daemon; owned from now on */
    struct dvm_inbox *inbox; /* this task's, mapped; owned from now on */
    unsigned index;          /* this task's bit */
    bool threads;            /* several threads may be in the library */
    bool alone;              /* the inbox is this task's only: nobody rings, no rings are shared */
    const struct lane_up *up;
};

/* How much this task owes others, which they may wait for: sends that are neither over nor
 * wait for their match alone, rendezvous on their way in, frames of streams' own and bytes
 * of lanes that wait for room. While it is not 0 somebody must make progress, also outside
 * of calls. */
extern size_t lane_owed;

/* Start. DVM_LANES (a list of names; default all) says which lanes this task opens;
 * relay always is among them. Error: NO_MEMORY. */
int lane_start(const struct lane_config *config);

/* Free all: peers too. Nothing is sent. */
void lane_stop(void);

/* This task's tid. */
int lane_self(void);

/* The peer with a tid, made if there is none yet; NULL without memory. */
struct peer *lane_peer(int tid);

/* Peers that were asked for lately, by the low bits of their tids. */
#define LANE_RECENT 64
extern struct peer *lane_recent[LANE_RECENT];

/* As lane_peer_known, for those that were asked for lately. */
static inline struct peer *lane_peer_recent(int tid)
{
    struct peer *peer = lane_recent[(unsigned)tid % LANE_RECENT];

    return peer && peer->tid == tid ? peer : NULL;
}

/* The peer with a tid, or NULL. */
struct peer *lane_peer_known(int tid);

/* All peers, linked by next. */
struct peer *lane_peers(void);

/* The first lane to the peer, ready at once: the relay. */
void lane_open(struct peer *peer);

/* Open the best lane to the peer beside the first; once is enough. */
void lane_improve(struct peer *peer);

/* The connection to the peer is of no use, says the peer: give it up, as if it had broken
 * here. false: there was none. */
bool lane_break(struct peer *peer);

/* Whether this task may use a lane: DVM_LANES lists it. */
bool lane_used(const struct lane *lane);

/* Called by a lane: it takes frames for the peer from now on. */
void lane_opened(struct peer *peer, const struct lane *lane);

/* Take in what has come by all lanes. Returns 0, or LOST_DAEMON. */
int lane_progress(void);

/* Whether lane_progress would find something: a few loads. With polling (several
 * threads must not) a lane may look at its shared memory here. */
bool lane_rung(void);

/* The same without the looks at sockets. */
bool lane_rung_near(void);

/* Whether there are sockets that lane_rung does not look at, or that have had no room: bell_look
 * tells of them. */
bool lane_unseen(void);

/* Whether lane_rung would see an answer while this task keeps its core: it looks at all that
 * peers may use, and no peer with a connection shares the core. A system call a connection. */
bool lane_answers(void);

/* Who spun in vain and was then woken: if that was by a task that has the same core, go to
 * another (apart.h). idle: a core is; else no more threads want to run than there are cores, so one
 * is if the other task is among them. */
void lane_part(bool idle);

/* Sleep until lane_rung, at most so many seconds (negative: for ever), or a signal. */
void lane_sleep(double seconds);

/* As bell_arm: say that this task sleeps. */
bool lane_arm(void);

/* Look at the socket although nobody rang: the daemon may be gone. As lane_progress. */
int lane_check(void);

/* This process was forked from the task: drop what it must not share. */
void lane_forked(void);

/* Hand up all frames of a peer that are here already, whatever their lane. */
void lane_drain(struct peer *peer);

/* The peer is gone (left: by dvm_finalize): free what the lanes keep for it. */
void lane_forget(struct peer *peer, bool left);

/* This task is about to sleep, or has nothing to do: give back what idle lanes hold. */
void lane_rest(void);

/* Called by a lane: hand a frame up. */
enum lane_taken lane_deliver(const struct lane *lane, struct peer *peer,
                             const struct dvm_frame *frame, const uint8_t *payload);

/* The upcalls, for lanes. */
const struct lane_up *lane_up(void);

/* Tell of nonsense that was dropped, on stderr, at most LANE_COMPLAINTS times. */
void lane_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Likewise for the connections (direct.c). Looking at them is a system call: for a task
 * that spins. */
bool direct_ready(void);
bool direct_unseen(void); /* some are not among those it looks at, or wait for room */
bool direct_answers(void); /* as lane_answers, for tasks that have connections */
void direct_part(void);   /* as lane_part */
void direct_poll(void);

/* One peer's connection for a task that waits for that peer alone: whether this task reads it by
 * itself; whether bytes are here that are to be handed up, by a look at the socket if need be; and
 * hand up what is here. */
bool direct_looks(const struct peer *peer);
bool direct_look(struct peer *peer);
void direct_take(struct peer *peer);

/* Whether direct_poll has something to do, without that look: the bell watches them. */
bool direct_pending(void);

/* This task leaves and has nothing more to send: tell those at the other ends. */
void direct_end(void);

/* Whether they may be looked at like that, as shm_polls. */
void direct_polls(bool may);

/* A frame came that frames of the peer's connection may have waited for. */
void direct_release(struct peer *peer);

/* In a child after fork: close the copies. Async-signal-safe. */
void direct_forked(void);

/* Called by a lane: its peer takes frames with so many bytes now. */
void lane_widened(struct peer *peer, size_t eager_max, size_t payload_max);

/* As lane_part, for those whose rings are polled; whether it went (shm.c). */
bool shm_part(bool idle);

/* Ring the peer's bell, or where it cannot be reached from here have the daemon do it (shm.c). */
void shm_ring(struct peer *peer);

/* The latter at once: the peer's inbox is not known here. */
void shm_ring_daemon(struct peer *peer);

/* The clients with this index rang (shm.c). */
void shm_rung(unsigned index);

/* Whether rings may be polled: only in a task of one thread, which cannot free a ring
 * while it looks there without the library's lock. Before the lanes start. */
void shm_polls(bool may);

/* Whether memory can be shared with nobody, because this task has another byte order than its
 * daemon: a ring that is offered breaks the pair with a sentence. Before the lanes start. */
void shm_alone(bool alone);

/* Send a whole message of at most DVM_CELL_INLINE bytes, as the next frame; the lane out is
 * shm. false: not by this short way. */
bool shm_put(struct peer *peer, uint64_t context, int tag, const void *bytes, size_t size,
             uint32_t type);

/* Take the next frame of a peer, if its ring is polled and the frame what is wished for. */
bool shm_take_small(struct peer *peer, struct ring_wish *wish);

/* Whether a ring that is polled has a frame; and take in the frames of all these. */
bool shm_ready(void);
void shm_poll(void);

#endif
