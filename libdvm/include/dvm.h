/* dvm.h: the public interface of DVM, the distributed cluster virtual machine.
 *
 * A program becomes a task of the machine with dvm_init() and leaves it with
 * dvm_finalize(). Between the two it may send and receive messages, use the
 * collectives of its groups, spawn further tasks and learn of failures.
 *
 * Every function that returns int returns DVM_OK (0) or a negative DVM_ERR_
 * code, unless its comment says otherwise. By default no function returns an
 * error: it prints one sentence that says what, who, why and what to do, and
 * ends the task's group; see dvm_errors(). Results are stored only on success.
 *
 * Every function but dvm_init, dvm_init_thread, dvm_initialized, dvm_errors,
 * dvm_wtime and the version and error text functions needs a task: it may also
 * return NOT_INIT, FORKED (in a child after fork) or LOST_DAEMON. Comments
 * below name only the errors beyond these three.
 *
 * Threads: after dvm_init, one thread at a time may be in a DVM call; after
 * dvm_init_thread with DVM_THREAD_MULTIPLE, any number. Texts that functions
 * return belong to the library.
 */
#ifndef DVM_H
#define DVM_H

#include <stddef.h>
#include <stdint.h>

#include "dvm_errors.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(DVM_API)
#define DVM_API __attribute__((visibility("default")))
#elif !defined(DVM_API)
#define DVM_API
#endif

#define DVM_VERSION_MAJOR 0
#define DVM_VERSION_MINOR 1
#define DVM_VERSION_PATCH 0
#define DVM_VERSION (DVM_VERSION_MAJOR * 10000 + DVM_VERSION_MINOR * 100 + DVM_VERSION_PATCH)

enum {
    DVM_OK = 0,
#define DVM_ERROR_CONSTANT(name, code, text) DVM_ERR_##name = (code),
    DVM_ERROR_LIST(DVM_ERROR_CONSTANT)
#undef DVM_ERROR_CONSTANT
};

#define DVM_ANY (-1)  /* any source, or any tag */
#define DVM_NULL (-2) /* a rank that is nobody: sends and receives with it complete at once */
#define DVM_TAG_MAX 0x7fffffff /* tags are 0 to DVM_TAG_MAX */

#define DVM_NAME_MAX 64 /* longest host or machine name, with its final NUL, bytes */

/* ---- groups and types: small integers ---------------------------------- */

typedef int dvm_group;
enum {
    DVM_UNIVERSE = 0, /* all tasks of the machine; a rank in it is a tid */
    DVM_WORLD = 1,    /* the tasks that were spawned together with this one */
    DVM_SELF = 2,     /* this task alone */
    DVM_GROUP_NONE = -1 /* no group */
};

typedef int dvm_type;
enum {
    DVM_BYTE = 0, /* raw bytes: never converted, and fit to any type of the other side */
    DVM_CHAR,
    DVM_SCHAR,
    DVM_UCHAR,
    DVM_SHORT,
    DVM_USHORT,
    DVM_INT,
    DVM_UINT,
    DVM_LONG,
    DVM_ULONG,
    DVM_LLONG,
    DVM_ULLONG,
    DVM_INT8,
    DVM_UINT8,
    DVM_INT16,
    DVM_UINT16,
    DVM_INT32,
    DVM_UINT32,
    DVM_INT64,
    DVM_UINT64,
    DVM_BOOL,
    DVM_WCHAR,
    DVM_SIZE,
    DVM_FLOAT,
    DVM_DOUBLE,
    DVM_LDOUBLE,
    DVM_FLOAT_COMPLEX,
    DVM_DOUBLE_COMPLEX,
    DVM_LDOUBLE_COMPLEX,
    DVM_SHORT_INT, /* pairs of a value and where it was: struct dvm_short_int and so on */
    DVM_INT_INT,
    DVM_LONG_INT,
    DVM_FLOAT_INT,
    DVM_DOUBLE_INT,
    DVM_LDOUBLE_INT,
    DVM_TYPE_COUNT, /* how many basic types there are; itself no type */
    DVM_TYPE_MIXED = 255, /* in a status: the elements are of several types */
    DVM_TYPE_NONE = -1    /* no type */
};

/* What the pairs are in C, for DVM_MINLOC and DVM_MAXLOC. A message has them as they lie in
 * memory; what is between value and index, or behind the index, is never looked at. */
struct dvm_short_int {
    short value;
    int index;
};
struct dvm_int_int {
    int value;
    int index;
};
struct dvm_long_int {
    long value;
    int index;
};
struct dvm_float_int {
    float value;
    int index;
};
struct dvm_double_int {
#ifdef __GNUC__
    double value __attribute__((aligned(8))); /* so that it has 16 bytes on every host */
#else
    double value;
#endif
    int index;
};
struct dvm_ldouble_int {
    long double value;
    int index;
};

typedef int dvm_op;
enum {
    DVM_OP_NONE = -1, /* no operator */
    DVM_SUM = 0,
    DVM_PROD,
    DVM_MIN,
    DVM_MAX,
    DVM_LAND,
    DVM_LOR,
    DVM_LXOR,
    DVM_BAND,
    DVM_BOR,
    DVM_BXOR,
    DVM_MINLOC,  /* of pairs: the one with the smallest value, and of equal ones the smallest */
    DVM_MAXLOC,  /* index; likewise the largest value. A NaN goes before all numbers */
    DVM_REPLACE, /* what the last one gave, for all types */
    DVM_OP_COUNT /* how many built-in operators there are; itself none */
};

/* Size in bytes of one element of a type here, or 0 when there is no such type. Of a type that
 * the program has made (dvm_type_vector and the like): of its data, without gaps. */
DVM_API size_t dvm_type_size(dvm_type type);

/* ---- life of a task ------------------------------------------------------ */

enum {
    DVM_THREAD_SINGLE = 0,  /* one thread at a time is in a DVM call */
    DVM_THREAD_MULTIPLE = 1 /* any number of threads are */
};

/* Make this process a task of the machine.
 *
 * A task that the machine spawned is enrolled in its DVM_WORLD. A program that
 * was started by hand joins the user's running machine, with a DVM_WORLD of
 * one; with no machine running it gets a private one of this host alone, which
 * ends with it. argc, argv: main's, or NULL; nothing is changed in them today.
 * Errors: NO_DAEMON (the machine's daemon cannot be reached or started),
 * VERSION, REFUSED, EXISTS (the process is a task already), NOT_WORLD (started
 * under another launcher such as srun with no machine: see DVM_SINGLE in
 * dvm(7)), NO_MEMORY, SYSTEM. */
DVM_API int dvm_init(int *argc, char ***argv);

/* As dvm_init, and asks for a thread level (DVM_THREAD_...). *provided receives
 * the level in force; it may be NULL. Further error: ARG (unknown level). */
DVM_API int dvm_init_thread(int *argc, char ***argv, int required, int *provided);

/* 1 while this process is a task (from dvm_init to dvm_finalize), else 0. */
DVM_API int dvm_initialized(void);

/* Leave the machine. Waits until every message that this task sent is with its
 * receiver or with a daemon. Open requests are dropped; receives are cancelled, and told on
 * stderr unless errors are silent (dvm_errors): with whom they were from, tag and line; so are
 * collectives under way. A
 * small message to a tid that was never a task's, sent just before, is lost without a
 * word: the news that there is no such task comes to one that has gone.
 * Without this call, exit sends what it can within two seconds or so, and says what it could not.
 * The process goes on as an ordinary one and may call dvm_init again. Errors: LOST_DAEMON; ARG: the
 * tasks of a group were in different collectives, as when each took itself for the root of
 * dvm_bcast, and none that came later could tell. The task has left nevertheless. */
DVM_API int dvm_finalize(void);

/* End all tasks of the group, this one included, with an exit status (0-255).
 * Does not return: ends the process even if the daemon is gone. DVM_UNIVERSE
 * is taken as DVM_SELF: a task may not end the whole machine. */
DVM_API void dvm_abort(dvm_group group, int status) __attribute__((noreturn));

/* Seconds of a clock that only goes forward, of this host; no fixed origin. */
DVM_API double dvm_wtime(void);

/* This task's tid, or a negative error. */
DVM_API int dvm_self(void);

/* The tid of the task that spawned this one. Error: NO_PARENT (started by hand,
 * or from the console). */
DVM_API int dvm_parent(void);

/* Copy the name of this task's host, at most size bytes with the final NUL.
 * Error: ARG (size too small; DVM_NAME_MAX is always enough). */
