/* all_to_all.c ROUNDS BYTES: in each round each task sends all others a message of BYTES bytes
 * that is theirs alone, and receives and checks what they have sent it.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(int argc, char **argv)
{
    int me, count, rounds = argc > 2 ? atoi(argv[1]) : 1;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 1;
    unsigned char *buffer = malloc(bytes + 1);

    if (!buffer)
        return 2;
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
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        printf("%d tasks, %d rounds: good\n", count, rounds);
    free(buffer);
    dvm_finalize();
    return 0;
}
