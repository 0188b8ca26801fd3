/* api_mpi.c: the measurements with MPI; compiled with the compiler of each MPI library.
 * Errors are left to the default, which ends the tasks.
 */
#include <mpi.h>

#include "api.h"

static void start(int *argc, char ***argv, int *rank, int *size)
{
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
}

static void end(void)
{
    MPI_Finalize();
}

static void send(int to, int tag, const void *buf, size_t bytes)
{
    MPI_Send(buf, (int)bytes, MPI_CHAR, to, tag, MPI_COMM_WORLD);
}

static void receive(int from, int tag, void *buf, size_t bytes)
{
    MPI_Recv(buf, (int)bytes, MPI_CHAR, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void send_window(int to, int tag, const void *buf, size_t bytes)
{
    MPI_Request requests[WINDOW];
    int i;

    for (i = 0; i < WINDOW; i++)
        MPI_Isend((const char *)buf + (size_t)i * bytes, (int)bytes, MPI_CHAR, to, tag,
                  MPI_COMM_WORLD, &requests[i]);
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
}

static void receive_window(int from, int tag, void *buf, size_t bytes)
{
    MPI_Request requests[WINDOW];
    int i;

    for (i = 0; i < WINDOW; i++)
        MPI_Irecv((char *)buf + (size_t)i * bytes, (int)bytes, MPI_CHAR, from, tag,
                  MPI_COMM_WORLD, &requests[i]);
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
}

static void barrier(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static void bcast(void *buf, size_t bytes)
{
    MPI_Bcast(buf, (int)bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
}

static void reduce(double *in, double *out, size_t count)
{
    MPI_Reduce(in, out, (int)count, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
}

static void allreduce(double *in, double *out, size_t count)
{
    MPI_Allreduce(in, out, (int)count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void allgather(const void *in, void *out, size_t bytes)
{
    MPI_Allgather(in, (int)bytes, MPI_CHAR, out, (int)bytes, MPI_CHAR, MPI_COMM_WORLD);
}

static void alltoall(const void *in, void *out, size_t bytes)
{
    MPI_Alltoall(in, (int)bytes, MPI_CHAR, out, (int)bytes, MPI_CHAR, MPI_COMM_WORLD);
}

static void neighbours(const void *in, void *out, size_t bytes)
{
    static MPI_Comm ring = MPI_COMM_NULL;
    int size, periodic = 1;

    if (ring == MPI_COMM_NULL) {
        MPI_Comm_size(MPI_COMM_WORLD, &size);
        MPI_Cart_create(MPI_COMM_WORLD, 1, &size, &periodic, 0, &ring);
    }
    MPI_Neighbor_alltoall(in, (int)bytes, MPI_CHAR, out, (int)bytes, MPI_CHAR, ring);
}

static MPI_Request under_way;

static void start_allreduce(double *in, double *out, size_t count)
{
    MPI_Iallreduce(in, out, (int)count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &under_way);
}

static void finish(void)
{
    MPI_Wait(&under_way, MPI_STATUS_IGNORE);
}

/* The type is made once for a row of the measurements. */
static void send_column(int to, int tag, const double *matrix, size_t rows, size_t columns)
{
    static MPI_Datatype type;
    static size_t type_rows;

    if (rows != type_rows) {
        if (type_rows)
            MPI_Type_free(&type);
        MPI_Type_vector((int)rows, 1, (int)columns, MPI_DOUBLE, &type);
        MPI_Type_commit(&type);
        type_rows = rows;
    }
    MPI_Send(matrix, 1, type, to, tag, MPI_COMM_WORLD);
}

static void receive_column(int from, int tag, double *column, size_t rows)
{
    MPI_Recv(column, (int)rows, MPI_DOUBLE, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

const struct api api = {
    start, end, send, receive, send_window, receive_window,
    barrier, bcast, reduce, allreduce, allgather, alltoall,
    neighbours, start_allreduce, finish, send_column, receive_column,
};