DVM_API int dvm_host_name(char *name, size_t size);

/* The version of the library at run time, as DVM_VERSION. */
DVM_API int dvm_version(void);

/* The same as text, such as "0.1.0". */
DVM_API const char *dvm_version_text(void);

/* ---- errors --------------------------------------------------------------- */

enum {
    DVM_FATAL = 0,  /* print the sentence and end the task's group (default) */
    DVM_RETURN = 1, /* print the sentence and return the code */
    DVM_SILENT = 2  /* return the code; dvm_last_error() has the sentence */
};

/* Choose what happens on an error from now on, for the whole process. Returns
 * the mode that was in force, or ARG for an unknown mode. */
DVM_API int dvm_errors(int mode);

/* The name of a code, such as "DVM_ERR_TRUNCATE"; "DVM_OK" for 0; "DVM_ERR_?"
 * for a number that is none. */
DVM_API const char *dvm_error_name(int code);

/* The general sentence of a code; never NULL. */
DVM_API const char *dvm_error_text(int code);

/* The full sentence of the calling thread's last error: what, who (rank, tid,
 * host), why and what to do. Empty before the first. Valid until the thread's
 * next error. */
DVM_API const char *dvm_last_error(void);

/* ---- messages -------------------------------------------------------------- */

/* Send and receive functions take a group and a rank in it, a tag, and a buffer
 * of count elements of a type. Errors of all of them: GROUP, RANK, TAG, TYPE (no
 * such type), ARG (a NULL buffer with a count over 0), NO_MEMORY, NO_TASK (a tid
 * in DVM_UNIVERSE that is no task's), TASK_GONE and HOST_GONE (the peer ended),
 * REVOKED (dvm_group_revoke).
 *
 * Messages from one task to another in one group are received in the order in
 * which they were sent, among those that a receive fits. */

struct dvm_status {
    int source;    /* rank in the group of the receive (a tid in DVM_UNIVERSE) */
    int tag;
    int error;     /* DVM_OK, or why this request failed */
    int cancelled; /* 1 when the receive was cancelled */
    dvm_type type; /* the sender's basic type; DVM_TYPE_MIXED when it has several */
    size_t bytes;  /* size of the message, in bytes of the sender's representation */
    size_t count;  /* elements of basic types; see dvm_type_count */
};

struct dvm_request; /* an operation under way; see dvm_wait */
struct dvm_message; /* a message taken by dvm_mprobe, to be received by dvm_mrecv */

/* Send, and return when the buffer may be used again. A small message is on its
 * way then; a large one waits for its receive; either waits while the receiver
 * has too many unreceived bytes (credit), and takes in this task's own messages
 * meanwhile. */
DVM_API int dvm_send(dvm_group group, int dest, int tag, const void *buf, size_t count,
                     dvm_type type);

/* Send without ever waiting for the receiver: what it cannot take yet is copied
 * and kept here, up to 512 MiB a task; only past that the call waits, and says
 * so on stderr. */
DVM_API int dvm_bsend(dvm_group group, int dest, int tag, const void *buf, size_t count,
                      dvm_type type);

/* Send, and return when the receiver has begun to receive. */
DVM_API int dvm_ssend(dvm_group group, int dest, int tag, const void *buf, size_t count,
                      dvm_type type);

/* Receive into buf at most count elements from source (or DVM_ANY) with tag (or
 * DVM_ANY). status may be NULL. Further errors: TRUNCATE (the message is larger:
 * it stays and can be received again with a larger buffer), TYPE (the sender's
 * type is another: the message stays, too). With DVM_NULL as source: completes
 * at once with count 0. */
DVM_API int dvm_recv(dvm_group group, int source, int tag, void *buf, size_t count,
                     dvm_type type, struct dvm_status *status);

/* Send to dest and receive from source at the same time: safe in a ring. Errors
 * of both; ARG: what is sent and what is received overlap. */
DVM_API int dvm_sendrecv(dvm_group group, int dest, int sendtag, const void *sendbuf,
                         size_t sendcount, dvm_type sendtype, int source, int recvtag,
                         void *recvbuf, size_t recvcount, dvm_type recvtype,
                         struct dvm_status *status);

/* Start a send, a synchronous send or a receive, and return at once. *request
 * receives the operation, to be ended by dvm_wait, dvm_test, dvm_waitany or
 * dvm_waitall; until then the buffer belongs to the library. */
DVM_API int dvm_isend(dvm_group group, int dest, int tag, const void *buf, size_t count,
                      dvm_type type, struct dvm_request **request);
DVM_API int dvm_issend(dvm_group group, int dest, int tag, const void *buf, size_t count,
                       dvm_type type, struct dvm_request **request);
DVM_API int dvm_irecv(dvm_group group, int source, int tag, void *buf, size_t count,
                      dvm_type type, struct dvm_request **request);

/* Wait until the request is complete; free it and set *request to NULL, or leave it to be
 * started again if it is persistent (dvm_start). A NULL request is complete, and so is a
 * persistent one that is not under way. status may be NULL. Errors: those of the operation. */
DVM_API int dvm_wait(struct dvm_request **request, struct dvm_status *status);

/* As dvm_wait, without waiting: *done receives 1 and the request is freed, or 0
 * and it goes on. Errors: those of the operation. */
DVM_API int dvm_test(struct dvm_request **request, int *done, struct dvm_status *status);

/* Wait until one of count requests is complete, free it, set it to NULL and
 * store its place in *index. When all are NULL, or persistent and not under way,
 * *index receives (size_t)DVM_NULL. */
DVM_API int dvm_waitany(size_t count, struct dvm_request **requests, size_t *index,
                        struct dvm_status *status);

/* Wait for all of count requests, free them and set them to NULL. statuses: NULL
 * or count places. Returns the first error in the order of the array; each
 * status has its own. */
DVM_API int dvm_waitall(size_t count, struct dvm_request **requests,
                        struct dvm_status *statuses);

/* Ask to cancel a receive. It still must be ended by dvm_wait or dvm_test; its
 * status says cancelled = 1, unless a message was faster. Error: REQUEST (NULL,
 * or a send: what was sent cannot be taken back). */
DVM_API int dvm_cancel(struct dvm_request *request);

/* ---- messages that are described once and started often ------------------------------ */

/* Describe a send (or one as dvm_bsend, dvm_ssend) or a receive, and start nothing: *request
 * receives it, persistent. Each dvm_start starts it once, as dvm_isend or dvm_irecv with
 * these arguments would, and dvm_wait or the like ends that and leaves the request for the next
 * start. The program may change what is in the buffer while it is not under way. */
DVM_API int dvm_send_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                          dvm_type type, struct dvm_request **request);
DVM_API int dvm_bsend_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                           dvm_type type, struct dvm_request **request);
DVM_API int dvm_ssend_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                           dvm_type type, struct dvm_request **request);
DVM_API int dvm_recv_init(dvm_group group, int source, int tag, void *buf, size_t count,
                          dvm_type type, struct dvm_request **request);

/* Start a persistent request that is not under way: a message, or a collective
 * (dvm_barrier_init and the like). Errors: REQUEST (NULL, under way, or not persistent), GROUP
 * (its group was freed); of a collective why those of its group have ended. */
DVM_API int dvm_start(struct dvm_request **request);

/* Start count persistent requests in the order of the array. At an error those before it are
 * under way. Errors: those of dvm_start, ARG. */
DVM_API int dvm_startall(size_t count, struct dvm_request **requests);

/* Free a persistent request that is not under way, and set *request to NULL; a NULL one is
 * taken. Errors: REQUEST (it is under way), ARG. */
DVM_API int dvm_request_free(struct dvm_request **request);

/* ---- looking before receiving --------------------------------------------------------- */

/* Wait for a message that a receive with these arguments would get, and describe
 * it in status, without receiving it. */
DVM_API int dvm_probe(dvm_group group, int source, int tag, struct dvm_status *status);

/* As dvm_probe, without waiting: *found receives 1 or 0. status may be NULL. From DVM_NULL there
 * is always something, which a receive from there gets at once: nothing, with source DVM_NULL. */
DVM_API int dvm_iprobe(dvm_group group, int source, int tag, int *found,
                       struct dvm_status *status);

/* As dvm_probe, and take the message out of the queue: no other receive can get
 * it. *message must be received with dvm_mrecv; what comes from DVM_NULL is a message, too. */
DVM_API int dvm_mprobe(dvm_group group, int source, int tag, struct dvm_message **message,
                       struct dvm_status *status);

