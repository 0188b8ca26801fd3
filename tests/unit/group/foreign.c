/* foreign: what a task of another kind of host sends: its frames, with its codes of
 * types, through the whole receive path, by the relay: eager and by rendezvous,
 * received at once, posted before, or taken. The sender here only says that it is
 * big-endian, and stores its numbers so. */
#include <criterion/criterion.h>
#include <complex.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dvm.h"
#include "group/group.h"
#include "match/match.h"
#include "tests/support/group_task.h"
#include "type/type.h"

#define FEW 5
#define MANY 100000 /* of 4 bytes: by rendezvous */

static const struct fake_options relay = {.lanes = "relay", .hosts = 2};

/* s390x, and a 32-bit big-endian host */
static const uint32_t big_64 = TYPE_BIG_ENDIAN | TYPE_LONG_64 | TYPE_SIZE_64 |
                               TYPE_LDOUBLE_QUAD << TYPE_LDOUBLE_SHIFT;
static const uint32_t big_32 = TYPE_BIG_ENDIAN | TYPE_LDOUBLE_DOUBLE << TYPE_LDOUBLE_SHIFT;

/* Store values as a big-endian host does, size bytes each. */
static uint8_t *stored(const uint64_t *values, size_t count, size_t size)
{
    uint8_t *bytes = malloc(count * size);

    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < size; b++)
            bytes[i * size + b] = (uint8_t)(values[i] >> (8 * (size - 1 - b)));
    return bytes;
}

static int foreign_send(enum match_mode mode, int to, int tag, uint8_t *bytes, size_t length,
                        dvm_type type, uint32_t representation)
{
    int rc = match_send(mode, group_find(DVM_WORLD, "test")->context, to, tag, bytes, length,
                        (uint32_t)type | representation << 8, 0, DVM_WORLD);

    free(bytes);
    return rc;
}

static uint64_t value_of(size_t i)
{
    return (i * UINT64_C(2654435761) + 12345) & 0x7fffffff;
}

static int send_row(int to, int tag, size_t count)
{
    uint64_t *values = malloc(count * sizeof *values);
    int rc;

    for (size_t i = 0; i < count; i++)
        values[i] = value_of(i);
    rc = foreign_send(tag % 2 ? MATCH_SYNC : MATCH_STANDARD, to, tag, stored(values, count, 4),
                      count * 4, DVM_INT, big_64);
    free(values);
    return rc;
}

static bool is_row(const int *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((uint64_t)row[i] != value_of(i))
            return false;
    return true;
}

/* Every way of receiving, small and large. */
static int ways(const struct fake_task *me)
{
    static const size_t counts[] = {FEW, MANY};
    static int row[MANY];

    for (int i = 0; i < 2; i++) {
        struct dvm_status status;
        struct dvm_request *request;
        struct dvm_message *message;
        size_t n = counts[i];

        if (me->rank == 1) {
            FAKE_CHECK(dvm_recv(DVM_WORLD, 0, 0, NULL, 0, DVM_BYTE, NULL) == DVM_OK);
            for (int tag = 1; tag <= 4; tag++)
                FAKE_CHECK(send_row(me->tids[0], tag, n) == DVM_OK);
            continue;
        }
        FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, 1, row, n, DVM_INT, &request) == DVM_OK);
        FAKE_CHECK(dvm_send(DVM_WORLD, 1, 0, NULL, 0, DVM_BYTE) == DVM_OK);
        FAKE_CHECK(dvm_wait(&request, &status) == DVM_OK && is_row(row, n));
        FAKE_CHECK(status.type == DVM_INT && status.count == n && status.bytes == 4 * n);
        memset(row, 0, sizeof row);
        FAKE_CHECK(dvm_recv(DVM_WORLD, DVM_ANY, 2, row, n, DVM_INT32, &status) == DVM_OK);
        FAKE_CHECK(is_row(row, n) && status.count == n);
        memset(row, 0, sizeof row);
        FAKE_CHECK(dvm_mprobe(DVM_WORLD, 1, 3, &message, &status) == DVM_OK);
        FAKE_CHECK(status.count == n);
        FAKE_CHECK(dvm_mrecv(&message, row, n - 1, DVM_INT, NULL) == DVM_ERR_TRUNCATE);
        FAKE_CHECK(dvm_mrecv(&message, row, n, DVM_FLOAT, NULL) == DVM_ERR_TYPE && message);
        FAKE_CHECK(dvm_mrecv(&message, row, n, DVM_INT, NULL) == DVM_OK && is_row(row, n));
        /* raw bytes are never touched */
        FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 4, row, 4 * n, DVM_BYTE, NULL) == DVM_OK);
        FAKE_CHECK(((uint8_t *)row)[3] == (value_of(0) & 0xff));
    }
    return 0;
}

