/* flow.h: a reliable ordered flow of frames to and from one daemon.
 *
 * ZeroMQ loses what is in its pipes and in the kernel when a connection is reset
 * (field-notes Z2), so every frame is numbered, kept until it is acknowledged and
 * sent again when its path was reset, when the receiver reports a gap, or when no
 * acknowledgement comes. The receiver drops what it has and holds what is early.
 * Pure: no socket, no clock, no libev. Times are milliseconds of any clock that
 * only goes forward.
 *
 *   sender:   head ... [again..again_end) ... fresh ... tail
 *             sent, not acknowledged           never sent
 */
#ifndef DVMD_LINKS_FLOW_H
#define DVMD_LINKS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_BULK_WINDOW ((size_t)1 << 20)   /* bytes sent and not acknowledged on bulk */
#define FLOW_EARLY_FRAMES 8192               /* held beyond a gap, at most */
#define FLOW_EARLY_BYTES ((size_t)4 << 20)   /* likewise, bytes */
#define FLOW_ACK_FRAMES 64                   /* an acknowledgement for so many frames at once */
#define FLOW_ACK_BYTES (FLOW_BULK_WINDOW / 4)/* or for so many bytes */
#define FLOW_ACK_DELAY_MS 10                 /* or after so long */
#define FLOW_RESEND_FIRST_MS 250             /* wait for the very first acknowledgement */
#define FLOW_RESEND_MS 1000                  /* for later ones; doubled each time in vain */
#define FLOW_RESEND_MAX_MS 8000
#define FLOW_FILL_MS 200                     /* the same gap is filled once in so long */
#define FLOW_NEVER UINT64_MAX                /* a deadline that does not come */

struct flow_frame {
    struct flow_frame *next;
    uint64_t seq;
    uint32_t bytes;
    uint8_t data[];
};

struct flow {
    size_t window; /* bytes; 0: no limit */
    /* sending */
    struct flow_frame *head, *tail; /* owned, in order */
    struct flow_frame *again;       /* next to send once more, NULL for none */
    struct flow_frame *fresh;       /* first that was never sent, NULL for none */
    uint64_t again_end;             /* again goes up to here, exclusive */
    uint64_t last;                  /* seq given last */
    uint64_t sent;                  /* highest seq sent */
    uint64_t acked;
    size_t bytes;                   /* of all frames from head on */
    size_t unacked;                 /* of those that were sent */
    uint64_t resend_at, resend_ms;
    uint64_t waits_since;           /* the first unacknowledged one went out, or the one before
                                     * it was acknowledged; FLOW_NEVER when all are */
    uint64_t filled, filled_at;     /* the last gap that was filled, and when */
    /* receiving */
    uint64_t got;                   /* every frame up to it has come */
    struct flow_frame *early;       /* owned, in order, beyond a gap */
    struct flow_frame *early_tail;
    size_t early_frames, early_bytes;
    uint64_t ack_at;                /* when an acknowledgement is due, FLOW_NEVER */
    unsigned ack_frames;            /* come since the last one */
    size_t ack_bytes;
    /* told to tests and to the log */
    uint64_t resent, duplicates;
};

/* window: most bytes unacknowledged, 0 for no limit. */
void flow_init(struct flow *f, size_t window);
void flow_free(struct flow *f);

/* A frame of bytes bytes with uninitialised data, or NULL. Freed with free(). */
struct flow_frame *flow_frame_create(size_t bytes);

/* ---- sending ---- */

/* Queue a frame; takes it. */
void flow_push(struct flow *f, struct flow_frame *frame);

/* The frame to put on the path now, or NULL (nothing left, or the window is full).
 * It stays the flow's. After it went out call flow_sent; if the path refused, don't. */
const struct flow_frame *flow_peek(const struct flow *f);
void flow_sent(struct flow *f, uint64_t now);

/* The path was reset or changed: everything unacknowledged goes out again. */
void flow_rewind(struct flow *f, uint64_t now);

/* The peer has every frame up to ack; early: the first it holds beyond a gap, or 0. */
void flow_ack(struct flow *f, uint64_t now, uint64_t ack, uint64_t early);

/* ---- receiving ---- */

enum flow_verdict {
    FLOW_NEXT,  /* deliver it now, then what flow_early() gives */
    FLOW_EARLY, /* give a copy to flow_keep() */
    FLOW_DROP   /* had it, or too far ahead */
};
enum flow_verdict flow_check(struct flow *f, uint64_t now, uint64_t seq, size_t bytes);

/* Hold a frame whose verdict was EARLY; its seq is set. Takes it. */
void flow_keep(struct flow *f, struct flow_frame *frame);

/* The next held frame whose turn has come, or NULL. The caller frees it. */
struct flow_frame *flow_early(struct flow *f, uint64_t now);

/* Whether an acknowledgement of its own should go out now; and the note that got
 * went out, alone or with a data frame. early goes out as flow_gap() says. */
bool flow_ack_due(const struct flow *f, uint64_t now);
void flow_ack_sent(struct flow *f, bool alone);
uint64_t flow_gap(const struct flow *f);

/* ---- time ---- */

/* When flow_tick or an acknowledgement is due next, or FLOW_NEVER. */
uint64_t flow_deadline(const struct flow *f);
/* Rewinds when no acknowledgement came in time. */
void flow_tick(struct flow *f, uint64_t now);

#endif
