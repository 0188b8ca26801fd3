/* match.h: point-to-point messages between tids: requests, matching, waiting.
 *
 * This is what groups, collectives and the shims stand on. Here a peer is a tid,
 * a buffer is bytes, and a type is a code that is carried and compared, nothing
 * more. Nothing here prints or ends the program: functions return DVM_OK or a
 * negative code, with the sentence kept by dvm_fail.
 *
 * Calls are made between dvm_enter() and dvm_leave(), which hold the lock of
 * DVM_THREAD_MULTIPLE; waiting gives it up.
 */
#ifndef DVM_MATCH_MATCH_H
#define DVM_MATCH_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shape.h"
#include "dvm.h"
#include "proto/board.h"
#include "proto/frame.h"

/* Which messages a receive or probe fits. */
struct match_filter {
    uint64_t context;
    bool any_context; /* PVM's wildcard: context is not looked at */
    int source;       /* tid, or DVM_ANY */
    int tag;          /* or DVM_ANY */
    /* NULL, or asked for each message that fits otherwise, in order of arrival;
     * true takes it. For unexpected messages only. */
    bool (*accept)(void *arg, int source, int tag, size_t bytes, uint32_t type);
    void *accept_arg;
};

/* What a message or a completed operation was. */
struct match_result {
    uint64_t context;
    int source; /* tid */
    int tag;
    size_t bytes;   /* of the whole message, in the sender's representation */
    uint32_t type;  /* the sender's type code */
    /* Of a message that is here: its first DVM_FRAME_HEAD(type) bytes, which say what its
     * elements are; NULL: there are none, or it has been received. */
    const uint8_t *head;
    size_t elements; /* how many it has, once a sink has counted them (check) */
    int error;      /* DVM_OK or why the operation failed */
    bool cancelled;
};

enum match_mode {
    MATCH_STANDARD, /* complete when the buffer is free */
    MATCH_BUFFERED, /* copy what cannot go now; completes at once */
    MATCH_SYNC      /* complete when matched */
};

/* What is sent: bytes that lie in one piece, or whose packed form, of so many bytes, a shape
 * makes of what begins at buffer. */
struct match_data {
    const void *buffer;
    size_t bytes;
    uint32_t type;       /* code */
    struct shape *shape; /* NULL: one piece; else held until the operation is over */
};

/* Takes the bytes of a message as they are complete in memory, instead of a plain
 * copy: converts them, checks their type. bytes: of the message; returns DVM_OK
 * or the error of the receive. See type/. */
struct match_sink {
    void *buffer;    /* where the bytes go */
    size_t capacity; /* bytes that fit there */
    uint32_t type;   /* the receiver's type code */
    struct shape *shape; /* for check and the others; held until the receive is over */
    /* NULL: any type code is taken as it is. Otherwise asked when a message is
     * matched, before any byte is taken: returns DVM_OK to go on with a plain copy
     * into buffer; 1 to have the raw bytes collected and given to convert; 2 to be given
     * them piece by piece (take); or an error (TYPE, TRUNCATE), which fails the receive and
     * keeps the message. A whole message of just this type that fits may be copied without
     * asking when there is no shape. It may set message->elements. */
    int (*check)(const struct match_sink *sink, struct match_result *message);
    /* Called with the raw bytes when check said 1. */
    int (*convert)(const struct match_sink *sink, const struct match_result *message,
                   const void *raw);
    /* Called with bytes bytes from place at of the message on, in order, when check said 2. */
    void (*take)(const struct match_sink *sink, const struct match_result *message, size_t at,
                 const void *from, size_t bytes);
    uintptr_t site; /* return address of the user's call, for sentences and the board */
    int group;      /* the caller's own: carried along, handed back by match_group */
};

struct dvm_request; /* one operation */
struct dvm_message; /* a message taken out of the queue */

/* Start to send bytes to the task dest. site: return address of the user's call.
 * *request receives the operation, which the caller ends with match_finish; with
 * MATCH_BUFFERED request may be NULL. group as in match_sink. Errors: NO_MEMORY;
 * others come with the request's completion. */
int match_isend(enum match_mode mode, uint64_t context, int dest, int tag, const void *buffer,
                size_t bytes, uint32_t type, uintptr_t site, int group,
                struct dvm_request **request);

/* The whole of a standard send: start, wait, finish; without a request when the
 * lane takes it at once. */
int match_send(enum match_mode mode, uint64_t context, int dest, int tag, const void *buffer,
               size_t bytes, uint32_t type, uintptr_t site, int group);

/* From the first to the second, buffered sends of one buffer to many tasks share one copy. */
void match_share_begin(void);
void match_share_end(void);