Test(foreign, every_way_of_receiving)
{
    cr_assert_eq(group_run(2, ways, NULL, &relay), 0);
}

/* Longs of 32 bits become this host's; floating numbers and complex ones turn. */
static int widths(const struct fake_task *me)
{
    const double x[] = {1.5, -0.1, 1e300};
    const float complex z = 2.0F - 3.5F * I;
    uint64_t longs[] = {7, (uint32_t)-8, 0x7fffffff}, doubles[3], parts[2];
    struct dvm_status status;
    float complex got_z;
    uint32_t part[2];
    long got[3];
    double y[3];

    if (me->rank == 1) {
        memcpy(doubles, x, sizeof x);
        memcpy(part, &z, sizeof z);
        parts[0] = part[0];
        parts[1] = part[1];
        FAKE_CHECK(foreign_send(MATCH_STANDARD, me->tids[0], 1, stored(longs, 3, 4), 12, DVM_LONG,
                                big_32) == DVM_OK);
        FAKE_CHECK(foreign_send(MATCH_STANDARD, me->tids[0], 2, stored(doubles, 3, 8), 24,
                                DVM_DOUBLE, big_32) == DVM_OK);
        return foreign_send(MATCH_STANDARD, me->tids[0], 3, stored(parts, 2, 4), 8,
                            DVM_FLOAT_COMPLEX, big_64);
    }
    /* sizes are compared as they are here: 2 longs do not hold 3 */
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 1, got, 2, DVM_LONG, NULL) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 1, got, 3, DVM_LONG, &status) == DVM_OK);
    FAKE_CHECK(got[0] == 7 && got[1] == -8 && got[2] == 0x7fffffff);
    FAKE_CHECK(status.count == 3 && status.bytes == 12);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 2, y, 3, DVM_DOUBLE, NULL) == DVM_OK);
    FAKE_CHECK(memcmp(x, y, sizeof x) == 0);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 3, &got_z, 1, DVM_FLOAT_COMPLEX, NULL) == DVM_OK);
    FAKE_CHECK(got_z == z);
    return 0;
}

Test(foreign, other_widths_and_floating_numbers)
{
    cr_assert_eq(group_run(2, widths, NULL, &relay), 0);
}

/* What cannot be converted is refused in words and kept: also when it was taken. */
static int impossible(const struct fake_task *me)
{
    static uint8_t raw[16 * FEW], kept[16 * FEW];
    struct dvm_message *message;

    if (me->rank == 1) {
        for (size_t i = 0; i < sizeof raw; i++)
            raw[i] = (uint8_t)i;
        for (int tag = 1; tag <= 2; tag++) {
            uint8_t *bytes = malloc(sizeof raw);

            memcpy(bytes, raw, sizeof raw);
            FAKE_CHECK(foreign_send(MATCH_SYNC, me->tids[0], tag, bytes, sizeof raw, DVM_LDOUBLE,
                                    big_64) == DVM_OK);
        }
        return 0;
    }
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 1, raw, FEW, DVM_LDOUBLE, NULL) == DVM_ERR_UNSUPPORTED);
    FAKE_CHECK(group_said("cannot be converted"));
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 1, kept, sizeof kept, DVM_BYTE, NULL) == DVM_OK);
    FAKE_CHECK(kept[1] == 1 && kept[sizeof kept - 1] == sizeof kept - 1);
    FAKE_CHECK(dvm_mprobe(DVM_WORLD, 1, 2, &message, NULL) == DVM_OK);
    FAKE_CHECK(dvm_mrecv(&message, raw, FEW, DVM_LDOUBLE, NULL) == DVM_ERR_UNSUPPORTED);
    FAKE_CHECK(message != NULL);
    FAKE_CHECK(dvm_mrecv(&message, kept, sizeof kept, DVM_BYTE, NULL) == DVM_OK && !message);
    return 0;
}

Test(foreign, what_cannot_be_converted_is_kept)
{
    cr_assert_eq(group_run(2, impossible, NULL, &relay), 0);
}
