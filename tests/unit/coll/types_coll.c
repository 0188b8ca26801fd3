/* types_coll: collectives of derived types, of one basic type and of several: every one that
 * moves data, by every algorithm, on one host and on three: what comes is where the type says,
 * and the gaps between are not touched. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define CELL 48   /* bytes from element to element */
#define GAP 0x5a  /* what is in the gaps */
#define MANY 1500 /* elements: over the limits of small messages */

static const size_t lengths[] = {0, 1, 7, MANY};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
static const ptrdiff_t places[] = {0, 8, 24}; /* of the values of an element */

/* {int, 2 double}, or three ints, at those places; committed. */
static dvm_type cell_type(bool mixed)
{
    const size_t ones[] = {1, 1, 1};
    const dvm_type types[] = {DVM_INT, mixed ? DVM_DOUBLE : DVM_INT, mixed ? DVM_DOUBLE : DVM_INT};
    dvm_type bare, cell;

    dvm_type_struct(3, ones, places, types, &bare);
    dvm_type_resized(bare, 0, CELL, &cell);
    dvm_type_free(&bare);
    dvm_type_commit(cell);
    return cell;
}

struct cells {
    dvm_type type;
    bool mixed;
};

static int value(int from, int to, size_t i)
{
    return from * 1000003 + to * 1009 + (int)i * 3;
}

static void cell_write(char *cell, bool mixed, int first)
{
    for (int k = 0; k < 3; k++) {
        int whole = first + k;
        double real = whole;

        if (mixed && k > 0)
            memcpy(cell + places[k], &real, sizeof real);
        else
            memcpy(cell + places[k], &whole, sizeof whole);
    }
}

static char *cells_new(size_t count)
{
    char *cells = malloc(count * CELL + 1);

    memset(cells, GAP, count * CELL);
    return cells;
}

static void fill(const struct cells *c, char *block, size_t count, int from, int to)
{
    for (size_t i = 0; i < count; i++)
        cell_write(block + i * CELL, c->mixed, value(from, to, i));
}

/* Exactly that, and the gaps as they were. */
static bool is(const struct cells *c, const char *block, size_t count, int from, int to)
{
    char cell[CELL];

    for (size_t i = 0; i < count; i++) {
        memset(cell, GAP, CELL);
        cell_write(cell, c->mixed, value(from, to, i));
        if (memcmp(cell, block + i * CELL, CELL) != 0)
            return false;
    }
    return true;
}

static int bcast(const struct fake_task *me, const struct cells *c, size_t count)
{
    char *buf = cells_new(count);
    int root = (int)(count % (size_t)me->count);

    if (me->rank == root)
        fill(c, buf, count, root, 0);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, root, buf, count, c->type) == DVM_OK);
    FAKE_CHECK(is(c, buf, count, root, 0));
    free(buf);
    return 0;
}

static int rooted(const struct fake_task *me, const struct cells *c, size_t count, bool in_place)
{
    size_t all = count * (size_t)me->count;
    char *own = cells_new(count), *out = cells_new(all);
    bool root = me->rank == 1;

    fill(c, own, count, me->rank, 0);
    if (root && in_place)
        fill(c, out + CELL * count, count, 1, 0);
    FAKE_CHECK(dvm_gather(DVM_WORLD, 1, root && in_place ? DVM_IN_PLACE : own, out, count,
                          c->type) == DVM_OK);
    for (int r = 0; root && r < me->count; r++)
        FAKE_CHECK(is(c, out + CELL * count * (size_t)r, count, r, 0));
    for (int r = 0; root && r < me->count; r++)
        fill(c, out + CELL * count * (size_t)r, count, 9, r);
    FAKE_CHECK(dvm_scatter(DVM_WORLD, 1, out, root && in_place ? DVM_IN_PLACE : own, count,
                           c->type) == DVM_OK);
    FAKE_CHECK((root && in_place) || is(c, own, count, 9, me->rank));
    free(own);
    free(out);
    return 0;
}

