/* types_send: messages of random derived types between two tasks over each lane: what one
 * walks out of its memory and sends comes into the other's where its type says, which may be
 * another type with the same elements, and nowhere else. And what is told when types differ. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/lane_hello.h"
#include "tests/support/full_size.h"
#include "tests/support/group_task.h"
#include "tests/support/type_walker.h"
#include "type/derived.h"

#define TAG 7
#define SPREAD 40      /* bytes between the elements of the other type */
#define BYTES_MAX 150000 /* of a message; sometimes so long */

/* Elements as in w, elsewhere: in another order of places. It is made by one call. NULL: it
 * cannot be. */
static struct walker *elsewhere(const struct walker *w)
{
    static size_t lengths[WALKER_ELEMENTS_MAX];
    static ptrdiff_t offsets[WALKER_ELEMENTS_MAX];
    static dvm_type types[WALKER_ELEMENTS_MAX];
    struct walker *o = malloc(sizeof *o);

    *o = *w;
    for (size_t i = 0; i < w->count; i++) {
        lengths[i] = 1;
        offsets[i] = o->e[i].at = (ptrdiff_t)((i ^ 1) * SPREAD);
        types[i] = w->e[i].type;
    }
    if (dvm_type_struct(w->count, lengths, offsets, types, &o->made) != DVM_OK) {
        free(o);
        return NULL;
    }
    dvm_type_extent(o->made, &o->lower, &o->upper);
    o->upper += o->lower;
    return o;
}

/* One message, as both tasks know it before. */
struct plan {
    struct walker *from, *to;
    size_t count;
    unsigned mode, way;
    uint64_t seed;
};

/* What lies over itself can be sent, not received. */
static bool receivable(const struct walker *w)
{
    return !walker_overlaps(w) && (w->upper != w->lower || walker_size(w) == 0);
}

static struct plan plan_make(uint64_t seed)
{
    struct plan p = {.from = walker_make(&seed, 1 + (int)walker_below(&seed, 3))};
    size_t size = walker_size(p.from) + 1;

    p.to = !receivable(p.from) || walker_below(&seed, 2) ? elsewhere(p.from) : NULL;
    p.count = walker_below(&seed, walker_below(&seed, 8) ? 20 : BYTES_MAX / size + 1);
    p.mode = (unsigned)walker_below(&seed, 4);
    p.way = (unsigned)walker_below(&seed, 3);
    p.seed = seed;
    return p;
}

static void plan_free(struct plan *p)
{
    if (p->to)
        walker_free(p->to);
    walker_free(p->from);
}

static int send_it(const struct plan *p, const void *buf)
{
    struct dvm_request *request;
    dvm_type type = p->from->made;
    int rc;

    switch (p->mode) {
    case 0:
        return dvm_send(DVM_WORLD, 1, TAG, buf, p->count, type);
    case 1:
        return dvm_ssend(DVM_WORLD, 1, TAG, buf, p->count, type);
    case 2:
        return dvm_bsend(DVM_WORLD, 1, TAG, buf, p->count, type);
    default:
        rc = dvm_isend(DVM_WORLD, 1, TAG, buf, p->count, type, &request);
        /* an operation under way keeps its type */
        if (type >= DVM_TYPE_COUNT)
            dvm_type_free(&p->from->made);
        return rc ? rc : dvm_wait(&request, NULL);
    }
}

static int receive_it(const struct plan *p, void *buf, dvm_type type, struct dvm_status *status)
{
    struct dvm_request *request;
    struct dvm_message *message;
    int rc;

    switch (p->way) {
    case 0:
        return dvm_recv(DVM_WORLD, 0, TAG, buf, p->count, type, status);
    case 1:
        rc = dvm_irecv(DVM_WORLD, 0, TAG, buf, p->count, type, &request);
        return rc ? rc : dvm_wait(&request, status);
    default:
        rc = dvm_mprobe(DVM_WORLD, DVM_ANY, DVM_ANY, &message, status);
        if (rc == DVM_OK && (status->bytes != p->count * walker_size(p->from) ||
                             status->count != p->count * p->from->count))
            return DVM_ERR_PROTOCOL;
        return rc ? rc : dvm_mrecv(&message, buf, p->count, type, status);
    }
}

static void fill(const struct plan *p, const struct walker_room *r)
{
    uint64_t seed = p->seed;

    for (size_t i = 0; i < r->size; i++)
        r->bytes[i] = (unsigned char)fake_random(&seed);
}

static int play_one(const struct fake_task *me, const struct plan *p)
{
    const struct walker *mine = me->rank == 0 || !p->to ? p->from : p->to;
    struct walker_room sent = walker_room(p->from, p->count);
    struct walker_room r = walker_room(mine, p->count), wanted = walker_room(mine, p->count);
    unsigned char *packed = malloc(p->count * walker_size(p->from) + 1);
    struct dvm_status status;
    size_t count, rest;

    fill(p, &sent);
    walker_copy(p->from, p->count, &sent, packed, false);
    FAKE_CHECK(dvm_type_commit(mine->made) == DVM_OK);
    if (me->rank == 0) {
        FAKE_CHECK(send_it(p, sent.first) == DVM_OK);
    } else {
        walker_copy(mine, p->count, &wanted, packed, true);
        FAKE_CHECK(receive_it(p, r.first, mine->made, &status) == DVM_OK);
        FAKE_CHECK(memcmp(r.bytes, wanted.bytes, r.size) == 0);
        FAKE_CHECK(status.bytes == p->count * walker_size(p->from));
        FAKE_CHECK(dvm_type_count(&status, mine->made, &count, &rest) == DVM_OK && rest == 0);
        FAKE_CHECK(count == (walker_size(p->from) ? p->count : 0));
    }
    free(sent.bytes);
    free(r.bytes);
    free(wanted.bytes);
    free(packed);
    return 0;
}

