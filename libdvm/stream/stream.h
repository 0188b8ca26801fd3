/* stream.h: the ordered, reliable flow of messages from one task to another.
 *
 * A stream numbers its frames, so that it may change lanes; holds messages back
 * that the receiver has given no credit for; and moves large messages by
 * rendezvous (RTS, CTS, DATA). Messages to this task itself do not come here.
 *
 * Small or large is decided when a message goes: up to the lane's eager_max it is
 * one EAGER frame, else an RTS. Each costs credit: STREAM_HEADER_COST, and for
 * EAGER its bytes; the receiver gives it back when the message leaves its queue.
 */
#ifndef DVM_STREAM_STREAM_H
#define DVM_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lane/lane.h"
#include "proto/frame.h"
#include "base/shape.h"
#include "stream/choice.h"

#define STREAM_HEADER_COST 128                /* cost units (bytes) of a message's header */
#define STREAM_CREDIT_START (64 * 1024)       /* of each pair, known to both sides */
#define STREAM_CREDIT_PAIR (1024 * 1024)      /* most that one pair gets by traffic alone */
#define STREAM_CREDIT_TOTAL (64 * 1024 * 1024) /* of all pairs; DVM_CREDIT_BYTES */

struct stream;

enum send_state {
    SEND_WAITING, /* for credit, room, or those before it */
    SEND_PARKED,  /* begun; waits for CTS or DONE */
    SEND_MOVING,  /* may send DATA now */
    SEND_SENT,    /* all DATA went; the peer has to acknowledge it */
    SEND_OVER
};

/* A message on its way out. The caller owns it and its bytes until done. */
struct stream_send {
    struct stream *stream;
    struct stream_send *next, *previous; /* in the stream's list for its state */
    uint64_t context;
    const uint8_t *bytes;
    const struct shape *shape; /* NULL: bytes lie in one piece; else it is packed of them */
    size_t size;
    int32_t tag;
    uint32_t type;
    bool sync;         /* over only when matched */
    bool rts;          /* went as an RTS */
    bool told;         /* and that told where its bytes are */
    uint8_t state;     /* enum send_state */
    uint64_t id;       /* that the receiver uses; 0: none */
    uint64_t peer_ref; /* the receiver's id of the rendezvous */
    uint64_t sent, allowed; /* bytes of DATA */
    unsigned kept;     /* frames with its bytes that may have to be sent again */
    /* Called once when it is over: DVM_OK, or why it failed. May be called from
     * within stream_send. The record is the caller's again. */
    void (*done)(struct stream_send *send, int error);
};

/* A rendezvous on its way in. The caller owns it until done. */
struct stream_receive {
    struct stream *stream;
    struct stream_receive *next, *previous;
    uint8_t *buffer;   /* of size bytes; NULL: give the bytes to take, or drop them */
    /* Called with the next bytes, which are gone behind it; NULL: none. */
    void (*take)(struct stream_receive *receive, const uint8_t *bytes, size_t size);
    size_t size;
    uint64_t id;
    uint64_t peer_ref; /* the sender's id, from its RTS */
    uint64_t remote;   /* the sender's address of the bytes, from its RTS; 0: not told */
    uint64_t began;    /* when, clock_ns */
    uint64_t received, granted; /* bytes of DATA */
    /* As in stream_send: DVM_OK, or TASK_GONE and the like. */
    void (*done)(struct stream_receive *receive, int error);
};

struct send_list {
    struct stream_send *first, *last;
    size_t count;
    uint64_t bytes; /* of their messages */
};

/* Frames that went by a lane that may break (resend.c). */
struct resend {
    struct kept *first, *last;
    struct kept *again;    /* the next that goes once more; NULL: none has to */
    size_t bytes;          /* of what is kept, without users' buffers */
    uint64_t acknowledged; /* number up to which the peer has taken ours in */
    unsigned resumes;      /* that must come from the peer before anything goes */
    bool full;             /* what waits, waits until less is kept */
    bool asked;            /* the peer to acknowledge */
    bool due;              /* the peer is to be told what was taken in, when there is room */
    unsigned frames;       /* that came since it was told that, */
    size_t came;           /* and their bytes */
};

/* What stream/ knows of another task. Everybody may read; stream/ writes. */
struct stream {
    struct peer peer; /* first: lane/ makes it */

    /* out */
    bool opened;                /* a lane was chosen */
    uint64_t send_seq;          /* number of the last frame that went */
    uint64_t credit, spent;     /* cost units in all: granted, used */
    struct send_list waiting, parked, moving, sent;
    unsigned told;              /* of them, that the peer may copy itself */
    struct stream *next_told;   /* with some */
    struct resend resend;
    struct note *notes, *last_note; /* frames of the stream's own that wait for room */

