/* board.h: what a task waits for, in 64 bytes of its inbox (segment.h), and the numbers
 * that say it there and in WAITING of control.proto. Numbers are never given to another
 * meaning.
 *
 * The task alone writes the record; its daemon reads it when somebody asks. sequence is
 * odd while the record is being written, so that a reader takes nothing of two waits
 * together. A reader believes nothing: what a task writes there is its own business.
 */
#ifndef DVM_PROTO_BOARD_H
#define DVM_PROTO_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The public call that waits. */
enum dvm_board_call {
    DVM_BOARD_NOTHING = 0, /* the task does not wait */
    DVM_BOARD_RECV = 1,
    DVM_BOARD_SEND = 2,
    DVM_BOARD_SSEND = 3,
    DVM_BOARD_BSEND = 4,
    DVM_BOARD_SENDRECV = 5,
    DVM_BOARD_WAIT = 6,
    DVM_BOARD_WAITANY = 7,
    DVM_BOARD_WAITALL = 8,
    DVM_BOARD_PROBE = 9,
    DVM_BOARD_MPROBE = 10,
    DVM_BOARD_MRECV = 11,
    DVM_BOARD_FINALIZE = 12,
    DVM_BOARD_BARRIER = 32,
    DVM_BOARD_BCAST = 33,
    DVM_BOARD_REDUCE = 34,
    DVM_BOARD_ALLREDUCE = 35,
    DVM_BOARD_GROUP_CREATE = 36, /* and its kin that make a group of a list */
    DVM_BOARD_GROUP_DUP = 37,
    DVM_BOARD_GROUP_SPLIT = 38,
    DVM_BOARD_GATHER = 39,
    DVM_BOARD_SCATTER = 40,
    DVM_BOARD_ALLGATHER = 41,
    DVM_BOARD_ALLTOALL = 42,
    DVM_BOARD_REDUCE_SCATTER = 43,
    DVM_BOARD_SCAN = 44,
    DVM_BOARD_GROUP_CART = 52,
    DVM_BOARD_CART_SUB = 53,
    DVM_BOARD_GROUP_GRAPH = 54,
    DVM_BOARD_NEIGHBOUR_ALLGATHER = 55,
    DVM_BOARD_NEIGHBOUR_ALLTOALL = 56,
    DVM_BOARD_GROUP_JOINT = 57,
    DVM_BOARD_GROUP_AGREE = 60,
    DVM_BOARD_GROUP_SHRINK = 61,
    DVM_BOARD_REQUEST = 64, /* of a daemon, for something that has no number of its own */
    DVM_BOARD_SPAWN = 65,
    DVM_BOARD_HOSTS = 66,
    DVM_BOARD_TASKS = 67,
    DVM_BOARD_KILL = 68,
    DVM_BOARD_TASK_WAIT = 69,
    DVM_BOARD_NOTIFY = 70,
    DVM_BOARD_REMOVE_HOST = 71,
    DVM_BOARD_NAMED_JOIN = 72,
    DVM_BOARD_NAMED_LEAVE = 73,
    DVM_BOARD_NAMED_SIZE = 74,
    DVM_BOARD_NAMED_TID = 75,
    DVM_BOARD_NAMED_INSTANCE = 76,
    DVM_BOARD_NAMED_TIDS = 77,
    DVM_BOARD_NAMED_BARRIER = 78,
    DVM_BOARD_NAMED_FREEZE = 79,
    DVM_BOARD_NAMED_BCAST = 80,
    DVM_BOARD_VALUE_PUT = 82,
    DVM_BOARD_VALUE_GET = 83,
    DVM_BOARD_VALUE_DELETE = 84,
    DVM_BOARD_VALUES = 85,
    DVM_BOARD_CALL_END
};

/* What must happen before it goes on. */
enum dvm_board_why {
    DVM_BOARD_MESSAGE = 1, /* the peer sends such a message */
    DVM_BOARD_MATCH = 2,   /* the peer receives the message */
    DVM_BOARD_CREDIT = 3,  /* the peer receives what it has, and so gives credit */
    DVM_BOARD_ROOM = 4,    /* the way to the peer has room, or is open */
    DVM_BOARD_BYTES = 5,   /* the message, which is matched, has gone or come whole */
    DVM_BOARD_COPIES = 6,  /* the peer takes buffered sends: no more may be kept */
    DVM_BOARD_ANSWER = 7,  /* the daemon (peer) answers */
    DVM_BOARD_END = 8,     /* the task (peer) ends */
    DVM_BOARD_WHY_END
};

/* As it lies in shared memory: one line. */
struct dvm_board {
    _Atomic uint32_t sequence; /* odd while the rest is being written */
    _Atomic uint8_t call;      /* enum dvm_board_call */
    _Atomic uint8_t why;       /* enum dvm_board_why */
    _Atomic uint16_t threads;  /* that wait; the record tells of the one that came last */
    _Atomic uint64_t context;  /* of the message; 0: DVM_UNIVERSE, or there is none */
    _Atomic int32_t peer;      /* tid; DVM_ANY: anybody */
    _Atomic int32_t tag;       /* DVM_ANY: any */
    _Atomic uint64_t bytes;    /* of the message, or the room for it */
    _Atomic uint64_t since;    /* clock_ns of this host */
    _Atomic uint64_t site;     /* return address of the user's call; 0: not known */
    _Atomic uint32_t requests; /* that a waitany or waitall waits for; the first is told of */
    _Atomic uint32_t timed;    /* 1: it may end though no other task acts (limit, threads) */
    _Atomic uint64_t waits;    /* that were put here since the task enrolled */
};

_Static_assert(sizeof(struct dvm_board) == 64, "the board is one line");

/* The same, as it was at one moment. */
struct dvm_wait {
    uint8_t call, why;
    uint16_t threads;
    uint64_t context;
    int peer, tag;
    uint64_t bytes, since, site;
    uint32_t requests;
    bool timed;
    uint64_t waits;
};

/* Take a copy. false: none is to be had (it is being written again and again, or its writer
 * stopped in the middle), or it makes no sense; then *out is undefined. call may be
 * DVM_BOARD_NOTHING: then the rest but waits says nothing. since is not checked. */
bool dvm_board_read(const struct dvm_board *board, struct dvm_wait *out);

/* Put a wait there. For its one writer. */
void dvm_board_write(struct dvm_board *board, const struct dvm_wait *wait);

/* Whether all members of a group make this call together: its messages have no tag. */
bool dvm_board_collective(unsigned call);

/* "recv", without the dvm_ of the function; "call" for a number that is not known. */
const char *dvm_board_call_name(unsigned call);

/* One word such as "credit"; "unknown" for a number that is not known. */
const char *dvm_board_why_name(unsigned why);

#endif