/* Blocks of unlike sizes with one element between them. */
static int varying(const struct fake_task *me, const struct cells *c, size_t count, bool in_place)
{
    size_t counts[8], offsets[8], all = 0;
    char *own, *out, *back;

    for (int r = 0; r < me->count; r++) {
        counts[r] = count + (size_t)r;
        offsets[r] = all + 1;
        all += counts[r] + 1;
    }
    own = cells_new(counts[me->rank]);
    out = cells_new(all + 1);
    back = cells_new(all + 1);
    fill(c, own, counts[me->rank], me->rank, 0);
    if (in_place)
        fill(c, out + CELL * offsets[me->rank], counts[me->rank], me->rank, 0);
    FAKE_CHECK(dvm_allgatherv(DVM_WORLD, in_place ? DVM_IN_PLACE : own, counts[me->rank], out,
                              counts, offsets, c->type) == DVM_OK);
    for (int r = 0; r < me->count; r++)
        FAKE_CHECK(is(c, out + CELL * offsets[r], counts[r], r, 0));
    FAKE_CHECK(dvm_gatherv(DVM_WORLD, 0, own, counts[me->rank], back, counts, offsets, c->type) ==
               DVM_OK);
    FAKE_CHECK(me->rank != 0 || memcmp(out, back, CELL * all) == 0);
    FAKE_CHECK(dvm_scatterv(DVM_WORLD, 0, back, counts, offsets, own, counts[me->rank],
                            c->type) == DVM_OK);
    FAKE_CHECK(is(c, own, counts[me->rank], me->rank, 0));
    free(own);
    free(out);
    free(back);
    return 0;
}

