/* pingpong_mpi.c: pingpong.c with MPI; compiled by bench/messages. */
#include <mpi.h>

#include "pingpong.h"

static int rank;

static void exchange(size_t bytes)
{
    if (rank == 0) {
        MPI_Send(out, (int)bytes, MPI_CHAR, 1, 1, MPI_COMM_WORLD);
        MPI_Recv(in, (int)bytes, MPI_CHAR, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Recv(in, (int)bytes, MPI_CHAR, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(out, (int)bytes, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
    }
}

static void meet(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static double shared(double seconds)
{
    MPI_Bcast(&seconds, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    return seconds;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    pingpong(rank);
    MPI_Finalize();
    return 0;
}