/* As dvm_mprobe, without waiting: *found receives 1, or 0 and *message NULL. */
DVM_API int dvm_improbe(dvm_group group, int source, int tag, int *found,
                        struct dvm_message **message, struct dvm_status *status);

/* Receive a message that dvm_mprobe took, and set *message to NULL. When it does not
 * fit (TRUNCATE, TYPE, UNSUPPORTED) or memory is short, *message stays and can be
 * received again. Errors: ARG (a NULL message), TRUNCATE, TYPE, TASK_GONE and
 * HOST_GONE (the sender ended before all of it came). */
DVM_API int dvm_mrecv(struct dvm_message **message, void *buf, size_t count, dvm_type type,
                      struct dvm_status *status);

/* A descriptor for programs that wait for several things in a loop of their own: poll
 * (or select, or epoll_wait) says that it is readable when something has come that a
 * DVM call would take in. Then call dvm_test, dvm_iprobe or the like until they find
 * nothing more, and only then poll again: what one call has taken in for the next no
 * longer makes it readable, and it may be readable for nothing.
 *
 *     struct pollfd wait[2] = {{dvm_fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
 *     for (;;) {
 *         dvm_iprobe(DVM_WORLD, DVM_ANY, DVM_ANY, &found, &status);
 *         if (found)
 *             take_message(&status);
 *         else if (poll(wait, 2, -1) > 0 && wait[1].revents)
 *             take_input();
 *     }
 *
 * It must be neither read nor closed, and ends with dvm_finalize; each call returns the
 * same one. From the first call on nothing goes on between calls (such as a large
 * dvm_isend) but when the program polls and calls. Returns the descriptor, which is not
 * negative. Errors: LIMIT (no descriptor is left), SYSTEM, NO_MEMORY. */
DVM_API int dvm_fd(void);

/* ---- types that a program makes ------------------------------------------------ */

/* A derived type says where in memory the elements of other types lie: a column of a matrix, the
 * fields of a struct. It can be given wherever a type is; which reductions take it, dvm_reduce
 * says. What is sent are its elements, one behind the other, without gaps; the receive may put
 * the same elements elsewhere, with another derived type or a basic one.
 *
 * Making a type talks to nobody. It must be committed before data is sent, received or packed
 * with it; types can be made of those that are not. Counts are size_t, distances ptrdiff_t,
 * in elements (the extent of the old type) or bytes, and may be negative. Errors of all that
 * make types: TYPE (no such type, or a freed one), ARG (a NULL array or no place for the
 * result; larger than memory can be), LIMIT (65,536 types; elements that change their basic
 * type about 60 times without repeating an order), NO_MEMORY. */

/* count elements of old, one behind the other. */
DVM_API int dvm_type_contiguous(size_t count, dvm_type old, dvm_type *type);

/* count blocks of length elements; from the beginning of one to that of the next are stride
 * elements, and in hvector stride bytes. A column of n rows of m doubles:
 * dvm_type_vector(n, 1, m, DVM_DOUBLE, &column). */
DVM_API int dvm_type_vector(size_t count, size_t length, ptrdiff_t stride, dvm_type old,
                            dvm_type *type);
DVM_API int dvm_type_hvector(size_t count, size_t length, ptrdiff_t stride, dvm_type old,
                             dvm_type *type);

/* count blocks with lengths and offsets of their own, in elements; in hindexed offsets are
 * bytes. In indexed_block and hindexed_block all blocks have the same length. */
DVM_API int dvm_type_indexed(size_t count, const size_t *lengths, const ptrdiff_t *offsets,
                             dvm_type old, dvm_type *type);
DVM_API int dvm_type_hindexed(size_t count, const size_t *lengths, const ptrdiff_t *offsets,
                              dvm_type old, dvm_type *type);
DVM_API int dvm_type_indexed_block(size_t count, size_t length, const ptrdiff_t *offsets,
                                   dvm_type old, dvm_type *type);
DVM_API int dvm_type_hindexed_block(size_t count, size_t length, const ptrdiff_t *offsets,
                                    dvm_type old, dvm_type *type);

/* count blocks with lengths, offsets (bytes, such as offsetof) and types of their own: the
 * fields of a struct. Its extent is rounded up as a C compiler does it, so that it fits to
 * arrays of the struct. */
DVM_API int dvm_type_struct(size_t count, const size_t *lengths, const ptrdiff_t *offsets,
                            const dvm_type *types, dvm_type *type);

enum {
    DVM_ORDER_C = 0,      /* the last index runs fastest */
    DVM_ORDER_FORTRAN = 1 /* the first does */
};

/* The part of an array of dims dimensions and sizes elements that begins at starts (from 0)
 * and has subsizes. Its extent is that of the whole array. Further errors: ARG (a part that
 * is not inside; dims below 1; an unknown order). */
DVM_API int dvm_type_subarray(int dims, const size_t *sizes, const size_t *subsizes,
                              const size_t *starts, int order, dvm_type old, dvm_type *type);

enum {
    DVM_DISTRIBUTE_NONE = 0,  /* the dimension is not divided; one process along it */
    DVM_DISTRIBUTE_BLOCK = 1, /* one block for each process, */
    DVM_DISTRIBUTE_CYCLIC = 2 /* or blocks dealt out in turns */
};

/* What the process with this rank of tasks has of an array that is distributed over a grid of
 * processes (whose product is tasks; ranks in C's order). For each dimension: how it is
 * distributed; the argument, which is the size of a block (0: BLOCK as equal as possible,
 * CYCLIC blocks of 1); and how many processes are along it. Its extent is that of the whole
 * array. Further errors: ARG (blocks too small for the array and so on; the sentence says
 * which). */
DVM_API int dvm_type_darray(int tasks, int rank, int dims, const size_t *sizes,
                            const int *distributions, const size_t *arguments,
                            const int *processes, int order, dvm_type old, dvm_type *type);

/* The same elements with another extent, which says where the next one of an array of them
 * lies, and lower bound. */
DVM_API int dvm_type_resized(dvm_type old, ptrdiff_t lower, ptrdiff_t extent, dvm_type *type);

/* Allow data to be moved with a type. Committing twice is allowed. Error: TYPE. */
DVM_API int dvm_type_commit(dvm_type type);

/* End the use of a type that this task has made, and set *type to DVM_TYPE_NONE. What was
 * started with it goes on, and types that are made of it stay. DVM_TYPE_NONE is taken. Types
 * end with dvm_finalize, too. Errors: TYPE (a basic one), ARG. */
DVM_API int dvm_type_free(dvm_type *type);

/* Lower bound and extent (the distance of elements in an array) of a type, bytes. In
 * true_extent without what dvm_type_resized and the rounding of structs have changed: where
 * the data really lies. Places may be NULL. Error: TYPE. */
DVM_API int dvm_type_extent(dvm_type type, ptrdiff_t *lower, ptrdiff_t *extent);
DVM_API int dvm_type_true_extent(dvm_type type, ptrdiff_t *lower, ptrdiff_t *extent);

/* How many whole elements of a type a message has, and how many elements of basic types are
 * left over (rest may be NULL). Errors: TYPE, ARG. */
DVM_API int dvm_type_count(const struct dvm_status *status, dvm_type type, size_t *count,
                           size_t *rest);

/* How a type was made. */
enum {
    DVM_KIND_BASIC = 0,
    DVM_KIND_CONTIGUOUS,
    DVM_KIND_VECTOR,
    DVM_KIND_HVECTOR,
    DVM_KIND_INDEXED,
    DVM_KIND_HINDEXED,
    DVM_KIND_INDEXED_BLOCK,
    DVM_KIND_HINDEXED_BLOCK,
    DVM_KIND_STRUCT,
    DVM_KIND_SUBARRAY,
    DVM_KIND_DARRAY,
    DVM_KIND_RESIZED
};

/* The arguments that a type was made with; what its kind has not is 0 or NULL. */
struct dvm_type_info {
    int kind;                 /* DVM_KIND_... */
    size_t type_count;        /* old types: for a struct count, else 1; of a basic type 0 */
    const dvm_type *types;
    size_t count;             /* elements or blocks */
    size_t length;            /* of each block */
    ptrdiff_t stride;
    const size_t *lengths;    /* count of each */
    const ptrdiff_t *offsets;
    int dims, order;
    const size_t *sizes, *subsizes, *starts, *arguments; /* dims of each */
    const int *distributions, *processes;
    int tasks, rank;
    ptrdiff_t lower, extent;
};