static int allgather(const struct fake_task *me, const struct cells *c, size_t count)
{
    char *own = cells_new(count), *out = cells_new(count * (size_t)me->count);
    struct cells mine = {cell_type(c->mixed), c->mixed};
    struct dvm_request *request;

    fill(c, own, count, me->rank, 0);
    /* an operation under way keeps its type */
    FAKE_CHECK(dvm_iallgather(DVM_WORLD, own, out, count, mine.type, &request) == DVM_OK);
    FAKE_CHECK(dvm_type_free(&mine.type) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
    for (int r = 0; r < me->count; r++)
        FAKE_CHECK(is(c, out + CELL * count * (size_t)r, count, r, 0));
    free(own);
    free(out);
    return 0;
}

static int alltoall(const struct fake_task *me, const struct cells *c, size_t count, bool in_place)
{
    size_t all = count * (size_t)me->count, counts[8], offsets[8];
    char *in = cells_new(all), *out = cells_new(all);

    for (int r = 0; r < me->count; r++) {
        fill(c, (in_place ? out : in) + CELL * count * (size_t)r, count, me->rank, r);
        counts[r] = count;
        offsets[r] = count * (size_t)r;
    }
    FAKE_CHECK(dvm_alltoall(DVM_WORLD, in_place ? DVM_IN_PLACE : in, out, count, c->type) ==
               DVM_OK);
    for (int r = 0; r < me->count; r++)
        FAKE_CHECK(is(c, out + CELL * count * (size_t)r, count, r, me->rank));
    /* and back */
    FAKE_CHECK(dvm_alltoallv(DVM_WORLD, in_place ? DVM_IN_PLACE : out, counts, offsets,
                             in_place ? out : in, counts, offsets, c->type) == DVM_OK);
    for (int r = 0; r < me->count; r++)
        FAKE_CHECK(is(c, (in_place ? out : in) + CELL * count * (size_t)r, count, me->rank, r));
    free(in);
    free(out);
    return 0;
}

/* Made once and started twice, in place; its type is freed in between. */
static int persistent(const struct fake_task *me, const struct cells *c, size_t count)
{
    size_t all = count * (size_t)me->count;
    struct cells mine = {cell_type(c->mixed), c->mixed};
    struct dvm_request *request;
    char *buf = cells_new(all);

    FAKE_CHECK(dvm_alltoall_init(DVM_WORLD, DVM_IN_PLACE, buf, count, mine.type, &request) ==
               DVM_OK);
    FAKE_CHECK(dvm_type_free(&mine.type) == DVM_OK);
    for (int turn = 0; turn < 2; turn++) {
        for (int r = 0; r < me->count; r++)
            fill(c, buf + CELL * count * (size_t)r, count, me->rank + turn, r);
        FAKE_CHECK(dvm_start(&request) == DVM_OK && dvm_wait(&request, NULL) == DVM_OK);
        for (int r = 0; r < me->count; r++)
            FAKE_CHECK(is(c, buf + CELL * count * (size_t)r, count, r + turn, me->rank));
    }
    FAKE_CHECK(dvm_request_free(&request) == DVM_OK);
    free(buf);
    return 0;
}

static int everything(const struct fake_task *me)
{
    for (int mixed = 0; mixed < 2; mixed++) {
        struct cells c = {cell_type(mixed), mixed};

        for (size_t l = 0; l < LENGTHS; l++)
            FAKE_CHECK(bcast(me, &c, lengths[l]) == 0 && allgather(me, &c, lengths[l]) == 0 &&
                       rooted(me, &c, lengths[l], false) == 0 &&
                       rooted(me, &c, lengths[l], true) == 0 &&
                       varying(me, &c, lengths[l], false) == 0 &&
                       varying(me, &c, lengths[l], true) == 0 &&
                       alltoall(me, &c, lengths[l], false) == 0 &&
                       alltoall(me, &c, lengths[l], true) == 0 &&
                       persistent(me, &c, lengths[l]) == 0);
        FAKE_CHECK(dvm_type_free(&c.type) == DVM_OK);
    }
    return group_meet(me) ? 0 : 1;
}

static void run(const char *forced)
{
    static const struct fake_options hosts = {.hosts = 3};

    if (forced)
        setenv("DVM_COLL", forced, 1);
    for (int tasks = 2; tasks <= 5; tasks++) {
        cr_assert_eq(group_run(tasks, everything, NULL, NULL), 0, "%d tasks", tasks);
        cr_assert_eq(group_run(tasks, everything, NULL, &hosts), 0, "%d tasks on 3 hosts", tasks);
    }
    unsetenv("DVM_COLL");
}

Test(types_coll, as_chosen)
{
    run(NULL);
}

Test(types_coll, star)
{
    run("bcast=star,allgather=star,alltoall=pairwise");
}

Test(types_coll, others)
{
    run("bcast=scatter_ring,allgather=bruck,alltoall=spread");
}

static int alone(const struct fake_task *me)
{
    for (int mixed = 0; mixed < 2; mixed++) {
        struct cells c = {cell_type(mixed), mixed};
        char *in = cells_new(7), *out = cells_new(7);

        fill(&c, in, 7, 0, 0);
        FAKE_CHECK(dvm_gather(DVM_SELF, 0, in, out, 7, c.type) == DVM_OK && is(&c, out, 7, 0, 0));
        fill(&c, in, 7, 1, 0);
        FAKE_CHECK(dvm_allgather(DVM_SELF, in, out, 7, c.type) == DVM_OK && is(&c, out, 7, 1, 0));
        fill(&c, in, 7, 2, 0);
        FAKE_CHECK(dvm_alltoall(DVM_SELF, in, out, 7, c.type) == DVM_OK && is(&c, out, 7, 2, 0));
        FAKE_CHECK(dvm_allreduce(DVM_SELF, in, out, 7, c.type, DVM_REPLACE) == DVM_OK);
        FAKE_CHECK(dvm_allreduce(DVM_SELF, in, out, 7, c.type, DVM_SUM) ==
                   (mixed ? DVM_ERR_OP : DVM_OK));
        FAKE_CHECK(!mixed || group_said("several types"));
        FAKE_CHECK(is(&c, out, 7, 2, 0));
        free(in);
        free(out);
    }
    return 0;
}

Test(types_coll, alone_and_refused)
{
    cr_assert_eq(group_run(1, alone, NULL, NULL), 0);
}

/* A ring: each gives to both sides. */
static int neighbours(const struct fake_task *me)
{
    const int dims[] = {me->count}, around[] = {1};
    dvm_group ring;

    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 1, dims, around, 0, &ring) == DVM_OK);
    for (int mixed = 0; mixed < 2; mixed++) {
        struct cells c = {cell_type(mixed), mixed};
        char *in = cells_new(40), *out = cells_new(40);

        fill(&c, in, 20, me->rank, 0);
        fill(&c, in + 20 * CELL, 20, me->rank, 1);
        FAKE_CHECK(dvm_neighbour_alltoall(ring, in, out, 20, c.type) == DVM_OK);
        FAKE_CHECK(is(&c, out, 20, (me->rank + me->count - 1) % me->count, 1));
        FAKE_CHECK(is(&c, out + 20 * CELL, 20, (me->rank + 1) % me->count, 0));
        free(in);
        free(out);
    }
    return group_meet(me) ? 0 : 1;
}

Test(types_coll, neighbours)
{
    cr_assert_eq(group_run(3, neighbours, NULL, NULL), 0);
    cr_assert_eq(group_run(1, neighbours, NULL, NULL), 0);
}
