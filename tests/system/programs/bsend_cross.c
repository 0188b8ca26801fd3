/* bsend_cross.c MIB: two tasks both send MIB mebibytes with dvm_bsend before either
 * receives. dvm_bsend never waits for the receiver, so this cannot deadlock.
 */
#include <dvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG = 1 };
static const size_t MIB = 1 << 20;

/* A byte of task rank's message: cheap, and not the same in any two places near. */
static uint8_t pattern(int rank, size_t i)
{
    return (uint8_t)((i * 2654435761u >> 13) + (size_t)rank * 91);
}

int main(int argc, char **argv)
{
    size_t bytes = (argc > 1 ? (size_t)atol(argv[1]) : 100) * MIB;
    uint8_t *buffer = malloc(bytes);
    struct dvm_status status;
    size_t i;
    int me, other;

    if (!buffer)
        return 1;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    other = 1 - me;
    for (i = 0; i < bytes; i++)
        buffer[i] = pattern(me, i);
    dvm_bsend(DVM_WORLD, other, TAG, buffer, bytes, DVM_BYTE);
    for (i = 0; i < bytes; i++)
        buffer[i] = 0; /* it is ours again at once */
    dvm_recv(DVM_WORLD, other, TAG, buffer, bytes, DVM_BYTE, &status);
    for (i = 0; i < bytes && buffer[i] == pattern(other, i); i++)
        ;
    if (i != bytes || status.bytes != bytes) {
        fprintf(stderr, "bsend_cross: byte %zu of %zu is wrong\n", i, status.bytes);
        return 1;
    }
    printf("rank %d got all %zu bytes\n", me, bytes);
    free(buffer);
    dvm_finalize();
    return 0;
}
