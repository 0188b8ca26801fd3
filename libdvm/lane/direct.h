/* direct.h: a connection of the direct lane, as its files know it.
 *
 *   direct.c       the lane: which peers, life and end of a connection
 *   direct_dial.c  how a pair gets one: LANE_OPEN, hello, answer
 *   direct_out.c   frames onto it
 *   direct_in.c    frames from it
 *
 * On the wire a frame is DIRECT_HEAD bytes (the header of proto/frame.h, then the number of
 * the last frame that the writer has taken in from the other side) and its payload; sealed
 * (seal.h) it is one record of that.
 */
#ifndef DVM_LANE_DIRECT_H
#define DVM_LANE_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lane/lane.h"
#include "lane/seal.h"
#include "proto/control.pb-c.h"
#include "proto/lane_hello.h"

#define DIRECT_HEAD (DVM_FRAME_BYTES + 8)
#define DIRECT_TEXT_MAX SEAL_TEXT(DIRECT_HEAD + DVM_PAYLOAD_MAX) /* bytes of a sealed frame */
#define DIRECT_RECORD_MAX (DIRECT_TEXT_MAX + SEAL_MORE) /* of its record */
#define DIRECT_IN_BYTES (2 * DIRECT_RECORD_MAX)
#define DIRECT_REASON 200 /* bytes of a sentence */

enum direct_state {
    DIRECT_NONE,     /* there is none; see again */
    DIRECT_ASKED,    /* LANE_OPEN went to the peer's daemon */
    DIRECT_DIALING,  /* connecting */
    DIRECT_GREETING, /* the hello went, the answer is to come */
    DIRECT_READY
};

/* Bytes on their way out: what a write left over. */
struct direct_out {
    uint8_t *buffer;   /* of DIRECT_RECORD_MAX bytes; NULL until needed */
    size_t from, to;   /* the bytes left */
    struct seal *seal; /* NULL: plain */
    int flags;         /* of the last write: MSG_... */
    bool watched;      /* for room in the socket */
};

/* Bytes that came. */
struct direct_in {
    uint8_t *buffer; /* of DIRECT_IN_BYTES */
    size_t from, to; /* bytes that are here and were not handed up */
    struct seal *seal;
    bool straight;   /* the payload of frame goes where into says, not into buffer */
    struct dvm_frame frame;
    uint64_t taken;  /* of frame's head */
    size_t got;      /* bytes of its payload that came */
    bool fresh;      /* bytes came since frames were last looked for */
    unsigned spun;   /* reads in a row that were not on the bell's word */
    bool filled;     /* the last read was as long as it could be: there may be more */
};

struct direct {
    struct peer *peer;
    struct direct *next; /* of all */
    enum direct_state state;
    int fd;              /* -1: none */
    uint64_t id;         /* of the LANE_OPEN or LANE_OFFER */
    uint8_t key[LANE_KEY_BYTES];
    uint8_t nonce[LANE_NONCE_BYTES]; /* the hello's */
    Dvm__Pb__LaneReady *ready; /* while dialing; owned */
    size_t address;      /* of ready's, that is tried */
    uint64_t deadline;   /* of the opening, clock_ns */
    uint64_t again;      /* when another may be tried, clock_ns */
    uint64_t since;      /* when it became ready, clock_ns */
    unsigned failures;   /* in a row */
    char reason[DIRECT_REASON]; /* of the last failure */
    const char *trouble; /* it broke and must be taken down; NULL: not */
    bool held;           /* frames that are here wait for one of the relay */
    bool deaf;           /* so the bell does not look for more */
    bool ended;          /* the peer has said that it writes no more */
    bool taking;         /* frames are being handed up */
    bool gone;           /* the peer is, while that happened: free it then */
    struct direct_out out;
    struct direct_in in;
};

/* ---- direct.c ---- */

/* The record of a peer, made if there is none; NULL without memory. */
struct direct *direct_of(struct peer *peer);

/* Go on to a state; a connection that is asked for or being dialed is owed. */
void direct_become(struct direct *d, enum direct_state state);

/* The socket can be used: security and cipher as in the hello, salt as its keys want it.
 * false: without memory. dialed: this task has dialed. */
bool direct_use(struct direct *d, uint32_t security, uint8_t cipher,
                const uint8_t salt[2 * LANE_NONCE_BYTES], bool dialed);

/* There is no connection, or no more; why (copied) is kept, and another one is tried later. */
void direct_fail(struct direct *d, const char *why);

/* Have the bell look for what matters now: bytes, unless frames are held; room, if wanted. */
void direct_watch(struct direct *d);

/* Something happened on the socket: for bell_watch. */
void direct_event(void *arg, uint32_t events);

/* ---- direct_dial.c ---- */

/* Handlers of the daemon's words. */
void direct_dial_start(void);

/* Begin to open one: ask the peer's daemon, or the peer to do so. */
void direct_dial(struct direct *d);

/* Look at a socket that is being opened; true: it is over, one way or the other. */
void direct_dial_look(struct direct *d, uint32_t events);

/* Its time is over, if that is so. */
void direct_dial_late(struct direct *d);

/* ---- direct_out.c ---- */

/* Write a frame. As a lane's send, but a negative value means: broken. */
int direct_out_put(struct direct *d, const struct dvm_frame *frame, const void *payload);

/* Write what is left. LANE_SENT: nothing is any more; else as direct_out_put. */
int direct_out_flush(struct direct *d);

/* The same on the bell's word, which has no more to look for room when nothing is left. */
int direct_out_room(struct direct *d);

void direct_out_free(struct direct_out *out); /* back to zero */

/* ---- direct_in.c ---- */

/* One read. Returns bytes, 0 when there are none now, -1 at the end or on an error (errno; 0
 * for the end). */
long direct_in_fill(struct direct *d);

/* Hand up the frames that are here. Returns NULL, or what is wrong with them. */
const char *direct_in_take(struct direct *d);

void direct_in_free(struct direct_in *in); /* back to zero */

#endif
