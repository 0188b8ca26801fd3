/* types: derived types, made at random over each other, against a walker that keeps every
 * element of every type in a list: sizes, bounds, packing in one piece and in many, and
 * unpacking, also of bytes in the other order. And what is refused, in which words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/full_size.h"
#include "tests/support/group_task.h"
#include "tests/support/type_walker.h"
#include "type/derived.h"

static int compare_measures(const struct walker *l)
{
    const struct derived *d = derived_known(l->made);
    const struct signature_of s = derived_signature(d);
    ptrdiff_t lower, extent;
    size_t elements, bytes;
    bool mixed = false;

    for (size_t i = 1; i < l->count; i++)
        mixed |= l->e[i].type != l->e[0].type;
    FAKE_CHECK(dvm_type_size(l->made) == walker_size(l));
    FAKE_CHECK(d->elements == l->count);
    FAKE_CHECK((TYPE_ID(d->code) == TYPE_MIXED) == mixed);
    FAKE_CHECK(signature_count(&s, &elements, &bytes) && elements == l->count);
    FAKE_CHECK(bytes == walker_size(l));
    FAKE_CHECK(dvm_type_extent(l->made, &lower, &extent) == DVM_OK);
    FAKE_CHECK(lower == l->lower && extent == l->upper - l->lower);
    FAKE_CHECK(dvm_type_true_extent(l->made, &lower, &extent) == DVM_OK);
    for (size_t i = 0; i < l->count; i++)
        FAKE_CHECK(l->e[i].at >= lower && l->e[i].at < lower + extent);
    return 0;
}

/* Turn each element of the packed form into the other byte order. */
static void turn(const struct walker *l, size_t count, unsigned char *packed)
{
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < l->count; i++) {
            size_t bytes = type_basic(l->e[i].type)->size;
            size_t unit = l->e[i].type == DVM_DOUBLE_COMPLEX ? bytes / 2
                          : l->e[i].type == DVM_BYTE         ? 1
                                                             : bytes;

            for (size_t at = 0; at < bytes; at += unit)
                for (size_t b = 0; b < unit / 2; b++) {
                    unsigned char keep = packed[at + b];

                    packed[at + b] = packed[at + unit - 1 - b];
                    packed[at + unit - 1 - b] = keep;
                }
            packed += bytes;
        }
}

/* The shape's functions, cut anywhere. */
static int compare_pieces(const struct walker *l, size_t count, const struct walker_room *r,
                          const unsigned char *expected, uint64_t *seed)
{
    const struct derived *d = derived_known(l->made);
    size_t head = TYPE_HEAD(d->code), size = head + count * d->size, piece;
    unsigned char *packed = calloc(1, size + 1);
    struct walker_room back = walker_room(l, count), wanted = walker_room(l, count);
    bool overlaps = false;

    for (size_t at = 0; at < size; at += piece) {
        piece = 1 + walker_below(seed, 40);
        piece = piece < size - at ? piece : size - at;
        d->shape.pack(&d->shape, r->first, at, packed + at, piece);
    }
    FAKE_CHECK(memcmp(packed, d->signature.bytes, head) == 0);
    FAKE_CHECK(memcmp(packed + head, expected, size - head) == 0);
    FAKE_CHECK(layout_overlaps(&d->layout, &overlaps) == DVM_OK);
    for (size_t at = 0; at < size - head; at += piece) {
        piece = 1 + walker_below(seed, 40);
        piece = piece < size - head - at ? piece : size - head - at;
        d->shape.unpack(&d->shape, back.first, at, packed + head + at, piece);
    }
    walker_copy(l, count, &wanted, packed + head, true);
    FAKE_CHECK(memcmp(back.bytes, wanted.bytes, back.size) == 0);
    free(packed);
    free(back.bytes);
    free(wanted.bytes);
    return 0;
}