    /* in */
    uint64_t recv_seq;          /* number of the last frame that was handled */
    uint64_t came, consumed;    /* cost units in all: arrived, given back */
    uint64_t granted;           /* cost units in all, as last told to the sender */
    uint64_t window;            /* granted ahead of consumed */
    bool starved;               /* in the list of those whose credit is used up */
    struct stream *next_starved;
    const struct lane *in;      /* the lane of the last frame */
    struct choice choice;       /* of the way of large messages */
    struct stream_receive *receiving;
    struct stream_receive *copying; /* one of them, whose bytes the peer still copies, */
    const struct lane *copies;      /* by this lane */
    struct early *early;        /* frames that overtook others, by number */
    int early_count;

    /* life */
    bool gone, left;
    int gone_code;              /* TASK_GONE, HOST_GONE, NO_TASK, PROTOCOL */
    char *gone_text;            /* in words; owned */
    bool watched;               /* the daemon will tell of its end */
    bool wanted;                /* in the list of those to be watched before sleeping */
    struct stream *next_wanted;
};

/* What the layer above gives. */
struct stream_up {
    /* A message arrived whole (EAGER, frame->op) with payload, or its RTS. The callee
     * calls stream_consumed when the message is out of its hands. */
    void (*message)(struct stream *stream, const struct dvm_frame *frame,
                    const uint8_t *payload);
    /* A message made by a daemon, for which there is neither credit nor order. */
    void (*notice)(const struct dvm_frame *frame, const uint8_t *payload);
    /* The peer has ended; all that came before was handed up, and what the stream
     * had under way has failed. */
    void (*gone)(struct stream *stream);
    /* A host was lost or has left; the streams with its tasks have ended. */
    void (*host_gone)(int slot, const char *text);
};

/* Start lanes and streams. config->up is ignored. Errors: NO_MEMORY, SYSTEM. */
int stream_start(const struct lane_config *config, const struct stream_up *up);

/* Fail what is under way with CLOSING, and free all. */
void stream_stop(void);

/* The stream with a tid, made if there is none; NULL without memory. */
struct stream *stream_of(int tid);

/* The same, or NULL when nothing was ever said of the tid. */
struct stream *stream_known(int tid);

/* The first stream of all, and the one after; NULL at the end. */
struct stream *stream_first(void);
struct stream *stream_next(const struct stream *s);

/* Send a small message at once, if that is possible: credit and room are there and
 * nothing waits before it. Returns false, with nothing done, when it is not. */
bool stream_send_now(struct stream *s, uint64_t context, int tag, const void *bytes, size_t size,
                     uint32_t type);

/* Take in the next message of a peer whose ring is polled, straight into its place, if it is
 * what is wished for (seq and credit are filled in here) and nothing comes before it. */
bool stream_take_small(struct stream *s, struct ring_wish *wish);

/* Likewise of a peer whose connection this task reads by itself, when bytes are here. false: what
 * came went the usual way. */
bool stream_take_far(struct stream *s, struct ring_wish *wish);

/* Send a message in its turn: its fields up to sync, and done, are filled in. done
 * is called within when that is possible. */
void stream_send(struct stream_send *send);

/* Take the data of a message whose RTS came: its fields up to size, peer_ref, remote and
 * done are filled in. done may be called within. Error: NO_MEMORY. */
int stream_receive(struct stream_receive *receive);

/* Have the data of a message sent whose RTS came, and drop it: nobody wants it. */
void stream_discard(struct stream *s, uint64_t ref, size_t size);

/* The same for a receive that is under way: the record is the caller's again, done
 * is not called. */
void stream_receive_forget(struct stream_receive *receive);

/* End a send that is under way: done is called with error. */
void stream_send_abort(struct stream_send *send, int error);

/* Tell the sender of a synchronous message (ref of its frame) that it was matched. */
void stream_matched(struct stream *s, uint64_t ref);

/* Streams with messages that their peers may copy out of this task's memory; NULL: none. */
extern struct stream *stream_told;

/* This task has nothing to do but wait, on a core that it does not want for anything else: help
 * peers that copy. Returns whether any was helped. Where stream_told is not NULL. */
bool stream_help(void);

/* A message of this cost left the receiver's queue. */
void stream_consumed(struct stream *s, uint64_t cost);

/* This task is about to sleep: let peers that have used up their credit have more,
 * as far as the total allows, lest what they are held back for is never sent. */
void stream_grant_starved(void);

/* The cost of a message that came with this frame. */
static inline uint64_t stream_cost(const struct dvm_frame *frame)
{
    return STREAM_HEADER_COST + frame->length;
}

/* Ask the daemon to be told when the peer ends, unless it was asked before. */
void stream_watch(struct stream *s);

/* The same, but not before this task sleeps: somebody waits for the peer. */
void stream_watch_later(struct stream *s);

/* This task is about to sleep: send what stream_watch_later has put off. */
void stream_watch_now(void);

/* The peer has ended: what has come from it is handed up, then everything with it
 * fails with code. text: copied. left: it had called dvm_finalize. Returns false
 * when that was known. */
bool stream_gone(struct stream *s, int code, const char *text, bool left);

/* Fail what is sent in exactly this context. */
void stream_revoke(uint64_t context, int code);

/* This task is about to leave: ask for what is missing until stream_idle; then, after some
 * time, have the daemons carry what peers do not acknowledge. */
