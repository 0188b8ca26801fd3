/* api_dvm.c: the measurements with DVM. Errors are left to the default: the library
 * prints a sentence and ends the tasks.
 */
#include <dvm.h>

#include "api.h"

static void start(int *argc, char ***argv, int *rank, int *size)
{
    dvm_init(argc, argv);
    dvm_group_rank(DVM_WORLD, rank);
    dvm_group_size(DVM_WORLD, size);
}

static void end(void)
{
    dvm_finalize();
}

static void send(int to, int tag, const void *buf, size_t bytes)
{
    dvm_send(DVM_WORLD, to, tag, buf, bytes, DVM_CHAR);
}

static void receive(int from, int tag, void *buf, size_t bytes)
{
    dvm_recv(DVM_WORLD, from, tag, buf, bytes, DVM_CHAR, NULL);
}

static void send_window(int to, int tag, const void *buf, size_t bytes)
{
    struct dvm_request *requests[WINDOW];
    int i;

    for (i = 0; i < WINDOW; i++)
        dvm_isend(DVM_WORLD, to, tag, (const char *)buf + (size_t)i * bytes, bytes, DVM_CHAR,
                  &requests[i]);
    dvm_waitall(WINDOW, requests, NULL);
}

static void receive_window(int from, int tag, void *buf, size_t bytes)
{
    struct dvm_request *requests[WINDOW];
    int i;

    for (i = 0; i < WINDOW; i++)
        dvm_irecv(DVM_WORLD, from, tag, (char *)buf + (size_t)i * bytes, bytes, DVM_CHAR,
                  &requests[i]);
    dvm_waitall(WINDOW, requests, NULL);
}

static void barrier(void)
{
    dvm_barrier(DVM_WORLD);
}

static void bcast(void *buf, size_t bytes)
{
    dvm_bcast(DVM_WORLD, 0, buf, bytes, DVM_CHAR);
}

static void reduce(double *in, double *out, size_t count)
{
    dvm_reduce(DVM_WORLD, 0, in, out, count, DVM_DOUBLE, DVM_SUM);
}

static void allreduce(double *in, double *out, size_t count)
{
    dvm_allreduce(DVM_WORLD, in, out, count, DVM_DOUBLE, DVM_SUM);
}

static void allgather(const void *in, void *out, size_t bytes)
{
    dvm_allgather(DVM_WORLD, in, out, bytes, DVM_CHAR);
}

static void alltoall(const void *in, void *out, size_t bytes)
{
    dvm_alltoall(DVM_WORLD, in, out, bytes, DVM_CHAR);
}

static void neighbours(const void *in, void *out, size_t bytes)
{
    static dvm_group ring;
    static int made;
    int size, periodic = 1;

    if (!made) {
        dvm_group_size(DVM_WORLD, &size);
        dvm_group_cart(DVM_WORLD, 1, &size, &periodic, 0, &ring);
        made = 1;
    }
    dvm_neighbour_alltoall(ring, in, out, bytes, DVM_CHAR);
}

static struct dvm_request *under_way;

static void start_allreduce(double *in, double *out, size_t count)
{
    dvm_iallreduce(DVM_WORLD, in, out, count, DVM_DOUBLE, DVM_SUM, &under_way);
}

static void finish(void)
{
    dvm_wait(&under_way, NULL);
}

/* The type is made once for a row of the measurements. */
static void send_column(int to, int tag, const double *matrix, size_t rows, size_t columns)
{
    static dvm_type type;
    static size_t type_rows;

    if (rows != type_rows) {
        if (type_rows)
            dvm_type_free(&type);
        dvm_type_vector(rows, 1, (ptrdiff_t)columns, DVM_DOUBLE, &type);
        dvm_type_commit(type);
        type_rows = rows;
    }
    dvm_send(DVM_WORLD, to, tag, matrix, 1, type);
}

static void receive_column(int from, int tag, double *column, size_t rows)
{
    dvm_recv(DVM_WORLD, from, tag, column, rows, DVM_DOUBLE, NULL);
}

const struct api api = {
    start, end, send, receive, send_window, receive_window,
    barrier, bcast, reduce, allreduce, allgather, alltoall,
    neighbours, start_allreduce, finish, send_column, receive_column,
};
