/* request.h: operations and messages, as the files of match/ share them. */
#ifndef DVM_MATCH_REQUEST_H
#define DVM_MATCH_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "match/match.h"
#include "match/table.h"
#include "stream/stream.h"

/* Kinds of filters, and of the keys under which they are found, as bits. */
enum { MATCH_ANY_SOURCE = 1, MATCH_ANY_TAG = 2, MATCH_PATTERNS = 4 };

static inline int match_pattern(const struct match_filter *f)
{
    return (f->source == DVM_ANY ? MATCH_ANY_SOURCE : 0) | (f->tag == DVM_ANY ? MATCH_ANY_TAG : 0);
}

/* The key of this pattern that a message stands under. */
static inline struct match_key match_key(const struct match_result *what, int pattern)
{
    return (struct match_key){what->context, pattern & MATCH_ANY_SOURCE ? DVM_ANY : what->source,
                              pattern & MATCH_ANY_TAG ? DVM_ANY : what->tag};
}

enum request_kind {
    REQUEST_SEND,
    REQUEST_RECEIVE,
    REQUEST_OPERATION /* of a layer above; has nothing of its own */
};

enum request_state {
    REQUEST_IDLE,     /* a persistent one that is not under way */
    REQUEST_POSTED,   /* a receive that waits for its message */
    REQUEST_ACTIVE,   /* under way */
    REQUEST_COMPLETE,
    REQUEST_FREED     /* nobody's: its end was told, or it was freed, and nothing has it since */
};

/* What only a send needs. */
struct request_send {
    struct stream_send stream;
    void *packed;  /* a message with a shape in one piece (send.c); NULL: it is packed as it goes */
    uintptr_t site; /* return address of the user's call */
    /* of a persistent one, for its next start; the rest is in the request's result: */
    enum match_mode mode;
    int dest;
    const void *buffer;
};

/* What only a persistent operation of a layer above needs. */
struct request_operation {
    const struct match_again *again;
    void *own;
};

/* What only a receive needs. */
struct request_receive {
    struct match_filter filter;
    struct match_sink sink;
    struct stream_receive stream;
};

struct dvm_request {
    struct match_link link; /* first: a posted receive's place in the table */
    struct dvm_request *next, *previous; /* all posted receives, in order */
    uint64_t order;         /* of a posted receive: counted when it is posted */
    uint8_t kind;           /* enum request_kind */
    uint8_t state;          /* enum request_state */
    bool released;          /* nobody will finish it */
    bool persistent;        /* it is IDLE when it is finished */
    int group;
    char *text;             /* sentence of its error; owned */
    struct shape *shape;    /* of its data; held, or NULL */
    struct send_copy *copy; /* of a buffered send: a share of it, or NULL */
    void *raw;              /* of a receive: bytes that the sink's convert gets; owned, or NULL */
    struct match_result result;
    union {
        struct request_send send;
        struct request_receive receive;
        struct request_operation operation; /* of a persistent one */
    };
};

/* A message that arrived, before anybody receives it. */
struct incoming {
    struct match_result what;
    struct stream *stream;     /* NULL: of this task itself or a daemon */
    uint64_t ref;              /* of its frame: for CTS and DONE */
    uint64_t remote;           /* of an RTS: where the sender has the bytes, or 0 */
    uint64_t cost;             /* of credit */
    bool whole;                /* payload has its bytes; else an RTS came */
    bool sync;                 /* the sender wants to hear of the match */
    struct dvm_request *local; /* this task's own synchronous send, or NULL */
    const uint8_t *payload;
};

/* The same, kept: unexpected, or taken by a probe. */
struct dvm_message {
    struct match_link links[MATCH_PATTERNS]; /* its places in the tables */
    struct dvm_message *next, *previous;  /* all unexpected, or all taken, in order */
    bool taken;
    size_t block;                         /* bytes of this struct and its payload */
    struct incoming in;
    _Alignas(16) uint8_t payload[];
};

/* ---- request.c ---------------------------------------------------------------- */

/* Begin with none; error: none today. */
int request_start(void);

/* Free all requests, whatever their state. */
void request_stop(void);

/* A new operation; NULL without memory (sentence kept). */
struct dvm_request *request_new(enum request_kind kind, int group);