static int compare(const struct walker *l, uint64_t *seed)
{
    size_t count = 1 + walker_below(seed, 3), size, at = 0, length = count * walker_size(l);
    struct walker_room r = walker_room(l, count), back = walker_room(l, count);
    struct walker_room wanted = walker_room(l, count);
    unsigned char *packed = malloc(length + 5), *expected = malloc(length + 1);

    for (size_t i = 0; i < r.size; i++)
        r.bytes[i] = (unsigned char)fake_random(seed) & 1;
    walker_copy(l, count, &r, expected, false);
    FAKE_CHECK(compare_measures(l) == 0);
    FAKE_CHECK(dvm_pack_size(count, l->made, &size) == DVM_OK && size == length + 4);
    FAKE_CHECK(dvm_type_commit(l->made) == DVM_OK);
    FAKE_CHECK(dvm_pack(r.first, count, l->made, packed, size, &at) == DVM_OK && at == size);
    FAKE_CHECK(memcmp(packed + 4, expected, length) == 0);
    FAKE_CHECK(compare_pieces(l, count, &r, expected, seed) == 0);
    walker_copy(l, count, &wanted, expected, true);
    for (int other = 0; other < 2; other++) {
        int rc;

        if (other) {
            packed[3] ^= TYPE_BIG_ENDIAN;
            turn(l, count, packed + 4);
        }
        at = 0;
        rc = dvm_unpack(packed, size, &at, back.first, count, l->made);
        FAKE_CHECK(rc == (walker_overlaps(l) ? DVM_ERR_TYPE : DVM_OK));
        if (rc == DVM_OK)
            FAKE_CHECK(at == size && memcmp(back.bytes, wanted.bytes, back.size) == 0);
        memset(back.bytes, 0, back.size);
    }
    free(r.bytes);
    free(back.bytes);
    free(wanted.bytes);
    free(packed);
    free(expected);
    return 0;
}

static int random_types(const struct fake_task *me)
{
    int rounds = full_size() ? 100000 : 3000;
    uint64_t seed = *(uint64_t *)me->arg;

    for (int i = 0; i < rounds; i++) {
        uint64_t start = seed;
        struct walker *l = walker_make(&seed, 1 + (int)walker_below(&seed, 3));

        if (compare(l, &seed)) {
            fprintf(stderr, "round %d, seed %llu\n", i, (unsigned long long)start);
            return 1;
        }
        walker_free(l);
    }
    return 0;
}

Test(types, random_trees_match_the_walker)
{
    uint64_t seed = fake_seed("types");

    cr_assert_eq(group_run(1, random_types, &seed, NULL), 0);
}

/* ---- what becomes of them ------------------------------------------------------------ */

static int columns_are_one_loop(const struct fake_task *me)
{
    const size_t lengths[] = {1, 1, 1, 1};
    const ptrdiff_t offsets[] = {0, 5, 10, 15};
    dvm_type column, rows, listed;

    FAKE_CHECK(dvm_type_vector(4, 1, 5, DVM_DOUBLE, &column) == DVM_OK);
    FAKE_CHECK(derived_known(column)->layout.count == 1);
    FAKE_CHECK(dvm_type_indexed(4, lengths, offsets, DVM_DOUBLE, &listed) == DVM_OK);
    FAKE_CHECK(derived_known(listed)->layout.count == 1);
    FAKE_CHECK(dvm_type_vector(4, 5, 5, DVM_DOUBLE, &rows) == DVM_OK);
    FAKE_CHECK(derived_known(rows)->layout.count == 1);
    FAKE_CHECK(derived_known(rows)->layout.nodes[0].bytes == 160);
    return 0;
}

Test(types, columns_are_one_loop)
{
    cr_assert_eq(group_run(1, columns_are_one_loop, NULL, NULL), 0);
}

struct particle {
    int kind;
    double place[3];
    char name[5];
};