/* The same two for data that may have a shape. */
int match_isend_data(enum match_mode mode, uint64_t context, int dest, int tag,
                     const struct match_data *data, uintptr_t site, int group,
                     struct dvm_request **request);
int match_send_data(enum match_mode mode, uint64_t context, int dest, int tag,
                    const struct match_data *data, uintptr_t site, int group);

/* A way for small messages to another task, for match_send_small; NULL: none yet. It is good
 * until match_stop. */
struct match_way;
struct match_way *match_way(int dest);

/* Send a standard message, if that needs no waiting and no request. false: nothing was done;
 * match_send tells. */
bool match_send_small(struct match_way *way, uint64_t context, int tag, const void *buffer,
                      size_t bytes, uint32_t type);

/* The same for a send with a request, which is complete. *request receives it. */
bool match_isend_small(struct match_way *way, uint64_t context, int tag, const void *buffer,
                       size_t bytes, uint32_t type, int group, struct dvm_request **request);

/* What a whole message must be to be received without more ado, and what came. */
struct match_small {
    uint64_t context;
    int tag;         /* or DVM_ANY */
    uint32_t type;   /* exactly */
    size_t capacity; /* most, bytes */
    void *buffer;
    int came_tag;
    size_t came;     /* bytes */
};

/* Receive a whole message from a task without a request, if it is here or comes at once, and
 * nothing is posted or waits before it. false: nothing was done; match_recv tells. */
bool match_recv_small(int source, struct match_small *small);

/* The same for a receive with a request, which is complete, if the message is here. *request
 * receives it; group as in match_sink. false: match_irecv does it. */
bool match_irecv_small(int source, struct match_small *small, int group,
                       struct dvm_request **request);

/* Before the end of a request is told: take in what else has come, when many receives in a row
 * were over at once. What fails here the next wait tells. */
void match_breathe(void);

/* Start to receive one message that fits filter into sink (both are copied). */
int match_irecv(const struct match_filter *filter, const struct match_sink *sink,
                struct dvm_request **request);

/* The whole of a receive. result may be NULL. */
int match_recv(const struct match_filter *filter, const struct match_sink *sink,
               struct match_result *result);

/* An operation of a layer above, under way until match_done; group and context as of a
 * message. NULL without memory. */
struct dvm_request *match_operation(int group, uint64_t context);

/* It is over; error's sentence is the thread's last one. */
void match_done(struct dvm_request *operation, int error);

/* ---- persistent operations: made once, started often ---------------------------------- */

/* What is done for one of a layer above: start begins it, for match_done to end; an error
 * leaves it idle. drop frees what it owns. */
struct match_again {
    int (*start)(void *own, struct dvm_request *request);
    void (*drop)(void *own);
};

/* Make one, idle: as match_isend, match_irecv, match_operation. Buffers must stay. NULL without
 * memory (sentence kept); own is then the caller's. */
struct dvm_request *match_send_keep(enum match_mode mode, uint64_t context, int dest, int tag,
                                    const struct match_data *data, uintptr_t site, int group);
struct dvm_request *match_receive_keep(const struct match_filter *filter,
                                       const struct match_sink *sink);
struct dvm_request *match_operation_keep(int group, uint64_t context,
                                         const struct match_again *again, void *own);

/* Begin an idle one. match_finish makes it idle again. Errors: of an operation's start; others
 * come with its completion. */
int match_again(struct dvm_request *request);

/* Free an idle one. */
void match_drop(struct dvm_request *request);

/* Whether a request is persistent; whether it is and is not under way. */
bool match_persistent(const struct dvm_request *request);
bool match_idle(const struct dvm_request *request);

/* Whether that is the address of a request at all, of one that was freed, too; not so of what a
 * variable holds that nobody has set. Nothing below takes other addresses. */
bool match_known(const struct dvm_request *request);

/* The place of the first in an array that is neither NULL nor known; count: there is none. */
size_t match_strange(size_t count, struct dvm_request *const *requests);

/* Whether it was freed and is no new one since: so a program that has kept a copy of the
 * pointer is told mostly, where it would wait for ever or free it twice. */
bool match_freed(const struct dvm_request *request);

/* Asked after each progress while a layer above has operations under way; else NULL. It may
 * start messages, but not wait. */
extern void (*match_on_progress)(void);

/* Asked when a wait has slept for MATCH_STALL_SECONDS, then again after as many seconds as it has
 * returned; 0: not again in this wait. times: how often it was asked. It may send words, but not
 * wait. NULL: nobody asks. */
extern double (*match_on_stall)(unsigned times);
#define MATCH_STALL_SECONDS 0.1

/* Words: messages that a layer above takes in by itself, whatever call the task is in: those
 * of a context with this bit and a tag over 0. */