/* One that is over at once without an error, and owns nothing; the caller fills in what of its
 * result is about the message. NULL without memory: the sentence is kept. */
struct dvm_request *request_over(enum request_kind kind, int group);

/* It is over. An error's sentence is the thread's last one when text is NULL. */
void request_complete(struct dvm_request *request, int error, const char *text);

/* Begin a persistent one once more (send.c, receive.c). */
void request_send_again(struct dvm_request *request);
void request_receive_again(struct dvm_request *request);

/* Free a request that nobody will finish. */
void request_free(struct dvm_request *request);

/* Say for the board what an operation waits for that is not complete; call and site, too,
 * where they are not known yet (describe.c). */
void request_describe(const struct dvm_request *request, struct dvm_wait *wait);

/* Say whom match_flush waits for, and why: the first message that is under way (describe.c). */
void flush_describe(void *arg, struct dvm_wait *wait);

/* Give up a request whose caller's buffer goes away, whatever its state, and free
 * it (receive.c). */
void request_abandon(struct dvm_request *request);

/* ---- quick.c -------------------------------------------------------------------- */

/* Receive whole messages that are here by the earliest posted receives, as long as each is just
 * what the next of them asks for. Part of progress. */
void quick_progress(void);

/* Whether so many receives in a row were over at once that what else has come must be heard. */
bool quick_many(void);

/* ---- posted.c: receives that wait ------------------------------------------------ */

/* Begin with none. Error: NO_MEMORY. */
int posted_start(void);

/* Forget all; the requests stay. */
void posted_stop(void);

/* Put a receive behind all others: it is POSTED now. */
void posted_add(struct dvm_request *request);

/* Take a posted receive out: it is ACTIVE now. */
void posted_remove(struct dvm_request *request);

/* The earliest posted receive that fits, or NULL. */
struct dvm_request *posted_find(const struct match_result *what);

/* The earliest of those that are not for words, or NULL. */
struct dvm_request *posted_earliest(void);

/* Whether none is posted, but for those of words (MATCH_WORDS). */
bool posted_none(void);

/* The first posted receive in order of posting; the rest by next. */
struct dvm_request *posted_first(void);

/* ---- unexpected.c: messages that wait --------------------------------------------- */

/* Begin with none. Error: NO_MEMORY. */
int unexpected_start(void);

/* Free all messages, taken ones too. */
void unexpected_stop(void);

/* Keep a message behind all others; its payload is copied. NULL without memory. */
struct dvm_message *unexpected_add(const struct incoming *in);

/* The earliest message that fits, or NULL. */
struct dvm_message *unexpected_find(const struct match_filter *filter);

/* Whether none waits. */
bool unexpected_none(void);

/* Take a message out: it is nobody's, to be received later. */
void unexpected_take(struct dvm_message *message);

/* Free a message, taken or not. */
void unexpected_free(struct dvm_message *message);

/* This request of a send to this task itself goes away; its message stays. */
void unexpected_forget(const struct dvm_request *local);

/* Drop the messages of a stream whose bytes never come: the sender is gone. */
void unexpected_gone(struct stream *stream);

/* Drop all messages of exactly this context. */
void unexpected_revoke(uint64_t context);

/* Drop all messages, taken ones too. */
void unexpected_drop(void);

/* ---- deliver.c: a message and a receive meet ----------------------------------------- */

/* Whether a message is one that a filter asks for. */
bool deliver_fits(const struct match_filter *f, const struct match_result *what);

/* Give a message to a receive, which is in no queue any more. false: the receive has
 * failed, and the message is as before. */
bool deliver(struct dvm_request *request, const struct incoming *in);

/* A message arrived: to a posted receive, or to the unexpected ones. false: there is no
 * memory to keep it. */
bool deliver_arrival(const struct incoming *in);

/* From now on what arrives is received (as at the start), or dropped. */
void deliver_open(bool receives);

/* The message was dropped or received: tell its sender what is due. */
void deliver_consumed(const struct incoming *in);

/* Have the rest of a message sent that nobody will receive, and drop it. */
void deliver_discard(const struct incoming *in);