/* Read back how a type was made. Arrays and the handles in them are good as long as the type
 * is, also of types that were freed meanwhile. Errors: TYPE, ARG. */
DVM_API int dvm_type_describe(dvm_type type, struct dvm_type_info *info);

/* Copy count elements from buf to out, without gaps, from *position (bytes) on, which then is
 * behind them; out has size bytes. Begin with *position 0, where a few bytes say how this host
 * stores its types. What was packed is sent with DVM_BYTE, and dvm_unpack converts it on a host
 * of another kind. Errors: TYPE, ARG (a NULL buffer), TRUNCATE (no room). */
DVM_API int dvm_pack(const void *buf, size_t count, dvm_type type, void *out, size_t size,
                     size_t *position);

/* Take count elements out of what dvm_pack has made, from *position on; the types must be those
 * that were packed, in the same order. in has size bytes. Errors: TYPE, ARG, TRUNCATE (so much
 * is not there), PROTOCOL (in was not made by dvm_pack), UNSUPPORTED (a long double of a host
 * that stores it in another format). */
DVM_API int dvm_unpack(const void *in, size_t size, size_t *position, void *buf, size_t count,
                       dvm_type type);

/* How many bytes dvm_pack needs for that, at most; those of several calls are added. Errors:
 * TYPE, ARG (more than memory can be, or no place for the result). */
DVM_API int dvm_pack_size(size_t count, dvm_type type, size_t *size);

/* ---- groups ----------------------------------------------------------------- */

/* This task's rank in the group (its tid in DVM_UNIVERSE; DVM_NULL when it is no member).
 * Errors: GROUP, ARG (no place for the result; of the next two as well). */
DVM_API int dvm_group_rank(dvm_group group, int *rank);

/* The number of ranks of the group. Errors: GROUP, UNSUPPORTED (DVM_UNIVERSE has
 * no fixed size; see dvm_tasks). */
DVM_API int dvm_group_size(dvm_group group, int *size);

/* The tid of a rank. Errors: GROUP, RANK. */
DVM_API int dvm_group_tid(dvm_group group, int rank, int *tid);

/* The tids of the first max ranks, in order of ranks, into tids; dvm_group_size tells how
 * many there are. Errors: GROUP (no such group, or DVM_UNIVERSE), ARG. */
DVM_API int dvm_group_tids(dvm_group group, int *tids, int max);

/* Which ranks the tasks with these count ranks of one group have in another: DVM_NULL for
 * those that are no members, and for DVM_NULL. Errors: GROUP, RANK, ARG. */
DVM_API int dvm_group_translate(dvm_group from, const int *ranks, int count, dvm_group to,
                                int *others);

enum {
    DVM_IDENTICAL = 0, /* one and the same group */
    DVM_CONGRUENT = 1, /* the same tasks in the same order, each with messages of its own */
    DVM_SIMILAR = 2,   /* the same tasks in another order */
    DVM_UNEQUAL = 3    /* other tasks */
};

/* How two groups relate: *result receives one of the four. Errors: GROUP, ARG. */
DVM_API int dvm_group_compare(dvm_group a, dvm_group b, int *result);

/* ---- making groups ------------------------------------------------------------ */

/* New groups keep their messages apart from those of all other groups. Who must call: all
 * members of the new group, with the same arguments and in the same order; dvm_group_dup
 * and dvm_group_split: all members of the old one. A task that calls and is no member of
 * the new group (all functions but dup and split) gets a handle as well, without waiting:
 * with its rank DVM_NULL it can be looked at and used to make further groups, but not to
 * communicate. Where the result has no tasks, *result is DVM_GROUP_NONE. A group ends with
 * dvm_group_free, or with the task. Errors of all: GROUP, ARG (no place for the result),
 * NO_MEMORY, LIMIT (65,536 groups of a task), TASK_GONE and HOST_GONE (a member ended
 * before it called). */

/* A group of the tasks with these count tids, in this order; each at most once. Errors:
 * NO_TASK (no tid), ARG (twice the same). */
DVM_API int dvm_group_create(const int *tids, int count, dvm_group *result);

/* The tasks with these count ranks of a group, in this order. Errors: RANK, ARG (twice the
 * same). */
DVM_API int dvm_group_subset(dvm_group group, const int *ranks, int count, dvm_group *result);

/* The tasks of a, then those of b that are not in a. In this and the next two DVM_GROUP_NONE is a
 * set without tasks. */
DVM_API int dvm_group_union(dvm_group a, dvm_group b, dvm_group *result);

/* The tasks of a that are in b as well, in their order in a. */
DVM_API int dvm_group_intersection(dvm_group a, dvm_group b, dvm_group *result);

/* The tasks of a that are not in b, in their order in a. */
DVM_API int dvm_group_difference(dvm_group a, dvm_group b, dvm_group *result);

/* The same tasks in the same order, with messages of their own: for libraries. */
DVM_API int dvm_group_dup(dvm_group group, dvm_group *result);

#define DVM_SPLIT_HOST (-3) /* a colour: the tasks of one host together */

/* Divide a group: tasks that give the same colour (0 or more) are a group, in order of
 * their keys and, where these are equal, of their old ranks. With colour DVM_NULL a task
 * gets DVM_GROUP_NONE. With DVM_SPLIT_HOST, which all must give, the tasks of each host are
 * a group. Errors: ARG (a colour that is none; DVM_SPLIT_HOST of some tasks only: then at
 * all). */
DVM_API int dvm_group_split(dvm_group group, int colour, int key, dvm_group *result);

/* A task and those that it has spawned, as one group: the parent is rank 0, its children
 * come behind it in order of their ranks. The parent calls this with the tids that dvm_spawn
 * gave, which must all have started; each child with NULL and 0. Errors: NO_PARENT (a task
 * that no task has spawned, without a list), NO_TASK, ARG. */
DVM_API int dvm_group_family(const int *children, int count, dvm_group *result);

/* Two groups as one. All members of both call this, each with its own group and the tid of
 * rank 0 of the other. The ranks of a group that gives last (not 0) come behind those of one
 * that does not; where both say the same, the one whose rank 0 has the lower tid is first. No
 * task may be in both. Errors: NO_TASK, ARG (a task in both; no place for the result). */
DVM_API int dvm_group_joint(dvm_group group, int other, int last, dvm_group *result);

/* End the use of a group that this task has made, and set *group to DVM_GROUP_NONE. It talks
 * to nobody; what was started in the group must be over. DVM_GROUP_NONE is taken. Errors:
 * GROUP (no such group, or a built-in one), ARG. */
DVM_API int dvm_group_free(dvm_group *group);

/* ---- named groups --------------------------------------------------------------- */

/* Groups that tasks join and leave while they run. The machine keeps them, also when a host
 * is lost. A name is 1 to 1,023 bytes of UTF-8 without control characters. A member has an
 * instance: the lowest number from 0 that was free when it joined. A task that ends, or
 * leaves the machine, leaves its groups; a group that nobody is in is no more. Errors of all:
 * ARG (no such name may be given, or no place for the result) and, of all but dvm_named_join,
 * GROUP (nobody is in it). */

/* Join a group, which is made if it is not there; *instance (unless NULL) receives this
 * task's. Errors: EXISTS (it is a member), REFUSED (the group is frozen), LIMIT (65,536
 * groups, or 8 MiB of their names, with 16 bytes for each member). */
DVM_API int dvm_named_join(const char *name, int *instance);

/* Leave it. Errors: MEMBER (this task is not in it), REFUSED (frozen). */
DVM_API int dvm_named_leave(const char *name);

/* How many are in it. */
DVM_API int dvm_named_size(const char *name, int *size);

/* The tid of an instance. Error: RANK (no such instance). */
DVM_API int dvm_named_tid(const char *name, int instance, int *tid);

/* The instance of a task. Error: MEMBER. */
DVM_API int dvm_named_instance(const char *name, int tid, int *instance);

/* The tids of its members, in order of instances: at most max into tids (NULL if max is 0);
 * *count receives how many there are. */
DVM_API int dvm_named_tids(const char *name, int *tids, size_t max, size_t *count);

/* Wait until count members have called this; which of them is not fixed before. When a
 * member ends, those that wait get TASK_GONE, and each other member with its next call: once
 * each, so that all can go on from the same place. Errors: MEMBER, TASK_GONE, ARG (count
 * below 1, or others wait there for another count). */
DVM_API int dvm_named_barrier(const char *name, int count);

