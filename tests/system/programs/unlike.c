/* unlike: tasks of one world on processors of another byte order exchange all that has a type.
 *
 * Each task sends to each other, and checks what comes: every basic type, structs of several,
 * small and so large that they go by rendezvous, a column, what dvm_pack has made, and a type
 * that does not fit; then collectives. Prints one line, and fails at the first thing that is
 * not as it was sent. It is run by scripts/unlike, by tasks of two kinds, and needs nothing but
 * <dvm.h>.
 */
#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "dvm.h"

#define ROWS 1000
#define COLUMNS 7
#define MANY 3000 /* structs: over the limit of a message that goes whole */
#define ROOM 4096

static int me, count, checks;

/* How many the tasks are, for arrays of so many. */
static size_t members(void)
{
    return count > 0 ? (size_t)count : 1;
}

#define NEED(condition)                                                                    \
    do {                                                                                   \
        checks++;                                                                          \
        if (!(condition)) {                                                                \
            fprintf(stderr, "unlike: rank %d, line %d: not so: %s (%s)\n", me, __LINE__,   \
                    #condition, dvm_last_error());                                         \
            dvm_abort(DVM_WORLD, 1);                                                       \
        }                                                                                  \
    } while (0)

static bool is_big(void)
{
    const unsigned short one = 1;

    return *(const unsigned char *)&one == 0;
}

/* ---- basic types ------------------------------------------------------------------------ */

/* Five elements of a type as a task with this rank has them. */
#define ROW_(constant, type, expression)                                                   \
    {constant, sizeof(type), fill_##constant},
#define TYPES_(X)                                                                          \
    X(DVM_CHAR, char, (char)('a' + r + i))                                                 \
    X(DVM_SCHAR, signed char, (signed char)(-r - i))                                       \
    X(DVM_UCHAR, unsigned char, (unsigned char)(250 - r - i))                              \
    X(DVM_SHORT, short, (short)(-1000 * r - i))                                            \
    X(DVM_USHORT, unsigned short, (unsigned short)(60000 + r + i))                         \
    X(DVM_INT, int, -1000003 * (r + 1) - i)                                                \
    X(DVM_UINT, unsigned, 4000000000u + (unsigned)(r + i))                                 \
    X(DVM_LONG, long, -1000000007L * (r + 1) - i)                                          \
    X(DVM_ULONG, unsigned long, 3000000000ul + (unsigned long)(r + i))                     \
    X(DVM_LLONG, long long, -0x123456789abcdefLL * (r + 1) - i)                            \
    X(DVM_UINT64, uint64_t, UINT64_C(0xfedcba9876543210) + (uint64_t)(r + i))              \
    X(DVM_INT16, int16_t, (int16_t)(-4660 - r - i))                                        \
    X(DVM_BOOL, bool, (r + i) % 2 == 0)                                                    \
    X(DVM_WCHAR, wchar_t, (wchar_t)(0x20ac + r + i))                                       \
    X(DVM_SIZE, size_t, (size_t)4096 * (size_t)(r + 1) + (size_t)i)                        \
    X(DVM_FLOAT, float, 0.5f * (float)r - 1.25f * (float)i)                                \
    X(DVM_DOUBLE, double, 1e100 / (r + 1) - i)                                             \
    X(DVM_FLOAT_COMPLEX, float complex, (float)r + 2.0f * (float)i * I)                    \
    X(DVM_DOUBLE_COMPLEX, double complex, (double)r - 3.5 * i * I)                         \
    X(DVM_DOUBLE_INT, struct dvm_double_int, ((struct dvm_double_int){r / 3.0, i}))        \
    X(DVM_LONG_INT, struct dvm_long_int, ((struct dvm_long_int){-r, i}))

#define FILL_(constant, type, expression)                                                  \
    static void fill_##constant(void *out, int r)                                          \
    {                                                                                      \
        memset(out, 0, 5 * sizeof(type));                                                  \
        for (int i = 0; i < 5; i++) {                                                      \
            type value = expression;                                                       \
                                                                                           \
            memcpy((char *)out + (size_t)i * sizeof(type), &value, sizeof value);          \
        }                                                                                  \
    }
TYPES_(FILL_)

static const struct {
    dvm_type type;
    size_t size;
    void (*fill)(void *out, int r);
} basics[] = {TYPES_(ROW_)};
#define BASICS (sizeof basics / sizeof basics[0])

/* A pair's gaps have no meaning. */
static bool same(dvm_type type, const void *a, const void *b, size_t size)
{
    const struct dvm_double_int *d = a, *e = b;
    const struct dvm_long_int *l = a, *m = b;

    for (int i = 0; i < 5; i++) {
        if (type == DVM_DOUBLE_INT && (d[i].value != e[i].value || d[i].index != e[i].index))
            return false;
        if (type == DVM_LONG_INT && (l[i].value != m[i].value || l[i].index != m[i].index))
            return false;
    }
    return type == DVM_DOUBLE_INT || type == DVM_LONG_INT || memcmp(a, b, 5 * size) == 0;
}

static void send_basics(int to)
{
    _Alignas(max_align_t) char out[ROOM];

    for (size_t t = 0; t < BASICS; t++) {
        basics[t].fill(out, me);
        NEED(dvm_send(DVM_WORLD, to, (int)t, out, 5, basics[t].type) == DVM_OK);
    }
}

static void receive_basics(int from)
{
    _Alignas(max_align_t) char in[ROOM], wanted[ROOM];
    struct dvm_status status;

    for (size_t t = 0; t < BASICS; t++) {
        memset(in, 0, sizeof in);
        basics[t].fill(wanted, from);
        NEED(dvm_recv(DVM_WORLD, from, (int)t, in, 5, basics[t].type, &status) == DVM_OK);
        NEED(status.count == 5 && same(basics[t].type, in, wanted, basics[t].size));
    }
}

/* ---- derived types ------------------------------------------------------------------------ */

struct particle {
    int kind;
    double place[3];
    char name[5];
    long charge;
};

static dvm_type particle_type(void)
{
    const size_t lengths[] = {1, 3, 5, 1};
    const ptrdiff_t offsets[] = {offsetof(struct particle, kind), offsetof(struct particle, place),
                                 offsetof(struct particle, name),
                                 offsetof(struct particle, charge)};
    const dvm_type types[] = {DVM_INT, DVM_DOUBLE, DVM_CHAR, DVM_LONG};
    dvm_type type;

    NEED(dvm_type_struct(4, lengths, offsets, types, &type) == DVM_OK);
    NEED(dvm_type_commit(type) == DVM_OK);
    return type;
}

static struct particle particle(int r, int i)
{
    struct particle p = {.kind = r * 100 + i, .place = {r, i / 8.0, -i}, .charge = -i - r};

    memcpy(p.name, "proto", 5);
    return p;
}

static bool is_particle(const struct particle *p, int r, int i)
{
    struct particle w = particle(r, i);

    return p->kind == w.kind && memcmp(p->place, w.place, sizeof w.place) == 0 &&
           memcmp(p->name, w.name, sizeof w.name) == 0 && p->charge == w.charge;
}

static void send_derived(int to, dvm_type type, dvm_type column)
{
    static double matrix[ROWS][COLUMNS];
    static char packed[ROOM];
    struct particle *p = malloc(MANY * sizeof *p);
    size_t at = 0;

    for (int i = 0; i < MANY; i++)
        p[i] = particle(me, i);
    for (int i = 0; i < ROWS; i++)
        matrix[i][3] = me + i / 4.0;
    NEED(dvm_send(DVM_WORLD, to, 100, p, 2, type) == DVM_OK);
    NEED(dvm_send(DVM_WORLD, to, 101, p, MANY, type) == DVM_OK);
    NEED(dvm_send(DVM_WORLD, to, 102, &matrix[0][3], 1, column) == DVM_OK);
    NEED(dvm_pack(p, 4, type, packed, sizeof packed, &at) == DVM_OK);
    NEED(dvm_pack(&to, 1, DVM_INT, packed, sizeof packed, &at) == DVM_OK);
    NEED(dvm_send(DVM_WORLD, to, 103, packed, at, DVM_BYTE) == DVM_OK);
    NEED(dvm_send(DVM_WORLD, to, 104, p, 1, type) == DVM_OK);
    free(p);
}

static void receive_derived(int from, dvm_type type)
{
    static double line[ROWS];
    static char packed[ROOM];
    struct particle *p = calloc(MANY, sizeof *p);
    struct dvm_status status;
    size_t at = 0;
    int number;

    NEED(dvm_recv(DVM_WORLD, from, 100, p, 2, type, &status) == DVM_OK);
    NEED(status.type == DVM_TYPE_MIXED && is_particle(&p[0], from, 0));
    NEED(is_particle(&p[1], from, 1));
    NEED(dvm_recv(DVM_WORLD, from, 101, p, MANY, type, &status) == DVM_OK);
    for (int i = 0; i < MANY; i++)
        NEED(is_particle(&p[i], from, i));
    NEED(dvm_recv(DVM_WORLD, from, 102, line, ROWS, DVM_DOUBLE, &status) == DVM_OK);
    for (int i = 0; i < ROWS; i++)
        NEED(line[i] == from + i / 4.0);
    NEED(dvm_recv(DVM_WORLD, from, 103, packed, sizeof packed, DVM_BYTE, &status) == DVM_OK);
    NEED(dvm_unpack(packed, status.bytes, &at, p, 4, type) == DVM_OK);
    NEED(dvm_unpack(packed, status.bytes, &at, &number, 1, DVM_INT) == DVM_OK && number == me);
    NEED(at == status.bytes && is_particle(&p[3], from, 3));
    dvm_errors(DVM_SILENT);
    NEED(dvm_recv(DVM_WORLD, from, 104, line, 9, DVM_DOUBLE, NULL) == DVM_ERR_TYPE);
    dvm_errors(DVM_FATAL);
    NEED(dvm_recv(DVM_WORLD, from, 104, p, 1, type, NULL) == DVM_OK);
    free(p);
}

/* ---- collectives ----------------------------------------------------------------------------- */

static void collectives(dvm_type type)
{
    struct particle *all = calloc(members(), sizeof *all), one = particle(1, 9);
    struct dvm_double_int least, mine = {(me + 1) % count, me};
    double sum, half = me / 2.0;
    long first = -5 - me;

    if (me != 1)
        memset(&one, 0, sizeof one);
    NEED(dvm_bcast(DVM_WORLD, 1, &one, 1, type) == DVM_OK && is_particle(&one, 1, 9));
    one = particle(me, 3);
    NEED(dvm_allgather(DVM_WORLD, &one, all, 1, type) == DVM_OK);
    for (int r = 0; r < count; r++)
        NEED(is_particle(&all[r], r, 3));
    NEED(dvm_allreduce(DVM_WORLD, &half, &sum, 1, DVM_DOUBLE, DVM_SUM) == DVM_OK);
    NEED(sum == count * (count - 1) / 4.0);
    NEED(dvm_allreduce(DVM_WORLD, DVM_IN_PLACE, &first, 1, DVM_LONG, DVM_MIN) == DVM_OK);
    NEED(first == -5 - (count - 1));
    NEED(dvm_allreduce(DVM_WORLD, &mine, &least, 1, DVM_DOUBLE_INT, DVM_MINLOC) == DVM_OK);
    NEED(least.value == 0 && least.index == count - 1);
    free(all);
}

/* What a root collects and deals out, and what all give all, of structs. */
static void blocks(dvm_type type)
{
    size_t n = members();
    struct particle *in = calloc(n, sizeof *in), *out = calloc(n, sizeof *out), one;
    struct dvm_request *request;

    one = particle(me, 4);
    NEED(dvm_gather(DVM_WORLD, 1, &one, out, 1, type) == DVM_OK);
    for (int r = 0; me == 1 && r < count; r++)
        NEED(is_particle(&out[r], r, 4));
    for (int r = 0; r < count; r++)
        in[r] = particle(me, r);
    NEED(dvm_scatter(DVM_WORLD, 2, in, &one, 1, type) == DVM_OK && is_particle(&one, 2, me));
    NEED(dvm_alltoall(DVM_WORLD, in, out, 1, type) == DVM_OK);
    for (int r = 0; r < count; r++)
        NEED(is_particle(&out[r], r, me));
    memset(out, 0, n * sizeof *out);
    NEED(dvm_ialltoall(DVM_WORLD, in, out, 1, type, &request) == DVM_OK);
    NEED(dvm_wait(&request, NULL) == DVM_OK);
    for (int r = 0; r < count; r++)
        NEED(is_particle(&out[r], r, me));
    free(in);
    free(out);
}

/* To each rank an int or a struct, as its number is; from each the like. */
static void unlike_types(dvm_type type)
{
    size_t n = members(), *ones = malloc(n * sizeof *ones), *at = malloc(n * sizeof *at);
    dvm_type *of_mine = malloc(n * sizeof *of_mine), *of_theirs = malloc(n * sizeof *of_theirs);
    struct particle *in = calloc(n, sizeof *in), *out = calloc(n, sizeof *out);

    for (int r = 0; r < count; r++) {
        ones[r] = 1;
        at[r] = (size_t)r * sizeof *in;
        of_mine[r] = r % 2 ? type : DVM_INT;
        of_theirs[r] = me % 2 ? type : DVM_INT;
        in[r] = particle(me, r);
    }
    NEED(dvm_alltoallw(DVM_WORLD, in, ones, at, of_mine, out, ones, at, of_theirs) == DVM_OK);
    for (int r = 0; r < count; r++)
        NEED(me % 2 ? is_particle(&out[r], r, me) : out[r].kind == particle(r, me).kind);
    free(in);
    free(out);
    free(ones);
    free(at);
    free(of_mine);
    free(of_theirs);
}

/* Elements {a, b} mean x -> a x + b; left first, so it is not commutative. */
static void then(void *left, const void *right, size_t n, dvm_type type, void *user)
{
    double *x = left;
    const double *y = right;

    for (size_t i = 0; i < 2 * n; i += 2) {
        x[i + 1] = x[i + 1] * y[i] + y[i + 1];
        x[i] *= y[i];
    }
}

static void reductions(void)
{
    double map[2] = {2, me}, prefix[2], all[2], expected = 0;
    long *each = malloc(members() * sizeof *each), piece;
    int period = 1, here, given[2], got[2] = {-1, -1};
    dvm_group ring, half;
    dvm_type pair;
    dvm_op op;

    for (int r = 0; r <= me; r++)
        expected = expected * 2 + r;
    NEED(dvm_op_create(then, 0, NULL, &op) == DVM_OK);
    NEED(dvm_type_contiguous(2, DVM_DOUBLE, &pair) == DVM_OK && dvm_type_commit(pair) == DVM_OK);
    NEED(dvm_scan(DVM_WORLD, map, prefix, 1, pair, op) == DVM_OK && prefix[1] == expected);
    NEED(dvm_allreduce(DVM_WORLD, map, all, 1, pair, op) == DVM_OK);
    NEED(dvm_bcast(DVM_WORLD, count - 1, prefix, 2, DVM_DOUBLE) == DVM_OK);
    NEED(all[0] == prefix[0] && all[1] == prefix[1]);
    for (int r = 0; r < count; r++)
        each[r] = 1000003L * me + r;
    NEED(dvm_reduce_scatter_block(DVM_WORLD, each, &piece, 1, DVM_LONG, DVM_SUM) == DVM_OK);
    NEED(piece == 1000003L * count * (count - 1) / 2 + (long)count * me);
    NEED(dvm_group_split(DVM_WORLD, is_big(), me, &half) == DVM_OK);
    NEED(dvm_allreduce(half, &me, &here, 1, DVM_INT, DVM_SUM) == DVM_OK && here >= me);
    NEED(dvm_group_cart(DVM_WORLD, 1, &count, &period, 0, &ring) == DVM_OK);
    given[0] = me * 2; /* to the one before */
    given[1] = me * 2 + 1;
    NEED(dvm_neighbour_alltoall(ring, given, got, 1, DVM_INT) == DVM_OK);
    NEED(got[0] == (me + count - 1) % count * 2 + 1 && got[1] == (me + 1) % count * 2);
    NEED(!dvm_group_free(&ring) && !dvm_group_free(&half) && !dvm_op_free(&op));
    free(each);
}

int main(int argc, char **argv)
{
    dvm_type type, column;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &count);
    type = particle_type();
    NEED(dvm_type_vector(ROWS, 1, COLUMNS, DVM_DOUBLE, &column) == DVM_OK);
    NEED(dvm_type_commit(column) == DVM_OK);
    for (int turn = 1; turn < count; turn++) {
        int to = (me + turn) % count, from = (me - turn + count) % count;

        /* who has the lower rank of a pair talks first */
        for (int half = 0; half < 2; half++) {
            if ((half == 0) == (me < to)) {
                send_basics(to);
                send_derived(to, type, column);
            }
            if ((half == 0) == (from < me)) {
                receive_basics(from);
                receive_derived(from, type);
            }
        }
    }
    collectives(type);
    blocks(type);
    unlike_types(type);
    reductions();
    printf("rank %d of %d, %s-endian, long of %zu bytes: %d checks passed\n", me, count,
           is_big() ? "big" : "little", sizeof(long), checks);
    dvm_finalize();
    return 0;
}