void stream_settle_up(void);
void stream_hand_over(void);

/* Whether all messages, but synchronous ones that wait for their match, are with
 * their receiver. */
bool stream_idle(const struct stream *s);

/* The same, but for acknowledgements: all has left this task. */
bool stream_went(const struct stream *s);

/* What a message on its way out waits for. */
enum stream_waits {
    STREAM_WAITS_MATCH,  /* the receiver receives it */
    STREAM_WAITS_CREDIT, /* the receiver gives credit, for it or for those before it */
    STREAM_WAITS_ROOM,   /* the lane opens, or has room */
    STREAM_WAITS_BYTES   /* it is matched, and its bytes are on their way */
};
enum stream_waits stream_waits(const struct stream_send *send);

/* How many messages are neither with their receiver nor with a daemon, synchronous ones
 * that wait for their match left out. *bytes: theirs are added. */
size_t stream_unsent(const struct stream *s, uint64_t *bytes);

/* ---- within stream/ -------------------------------------------------------- */

/* Send what can be sent (stream.c). */
void stream_pump(struct stream *s);

/* Send a frame of the stream's own, in turn with others (stream.c). */
void stream_note(struct stream *s, const struct dvm_frame *frame);

/* Put a frame's number on it and send it. As a lane's send (stream.c). send: whose buffer
 * has the payload and keeps it until send->kept is 0; NULL: it may go away. */
int stream_frame(struct stream *s, struct dvm_frame *frame, const void *payload,
                 struct stream_send *send);

/* A frame of this stream with op, otherwise empty (stream.c). */
struct dvm_frame stream_blank(const struct stream *s, enum dvm_frame_op op);

/* Handlers of frames: rendezvous.c, credit.c */
void rendezvous_cts(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload);
void rendezvous_data(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload);
void rendezvous_done(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload);
void credit_frame(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload);

/* Handlers of the daemon's words about the ends of tasks (watch.c). */
void stream_watch_start(const struct stream_up *up);
void stream_watch_stop(void);
/* A stream is made: its host may be lost already (watch.c). */
void stream_watch_made(struct stream *s);

/* The upcalls (stream.c). */
const struct stream_up *stream_up(void);

/* The next bytes of a message, to be given to a lane now, and once they have gone (or the send
 * is over): they need not be kept (stream.c). */
const uint8_t *stream_piece(const struct stream_send *send, uint64_t at, size_t bytes);
void stream_piece_over(void);

/* Begin to send: the RTS, or a synchronous message's frame, needs an id. 0: none. */
uint64_t rendezvous_id(struct stream_send *send);
/* Where the bytes of a frame of DATA go, which is next; NULL: nowhere, or it is none. */
uint8_t *rendezvous_into(struct stream *s, const struct dvm_frame *frame);
/* Send one piece of DATA of the first message that may. Returns as a lane's send. */
int rendezvous_move(struct stream *s);
/* A send, or a receive, is over. */
void rendezvous_end(struct stream_send *send, int error);
/* A send went as an RTS that told where its bytes are. */
void rendezvous_told(struct stream_send *send);
/* The lane's copy that was left to the peer is over. */
void rendezvous_copied(struct stream *s, enum both_result result);
/* Fail all receives of a stream; free the tables of ids. */
void rendezvous_fail(struct stream *s, int code);
void rendezvous_stop(void);

/* Send a numbered frame by a lane that may break, and keep it. As stream_frame. */
int resend_frame(struct stream *s, struct dvm_frame *frame, const void *payload,
                 struct stream_send *send);
/* Send what must go once more. LANE_SENT: other frames may follow. */
int resend_again(struct stream *s);
/* A frame came by such a lane and was handled: acknowledge now and then, */
void resend_came(struct stream *s, const struct dvm_frame *frame);
/* with this one, because the peer waits for that, */
void resend_soon(struct stream *s);
/* or because it asks (ACK). */
void resend_ack(struct stream *s, const struct dvm_frame *frame);
/* Ask the peer to acknowledge, if there is anything it could. */
void resend_ask(struct stream *s);
/* The peer has taken in our frames up to this number. */
void resend_acknowledged(struct stream *s, uint64_t number);
/* The lane broke, or the peer leaves and has closed it; the peer has said RESUME. */
void resend_lost(struct stream *s, bool leaves);
void resend_resume(struct stream *s, const struct dvm_frame *frame);
/* This task leaves: what is kept goes by the relay, which outlives it. */
void resend_hand_over(struct stream *s);
/* The buffer of a send is given back although frames with its bytes are kept. */
void resend_own(struct stream_send *send);
/* Free all that is kept. */
void resend_clear(struct stream *s);

/* Read the limits from the environment, and start to count anew. */
void credit_start(void);
/* A stream is made, or ends. */
void credit_open(struct stream *s);
void credit_close(struct stream *s);

/* A message came and is in somebody's hands: note when the credit is used up. */
void credit_look(struct stream *s);

/* List of sends: append, remove. */
void send_append(struct send_list *list, struct stream_send *send);
void send_remove(struct send_list *list, struct stream_send *send);

#endif