/* Send count elements to all members but this task, as dvm_bsend does in DVM_UNIVERSE; they
 * receive them there, or from any source. This task need not be a member. Errors: TYPE,
 * TAG, BUFFER_FULL. */
DVM_API int dvm_named_bcast(const char *name, int tag, const void *buf, size_t count,
                            dvm_type type);

/* All its members, count of them, call this. From then on nobody joins or leaves (the end of
 * a task apart), *result is an ordinary group of them, ranks in order of instances, and
 * dvm_named_barrier of all is as fast as dvm_barrier. Errors: MEMBER, EXISTS (it is frozen),
 * TASK_GONE, ARG (count is not the number of members), LIMIT. */
DVM_API int dvm_named_freeze(const char *name, int count, dvm_group *result);

/* ---- values under names ------------------------------------------------------------ */

#define DVM_NAMED_MAX 1024 /* longest name of a value or named group, with its NUL, bytes */

/* Values are bytes that tasks put under a name for others to find: addresses of servers,
 * results for whoever comes later. The machine keeps them, also when a host is lost, up to
 * 16 MiB in all with their names. A value goes with the task that has put it, unless it is to
 * be kept. Names are those of named groups, but stand for themselves. Errors of all: ARG. */
enum {
    DVM_VALUE_KEEP = 1,  /* put: it stays when its task ends, and is then anybody's to change */
    DVM_VALUE_MANY = 2,  /* put: the name has many values, one at each index */
    DVM_VALUE_OPEN = 4,  /* put: other tasks may change and delete it, too */
    DVM_VALUE_FIRST = 8, /* get: that of the index, or else the next above it */
    DVM_VALUE_TAKE = 16, /* get: and delete it */
    DVM_VALUE_WAIT = 32, /* get: wait until there is one */
    DVM_VALUE_LOOK = 64  /* get: only tell of it, without its bytes */
};

struct dvm_value {
    char name[DVM_NAMED_MAX];
    int index;
    int owner;      /* tid of the task that has put it; 0: it has ended */
    unsigned flags; /* of dvm_value_put */
    size_t bytes;
};

/* Put a value of so many bytes at an index of a name; DVM_ANY: the lowest that is free with
 * DVM_VALUE_MANY, else 0. One's own value there, or one that may be changed, is replaced.
 * *place (unless NULL) receives the index. Errors: EXISTS (another's value, or one that was
 * put with the other sense of DVM_VALUE_MANY), LIMIT. */
DVM_API int dvm_value_put(const char *name, int index, unsigned flags, const void *data,
                          size_t bytes, int *place);

/* Get the value at an index: its bytes, at most max, into data, and what is known of it into
 * *what (unless NULL). Errors: NO_VALUE, TRUNCATE (it is longer, and stays), REFUSED (it is not
 * this task's to take). */
DVM_API int dvm_value_get(const char *name, int index, unsigned flags, void *data, size_t max,
                          struct dvm_value *what);

/* Delete the value at an index. Errors: NO_VALUE, REFUSED (it is another task's). */
DVM_API int dvm_value_delete(const char *name, int index);

/* All values, in order of names and indexes: at most max into list (NULL if max is 0); *count
 * receives how many there are. */
DVM_API int dvm_values(struct dvm_value *list, size_t max, size_t *count);

/* ---- surviving the loss of members --------------------------------------------- */

/* When a member of a group dies, the group's collectives end with an error at all other members:
 * those that are under way, and each later one. Messages between the others go on. What to do
 * then, with dvm_errors(DVM_RETURN) or DVM_SILENT in force: agree on how far all have come, make
 * a group of those that are left, and go on in it.
 *
 *     rc = dvm_allreduce(work, &part, &sum, 1, DVM_DOUBLE, DVM_SUM);
 *     all = rc == DVM_OK;
 *     dvm_group_agree(work, &all);          // the same at all that are left
 *     if (!all) {
 *         dvm_group_revoke(work);           // nobody waits in it any more
 *         dvm_group_shrink(work, &left);    // and on with left
 *     }
 *
 * dvm_group_agree and dvm_group_shrink are called by all members, in the same order, and work
 * in a group with dead members and in one that is revoked. Errors of all three: GROUP (no such
 * group, DVM_UNIVERSE, or no member of it), NO_MEMORY. */

/* Agree on flags: *flag receives the bitwise and of the *flag of all members that have not
 * ended, and perhaps of some that have. All that return have the same, also those that die
 * afterwards, whoever dies meanwhile. Errors: ARG (no flag; or another member has called
 * dvm_group_shrink). */
DVM_API int dvm_group_agree(dvm_group group, int *flag);

/* A new group of the members that have not ended, in the order of their ranks; all get the
 * same, though further members die meanwhile: those may be in it, and then it is shrunk once
 * more. Members that have called dvm_finalize have ended, too. Errors: ARG (no place for the
 * result; or another member has called dvm_group_agree), LIMIT, HOST_GONE (the others have lost
 * this task's host). */
DVM_API int dvm_group_shrink(dvm_group group, dvm_group *result);

/* End the use of a group for all members, without their doing: messages and collectives that are
 * under way or begin in it fail with REVOKED at each of them, soon after. So a task that goes
 * another way after an error leaves nobody behind who waits for it. */
DVM_API int dvm_group_revoke(dvm_group group);

/* ---- collectives --------------------------------------------------------------- */

/* All tasks of the group call the same collectives in the same order, with types of the same
 * elements and the same count of them (of a derived type the layout may be another). Errors of
 * all of them: GROUP (no such group, or DVM_UNIVERSE), TYPE, ARG, NO_MEMORY,
 * TASK_GONE and HOST_GONE (a member ended: the collectives of this group fail
 * for all members from then on), REVOKED (see dvm_group_revoke), TRUNCATE
 * (members gave different counts), ARG (they are in different collectives, or in the same with
 * another root, operator or count: the sentence says who called what from which line). */

/* Return when every task of the group has called it. */
DVM_API int dvm_barrier(dvm_group group);

/* Copy count elements from root's buf to every other task's buf. Error: RANK. */
DVM_API int dvm_bcast(dvm_group group, int root, void *buf, size_t count, dvm_type type);

#define DVM_IN_PLACE ((void *)1) /* for an input: it is in the output's place */

/* Combine the tasks' in arrays element by element, in rank order, into root's
 * out, which other tasks may give as NULL. in and out must not overlap; the root may
 * give DVM_IN_PLACE as in, and its operand in out. Errors: RANK, OP.
 *
 * All reductions combine neighbouring ranks first, then pairs of pairs and so on, left to
 * right. So the result has the same bits for any number of hosts, any order of arrival and
 * whatever algorithm is used.
 *
 * A derived type goes with DVM_REPLACE and with operators of dvm_op_create; with the others when
 * all its elements are of one basic type which goes with them. */
DVM_API int dvm_reduce(dvm_group group, int root, const void *in, void *out, size_t count,
                       dvm_type type, dvm_op op);

/* As dvm_reduce, with the result in every task's out; all get the same bits.
 * DVM_IN_PLACE, where it is given, is given by all. Error: OP. */
DVM_API int dvm_allreduce(dvm_group group, const void *in, void *out, size_t count,
                          dvm_type type, dvm_op op);

/* Combine as dvm_reduce and divide the result: in has count elements for each rank, in order
 * of ranks, and the task with rank r gets the r-th count of them. With DVM_IN_PLACE as in,
 * the operand is in out, which then has room for all. Errors: OP. */
DVM_API int dvm_reduce_scatter_block(dvm_group group, const void *in, void *out, size_t count,
                                     dvm_type type, dvm_op op);

/* The same with a count of its own for each rank; all tasks give the same counts. */
DVM_API int dvm_reduce_scatter(dvm_group group, const void *in, void *out, const size_t *counts,
                               dvm_type type, dvm_op op);

/* Combine what the ranks from 0 up to this one have given, in rank order. DVM_IN_PLACE as in
 * dvm_allreduce. Error: OP. */
DVM_API int dvm_scan(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                     dvm_op op);

/* As dvm_scan, without what this task has given; out of rank 0 is not touched. */
DVM_API int dvm_exscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                       dvm_op op);

/* Copy each task's count elements to root's out, one behind the other in order of ranks. out
 * is used at the root only, which may give DVM_IN_PLACE as in when its own are in their
 * place. Otherwise in and out must not overlap, in this and the next five. Error: RANK. */
DVM_API int dvm_gather(dvm_group group, int root, const void *in, void *out, size_t count,
                       dvm_type type);

