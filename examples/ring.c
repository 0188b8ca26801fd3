/* ring.c: a token goes around, and everybody adds to it.
 *
 * The tasks stand in a ring: rank r sends to r + 1, the last one to rank 0. A
 * token of --size numbers goes around --rounds times, and every task adds its
 * rank to each of them. At any time exactly one task has the token, so the time
 * of a round divided by the tasks is the time of one message: the program is
 * also a small measuring instrument.
 */
#include <dvm.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/options.h"

enum { TAG_TOKEN = 1 };

static void add(int64_t *token, long size, int rank)
{
    long i;

    for (i = 0; i < size; i++)
        token[i] += rank;
}

/* Rank 0 sends the token off and takes it back. One call does both: a plain send
 * followed by a receive would also do with two tasks or more, but with a single
 * one, who is its own neighbour, a large token would wait for a receive that is
 * never reached. */
static void lead(int64_t *token, int64_t *back, long size, long rounds, int n)
{
    const int next = 1 % n;
    const int previous = n - 1;
    long round;

    for (round = 0; round < rounds; round++) {
        int64_t *swap = token;

        add(token, size, 0);
        dvm_sendrecv(DVM_WORLD, next, TAG_TOKEN, token, (size_t)size, DVM_INT64, previous,
                     TAG_TOKEN, back, (size_t)size, DVM_INT64, NULL);
        token = back; /* what came back is sent next; no copy is needed */
        back = swap;
    }
}

/* All others wait for the token, add to it, and pass it on. */
static void follow(int64_t *token, long size, long rounds, int me, int n)
{
    long round;

    for (round = 0; round < rounds; round++) {
        dvm_recv(DVM_WORLD, me - 1, TAG_TOKEN, token, (size_t)size, DVM_INT64, NULL);
        add(token, size, me);
        dvm_send(DVM_WORLD, (me + 1) % n, TAG_TOKEN, token, (size_t)size, DVM_INT64);
    }
}

/* Compare the token with the sum made without messages, one rank at a time.
 * Returns 1 when all numbers are right. */
static int compare(const int64_t *token, long size, long rounds, int n)
{
    int64_t expected = 0;
    long wrong = 0;
    long i;
    int rank;

    for (rank = 0; rank < n; rank++)
        expected += rank;
    expected *= rounds;
    for (i = 0; i < size; i++)
        wrong += token[i] != expected;
    printf("check: %s %ld of %ld numbers are %" PRId64 "\n", wrong ? "FAILED" : "ok",
           size - wrong, size, expected);
    return wrong == 0;
}

int main(int argc, char **argv)
{
    long rounds = 1000, size = 1;
    int check = 0;
    const struct option table[] = {
        { "rounds", OPTION_INT, &rounds, 1, 1e9, "times around the ring (1000)" },
        { "size", OPTION_INT, &size, 1, 1e8, "numbers in the token, 8 bytes each (1)" },
        { "check", OPTION_FLAG, &check, 0, 0, "compare with the sum made without messages" },
        { .name = NULL },
    };
    int64_t *token, *back, *result;
    int me, n, ended, good = 1;
    double start, seconds;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    ended = options_read(argc, argv, table, me == 0);
    if (ended != OPTION_GO_ON) {
        dvm_finalize();
        return ended;
    }
    token = calloc((size_t)size, sizeof *token);
    back = calloc((size_t)size, sizeof *back);
    if (!token || !back) {
        fprintf(stderr, "ring: rank %d has no memory for %ld numbers\n", me, size);
        dvm_abort(DVM_WORLD, 1);
    }
    dvm_barrier(DVM_WORLD); /* start the clock when everybody is there */
    start = dvm_wtime();
    if (me == 0)
        lead(token, back, size, rounds, n);
    else
        follow(token, size, rounds, me, n);
    seconds = dvm_wtime() - start;
    result = rounds % 2 ? back : token; /* lead() swaps the two once a round */
    if (me == 0)
        printf("ring: %d tasks, %ld rounds, token %" PRId64 ", %.3f s, %.2f us a message\n",
               n, rounds, result[0], seconds, seconds * 1e6 / (double)rounds / n);
    if (me == 0 && check)
        good = compare(result, size, rounds, n);
    free(token);
    free(back);
    dvm_finalize();
    return good ? 0 : 1;
}
