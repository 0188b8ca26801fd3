/* board.c: writing and reading the record of board.h, and the words of its numbers.
 *
 * The usual fences of a sequence lock are replaced by releases and acquires of the fields
 * themselves, which cost nothing on most processors and which ThreadSanitizer understands:
 * who sees a field of the next wait sees its odd sequence, too.
 */
#include "proto/board.h"

#include <stddef.h>

#include "dvm.h"
#include "proto/frame.h"

#define TRIES 64 /* of a reader; to write takes some nanoseconds */

static const char *const calls[DVM_BOARD_CALL_END] = {
    [DVM_BOARD_NOTHING] = "nothing",     [DVM_BOARD_RECV] = "recv",
    [DVM_BOARD_SEND] = "send",           [DVM_BOARD_SSEND] = "ssend",
    [DVM_BOARD_BSEND] = "bsend",         [DVM_BOARD_SENDRECV] = "sendrecv",
    [DVM_BOARD_WAIT] = "wait",           [DVM_BOARD_WAITANY] = "waitany",
    [DVM_BOARD_WAITALL] = "waitall",     [DVM_BOARD_PROBE] = "probe",
    [DVM_BOARD_MPROBE] = "mprobe",       [DVM_BOARD_MRECV] = "mrecv",
    [DVM_BOARD_FINALIZE] = "finalize",   [DVM_BOARD_BARRIER] = "barrier",
    [DVM_BOARD_BCAST] = "bcast",         [DVM_BOARD_REDUCE] = "reduce",
    [DVM_BOARD_ALLREDUCE] = "allreduce", [DVM_BOARD_GROUP_CREATE] = "group_create",
    [DVM_BOARD_GROUP_DUP] = "group_dup", [DVM_BOARD_GROUP_SPLIT] = "group_split",
    [DVM_BOARD_GATHER] = "gather",       [DVM_BOARD_SCATTER] = "scatter",
    [DVM_BOARD_ALLGATHER] = "allgather", [DVM_BOARD_ALLTOALL] = "alltoall",
    [DVM_BOARD_SCAN] = "scan",           [DVM_BOARD_REDUCE_SCATTER] = "reduce_scatter",
    [DVM_BOARD_GROUP_CART] = "group_cart", [DVM_BOARD_CART_SUB] = "cart_sub",
    [DVM_BOARD_GROUP_GRAPH] = "group_graph",
    [DVM_BOARD_NEIGHBOUR_ALLGATHER] = "neighbour_allgather",
    [DVM_BOARD_NEIGHBOUR_ALLTOALL] = "neighbour_alltoall",
    [DVM_BOARD_GROUP_AGREE] = "group_agree", [DVM_BOARD_GROUP_SHRINK] = "group_shrink",
    [DVM_BOARD_REQUEST] = "request",
    [DVM_BOARD_SPAWN] = "spawn",         [DVM_BOARD_HOSTS] = "hosts",
    [DVM_BOARD_TASKS] = "tasks",         [DVM_BOARD_KILL] = "kill",
    [DVM_BOARD_TASK_WAIT] = "task_wait", [DVM_BOARD_NOTIFY] = "notify",
    [DVM_BOARD_REMOVE_HOST] = "remove_host",
    [DVM_BOARD_NAMED_JOIN] = "named_join",   [DVM_BOARD_NAMED_LEAVE] = "named_leave",
    [DVM_BOARD_NAMED_SIZE] = "named_size",   [DVM_BOARD_NAMED_TID] = "named_tid",
    [DVM_BOARD_NAMED_TIDS] = "named_tids",   [DVM_BOARD_NAMED_INSTANCE] = "named_instance",
    [DVM_BOARD_NAMED_BCAST] = "named_bcast", [DVM_BOARD_NAMED_BARRIER] = "named_barrier",
    [DVM_BOARD_VALUE_PUT] = "value_put",     [DVM_BOARD_VALUE_GET] = "value_get",
    [DVM_BOARD_VALUES] = "values",           [DVM_BOARD_VALUE_DELETE] = "value_delete",
    [DVM_BOARD_NAMED_FREEZE] = "named_freeze", [DVM_BOARD_GROUP_JOINT] = "group_joint",
};