/* As dvm_gather, where each task gives a count of its own: at the root counts has them by
 * rank, and offsets where each begins in out, in elements; blocks must not overlap. Elsewhere
 * out, counts and offsets are not used. */
DVM_API int dvm_gatherv(dvm_group group, int root, const void *in, size_t count, void *out,
                        const size_t *counts, const size_t *offsets, dvm_type type);

/* Copy the r-th count elements of root's in to the task with rank r. in is used at the root
 * only, which may give DVM_IN_PLACE as out to leave its own where they are. Error: RANK. */
DVM_API int dvm_scatter(dvm_group group, int root, const void *in, void *out, size_t count,
                        dvm_type type);

/* As dvm_scatter, where each task takes a count of its own; counts and offsets as in
 * dvm_gatherv. */
DVM_API int dvm_scatterv(dvm_group group, int root, const void *in, const size_t *counts,
                         const size_t *offsets, void *out, size_t count, dvm_type type);

/* As dvm_gather, to every task's out. DVM_IN_PLACE as in: each task's own are in their place. */
DVM_API int dvm_allgather(dvm_group group, const void *in, void *out, size_t count,
                          dvm_type type);

/* As dvm_gatherv, to every task's out; all give the same counts. */
DVM_API int dvm_allgatherv(dvm_group group, const void *in, size_t count, void *out,
                           const size_t *counts, const size_t *offsets, dvm_type type);

/* Send the r-th count elements of in to rank r, and receive what rank r has for this task as
 * the r-th count elements of out. in and out must not overlap; with DVM_IN_PLACE as in what is
 * sent is in out, too. */
DVM_API int dvm_alltoall(dvm_group group, const void *in, void *out, size_t count,
                         dvm_type type);

/* As dvm_alltoall, with counts and offsets (in elements) of their own for each rank. What is
 * sent to a rank must be as much as it takes from this task. With DVM_IN_PLACE as in, in_counts
 * and in_offsets are not used. */
DVM_API int dvm_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                          const size_t *in_offsets, void *out, const size_t *out_counts,
                          const size_t *out_offsets, dvm_type type);

/* As dvm_alltoallv, with types of their own for each rank as well, derived ones too; offsets are
 * in bytes. With DVM_IN_PLACE as in, in_counts, in_offsets and in_types are not used. */
DVM_API int dvm_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                          const size_t *in_offsets, const dvm_type *in_types, void *out,
                          const size_t *out_counts, const size_t *out_offsets,
                          const dvm_type *out_types);

/* ---- operators of one's own --------------------------------------------------------- */

/* An operator: left[i] = left[i] op right[i] for count elements of the type. It must be
 * associative. It is called in the middle of a reduction, perhaps by a thread of the
 * library: so it must call no function of DVM but dvm_type_size, and must not wait. Elements of
 * a derived type are where that type says, extent bytes apart; what lies in gaps has no meaning.
 * user: as given to dvm_op_create. */
typedef void dvm_op_function(void *left, const void *right, size_t count, dvm_type type,
                             void *user);

/* Make an operator of a function, for all reductions and all types that the function
 * understands. Each task makes its own; a reduction needs the same at all tasks.
 * commutative: 1 if a op b is b op a, else 0, and all tasks give the same; left is always what
 * lower ranks gave, whichever it is. user: passed on to the function, and never looked at; it must
 * stay until the last reduction with the operator is over. *op receives it. Errors: ARG (no
 * function, no place for the operator), LIMIT (4,096 exist), NO_MEMORY. */
DVM_API int dvm_op_create(dvm_op_function *function, int commutative, void *user, dvm_op *op);

/* End the use of an operator that dvm_op_create made, and set *op to DVM_OP_NONE. Reductions
 * under way go on with its function. DVM_OP_NONE is taken. Errors: OP (no operator, or a
 * built-in one), ARG. */
DVM_API int dvm_op_free(dvm_op *op);

/* Combine two arrays of this task: left[i] = left[i] op right[i]. They must not overlap. Errors:
 * TYPE, OP, ARG, NO_MEMORY. */
DVM_API int dvm_reduce_local(void *left, const void *right, size_t count, dvm_type type,
                             dvm_op op);

/* ---- collectives that go on while the program does ------------------------------- */

/* Each of these starts the collective of its name without the i and returns at once;
 * *request receives the operation, to be ended by dvm_wait, dvm_test, dvm_waitany or
 * dvm_waitall, and until then all buffers belong to the library (counts and offsets do not).
 * Several may be under way in one group: all tasks start them in the same order, among the
 * calls that wait, and all call this form, or a persistent one: the form that waits is
 * another call. They go on in every DVM call that receives or waits, and while the program is
 * in none. Only the first collective of a group waits for all its tasks, in this form, too.
 * Errors: those of the arguments; others come with dvm_wait. Further error: ARG (no place for
 * the request). */
DVM_API int dvm_ibarrier(dvm_group group, struct dvm_request **request);
DVM_API int dvm_ibcast(dvm_group group, int root, void *buf, size_t count, dvm_type type,
                       struct dvm_request **request);