static int play(const struct fake_task *me)
{
    int rounds = full_size() ? 20000 : 300;
    uint64_t seed = *(uint64_t *)me->arg;

    for (int i = 0; i < rounds; i++) {
        struct plan p = plan_make(seed + (uint64_t)i);

        if ((p.to || receivable(p.from)) && play_one(me, &p)) {
            fprintf(stderr, "round %d, seed %llu\n", i, (unsigned long long)seed);
            return 1;
        }
        plan_free(&p);
    }
    return group_meet(me) ? 0 : 1;
}

static void run(const char *name, const struct fake_options *options)
{
    uint64_t seed = fake_seed(name);

    cr_assert_eq(group_run(2, play, &seed, options), 0);
}

Test(types_send, shm)
{
    run("types_send.shm", NULL);
}

Test(types_send, small_slots)
{
    struct fake_options o = {.share = FAKE_SHARE_NONE};

    run("types_send.small_slots", &o);
}

Test(types_send, relay)
{
    struct fake_options o = {.lanes = "relay"};

    run("types_send.relay", &o);
}

Test(types_send, direct)
{
    struct fake_options o = {.hosts = 2, .lane_security = LANE_ENCRYPTED};

    o.lane_fd = fake_lane_listen(&o.lane_port);
    run("types_send.direct", &o);
    close(o.lane_fd);
}

/* ---- what does not go together ---------------------------------------------------------- */

/* {int, 3 double} */
static dvm_type mixed_type(size_t doubles)
{
    const size_t lengths[] = {1, doubles};
    const ptrdiff_t offsets[] = {0, 8};
    const dvm_type types[] = {DVM_INT, DVM_DOUBLE};
    dvm_type t;

    dvm_type_struct(2, lengths, offsets, types, &t);
    dvm_type_commit(t);
    return t;
}

/* The same message, small and large, meets receives that do not fit, and then one that does. */
static int mismatch(const struct fake_task *me)
{
    size_t counts[] = {2, 20000};
    dvm_type t = mixed_type(3), other = mixed_type(2), column, over;
    char *room = calloc(20000, 64);
    struct dvm_status status;

    dvm_type_vector(2, 1, 0, DVM_INT, &over);
    dvm_type_commit(over);
    dvm_type_vector(4, 1, 2, DVM_FLOAT, &column);
    FAKE_CHECK(dvm_send(DVM_WORLD, 1 - me->rank, 9, room, 1, column) == DVM_ERR_TYPE &&
               group_said("not committed"));
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1 - me->rank, 9, room, 1, over, NULL) == DVM_ERR_TYPE &&
               group_said("lie over each other"));
    FAKE_CHECK(dvm_send(DVM_WORLD, 1 - me->rank, 9, NULL, 1, t) == DVM_ERR_ARG &&
               group_said("the buffer is NULL"));
    dvm_type_commit(column);
    for (int i = 0; i < 2; i++) {
        if (me->rank == 0) {
            FAKE_CHECK(dvm_send(DVM_WORLD, 1, TAG, room, counts[i], t) == DVM_OK);
            continue;
        }
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, room, counts[i], column, NULL) == DVM_ERR_TYPE);
        FAKE_CHECK(group_said("sent") && group_said("of {int, 3 double}"));
        FAKE_CHECK(group_said("float"));
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, room, counts[i], other, NULL) == DVM_ERR_TYPE);
        FAKE_CHECK(group_said("of {int, 2 double}"));
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, room, counts[i] * 3, DVM_INT, NULL) ==
                   DVM_ERR_TYPE);
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, room, counts[i] - 1, t, NULL) ==
                   DVM_ERR_TRUNCATE);
        FAKE_CHECK(group_said("does not fit"));
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, room, counts[i] * 28, DVM_BYTE, &status) ==
                   DVM_OK);
        FAKE_CHECK(status.type == DVM_TYPE_MIXED && status.count == counts[i] * 4 &&
                   status.bytes == counts[i] * 28);
    }
    free(room);
    return group_meet(me) ? 0 : 1;
}

Test(types_send, mismatches_are_told_and_kept)
{
    struct fake_options o = {.lanes = "relay"};

    cr_assert_eq(group_run(2, mismatch, NULL, NULL), 0);
    cr_assert_eq(group_run(2, mismatch, NULL, &o), 0);
}

static int to_self(const struct fake_task *me)
{
    dvm_type t = mixed_type(3);
    char in[320], out[320] = {0};

    memset(in, 1, sizeof in);
    FAKE_CHECK(dvm_send(DVM_SELF, 0, TAG, in, 10, t) == DVM_OK);
    FAKE_CHECK(dvm_recv(DVM_SELF, 0, TAG, out, 10, t, NULL) == DVM_OK);
    FAKE_CHECK(out[0] == 1 && out[4] == 0 && out[8] == 1 && out[319] == 1);
    FAKE_CHECK(dvm_sendrecv(DVM_SELF, 0, TAG, in, 3, t, 0, TAG, out + 32, 3, t, NULL) == DVM_OK);
    return 0;
}

Test(types_send, to_oneself)
{
    cr_assert_eq(group_run(1, to_self, NULL, NULL), 0);
}
