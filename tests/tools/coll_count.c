/* coll_count.c BARRIER ALLREDUCE: how many messages between hosts a barrier and an allreduce
 * of 8 bytes take, counted where they are sent, and how many the algorithms of these names
 * (libdvm/coll/) are bound to take with the tasks placed as they are. Ends with 0 only when
 * both are the same and the sums are right. Words of tasks that wait for long
 * (libdvm/coll/records.c) are no part of an algorithm and counted for themselves. A task with
 * the library inside, linked so that what it sends comes by here (--wrap).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "group/context.h"
#include "proto/frame.h"
#include "stream/stream.h"

enum { CALLS = 5, WARM = 2 };

static int me, size;
static int *slots;        /* of the tasks by rank */
static long far, words;   /* messages to other hosts, since they were set to 0 */

void __real_stream_send(struct stream_send *send);
bool __real_stream_send_now(struct stream *s, uint64_t context, int tag, const void *bytes,
                            size_t length, uint32_t type);
void __wrap_stream_send(struct stream_send *send);
bool __wrap_stream_send_now(struct stream *s, uint64_t context, int tag, const void *bytes,
                            size_t length, uint32_t type);

static void count_one(const struct stream *s, uint64_t context)
{
    if (!slots || s->peer.tid >> DVM_TID_N_BITS == slots[me])
        return;
    if (context & CONTEXT_ALARM)
        words++;
    else
        far++;
}

void __wrap_stream_send(struct stream_send *send)
{
    count_one(send->stream, send->context);
    __real_stream_send(send);
}

bool __wrap_stream_send_now(struct stream *s, uint64_t context, int tag, const void *bytes,
                            size_t length, uint32_t type)
{
    bool went = __real_stream_send_now(s, context, tag, bytes, length, type);

    if (went) /* else it comes by again, as the other */
        count_one(s, context);
    return went;
}

/* ---- what the algorithms are bound to take ------------------------------------------ */

/* Messages of one round in which each rank sends to one: how many go to another host. */
static long round_of(int (*partner)(int rank, int distance), int distance)
{
    long n = 0;

    for (int r = 0; r < size; r++)
        n += slots[r] != slots[partner(r, distance)];
    return n;
}

static int after(int rank, int distance)
{
    return (rank + distance) % size;
}

static int opposite(int rank, int distance)
{
    return rank ^ distance;
}

static int centre(int rank, int distance)
{
    (void)rank, (void)distance;
    return 0;
}

/* Of two levels: a round of all hosts for each doubling; as many hosts as the tasks are on. */
static long bound_hosts(void)
{
    long hosts = 0, n = 0;

    for (int r = 0; r < size; r++) {
        int first = 0;

        while (slots[first] != slots[r])
            first++;
        hosts += first == r;
    }
    for (long distance = 1; distance < hosts; distance *= 2)
        n += hosts;
    return n;
}

/* Of star, dissemination, two levels, and doubling where the tasks (hosts) are a power of two;
 * else -1. */
static long bound(const char *algorithm)
{
    int (*partner)(int, int) = strcmp(algorithm, "dissemination") == 0 ? after : opposite;
    long n = 0;

    if (strcmp(algorithm, "hosts") == 0)
        return bound_hosts();
    if (strcmp(algorithm, "star") == 0)
        return 2 * round_of(centre, 0); /* there, and back */
    if (partner == opposite && (strcmp(algorithm, "doubling") != 0 || size & (size - 1)))
        return -1;
    for (int distance = 1; distance < size; distance *= 2)
        n += round_of(partner, distance);
    return n;
}

/* ---- counting ------------------------------------------------------------------------- */

static void barrier(void)
{
    dvm_barrier(DVM_WORLD);
}

static void allreduce(void)
{
    double mine = me + 1, all = 0;

    dvm_allreduce(DVM_WORLD, &mine, &all, 1, DVM_DOUBLE, DVM_SUM);
    if (all != (double)size * (size + 1) / 2) {
        fprintf(stderr, "rank %d: the sum is %g\n", me, all);
        dvm_abort(DVM_WORLD, 1);
    }
}

/* Returns whether the number is the bound; rank 0 knows. */
static bool count(const char *what, void (*call)(void), const char *algorithm)
{
    long mine[2], all[2] = {0, 0}, most = bound(algorithm);

    for (int i = 0; i < WARM; i++)
        call();
    far = words = 0;
    for (int i = 0; i < CALLS; i++)
        call();
    mine[0] = far;
    mine[1] = words;
    dvm_reduce(DVM_WORLD, 0, mine, all, 2, DVM_LONG, DVM_SUM);
    if (me == 0)
        printf("%s %s: %ld.%ld messages between hosts, bound %ld; %ld words in %d calls\n", what,
               algorithm, all[0] / CALLS, all[0] % CALLS * 10 / CALLS, most, all[1], CALLS);
    return me != 0 || all[0] == most * CALLS;
}

int main(int argc, char **argv)
{
    bool equal;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &size);
    slots = calloc((size_t)size, sizeof *slots);
    if (argc != 3 || !slots)
        dvm_abort(DVM_WORLD, 2);
    dvm_group_tids(DVM_WORLD, slots, size);
    for (int r = 0; r < size; r++)
        slots[r] >>= DVM_TID_N_BITS;
    equal = count("barrier", barrier, argv[1]);
    equal &= count("allreduce", allreduce, argv[2]);
    dvm_finalize();
    return !equal;
}