DVM_API int dvm_ireduce(dvm_group group, int root, const void *in, void *out, size_t count,
                        dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_iallreduce(dvm_group group, const void *in, void *out, size_t count,
                           dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_ireduce_scatter_block(dvm_group group, const void *in, void *out, size_t count,
                                      dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_ireduce_scatter(dvm_group group, const void *in, void *out,
                                const size_t *counts, dvm_type type, dvm_op op,
                                struct dvm_request **request);
DVM_API int dvm_iscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                      dvm_op op, struct dvm_request **request);
DVM_API int dvm_iexscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                        dvm_op op, struct dvm_request **request);
DVM_API int dvm_igather(dvm_group group, int root, const void *in, void *out, size_t count,
                        dvm_type type, struct dvm_request **request);
DVM_API int dvm_igatherv(dvm_group group, int root, const void *in, size_t count, void *out,
                         const size_t *counts, const size_t *offsets, dvm_type type,
                         struct dvm_request **request);
DVM_API int dvm_iscatter(dvm_group group, int root, const void *in, void *out, size_t count,
                         dvm_type type, struct dvm_request **request);
DVM_API int dvm_iscatterv(dvm_group group, int root, const void *in, const size_t *counts,
                          const size_t *offsets, void *out, size_t count, dvm_type type,
                          struct dvm_request **request);
DVM_API int dvm_iallgather(dvm_group group, const void *in, void *out, size_t count,
                           dvm_type type, struct dvm_request **request);
DVM_API int dvm_iallgatherv(dvm_group group, const void *in, size_t count, void *out,
                            const size_t *counts, const size_t *offsets, dvm_type type,
                            struct dvm_request **request);
DVM_API int dvm_ialltoall(dvm_group group, const void *in, void *out, size_t count,
                          dvm_type type, struct dvm_request **request);
DVM_API int dvm_ialltoallv(dvm_group group, const void *in, const size_t *in_counts,
                           const size_t *in_offsets, void *out, const size_t *out_counts,
                           const size_t *out_offsets, dvm_type type,
                           struct dvm_request **request);
DVM_API int dvm_ialltoallw(dvm_group group, const void *in, const size_t *in_counts,
                           const size_t *in_offsets, const dvm_type *in_types, void *out,
                           const size_t *out_counts, const size_t *out_offsets,
                           const dvm_type *out_types, struct dvm_request **request);

/* ---- collectives that are described once and started often --------------------------- */

/* Each of these describes the collective of its name without the _init; *request receives it,
 * persistent. dvm_start starts it as the form with the i would, with what is in the buffers
 * then; dvm_wait or the like ends that, and it can be started again. What is to be sent where is
 * reckoned once: counts and offsets need not stay, all buffers do until dvm_request_free.
 *
 * All tasks of the group describe it and start it in the same order, among their other
 * collectives; other tasks may call the form with the i instead of a start. The
 * first collective of a group, and so its description, waits for all its tasks. Errors: those of
 * the arguments; ARG (no place for the request). */
DVM_API int dvm_barrier_init(dvm_group group, struct dvm_request **request);
DVM_API int dvm_bcast_init(dvm_group group, int root, void *buf, size_t count, dvm_type type,
                           struct dvm_request **request);
DVM_API int dvm_reduce_init(dvm_group group, int root, const void *in, void *out, size_t count,
                            dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_allreduce_init(dvm_group group, const void *in, void *out, size_t count,
                               dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_reduce_scatter_block_init(dvm_group group, const void *in, void *out, size_t count,
                                          dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_reduce_scatter_init(dvm_group group, const void *in, void *out,
                                    const size_t *counts, dvm_type type, dvm_op op,
                                    struct dvm_request **request);
DVM_API int dvm_scan_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                          dvm_op op, struct dvm_request **request);
DVM_API int dvm_exscan_init(dvm_group group, const void *in, void *out, size_t count,
                            dvm_type type, dvm_op op, struct dvm_request **request);
DVM_API int dvm_gather_init(dvm_group group, int root, const void *in, void *out, size_t count,
                            dvm_type type, struct dvm_request **request);
DVM_API int dvm_gatherv_init(dvm_group group, int root, const void *in, size_t count, void *out,
                             const size_t *counts, const size_t *offsets, dvm_type type,
                             struct dvm_request **request);
DVM_API int dvm_scatter_init(dvm_group group, int root, const void *in, void *out, size_t count,
                             dvm_type type, struct dvm_request **request);
DVM_API int dvm_scatterv_init(dvm_group group, int root, const void *in, const size_t *counts,
                              const size_t *offsets, void *out, size_t count, dvm_type type,
                              struct dvm_request **request);
DVM_API int dvm_allgather_init(dvm_group group, const void *in, void *out, size_t count,
                               dvm_type type, struct dvm_request **request);
DVM_API int dvm_allgatherv_init(dvm_group group, const void *in, size_t count, void *out,
                                const size_t *counts, const size_t *offsets, dvm_type type,
                                struct dvm_request **request);
DVM_API int dvm_alltoall_init(dvm_group group, const void *in, void *out, size_t count,
                              dvm_type type, struct dvm_request **request);
DVM_API int dvm_alltoallv_init(dvm_group group, const void *in, const size_t *in_counts,
                               const size_t *in_offsets, void *out, const size_t *out_counts,
                               const size_t *out_offsets, dvm_type type,
                               struct dvm_request **request);
DVM_API int dvm_alltoallw_init(dvm_group group, const void *in, const size_t *in_counts,
                               const size_t *in_offsets, const dvm_type *in_types, void *out,
                               const size_t *out_counts, const size_t *out_offsets,
                               const dvm_type *out_types, struct dvm_request **request);

/* ---- grids, graphs, neighbours --------------------------------------------------- */

/* The tasks of a group may be the points of a grid or the vertices of a graph: then each has
 * neighbours, to whom it gives and from whom it takes. Making such a group is a collective of
 * an old group; the new one has messages of its own, and all functions of groups are for it,
 * too. dvm_group_dup copies the neighbours, dvm_group_split and the sets do not. */

enum {
    DVM_CART = 1, /* a grid */
    DVM_GRAPH = 2 /* a graph */
};

#define DVM_DIMS_MAX 32 /* dimensions of a grid */

/* Find extents of a grid of so many tasks: those of the ndims dims that are 0 are filled in,
 * the others stay. The extents found fall or stay equal from first to last, and are as near to
 * each other as they can be: the largest is as small as possible, then the second, and so on.
 * Errors: ARG (no task, 1 to DVM_DIMS_MAX dimensions; the given extents do not divide tasks). */
DVM_API int dvm_dims_create(int tasks, int ndims, int *dims);

/* Make a grid with these ndims (up to DVM_DIMS_MAX) extents, of the first tasks of the group;
 * those beyond the product get DVM_GROUP_NONE. All members give the same. Ranks are
 * row-major: the last coordinate changes from rank to rank. periods: for each dimension 1 when
 * it is a ring, else 0. Without reorder ranks stay; with it the ranks are dealt anew among the
 * grid's tasks, so that fewer neighbours are on different hosts, where that can be. The
 * neighbours of a task are, for each dimension, the one before it and the one behind it:
 * 2 * ndims, of which those beyond an edge are DVM_NULL. Errors: GROUP, ARG (an extent below 1,
 * more points than tasks, members give different grids: all are told), NO_MEMORY, LIMIT,
 * TASK_GONE, HOST_GONE. */
DVM_API int dvm_group_cart(dvm_group group, int ndims, const int *dims, const int *periods,
                           int reorder, dvm_group *result);

/* Divide a grid into grids of fewer dimensions: keep has 1 for those that are kept, 0 for the
 * others; tasks that have the same coordinates in the latter are a group, such as a row. All
 * members call it with the same keep. Errors: as dvm_group_cart; GROUP (no grid). */
DVM_API int dvm_cart_sub(dvm_group group, const int *keep, dvm_group *result);

/* What a grid is: *ndims receives its dimensions, dims and periods the first max of their
 * extents and whether they are rings. Each of the three may be NULL. Error: GROUP (no grid). */
DVM_API int dvm_cart_dims(dvm_group group, int max, int *ndims, int *dims, int *periods);

/* The first max coordinates of a rank, from 0. Errors: GROUP (no grid), RANK, ARG. */
DVM_API int dvm_cart_coords(dvm_group group, int rank, int max, int *coords);

/* The rank at these coordinates, one for each dimension: DVM_NULL beyond an edge; a ring is gone
 * around. Errors: GROUP (no grid), ARG. */
DVM_API int dvm_cart_rank(dvm_group group, const int *coords, int *rank);

/* Who is so many steps away in a dimension (from 0): *dest receives the rank with the coordinate
 * that is larger by steps, *source the one from which this task is seen so: for dvm_sendrecv.
 * DVM_NULL beyond an edge. Errors: GROUP (no grid), ARG (no such dimension). */
DVM_API int dvm_cart_shift(dvm_group group, int dim, int steps, int *source, int *dest);

/* Make a graph of all tasks of the group, each of which gives its own neighbours: the ranks of
 * its sources, from whom it takes, and of its destinations, to whom it gives. Each edge must be
 * given at both its ends, and as often; if not, all are told who gives what. An edge may stand
 * there several times, and lead to the task itself. weights, which only reordering looks at:
 * how much goes there, 0 or more; NULL: 1 each. Without reorder ranks stay; with it (all give
 * the same) they are dealt anew, so that fewer edges lead to other hosts: the task that becomes
 * rank r has the neighbours that rank r of the old group gave, which dvm_neighbours tells.
 * Errors: GROUP, RANK, ARG, NO_MEMORY, LIMIT, TASK_GONE, HOST_GONE. */
DVM_API int dvm_group_graph(dvm_group group, int source_count, const int *sources,
                            const int *source_weights, int destination_count,
                            const int *destinations, const int *destination_weights, int reorder,
                            dvm_group *result);

/* The same, where each task gives any count edges of the graph, from rank to rank, and each edge
 * is given once, by any task. Neighbours are in the order in which the edges were given, those
 * that rank 0 gave first. */
DVM_API int dvm_group_graph_edges(dvm_group group, int count, const int *from, const int *to,
                                  const int *weights, int reorder, dvm_group *result);

/* What the group is: *kind receives DVM_CART, DVM_GRAPH, or DVM_NULL. Errors: GROUP, ARG. */
DVM_API int dvm_topology(dvm_group group, int *kind);

/* How many neighbours this task has, those of a grid that are DVM_NULL included. Errors: GROUP
 * (the group's tasks have no neighbours), ARG. */
DVM_API int dvm_neighbour_count(dvm_group group, int *sources, int *destinations);

/* The ranks of this task's first max_sources sources and first max_destinations destinations,
 * with their weights, in the order in which collectives among neighbours take them. Each of
 * the four places may be NULL. Error: GROUP. */
DVM_API int dvm_neighbours(dvm_group group, int max_sources, int *sources, int *source_weights,
                           int max_destinations, int *destinations, int *destination_weights);

/* ---- collectives among neighbours -------------------------------------------------- */

/* All tasks of the group call them, as other collectives; each talks with its neighbours only.
 * Blocks are in the order of dvm_neighbours: what goes to a destination is taken from the block
 * at its place in in, what comes from a source goes to its place in out. The blocks of
 * neighbours that are DVM_NULL are there and not touched. What goes and what comes must not
 * overlap. Each edge must have the same amount at both ends. In a grid what a task gives to the
 * neighbour before it comes to that one from the neighbour behind it, also where both are the
 * same task. Errors: as of the other collectives; GROUP (no neighbours). */

/* Give the same count elements of in to each destination. out: count elements of each source. */
DVM_API int dvm_neighbour_allgather(dvm_group group, const void *in, void *out, size_t count,
                                    dvm_type type);

/* The same, with as many from each source as counts says, at offsets (in elements). */
DVM_API int dvm_neighbour_allgatherv(dvm_group group, const void *in, size_t count, void *out,
                                     const size_t *counts, const size_t *offsets, dvm_type type);

/* Give count elements of its own to each destination, and take as many from each source. */
DVM_API int dvm_neighbour_alltoall(dvm_group group, const void *in, void *out, size_t count,
                                   dvm_type type);

/* The same, with counts and offsets (in elements) of their own for each neighbour. */
DVM_API int dvm_neighbour_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                                    const size_t *in_offsets, void *out,
                                    const size_t *out_counts, const size_t *out_offsets,
                                    dvm_type type);

/* The same, with types of their own as well; offsets are in bytes. */
DVM_API int dvm_neighbour_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                                    const size_t *in_offsets, const dvm_type *in_types, void *out,
                                    const size_t *out_counts, const size_t *out_offsets,
                                    const dvm_type *out_types);

/* The same five, which go on while the program does: see dvm_ibarrier. */
DVM_API int dvm_ineighbour_allgather(dvm_group group, const void *in, void *out, size_t count,
                                     dvm_type type, struct dvm_request **request);
DVM_API int dvm_ineighbour_allgatherv(dvm_group group, const void *in, size_t count, void *out,
                                      const size_t *counts, const size_t *offsets, dvm_type type,
                                      struct dvm_request **request);
DVM_API int dvm_ineighbour_alltoall(dvm_group group, const void *in, void *out, size_t count,
                                    dvm_type type, struct dvm_request **request);
DVM_API int dvm_ineighbour_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                                     const size_t *in_offsets, void *out,
                                     const size_t *out_counts, const size_t *out_offsets,
                                     dvm_type type, struct dvm_request **request);
