/* all_to_all.c ROUNDS BYTES [mixed]: in each round each task sends all others a message of BYTES
 * bytes that is theirs alone, and receives and checks what they have sent it; then all sum up,
 * small and large. mixed: half of the tasks, more or less, are for many threads.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int byte_of(int from, int to, int round)
{
    return (from * 7 + to + round) & 255;
}

static void check(const unsigned char *got, size_t bytes, int from, int me, int round)
{
    for (size_t i = 0; i < bytes; i++)
        if (got[i] != byte_of(from, me, round)) {
            fprintf(stderr, "rank %d: a wrong byte of rank %d in round %d\n", me, from, round);
            exit(3);
        }
}

/* Numbers of elements so that each way of a reduction comes. */
static void sums(int me, int tasks)
{
    static long in[5000], out[5000];

    for (size_t count = 1; count <= sizeof in / sizeof in[0]; count *= 5)
        for (int turn = 0; turn < 4; turn++) {
            for (size_t i = 0; i < count; i++)
                in[i] = me + (long)i + turn;
            dvm_allreduce(DVM_WORLD, in, out, count, DVM_LONG, DVM_SUM);
            for (size_t i = 0; i < count; i++)
                if (out[i] != tasks * (tasks - 1) / 2 + tasks * ((long)i + turn)) {
                    fprintf(stderr, "rank %d: a wrong sum of %zu elements\n", me, count);
                    exit(3);
                }
        }
}

int main(int argc, char **argv)
{
    int me, count, rounds = argc > 2 ? atoi(argv[1]) : 1;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 1;
    unsigned char *buffer = malloc(bytes + 1);

    if (!buffer)
        return 2;
    if (argc > 3 && getpid() % 2)
        dvm_init_thread(&argc, &argv, DVM_THREAD_MULTIPLE, NULL);
    else
        dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &count);
    for (int round = 0; round < rounds; round++) {
        for (int i = 1; i < count; i++) {
            int to = (me + i) % count;

            memset(buffer, byte_of(me, to, round), bytes);
            dvm_bsend(DVM_WORLD, to, round, buffer, bytes, DVM_BYTE);
        }
        for (int i = 1; i < count; i++) {
            int from = (me + count - i) % count;

            dvm_recv(DVM_WORLD, from, round, buffer, bytes, DVM_BYTE, NULL);
            check(buffer, bytes, from, me, round);
        }
    }
    sums(me, count);
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        printf("%d tasks, %d rounds: good\n", count, rounds);
    free(buffer);
    dvm_finalize();
    return 0;
}