/* The request that a rendezvous is received for; NULL when its bytes are dropped. */
struct dvm_request *deliver_request(struct stream_receive *record);

/* Upcalls of stream/ (struct stream_up): a message of a task, */
void deliver_message(struct stream *stream, const struct dvm_frame *frame,
                     const uint8_t *payload);

/* and one that a daemon made. */
void deliver_notice(const struct dvm_frame *frame, const uint8_t *payload);

/* ---- gone.c: deaths and revocations ---------------------------------------------------- */

/* Begin with no deaths and no revocations. */
void gone_start(void);

/* Forget them. */
void gone_stop(void);

/* Upcalls of stream/ (struct stream_up): a task has ended, */
void gone_stream(struct stream *stream);

/* or a host. */
void gone_host(int slot, const char *text);

/* Whether a receive with this filter must fail instead of waiting: DVM_OK, or the
 * code with the sentence kept. A wildcard's death is acknowledged by it. */
int gone_check(const struct match_filter *filter);

/* DVM_OK, or the code and sentence of a revoked context. */
int gone_revoked(uint64_t context);

/* Whether no context was revoked: most never are. */
bool gone_none_revoked(void);

/* ---- send.c -------------------------------------------------------------------------------- */

/* Read the limit of buffered sends from the environment; nothing is kept yet. */
void send_start(void);

/* Free what it keeps. */
void send_stop(void);

/* Give a share of a copy up. */
void send_copy_drop(struct send_copy *copy);

/* ---- wait.c ------------------------------------------------------------------------------ */

/* Something completed that another thread may wait for. */
void wait_changed(void);

/* Whether several threads may be in the library at a time. */
bool wait_threaded(void);

/* Wait until done(arg), which looks at something in shared memory, too (spin.h). Not where several
 * threads may be in the library. Error: LOST_DAEMON. */
struct board_subject;
struct wait_look;
int wait_looking(bool (*done)(void *arg), void *arg, const struct wait_look *look,
                 const struct board_subject *subject);

/* Make lock and condition; nobody waits. */
void wait_start(const struct match_config *config);

/* The end: gives the lock up for good. */
void wait_stop(void);

/* The program polls the bell's descriptor and leaves: have it rung from now on, or make
 * it readable when somebody has rung already. */
void wait_arm(void);

/* Whether this thread's leaving must wake others, and do so (life.c). */
void wait_leave(void);

/* For match_last: take the lock, within about so many seconds, and the bell from a wait of this
 * thread that never goes on (exit in a signal's handler). false: the lock is not free, or
 * this thread is in the middle of progress. */
bool wait_last(double seconds);

/* The lock of DVM_THREAD_MULTIPLE; nothing with one thread. */
void wait_lock(void);
void wait_unlock(void);

/* The caller is about to sleep, or has looked in vain: whoever it waits for must be able to send,
 * and its end be told. */
void wait_in_vain(void);

/* For the service thread of a task with threads, which waits like them (lock held). own:
 * true takes the bell, and returns whether it was free; false gives it back. */
bool wait_own(bool own);

/* Whether a thread of the program would have the bell. */
bool wait_wanted(void);

/* One turn of the bell's owner: progress, then a sleep of at most so many seconds when
 * there was none to make. Returns LOST_DAEMON when the daemon is gone. */
int wait_turn(double seconds);

/* ---- service.c --------------------------------------------------------------------------- */

/* Begin: no thread yet. threads: DVM_THREAD_MULTIPLE. */
void service_start(bool threads);

/* So many operations have failed, of all threads. */
extern unsigned request_failures;

/* A call leaves with something owed: from now on the service thread may make progress.
 * Returns false when there is no thread for that. With the lock of threads. */
bool service_open(void);

/* A call enters, of a task of one thread that has left with service_open: it makes the
 * progress again. Waits for a turn of the thread to end. */
void service_take(void);

/* End the thread; it can be made anew. The lock of threads is given up meanwhile. */
void service_stop(void);

/* The same, and there will be none. */
void service_never(void);

/* Whether this is that thread: it calls functions of the program's. */
bool service_is_self(void);

/* In a child after fork: there is no thread. */
void service_forked(void);

/* How often the thread has made progress: for tests. */
unsigned service_turns(void);

#endif