#define MATCH_WORDS (UINT64_C(1) << 31)

/* Told of a word that has come, for which no receive was posted; nothing may be sent or received
 * within. May be NULL. */
extern void (*match_on_word)(const struct match_result *what);

/* Asked after each progress while there are words to be taken in; else NULL. As
 * match_on_progress. */
extern void (*match_on_words)(void);

/* Whether a request is complete, without any progress. */
bool match_complete(const struct dvm_request *request);

/* The group number that was given with the request. */
int match_group(const struct dvm_request *request);

/* Take the result of a complete request and free it. Returns its error. result may be NULL. */
int match_finish(struct dvm_request *request, struct match_result *result);

/* The same, from a place of an array on, for all that are complete without an error and are not
 * persistent, as long as one follows the other; NULL is passed, and is put where they stood.
 * Returns the place of the first other; count: there is none. */
size_t match_finish_plain(size_t from, size_t count, struct dvm_request **requests);

/* Wait until a request is complete and finish it. When waiting fails (LOST_DAEMON) it
 * is given up: nothing touches its buffer any more. */
int match_wait(struct dvm_request *request, struct match_result *result);

/* The same, told on the board as this call from site; see match_wait_call. */
int match_wait_as(enum dvm_board_call call, uintptr_t site, struct dvm_request *request,
                  struct match_result *result);

/* Forget a request: it is freed when it completes, its result dropped. */
void match_release(struct dvm_request *request);

/* A receive that is posted: it waits for its message. */
struct match_open {
    struct match_filter filter;
    uintptr_t site; /* of the sink, as group */
    int group;
};

/* Those of which the caller has a request, in order, up to max of them; returns how many there
 * are. */
size_t match_open(struct match_open *list, size_t max);

/* Ask to cancel a receive. Error: REQUEST when it is a send. */
int match_cancel(struct dvm_request *request);

/* Progress until one of count requests (NULL entries are skipped) is complete;
 * *index receives its place. timeout: seconds, negative for ever. Errors: TIMEOUT,
 * LOST_DAEMON. */
int match_wait_any(size_t count, struct dvm_request *const *requests, double timeout,
                   size_t *index);

/* The same, told on the board as this call from site (return address of the user's call;
 * 0: not known). NOTHING: as the call that started the first request. */
int match_wait_call(enum dvm_board_call call, uintptr_t site, size_t count,
                    struct dvm_request *const *requests, double timeout, size_t *index);

/* Wait until the first of requests is complete, or any operation has failed (*failed). call
 * and site as above. Error: LOST_DAEMON. */
int match_wait_first(enum dvm_board_call call, uintptr_t site, size_t count,
                     struct dvm_request *const *requests, bool *failed);

/* Look for an unexpected message, with one pass of progress, or waiting. *found:
 * false only when wait is false. take: also take it out; *message receives it. */
int match_probe(const struct match_filter *filter, bool wait, bool take, uintptr_t site,
                bool *found, struct dvm_message **message, struct match_result *result);

/* Take the earliest unexpected message that fits filter, waiting at most timeout seconds
 * (negative: for ever); the board says that wanted is waited for. For a caller who keeps what
 * it does not want. Errors: TIMEOUT, and those of a receive. */
int match_take(const struct match_filter *filter, const struct match_filter *wanted,
               double timeout, uintptr_t site, struct dvm_message **message,
               struct match_result *result);

/* The earliest unexpected message that fits, without progress. Returns whether there is one;
 * *result describes it. */
bool match_peek(const struct match_filter *filter, struct match_result *result);

/* How many messages have become unexpected so far: while it stays, match_peek finds nothing
 * new. */
uint64_t match_kept(void);

/* Receive a taken message. *message becomes NULL when it is used up; it stays when the
 * sink refuses it (TRUNCATE, TYPE, UNSUPPORTED) or memory is short. */
int match_mrecv(struct dvm_message **message, const struct match_sink *sink,
                struct match_result *result);

/* Progress once, without waiting. Returns LOST_DAEMON when the daemon is gone. */
int match_progress(void);

/* Progress and sleep until done(arg) is true, or timeout seconds have passed
 * (negative: never). The general form of every wait in the library. Errors:
 * TIMEOUT, LOST_DAEMON. subject: for the board (lane/board.h); NULL: not to be shown. */
struct board_subject;
int match_wait_until(bool (*done)(void *arg), void *arg, double timeout,
                     const struct board_subject *subject);

/* Wait until a request is complete or other(arg) is true. call and site: for the board.
 * Error: LOST_DAEMON. */
int match_wait_or(enum dvm_board_call call, uintptr_t site, struct dvm_request *request,
                  bool (*other)(void *arg), void *arg);

