/* wrong_calls.c: what is wrong in a call is told with its code and the line of the call, and
 * changes nothing: the same calls go right behind it. Two tasks. At the end rank 1 is gone, and
 * rank 0 is told in which call it waited for it.
 *
 * With the argument "plain" there are no lines to be had, and only codes are looked at. */
#include <dvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asleep.h"

#define BUSY_SECONDS 0.3 /* longer than a wait takes to be on the board */

static int lines = 1, wrong;

static void complain(int line, const char *call, const char *what, int rc)
{
    printf("line %d, %s: %s; it returned %s: %s\n", line, call, what, dvm_error_name(rc),
           dvm_last_error());
    wrong++;
}

static void try(int line, int wanted, int rc, const char *call)
{
    char place[64];

    snprintf(place, sizeof place, "wrong_calls.c:%d", line);
    if (rc != wanted)
        complain(line, call, dvm_error_name(wanted), rc);
    else if (rc != DVM_OK && lines && !strstr(dvm_last_error(), place))
        complain(line, call, "the place is missing", rc);
}

/* The call must end with this code, DVM_ERR_ before it. */
#define IS(code, call) try(__LINE__, DVM_ERR_##code, (call), #call)
#define GOES(call) try(__LINE__, DVM_OK, (call), #call)

/* The last error's sentence has these words. */
static void says(int line, const char *words)
{
    if (!strstr(dvm_last_error(), words))
        complain(line, "the sentence", words, 0);
}
#define SAYS(words) says(__LINE__, words)

