/* collective.c: collectives of all tasks. A new one is a function in api.h, a kind here
 * and a row in measure.c. The root is rank 0.
 */
#include <stddef.h>

#include "measure.h"

static void nothing_prepared(size_t bytes, unsigned salt)
{
    (void)bytes;
    (void)salt;
}

static void barrier_once(size_t bytes)
{
    (void)bytes;
    api.barrier();
}

static int nothing_received(size_t bytes, unsigned salt, int calls)
{
    (void)bytes;
    (void)salt;
    (void)calls;
    return 1;
}

static void bcast_prepare(size_t bytes, unsigned salt)
{
    number = sum = 0;
    if (rank == 0)
        pattern_fill(out, bytes, 0, salt);
    else
        memset(out, 0x5a, bytes);
}

static void bcast_once(size_t bytes)
{
    if (rank == 0)
        put_number(out);
    api.bcast(out, bytes);
    if (rank != 0)
        take_number(out);
}

static int bcast_right(size_t bytes, unsigned salt, int calls)
{
    return rank == 0 ||
           (sum == numbers_until((uint64_t)calls) && pattern_right(out, bytes, 0, salt));
}

/* What a task contributes at place k: small whole numbers, so that any order of adding
 * gives the same. Place 0 is the number of the call. */
static double contribution(size_t k, int task, unsigned salt)
{
    return (double)((uint64_t)(task + 1) * (k % 7 + salt % 5 + 1));
}

static void reduce_prepare(size_t bytes, unsigned salt)
{
    double *mine = (double *)(void *)out;
    size_t k;

    number = sum = 0;
    for (k = 1; k < bytes / sizeof *mine; k++)
        mine[k] = contribution(k, rank, salt);
    memset(in, 0x5a, bytes);
}

static void reduce_once(size_t bytes)
{
    double *mine = (double *)(void *)out, *all = (double *)(void *)in;

    mine[0] = (double)number++;
    api.reduce(mine, all, bytes / sizeof *mine);
    if (rank == 0)
        sum += (uint64_t)all[0];
}

static void allreduce_once(size_t bytes)
{
    double *mine = (double *)(void *)out, *all = (double *)(void *)in;

    mine[0] = (double)number++;
    api.allreduce(mine, all, bytes / sizeof *mine);
    sum += (uint64_t)all[0];
}

static int allreduce_right(size_t bytes, unsigned salt, int calls)
{
    const double *all = (const double *)(const void *)in;
    double tasks = (double)size * (size + 1) / 2;
    size_t k;

    for (k = 1; k < bytes / sizeof *all; k++)
        if (all[k] != tasks * contribution(k, 0, salt))
            return 0;
    return sum == (uint64_t)size * numbers_until((uint64_t)calls);
}

static int reduce_right(size_t bytes, unsigned salt, int calls)
{
    return rank != 0 || allreduce_right(bytes, salt, calls);
}

/* Of allgather and alltoall each task has a block for each task, at most LARGEST in all.
 * What one sends to another has a pattern of the pair; allgather's goes to all, so to 0. */
static int pair(int from, int to)
{
    return from * size + to;
}

static void blocks_prepare(size_t bytes, unsigned salt)
{
    int task;

    if (bytes * (size_t)size > LARGEST)
        wrong("too many tasks for the buffers");
    number = sum = 0;
    for (task = 0; task < size; task++)
        pattern_fill(out + (size_t)task * bytes, bytes, pair(rank, task), salt);
    memset(in, 0x5a, bytes * (size_t)size);
}

static void take_numbers(size_t bytes)
{
    int task;

    for (task = 0; task < size; task++)
        take_number(in + (size_t)task * bytes);
}

static int blocks_right(size_t bytes, unsigned salt, int calls, int to)
{
    int task;

    for (task = 0; task < size; task++)
        if (!pattern_right(in + (size_t)task * bytes, bytes, pair(task, to), salt))
            return 0;
    return sum == (uint64_t)size * numbers_until((uint64_t)calls);
}

static void allgather_once(size_t bytes)
{
    put_number(out);
    api.allgather(out, in, bytes);
    take_numbers(bytes);
}

static int allgather_right(size_t bytes, unsigned salt, int calls)
{
    return blocks_right(bytes, salt, calls, 0);
}

static void alltoall_once(size_t bytes)
{
    int task;

    for (task = 0; task < size; task++)
        memcpy(out + (size_t)task * bytes, &number, sizeof number);
    number++;
    api.alltoall(out, in, bytes);
    take_numbers(bytes);
}

static int alltoall_right(size_t bytes, unsigned salt, int calls)
{
    return blocks_right(bytes, salt, calls, rank);
}

/* Of neighbours block 0 goes to the task before and comes from it, block 1 behind. */
static void neighbours_prepare(size_t bytes, unsigned salt)
{
    number = sum = 0;
    pattern_fill(out, bytes, 2 * rank, salt);
    pattern_fill(out + bytes, bytes, 2 * rank + 1, salt);
    memset(in, 0x5a, 2 * bytes);
}

static void neighbours_once(size_t bytes)
{
    memcpy(out, &number, sizeof number);
    put_number(out + bytes);
    api.neighbours(out, in, bytes);
    take_number(in);
    take_number(in + bytes);
}

/* Where there are two tasks, each is before and behind the other: MPI's libraries do not
 * agree which block is which then. */
static int neighbours_right(size_t bytes, unsigned salt, int calls)
{
    int before = (rank + size - 1) % size, behind = (rank + 1) % size;

    if (sum != 2 * numbers_until((uint64_t)calls))
        return 0;
    return (pattern_right(in, bytes, 2 * before + 1, salt) &&
            pattern_right(in + bytes, bytes, 2 * behind, salt)) ||
           (size == 2 && pattern_right(in, bytes, 2 * before, salt) &&
            pattern_right(in + bytes, bytes, 2 * behind + 1, salt));
}

const struct kind barrier = {
    nothing_prepared, barrier_once, nothing_received, offsetof(struct api, barrier)
};
const struct kind bcast = { bcast_prepare, bcast_once, bcast_right, offsetof(struct api, bcast) };
const struct kind reduce = {
    reduce_prepare, reduce_once, reduce_right, offsetof(struct api, reduce)
};
const struct kind allreduce = {
    reduce_prepare, allreduce_once, allreduce_right, offsetof(struct api, allreduce)
};
const struct kind allgather = {
    blocks_prepare, allgather_once, allgather_right, offsetof(struct api, allgather)
};
const struct kind alltoall = {
    blocks_prepare, alltoall_once, alltoall_right, offsetof(struct api, alltoall)
};
const struct kind neighbours = {
    neighbours_prepare, neighbours_once, neighbours_right, offsetof(struct api, neighbours)
};