static const char *const whys[DVM_BOARD_WHY_END] = {
    [DVM_BOARD_MESSAGE] = "message", [DVM_BOARD_MATCH] = "match",
    [DVM_BOARD_CREDIT] = "credit",   [DVM_BOARD_ROOM] = "room",
    [DVM_BOARD_BYTES] = "bytes",     [DVM_BOARD_COPIES] = "copies",
    [DVM_BOARD_ANSWER] = "answer",   [DVM_BOARD_END] = "end",
};

void dvm_board_write(struct dvm_board *b, const struct dvm_wait *w)
{
    uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_relaxed);

    atomic_store_explicit(&b->sequence, sequence + 1, memory_order_relaxed);
    /* each pairs with the reader's acquire of the same field: it sees the odd sequence */
    atomic_store_explicit(&b->call, w->call, memory_order_release);
    atomic_store_explicit(&b->why, w->why, memory_order_release);
    atomic_store_explicit(&b->threads, w->threads, memory_order_release);
    atomic_store_explicit(&b->context, w->context, memory_order_release);
    atomic_store_explicit(&b->peer, w->peer, memory_order_release);
    atomic_store_explicit(&b->tag, w->tag, memory_order_release);
    atomic_store_explicit(&b->bytes, w->bytes, memory_order_release);
    atomic_store_explicit(&b->since, w->since, memory_order_release);
    atomic_store_explicit(&b->site, w->site, memory_order_release);
    atomic_store_explicit(&b->requests, w->requests, memory_order_release);
    atomic_store_explicit(&b->timed, w->timed, memory_order_release);
    atomic_store_explicit(&b->waits, w->waits, memory_order_release);
    /* pairs with the reader's first load of sequence: it sees all fields */
    atomic_store_explicit(&b->sequence, sequence + 2, memory_order_release);
}

/* One try. */
static bool copy(const struct dvm_board *b, struct dvm_wait *w)
{
    /* acquires: see dvm_board_write */
    uint32_t sequence = atomic_load_explicit(&b->sequence, memory_order_acquire);

    w->call = atomic_load_explicit(&b->call, memory_order_acquire);
    w->why = atomic_load_explicit(&b->why, memory_order_acquire);
    w->threads = atomic_load_explicit(&b->threads, memory_order_acquire);
    w->context = atomic_load_explicit(&b->context, memory_order_acquire);
    w->peer = atomic_load_explicit(&b->peer, memory_order_acquire);
    w->tag = atomic_load_explicit(&b->tag, memory_order_acquire);
    w->bytes = atomic_load_explicit(&b->bytes, memory_order_acquire);
    w->since = atomic_load_explicit(&b->since, memory_order_acquire);
    w->site = atomic_load_explicit(&b->site, memory_order_acquire);
    w->requests = atomic_load_explicit(&b->requests, memory_order_acquire);
    w->timed = atomic_load_explicit(&b->timed, memory_order_acquire) != 0;
    w->waits = atomic_load_explicit(&b->waits, memory_order_acquire);
    return sequence % 2 == 0 &&
           atomic_load_explicit(&b->sequence, memory_order_relaxed) == sequence;
}

static bool known(const char *const *words, size_t count, unsigned number)
{
    return number < count && words[number];
}

static bool sound(const struct dvm_wait *w)
{
    return known(calls, DVM_BOARD_CALL_END, w->call) &&
           known(whys, DVM_BOARD_WHY_END, w->why) && w->threads > 0 && w->tag >= DVM_ANY &&
           (w->peer == DVM_ANY || w->peer == DVM_NULL || DVM_TID_OK(w->peer));
}

bool dvm_board_read(const struct dvm_board *board, struct dvm_wait *out)
{
    for (int i = 0; i < TRIES; i++)
        if (copy(board, out))
            return out->call == DVM_BOARD_NOTHING || sound(out);
    return false;
}

bool dvm_board_collective(unsigned call)
{
    return call >= DVM_BOARD_BARRIER && call < DVM_BOARD_REQUEST;
}

const char *dvm_board_call_name(unsigned call)
{
    return known(calls, DVM_BOARD_CALL_END, call) ? calls[call] : "call";
}

const char *dvm_board_why_name(unsigned why)
{
    return known(whys, DVM_BOARD_WHY_END, why) ? whys[why] : "unknown";
}