#define SAME(wanted, value)                                                                  \
    do {                                                                                     \
        if ((wanted) != (value))                                                             \
            complain(__LINE__, #value, "another result than " #wanted, 0);                   \
    } while (0)

static void messages(int other)
{
    struct dvm_request *r = NULL;
    struct dvm_status status;
    dvm_group none = 7;
    double x[4] = {0};
    int found;

    IS(RANK, dvm_send(DVM_WORLD, 2, 1, x, 1, DVM_DOUBLE));
    IS(RANK, dvm_send(DVM_WORLD, -7, 1, x, 1, DVM_DOUBLE));
    IS(RANK, dvm_recv(DVM_WORLD, 99, 1, x, 1, DVM_DOUBLE, &status));
    IS(TAG, dvm_send(DVM_WORLD, other, -5, x, 1, DVM_DOUBLE));
    IS(TAG, dvm_recv(DVM_WORLD, other, -5, x, 1, DVM_DOUBLE, NULL));
    IS(ARG, dvm_send(DVM_WORLD, other, 1, NULL, 1, DVM_DOUBLE));
    IS(ARG, dvm_send(DVM_WORLD, other, 1, x, SIZE_MAX, DVM_DOUBLE));
    IS(ARG, dvm_bsend(DVM_WORLD, other, 1, x, (size_t)-1, DVM_INT));
    IS(ARG, dvm_send(DVM_WORLD, other, 1, x, (size_t)-3, DVM_CHAR));
    SAYS("(-3, taken as a count)");
    IS(ARG, dvm_recv(DVM_WORLD, other, 1, x, PTRDIFF_MAX + (size_t)1, DVM_BYTE, NULL));
    IS(ARG, dvm_isend(DVM_WORLD, other, 1, x, 1, DVM_DOUBLE, NULL));
    IS(ARG, dvm_irecv(DVM_WORLD, other, 1, NULL, 1, DVM_DOUBLE, &r));
    IS(TYPE, dvm_send(DVM_WORLD, other, 1, x, 1, 12345));
    IS(TYPE, dvm_recv(DVM_WORLD, other, 1, x, 1, -1, NULL));
    IS(GROUP, dvm_send(none, 0, 1, x, 1, DVM_DOUBLE));
    IS(GROUP, dvm_iprobe(none, DVM_ANY, DVM_ANY, &found, NULL));
    IS(RANK, dvm_send(DVM_WORLD, DVM_ANY, 1, x, 1, DVM_DOUBLE));
    SAYS("DVM_ANY is a source of receives only");
    IS(RANK, dvm_recv(DVM_WORLD, dvm_self(), 1, x, 1, DVM_DOUBLE, NULL));
    SAYS("it looks like a tid, which is a rank in DVM_UNIVERSE");
    IS(TAG, dvm_send(DVM_WORLD, other, DVM_ANY, x, 1, DVM_DOUBLE));
    SAYS("tag -1 is DVM_ANY, which only receives take");
    IS(TYPE, dvm_send(DVM_WORLD, other, 1, x, 1, DVM_TYPE_NONE));
    SAYS("(DVM_TYPE_NONE) is no type: it was freed with dvm_type_free, or never made");
    IS(ARG, dvm_sendrecv(DVM_WORLD, other, 2, x, 3, DVM_DOUBLE, other, 2, x + 2, 1, DVM_DOUBLE,
                         NULL));
    SAYS("what is sent and what is received overlap");
    GOES(dvm_sendrecv(DVM_WORLD, other, 2, x, 3, DVM_DOUBLE, DVM_NULL, 2, x + 2, 1, DVM_DOUBLE,
                      NULL));
    GOES(dvm_recv(DVM_WORLD, other, 2, x, 3, DVM_DOUBLE, NULL));
    SAME(DVM_ERR_ARG, dvm_errors(9));
    SAYS("9 is no mode");
    IS(ARG, dvm_wait(NULL, NULL));
    GOES(dvm_wait(&r, NULL));
    GOES(dvm_send(DVM_WORLD, DVM_NULL, 1, NULL, 0, DVM_DOUBLE));
    GOES(dvm_send(DVM_WORLD, other, 1, NULL, 0, DVM_DOUBLE));
    GOES(dvm_recv(DVM_WORLD, other, 1, NULL, 0, DVM_DOUBLE, &status));
    GOES(dvm_sendrecv(DVM_WORLD, other, 2, x, 1, DVM_DOUBLE, other, 2, x + 1, 1, DVM_DOUBLE,
                      NULL));
}

static void collectives(int me)
{
    static double x[8], y[8];
    const size_t counts[] = {1, SIZE_MAX}, ones[] = {1, 1}, zeros[] = {0, 1};
    struct dvm_request *r = NULL;
    dvm_group gone = DVM_WORLD;

    IS(RANK, dvm_bcast(DVM_WORLD, 2, x, 1, DVM_DOUBLE));
    IS(RANK, dvm_reduce(DVM_WORLD, -1, x, y, 1, DVM_DOUBLE, DVM_SUM));
    IS(RANK, dvm_gather(DVM_WORLD, 5, x, y, 1, DVM_DOUBLE));
    IS(ARG, dvm_bcast(DVM_WORLD, 0, NULL, 1, DVM_DOUBLE));
    IS(ARG, dvm_bcast(DVM_WORLD, 0, x, SIZE_MAX / 2, DVM_DOUBLE));
    IS(ARG, dvm_allgather(DVM_WORLD, x, y, SIZE_MAX / 8, DVM_DOUBLE));
    IS(ARG, dvm_allgather(DVM_WORLD, x, y, SIZE_MAX / 2, DVM_CHAR));
    IS(ARG, dvm_allreduce(DVM_WORLD, x, x, 1, DVM_DOUBLE, DVM_SUM));
    IS(ARG, dvm_allreduce(DVM_WORLD, x, x + 1, 2, DVM_DOUBLE, DVM_SUM));
    IS(ARG, dvm_allreduce(DVM_WORLD, NULL, y, 1, DVM_DOUBLE, DVM_SUM));
    IS(ARG, dvm_allreduce(DVM_WORLD, x, DVM_IN_PLACE, 1, DVM_DOUBLE, DVM_SUM));
    IS(OP, dvm_allreduce(DVM_WORLD, x, y, 1, DVM_DOUBLE, 77));
    IS(OP, dvm_allreduce(DVM_WORLD, x, y, 1, DVM_DOUBLE, DVM_OP_NONE));
    SAYS("(DVM_OP_NONE) is no operator, or one that was freed with dvm_op_free");
    IS(OP, dvm_allreduce(DVM_WORLD, x, y, 1, DVM_DOUBLE, DVM_BAND));
    IS(OP, dvm_scan(DVM_WORLD, x, y, 1, DVM_CHAR, DVM_SUM));
    IS(ARG, dvm_iallreduce(DVM_WORLD, x, y, 1, DVM_DOUBLE, DVM_SUM, NULL));
    IS(ARG, dvm_reduce_scatter(DVM_WORLD, x, y, NULL, DVM_DOUBLE, DVM_SUM));
    IS(ARG, dvm_reduce_scatter(DVM_WORLD, x, y, counts, DVM_DOUBLE, DVM_SUM));
    IS(ARG, dvm_allgatherv(DVM_WORLD, x, 1, y, NULL, NULL, DVM_DOUBLE));
    IS(ARG, dvm_alltoallv(DVM_WORLD, x, counts, ones, y, ones, zeros, DVM_DOUBLE));
    IS(ARG, dvm_alltoall(DVM_WORLD, x, x, 1, DVM_DOUBLE));
    SAYS("overlap");
    IS(ARG, dvm_allgather(DVM_WORLD, x + 1 - me, x, 1, DVM_DOUBLE));
    SAYS("in and out overlap; give two arrays, or DVM_IN_PLACE as in");
    GOES(dvm_allgather(DVM_WORLD, x + me, x, 1, DVM_DOUBLE));
    IS(ARG, dvm_allgatherv(DVM_WORLD, x + 1 - me, 1, x, ones, zeros, DVM_DOUBLE));
    if (me == 0) {
        IS(ARG, dvm_gather(DVM_WORLD, 0, x + 1, x, 1, DVM_DOUBLE));
        IS(ARG, dvm_scatter(DVM_WORLD, 0, x, x + 1, 1, DVM_DOUBLE));
        SAYS("in and out overlap; give two arrays, or DVM_IN_PLACE as out");
        IS(ARG, dvm_scatterv(DVM_WORLD, 0, x, ones, zeros, x + 1, 1, DVM_DOUBLE));
    }
    IS(ARG, dvm_alltoallv(DVM_WORLD, x, ones, zeros, x, ones, zeros, DVM_DOUBLE));
    IS(RANK, dvm_ibcast(DVM_WORLD, 2, x, 1, DVM_DOUBLE, &r));
    SAYS("dvm_ibcast: ");
    IS(RANK, dvm_bcast_init(DVM_WORLD, 2, x, 1, DVM_DOUBLE, &r));
    SAYS("dvm_bcast_init: ");
    IS(OP, dvm_allreduce_init(DVM_WORLD, x, y, 1, DVM_DOUBLE, 77, &r));
    SAYS("dvm_allreduce_init: ");
    IS(GROUP, dvm_barrier(DVM_UNIVERSE));
    GOES(dvm_group_dup(DVM_WORLD, &gone));
    {
        dvm_group old = gone;

        GOES(dvm_group_free(&gone));
        IS(GROUP, dvm_barrier(old));
        IS(GROUP, dvm_ibarrier(old, &r));
        IS(GROUP, dvm_send(old, 0, 1, x, 1, DVM_DOUBLE));
    }
    GOES(dvm_bcast(DVM_WORLD, 1, NULL, 0, DVM_DOUBLE));
    GOES(dvm_allreduce(DVM_WORLD, NULL, NULL, 0, DVM_DOUBLE, DVM_SUM));
    GOES(dvm_reduce(DVM_WORLD, 1, x, me == 1 ? y : NULL, 1, DVM_DOUBLE, DVM_SUM));
    GOES(dvm_barrier(DVM_WORLD));
}

static void types(int me)
{
    const size_t lengths[] = {1, 1};
    const ptrdiff_t offsets[] = {0, 8};
    const dvm_type parts[] = {DVM_DOUBLE, 4711};
    dvm_type column, basic = DVM_INT;
    double a[4] = {me, 1, 2, 3}, b[4] = {0};

    IS(TYPE, dvm_type_struct(2, lengths, offsets, parts, &column));
    IS(ARG, dvm_type_vector(2, 1, 2, DVM_DOUBLE, NULL));
    IS(ARG, dvm_type_vector(SIZE_MAX, SIZE_MAX, 2, DVM_DOUBLE, &column));
    IS(ARG, dvm_type_struct(2, NULL, offsets, parts, &column));
    GOES(dvm_type_vector(2, 1, 2, DVM_DOUBLE, &column));
    IS(TYPE, dvm_allreduce(DVM_WORLD, a, b, 1, column, DVM_SUM));
    IS(TYPE, dvm_bcast(DVM_WORLD, 0, a, 1, column));
    GOES(dvm_type_commit(column));
    IS(OP, dvm_allreduce(DVM_WORLD, a, b, 1, column, DVM_BXOR));
    GOES(dvm_allreduce(DVM_WORLD, a, b, 1, column, DVM_SUM));
    if (b[0] != 1 || b[1] != 0 || b[2] != 4)
        complain(__LINE__, "dvm_allreduce", "another result", 0);
    GOES(dvm_type_free(&column));
    IS(TYPE, dvm_type_free(&basic));
    IS(TYPE, dvm_bcast(DVM_WORLD, 0, a, 1, 4711));
}

/* A request is ended once, whoever has copies of its pointer. */
static void requests(int other)
{
    struct dvm_request *r, *copy, *twice[2];
    struct dvm_status statuses[2];
    int x = 1, y = 0, done;
    size_t index;

    GOES(dvm_irecv(DVM_WORLD, other, 4, &y, 1, DVM_INT, &r));
    copy = r;
    IS(REQUEST, dvm_start(&r));
    IS(REQUEST, dvm_request_free(&r));
    GOES(dvm_send(DVM_WORLD, other, 4, &x, 1, DVM_INT));
    IS(ARG, dvm_test(&r, NULL, NULL));
    SAYS("no place for whether it is done");
    IS(ARG, dvm_waitany(1, &r, NULL, NULL));
    SAYS("no place for the index");
    GOES(dvm_wait(&r, NULL));
    IS(REQUEST, dvm_wait(&copy, NULL));
    SAYS("ended or freed before");
    IS(REQUEST, dvm_test(&copy, &done, NULL));
    IS(REQUEST, dvm_waitany(1, &copy, &index, NULL));
    IS(REQUEST, dvm_cancel(copy));
    IS(REQUEST, dvm_start(&copy));
    IS(REQUEST, dvm_request_free(&copy));
    GOES(dvm_irecv(DVM_WORLD, other, 4, &y, 1, DVM_INT, &twice[0]));
    twice[1] = twice[0];
    GOES(dvm_send(DVM_WORLD, other, 4, &x, 1, DVM_INT));
    IS(REQUEST, dvm_waitall(2, twice, statuses));
    SAYS("twice in the array");
    SAME(1, statuses[0].error == DVM_OK && statuses[1].error == DVM_ERR_REQUEST);
    SAME(1, !twice[0] && !twice[1]);
    GOES(dvm_isend(DVM_WORLD, other, 4, &x, 1, DVM_INT, &r));
    GOES(dvm_recv(DVM_WORLD, other, 4, &y, 1, DVM_INT, NULL));
    GOES(dvm_wait(&r, NULL));
    GOES(dvm_send_init(DVM_WORLD, other, 4, &x, 1, DVM_INT, &r));
    IS(REQUEST, dvm_cancel(r));
    copy = r;
    GOES(dvm_request_free(&r));
    IS(REQUEST, dvm_request_free(&copy));
    IS(REQUEST, dvm_start(&copy));
}

/* Whatever a variable holds that was never set is no request. */
static void garbage(void)
{
    struct dvm_request *bad[] = {(void *)8, (void *)-8, (void *)&bad, NULL}, *good[3], *r;
    int x, done;
    size_t index;

    for (int i = 0; i < 4; i++) {
        if (i == 3) {
            GOES(dvm_recv_init(DVM_WORLD, DVM_ANY, 4, &x, 1, DVM_INT, &r));
            bad[i] = (void *)((char *)r + 8); /* within one */
        }
        good[0] = good[2] = NULL;
        good[1] = bad[i];
        IS(REQUEST, dvm_wait(&bad[i], NULL));
        SAYS("never set");
        IS(REQUEST, dvm_test(&bad[i], &done, NULL));
        IS(REQUEST, dvm_waitany(3, good, &index, NULL));
        IS(REQUEST, dvm_waitall(3, good, NULL));
        SAYS("request 1 of the array");
        IS(REQUEST, dvm_cancel(bad[i]));
        IS(REQUEST, dvm_start(&bad[i]));
        IS(REQUEST, dvm_request_free(&bad[i]));
    }
    GOES(dvm_request_free(&r));
}

static void groups(int me)
{
    int ranks[] = {1, 0, 9}, others[] = {-9, -9, -9};
    dvm_group g;

    IS(RANK, dvm_group_translate(DVM_WORLD, ranks, 3, DVM_WORLD, others));
    SAME(-9, others[0]);
    GOES(dvm_group_translate(DVM_WORLD, ranks, 2, DVM_WORLD, ranks));
    SAME(1, ranks[0]);
    IS(NO_PARENT, dvm_group_family(NULL, 0, &g));
    IS(GROUP, dvm_group_union(DVM_WORLD, DVM_UNIVERSE, &g));
    SAYS("dvm_group_create");
    IS(ARG, dvm_group_split(DVM_WORLD, me == 0 ? DVM_SPLIT_HOST : 1, 0, &g));
    SAYS("rank 0 gives DVM_SPLIT_HOST, and rank 1 the colour 1");
    GOES(dvm_group_split(DVM_WORLD, me == 0 ? DVM_SPLIT_HOST : DVM_NULL, 0, &g));
    SAME(me == 0, g != DVM_GROUP_NONE);
    GOES(dvm_group_split(DVM_WORLD, DVM_SPLIT_HOST, 0, &g));
    GOES(dvm_barrier(g));
    GOES(dvm_group_free(&g));
}

static void neighbours(int me)
{
    int dims[] = {2, 2}, ring[] = {1, 1}, from[] = {0}, to[] = {7}, x = me, y[2];
    dvm_group g;

    IS(ARG, dvm_dims_create(4, 2, NULL));
    SAYS("no list of 2 extents");
    IS(ARG, dvm_group_cart(DVM_WORLD, 2, dims, ring, 0, &g));
    SAYS("the grid of 2 x 2 has more points than DVM_WORLD has tasks, 2");
    IS(ARG, dvm_group_cart(DVM_WORLD, 1, dims, NULL, 0, &g));
    SAYS("no list of 1 periods");
    IS(ARG, dvm_group_graph(DVM_WORLD, 1, NULL, NULL, 0, NULL, NULL, 0, &g));
    SAYS("dvm_group_graph: there is no list of 1 sources");
    IS(ARG, dvm_group_graph_edges(DVM_WORLD, 1, NULL, to, NULL, 0, &g));
    SAYS("dvm_group_graph_edges: there is no list of 1 edges");
    IS(RANK, dvm_group_graph_edges(DVM_WORLD, 1, from, to, NULL, 0, &g));
    SAYS("dvm_group_graph_edges: rank 7");
    GOES(dvm_group_cart(DVM_WORLD, 1, dims, ring, 0, &g));
    IS(ARG, dvm_cart_rank(g, NULL, y));
    SAYS("no list of 1 coordinates");
    IS(ARG, dvm_cart_dims(g, -1, y, NULL, NULL));
    IS(ARG, dvm_cart_coords(g, 0, -1, y));
    IS(ARG, dvm_neighbours(g, -1, NULL, NULL, 0, NULL, NULL));
    IS(ARG, dvm_neighbours(g, 0, NULL, NULL, -1, NULL, NULL));
    IS(ARG, dvm_neighbour_allgather(g, NULL, y, 1, DVM_INT));
    SAYS("in is NULL, but there is something for neighbour 0");
    IS(ARG, dvm_neighbour_allgather(g, &x, NULL, 1, DVM_INT));
    SAYS("out is NULL, but there is something from neighbour 0");
    IS(ARG, dvm_neighbour_alltoall(g, y, y, 1, DVM_INT));
    SAYS("dvm_neighbour_alltoall: in and out overlap; give two arrays");
    GOES(dvm_neighbour_allgather(g, &x, y, 1, DVM_INT));
    SAME(1 - me, y[1]);
    GOES(dvm_group_free(&g));
}

/* What is asked of the machine. */
static void other_things(void)
{
    struct dvm_spawn nothing = {.program = "no_such_program"};
    char name[1];
    int tid;

    IS(NO_PROGRAM, dvm_spawn(&nothing, 1, &tid, NULL));
    IS(NO_HOST, dvm_remove_host("no_such_host"));
    IS(NO_VALUE, dvm_value_get("no_such_value", 0, 0, name, 1, NULL));
    IS(TIMEOUT, dvm_task_wait(dvm_self(), 0, NULL));
    IS(ARG, dvm_host_name(NULL, DVM_NAME_MAX));
    SAYS("no place for the name");
    IS(ARG, dvm_host_name(name, 1));
    SAYS("with its NUL");
}

/* Rank 1 goes while rank 0 waits for it: once that has slept for a while. */
static void goes(int me)
{
    double since = dvm_wtime();
    int x, pid = getpid();

    if (me == 1) {
        GOES(dvm_recv(DVM_WORLD, 0, 8, &pid, 1, DVM_INT, NULL));
        while (dvm_wtime() < since + BUSY_SECONDS)
            if (!asleep(pid))
                since = dvm_wtime();
        _exit(0);
    }
    GOES(dvm_send(DVM_WORLD, 1, 8, &pid, 1, DVM_INT));
    IS(TASK_GONE, dvm_recv(DVM_WORLD, 1, 9, &x, 1, DVM_INT, NULL));
    if (lines && !strstr(dvm_last_error(), "(dvm_recv at "))
        complain(__LINE__, "dvm_recv", "the wait is missing", DVM_ERR_TASK_GONE);
    printf("rank 0 was told: %s\n", dvm_last_error());
}

/* Before dvm_init. */
static void outside(void)
{
    dvm_group g;
    int x = 0;

    IS(NOT_INIT, dvm_group_rank(DVM_WORLD, &x));
    SAYS("dvm_group_rank: this process has not called dvm_init");
    IS(NOT_INIT, dvm_ibcast(DVM_WORLD, 0, &x, 1, DVM_INT, NULL));
    SAYS("dvm_ibcast: ");
    IS(NOT_INIT, dvm_group_family(NULL, 0, &g));
    SAYS("dvm_group_family: ");
}

int main(int argc, char **argv)
{
    int me;

    lines = argc < 2 || strcmp(argv[1], "plain");
    dvm_errors(DVM_RETURN);
    outside();
    dvm_init(&argc, &argv);
    IS(EXISTS, dvm_init(&argc, &argv));
    SAYS("dvm_init: this process is a task already");
    dvm_group_rank(DVM_WORLD, &me);
    messages(1 - me);
    collectives(me);
    types(me);
    requests(1 - me);
    garbage();
    groups(me);
    neighbours(me);
    other_things();
    if (!wrong)
        goes(me);
    printf("rank %d: %d were not as they should\n", me, wrong);
    return wrong > 0;
}