static int structs_are_those_of_c(const struct fake_task *me)
{
    const size_t lengths[] = {1, 3, 5};
    const ptrdiff_t offsets[] = {offsetof(struct particle, kind), offsetof(struct particle, place),
                                 offsetof(struct particle, name)};
    const dvm_type types[] = {DVM_INT, DVM_DOUBLE, DVM_CHAR};
    struct dvm_type_info info;
    ptrdiff_t extent;
    dvm_type one, many, inner;

    FAKE_CHECK(dvm_type_struct(3, lengths, offsets, types, &one) == DVM_OK);
    FAKE_CHECK(dvm_type_extent(one, NULL, &extent) == DVM_OK);
    FAKE_CHECK(extent == sizeof(struct particle));
    FAKE_CHECK(dvm_type_true_extent(one, NULL, &extent) == DVM_OK);
    FAKE_CHECK(extent == offsetof(struct particle, name) + 5);
    FAKE_CHECK(dvm_type_contiguous(1000000, one, &many) == DVM_OK);
    FAKE_CHECK(derived_known(many)->signature.length < 16);
    inner = one;
    FAKE_CHECK(dvm_type_free(&one) == DVM_OK && one == DVM_TYPE_NONE);
    FAKE_CHECK(dvm_type_describe(many, &info) == DVM_OK && info.kind == DVM_KIND_CONTIGUOUS);
    FAKE_CHECK(info.count == 1000000 && info.type_count == 1 && info.types[0] == inner);
    FAKE_CHECK(dvm_type_describe(inner, &info) == DVM_OK && info.kind == DVM_KIND_STRUCT);
    FAKE_CHECK(info.type_count == 3 && info.types[1] == DVM_DOUBLE && info.lengths[2] == 5 &&
               info.offsets[1] == (ptrdiff_t)offsetof(struct particle, place));
    FAKE_CHECK(dvm_type_free(&inner) == DVM_ERR_TYPE && group_said("was freed before"));
    FAKE_CHECK(dvm_type_free(&many) == DVM_OK);
    FAKE_CHECK(dvm_type_describe(inner, &info) == DVM_ERR_TYPE);
    FAKE_CHECK(dvm_type_describe(DVM_INT, &info) == DVM_OK && info.kind == DVM_KIND_BASIC);
    return 0;
}

Test(types, structs_are_those_of_c)
{
    cr_assert_eq(group_run(1, structs_are_those_of_c, NULL, NULL), 0);
}