DVM_API int dvm_ineighbour_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                                     const size_t *in_offsets, const dvm_type *in_types,
                                     void *out, const size_t *out_counts,
                                     const size_t *out_offsets, const dvm_type *out_types,
                                     struct dvm_request **request);

/* And described once, to be started often: see dvm_barrier_init. */
DVM_API int dvm_neighbour_allgather_init(dvm_group group, const void *in, void *out, size_t count,
                                         dvm_type type, struct dvm_request **request);
DVM_API int dvm_neighbour_allgatherv_init(dvm_group group, const void *in, size_t count, void *out,
                                          const size_t *counts, const size_t *offsets,
                                          dvm_type type, struct dvm_request **request);
DVM_API int dvm_neighbour_alltoall_init(dvm_group group, const void *in, void *out, size_t count,
                                        dvm_type type, struct dvm_request **request);
DVM_API int dvm_neighbour_alltoallv_init(dvm_group group, const void *in, const size_t *in_counts,
                                         const size_t *in_offsets, void *out,
                                         const size_t *out_counts, const size_t *out_offsets,
                                         dvm_type type, struct dvm_request **request);
DVM_API int dvm_neighbour_alltoallw_init(dvm_group group, const void *in, const size_t *in_counts,
                                         const size_t *in_offsets, const dvm_type *in_types,
                                         void *out, const size_t *out_counts,
                                         const size_t *out_offsets, const dvm_type *out_types,
                                         struct dvm_request **request);

/* ---- hosts ------------------------------------------------------------------------ */

enum { DVM_HOST_UP = 1, DVM_HOST_LEAVING = 2, DVM_HOST_LOST = 3 };

struct dvm_host {
    int slot;                     /* its place in the machine; tid & 0x3ffc0000 == slot << 18 */
    int state;                    /* DVM_HOST_... */
    int cores;                    /* cores that tasks may use */
    int tasks;                    /* tasks that run there, as last heard */
    char name[DVM_NAME_MAX];
    char address[DVM_NAME_MAX];   /* "192.0.2.7:7117", or "local" */
    char arch[16];                /* such as "x86_64" */
    char version[16];             /* of its daemon */
};

/* The slot of the host that a tid lives on. */
#define DVM_TID_SLOT(tid) (((tid) & 0x3ffc0000) >> 18)

/* List the hosts. list: max places, or NULL with max 0; *count receives how many
 * hosts there are, which may be more than max. Error: ARG. */
DVM_API int dvm_hosts(struct dvm_host *list, size_t max, size_t *count);

/* Add hosts by name; hosts is a list such as "node[1-8,12]". Starts a daemon on
 * each over ssh, as `dvm add` does, and returns when each is usable or has
 * failed. *added, which may be NULL, receives how many joined. Errors: ARG (bad
 * list), NO_HOST (at least one did not join; the sentence names each and why),
 * NO_PROGRAM (the console program dvm is not installed beside the library). */
DVM_API int dvm_add_hosts(const char *hosts, int *added);

/* Remove a host by name: its tasks are ended, its daemon leaves. Errors: NO_HOST,
 * REFUSED (the host of the coordinator, or of this task). */
DVM_API int dvm_remove_host(const char *name);

/* ---- tasks -------------------------------------------------------------------------- */

enum { DVM_TASK_STARTING = 1, DVM_TASK_RUNNING = 2, DVM_TASK_ENDED = 3 };

struct dvm_task {
    int tid;
    int parent;                 /* tid of the task that spawned it, 0 for none */
    int rank;                   /* in its DVM_WORLD */
    int world_size;
    int state;                  /* DVM_TASK_... */
    int pid;                    /* on its host */
    double age;                 /* seconds since it was started */
    char host[DVM_NAME_MAX];
    char program[128];          /* its end, if the name is longer */
};

/* List the tasks of the machine, this one included; as dvm_hosts. */
DVM_API int dvm_tasks(struct dvm_task *list, size_t max, size_t *count);

struct dvm_spawn {
    const char *program;      /* a path, or a name looked up in PATH on each host; without a
                               * slash the folder of the caller's program comes first */
    const char *const *args;  /* NULL, or arguments without the program's name, NULL at the end */
    const char *where;        /* NULL: spread over all hosts; or a list such as "node[3-8]" */
    const char *const *env;   /* NULL, or "NAME=value" to set besides the caller's environment,
                               * NULL at the end */
    const char *directory;    /* NULL: the caller's working directory */
    uint64_t reserved[4];     /* zero */
};

/* Start count tasks, together in a DVM_WORLD of their own. tids: count places;
 * each receives the new task's tid or a negative error. errors: NULL, or count
 * places for the codes (DVM_OK for those that started). The environment of the
 * caller is carried along. Returns DVM_OK when all started; else the first error:
 * ARG, NO_HOST, NO_PROGRAM, SPAWN, LIMIT. */
DVM_API int dvm_spawn(const struct dvm_spawn *what, int count, int *tids, int *errors);

/* Send a signal (a number of <signal.h>) to a task and what it started. Errors:
 * NO_TASK, ARG (bad number). */
DVM_API int dvm_kill(int tid, int signal);

struct dvm_exit {
    int tid;
    int status; /* exit status 0-255; -1 when a signal or the loss of its host ended it */
    int signal; /* the signal that ended it, 0 for none */
    int lost;   /* 1 when its host was lost */
};

/* Wait until a task has ended, at most timeout seconds (negative: for ever). how
 * may be NULL. An ended task can be asked for during 10 minutes; one of a host that is
 * not in the machine counts as lost with it. Errors: NO_TASK, TIMEOUT. */
DVM_API int dvm_task_wait(int tid, double timeout, struct dvm_exit *how);

enum {
    DVM_TASK_EXIT = 1, /* one of the given tasks ended */
    DVM_HOST_DOWN = 2, /* one of the given hosts left or was lost */
    DVM_HOST_NEW = 3   /* a host joined */
};

/* Ask for a message when something happens. what: DVM_TASK_EXIT with count tids,
 * DVM_HOST_DOWN with count tids of hosts or tasks on them, or DVM_HOST_NEW with
 * tids NULL and count the number of messages wanted (-1: for ever). Each event
 * sends one message in DVM_UNIVERSE with the given tag and four DVM_INT: tid of
 * the task or host, exit status (-1 for none), signal, 1 if its host was lost;
 * for a host one, also when several of its tids are in the list.
 * Its source is that tid; a host's is slot << 18. A receive may name a host as its
 * source, and goes on waiting when the host is lost; news of a task is received
 * from DVM_ANY, since a receive that names a task fails when that has ended. A task
 * that has ended already is told of at once. Errors: ARG, TAG. */
DVM_API int dvm_notify(int what, const int *tids, int count, int tag);

#ifdef __cplusplus
}
#endif

#endif