/* Wait until done(arg) is true, for a word of a task that may become another meanwhile: peer(arg)
 * is its tid, or DVM_ANY. call, site and context: for the board. Error: LOST_DAEMON. */
int match_wait_word(enum dvm_board_call call, uintptr_t site, uint64_t context,
                    bool (*done)(void *arg), int (*peer)(void *arg), void *arg);

/* Whether a tid is known to have ended, and then, if text is not NULL, why. */
bool match_task_gone(int tid, const char **text);

/* Ask the daemon to be told when tid ends. Idempotent and cheap when repeated. */
void match_watch(int tid);

/* Asked by the matcher, set by group/: is tid a member of the group that receives
 * in this context? Used when a task dies, to fail wildcard receives once for each
 * death. May be NULL. */
extern bool (*match_is_member)(uint64_t context, int tid);

/* Told by the matcher, for the layers above; each may be NULL. on_gone: a task is
 * known to have ended and the operations with it have failed; left: it had called
 * dvm_finalize. Comes once for each task, inside progress: it may call match_revoke
 * and the like, but not wait. */
extern void (*match_on_gone)(int tid, int code, const char *text, bool left);

/* A host was lost or has left: known tasks of it are gone already; the function
 * calls match_gone for those that only it knows (members of groups). */
extern void (*match_on_host_gone)(int slot, const char *text);

/* Take a task for ended: all operations with it fail with code (TASK_GONE, HOST_GONE,
 * NO_TASK) and text. Without effect when it is known already. */
void match_gone(int tid, int code, const char *text, bool left);

/* Fail the pending operations of exactly this context (a group's collectives have one
 * of their own, context | 1, so that point-to-point goes on when they are revoked)
 * and everything started in it later, with code and sentence. For revocation. */
void match_revoke(uint64_t context, int code, const char *text);

/* ---- lock, life ----------------------------------------------------------- */

/* Enter the library: NOT_INIT, FORKED, or DVM_OK with the lock held. */
int dvm_enter(void);

/* Leave it: gives the lock back and acts on rc as dvm_report. Returns rc. */
int dvm_leave(int rc);

/* The wait in which an operation of this thread failed last. */
struct match_waited {
    unsigned call;  /* enum dvm_board_call */
    double seconds; /* how long it was */
};

/* Tells of it once, if the call at this place has just waited so long that its board said so.
 * false: it has not. */
bool match_waited(uintptr_t site, struct match_waited *waited);

/* A descriptor that is readable when progress is due (dvm_fd). From now on the program
 * makes all progress in its calls. Errors as of bell_descriptor. */
int match_descriptor(void);

struct match_config {
    int self;                 /* this task's tid */
    int socket;               /* to the daemon, connected and past WELCOME; owned from now on */
    struct dvm_inbox *inbox;  /* mapped; owned from now on */
    unsigned index;           /* this task's own bit */
    bool alone;               /* the inbox is not shared: as in lane_config */
    bool child;               /* ends with its daemon by itself */
    bool bound;               /* has cores of its own */
    int neighbours;           /* tasks of its world on its computer, itself included */
    int thread_level;
};

/* This task works together with so many tasks of its computer, itself included, of its world
 * or not: where they are more than the cores, it lets them run while it waits. */
void match_together(int tasks);

/* Start the message layers (lane, stream, match). Socket and inbox are taken over
 * even when it fails. Errors: NO_MEMORY, SYSTEM. */
int match_start(const struct match_config *config);

/* How long a task that leaves waits for acknowledgements before the daemons get what it has kept:
 * half a second. Fuzz targets, whose peers acknowledge what they like, wait for none. */
extern double match_acknowledge_seconds;

/* The beginning of the end: wait until all that was sent is with its receiver or a
 * daemon, but for synchronous sends that wait for their match. Nothing is received
 * any more: posted receives are cancelled, and what has come or comes is dropped, so
 * that tasks which end together do not wait for each other. site: as in match_sink.
 * Errors: TIMEOUT, LOST_DAEMON. */
int match_flush(double timeout, uintptr_t site);

/* How many messages match_flush would wait for, and their bytes. */
size_t match_unsent(uint64_t *bytes);

/* The program ends and has not called match_stop. Posted receives are cancelled, if it has one
 * thread. Wait until all that was sent is with its receiver or a daemon: so many seconds for what
 * receivers must take, and as many for what daemons take then. From then on nothing moves
 * outside of calls, which are still possible: what has come is kept for them. Behind it comes
 * dvm_leave. false: nothing was done, and the library must not be entered, as a call is in the
 * middle of something, or this thread is not the task's. */
bool match_last(double seconds);

/* match_flush, then free everything and close the socket. timeout: seconds, negative
 * for ever. */
int match_stop(double timeout);

#endif