static int refusals(const struct fake_task *me)
{
    const ptrdiff_t offsets[] = {0};
    const size_t sizes[] = {4}, parts[] = {3}, starts[] = {2}, none[] = {0};
    const int block[] = {DVM_DISTRIBUTE_BLOCK}, two[] = {2};
    const size_t small[] = {1};
    char bytes[64] = {0};
    size_t at = 0;
    dvm_type t, freed;

    FAKE_CHECK(dvm_type_vector(2, 1, 3, 77, &t) == DVM_ERR_TYPE && group_said("77 is no type"));
    FAKE_CHECK(dvm_type_vector(2, 1, 3, DVM_INT, NULL) == DVM_ERR_ARG && group_said("no place"));
    FAKE_CHECK(dvm_type_vector(SIZE_MAX / 2, 4, 3, DVM_INT, &t) == DVM_ERR_ARG &&
               group_said("larger than memory"));
    FAKE_CHECK(dvm_type_vector(4, 1, PTRDIFF_MAX, DVM_INT, &t) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_type_indexed(1, NULL, offsets, DVM_INT, &t) == DVM_ERR_ARG &&
               group_said("lengths and offsets must be given"));
    FAKE_CHECK(dvm_type_struct(1, parts, offsets, NULL, &t) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_type_subarray(1, sizes, parts, starts, DVM_ORDER_C, DVM_INT, &t) ==
                   DVM_ERR_ARG && group_said("not inside dimension 0"));
    FAKE_CHECK(dvm_type_subarray(0, sizes, parts, none, DVM_ORDER_C, DVM_INT, &t) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_type_subarray(1, sizes, parts, none, 7, DVM_INT, &t) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_type_darray(2, 0, 1, sizes, block, small, two, DVM_ORDER_C, DVM_INT, &t) ==
                   DVM_ERR_ARG && group_said("where 2 processes have blocks of "));
    FAKE_CHECK(dvm_type_darray(3, 0, 1, sizes, block, none, two, DVM_ORDER_C, DVM_INT, &t) ==
                   DVM_ERR_ARG && group_said("places for 2 tasks"));
    FAKE_CHECK(dvm_type_darray(2, 2, 1, sizes, block, none, two, DVM_ORDER_C, DVM_INT, &t) ==
               DVM_ERR_RANK);
    FAKE_CHECK(dvm_type_vector(2, 1, 3, DVM_INT, &t) == DVM_OK);
    FAKE_CHECK(dvm_pack(bytes, 1, t, bytes, sizeof bytes, &at) == DVM_ERR_TYPE &&
               group_said("not committed"));
    FAKE_CHECK(dvm_type_commit(t) == DVM_OK);
    FAKE_CHECK(dvm_pack(NULL, 1, t, bytes, sizeof bytes, &at) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_pack(bytes, 1, t, bytes + 32, 8, &at) == DVM_ERR_TRUNCATE && at == 0);
    FAKE_CHECK(dvm_unpack(bytes, 32, &at, bytes + 32, 1, t) == DVM_ERR_PROTOCOL);
    freed = t;
    FAKE_CHECK(dvm_type_free(&t) == DVM_OK && dvm_type_free(&t) == DVM_OK);
    FAKE_CHECK(dvm_pack(bytes, 1, freed, bytes, 64, &at) == DVM_ERR_TYPE &&
               group_said("was freed"));
    FAKE_CHECK(dvm_type_size(freed) == 0);
    t = DVM_INT;
    FAKE_CHECK(dvm_type_free(&t) == DVM_ERR_TYPE && group_said("always is"));
    return 0;
}

Test(types, refusals_have_their_words)
{
    cr_assert_eq(group_run(1, refusals, NULL, NULL), 0);
}

static int too_changing(const struct fake_task *me)
{
    static size_t lengths[200];
    static ptrdiff_t offsets[200];
    static dvm_type types[200];
    dvm_type t;

    for (int i = 0; i < 200; i++) {
        lengths[i] = 1;
        offsets[i] = 16 * i;
        types[i] = i % 3 ? DVM_INT : i % 7 ? DVM_DOUBLE : DVM_CHAR;
    }
    FAKE_CHECK(dvm_type_struct(200, lengths, offsets, types, &t) == DVM_ERR_LIMIT &&
               group_said("too often"));
    FAKE_CHECK(dvm_type_struct(30, lengths, offsets, types, &t) == DVM_OK);
    return 0;
}

/* Types of types of types: as deep as what tells of their elements can be read. */
static int too_deep(const struct fake_task *me)
{
    dvm_type t = DVM_INT;
    int depth = 0, rc = DVM_OK;

    while (rc == DVM_OK && depth < 100) {
        const size_t lengths[] = {2, 1};
        const ptrdiff_t offsets[] = {0, 1 << 20};
        const dvm_type types[] = {t, depth % 2 ? DVM_INT : DVM_DOUBLE};

        rc = dvm_type_struct(2, lengths, offsets, types, &t);
        depth += rc == DVM_OK;
    }
    FAKE_CHECK(rc == DVM_ERR_LIMIT && group_said("made of each other"));
    FAKE_CHECK(depth > 8 && depth < 12);
    FAKE_CHECK(dvm_type_commit(t) == DVM_OK);
    return 0;
}

Test(types, nesting_has_a_limit)
{
    cr_assert_eq(group_run(1, too_deep, NULL, NULL), 0);
}

Test(types, changes_of_type_have_a_limit)
{
    cr_assert_eq(group_run(1, too_changing, NULL, NULL), 0);
}
