/* pingpong.c: latency and bandwidth between two tasks with DVM; see pingpong.h. */
#include <dvm.h>

#include "pingpong.h"

static int rank;

static void exchange(size_t bytes)
{
    if (rank == 0) {
        dvm_send(DVM_WORLD, 1, 1, out, bytes, DVM_CHAR);
        dvm_recv(DVM_WORLD, 1, 1, in, bytes, DVM_CHAR, NULL);
    } else {
        dvm_recv(DVM_WORLD, 0, 1, in, bytes, DVM_CHAR, NULL);
        dvm_send(DVM_WORLD, 0, 1, out, bytes, DVM_CHAR);
    }
}

static void meet(void)
{
    dvm_barrier(DVM_WORLD);
}

static double shared(double seconds)
{
    dvm_bcast(DVM_WORLD, 0, &seconds, 1, DVM_DOUBLE);
    return seconds;
}

int main(int argc, char **argv)
{
    int size;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &rank);
    dvm_group_size(DVM_WORLD, &size);
    if (size != 2) {
        fprintf(stderr, "pingpong: start it with dvm run -n 2\n");
        dvm_abort(DVM_WORLD, 2);
    }
    pingpong(rank);
    dvm_finalize();
    return 0;
}
