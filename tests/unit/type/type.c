/* type: codes, how types relate, and the conversion of foreign bytes. The foreign
 * bytes are written out by hand, never made by the code under test. */
#include <complex.h>
#include <criterion/criterion.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "type/type.h"

/* Representations of other hosts; the names say what is special. */
#define QUAD ((uint32_t)TYPE_LDOUBLE_QUAD << TYPE_LDOUBLE_SHIFT)
#define BIG_64 (TYPE_BIG_ENDIAN | TYPE_LONG_64 | TYPE_SIZE_64 | QUAD) /* s390x */
#define BIG_32 (TYPE_BIG_ENDIAN | QUAD)
#define LITTLE_32 ((uint32_t)TYPE_LDOUBLE_X87_12 << TYPE_LDOUBLE_SHIFT) /* i386 */

static uint32_t foreign(dvm_type type, uint32_t representation)
{
    return (uint32_t)type | representation << 8;
}

static const bool little_64 = sizeof(long) == 8 && sizeof(size_t) == 8 &&
                              __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/* The bytes below are written for a little-endian host with 64-bit longs. */
static void need_little_64(void)
{
    if (!little_64)
        cr_skip_test("written for a little-endian 64-bit host");
}

TestSuite(convert, .init = need_little_64);

Test(type, sizes)
{
    cr_assert_eq(dvm_type_size(DVM_BYTE), 1);
    cr_assert_eq(dvm_type_size(DVM_INT), sizeof(int));
    cr_assert_eq(dvm_type_size(DVM_LONG), sizeof(long));
    cr_assert_eq(dvm_type_size(DVM_LDOUBLE_COMPLEX), sizeof(long double complex));
    cr_assert_eq(dvm_type_size(DVM_WCHAR), sizeof(wchar_t));
    cr_assert_eq(dvm_type_size(-1), 0);
    cr_assert_eq(dvm_type_size(DVM_TYPE_COUNT), 0);
    for (dvm_type t = 0; t < DVM_TYPE_COUNT; t++) {
        cr_assert_gt(dvm_type_size(t), 0);
        cr_assert_eq(type_wire_size(type_code(t)), dvm_type_size(t), "%s", type_find(t)->name);
    }
}

Test(type, every_type_has_its_own_name)
{
    for (dvm_type t = 0; t < DVM_TYPE_COUNT; t++) {
        cr_assert_eq(strncmp(type_find(t)->name, "DVM_", 4), 0);
        for (dvm_type u = 0; u < t; u++)
            cr_assert_str_neq(type_find(t)->name, type_find(u)->name);
    }
    cr_assert_str_eq(type_word(0xff), "of an unknown type");
}

Test(type, codes_carry_id_and_representation)
{
    uint32_t code = type_code(DVM_DOUBLE);

    cr_assert_eq(TYPE_ID(code), DVM_DOUBLE);
    cr_assert_eq(TYPE_REPRESENTATION(code), type_here());
    cr_assert_lt(type_here(), UINT32_C(1) << 24);
}

Test(type, foreign_sizes)
{
    cr_assert_eq(type_wire_size(foreign(DVM_LONG, BIG_64)), 8);
    cr_assert_eq(type_wire_size(foreign(DVM_LONG, BIG_32)), 4);
    cr_assert_eq(type_wire_size(foreign(DVM_SIZE, LITTLE_32)), 4);
    cr_assert_eq(type_wire_size(foreign(DVM_WCHAR, TYPE_WCHAR_16)), 2);
    cr_assert_eq(type_wire_size(foreign(DVM_LDOUBLE, LITTLE_32)), 12);
    cr_assert_eq(type_wire_size(foreign(DVM_LDOUBLE_COMPLEX, LITTLE_32)), 24);
    cr_assert_eq(type_wire_size(foreign(DVM_INT, BIG_64)), 4);
    cr_assert_eq(type_wire_size(foreign(DVM_TYPE_COUNT, 0)), 0);
    cr_assert_eq(type_wire_size(foreign(DVM_SHORT_INT, BIG_64)), 8);
    cr_assert_eq(type_wire_size(foreign(DVM_LONG_INT, BIG_64)), 16);
    cr_assert_eq(type_wire_size(foreign(DVM_LONG_INT, LITTLE_32)), 8);
    cr_assert_eq(type_wire_size(foreign(DVM_DOUBLE_INT, LITTLE_32)), 16);
    cr_assert_eq(type_wire_size(foreign(DVM_LDOUBLE_INT, LITTLE_32)), 16);
    cr_assert_eq(type_wire_size(foreign(DVM_LDOUBLE_INT, BIG_64)), 32);
}

Test(type, same_is_copied)
{
    for (dvm_type t = 0; t < DVM_TYPE_COUNT; t++) {
        cr_assert_eq(type_relate(type_code(t), type_code(t)), TYPE_COPY);
        cr_assert_eq(type_relate(type_code(DVM_BYTE), type_code(t)), TYPE_COPY);
        cr_assert_eq(type_relate(type_code(t), type_code(DVM_BYTE)), TYPE_COPY);
        cr_assert_eq(type_relate(foreign(t, BIG_32), type_code(DVM_BYTE)), TYPE_COPY);
    }
}

Test(type, same_class_and_size_fit)
{
    cr_assert_eq(type_relate(type_code(DVM_INT), type_code(DVM_INT32)), TYPE_COPY);
    cr_assert_eq(type_relate(type_code(DVM_LLONG), type_code(DVM_INT64)), TYPE_COPY);
    cr_assert_eq(type_relate(type_code(DVM_UCHAR), type_code(DVM_UINT8)), TYPE_COPY);
    cr_assert_eq(type_relate(type_code(DVM_INT), type_code(DVM_UINT)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_INT), type_code(DVM_FLOAT)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_INT), type_code(DVM_INT64)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_DOUBLE), type_code(DVM_FLOAT)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_DOUBLE), type_code(DVM_FLOAT_COMPLEX)),
                 TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_CHAR), type_code(DVM_SCHAR)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_BOOL), type_code(DVM_UINT8)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(foreign(200, 0), type_code(DVM_INT)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(foreign(200, 0), type_code(DVM_BYTE)), TYPE_DIFFERENT);
}

Test(convert, relations_to_unlike_hosts)
{
    cr_assert_eq(type_relate(foreign(DVM_INT, BIG_64), type_code(DVM_INT)), TYPE_CONVERT);
    cr_assert_eq(type_relate(foreign(DVM_INT, LITTLE_32), type_code(DVM_INT)), TYPE_COPY);
    cr_assert_eq(type_relate(foreign(DVM_CHAR, BIG_64), type_code(DVM_CHAR)), TYPE_COPY);
    cr_assert_eq(type_relate(foreign(DVM_LONG, LITTLE_32), type_code(DVM_LONG)), TYPE_CONVERT);
    cr_assert_eq(type_relate(foreign(DVM_LONG, LITTLE_32), type_code(DVM_INT)), TYPE_COPY);
    cr_assert_eq(type_relate(foreign(DVM_LONG, LITTLE_32), type_code(DVM_INT64)),
                 TYPE_DIFFERENT);
    cr_assert_eq(type_relate(foreign(DVM_LDOUBLE, LITTLE_32), type_code(DVM_LDOUBLE)),
                 TYPE_IMPOSSIBLE);
    cr_assert_eq(type_relate(foreign(DVM_LDOUBLE, BIG_64), type_code(DVM_LDOUBLE)),
                 TYPE_IMPOSSIBLE);
    /* a format that this version does not know */
    cr_assert_eq(type_relate(foreign(DVM_LDOUBLE, 7u << TYPE_LDOUBLE_SHIFT),
                             type_code(DVM_LDOUBLE)),
                 TYPE_IMPOSSIBLE);
    /* where a long double is a double, they fit each other */
    cr_assert_eq(type_relate(foreign(DVM_LDOUBLE, (uint32_t)TYPE_LDOUBLE_DOUBLE
                                                      << TYPE_LDOUBLE_SHIFT),
                             type_code(DVM_DOUBLE)),
                 TYPE_COPY);
}

/* What a daemon sends in notify messages: the bare id of a little-endian type. */
Test(convert, a_bare_id_is_little_endian)
{
    cr_assert_eq(type_relate(DVM_INT, type_code(DVM_INT)), TYPE_COPY);
    cr_assert_eq(type_wire_size(DVM_INT), 4);
}

Test(convert, big_endian_ints)
{
    static const uint8_t bytes[] = {0x00, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff, 0xfe,
                                    0x12, 0x34, 0x56, 0x78, 0x80, 0x00, 0x00, 0x00};
    static const int expected[] = {1, -2, 0x12345678, INT_MIN};
    int out[4];

    cr_assert_eq(type_convert(out, type_code(DVM_INT), bytes, foreign(DVM_INT, BIG_64), 4, NULL),
                 DVM_OK);
    cr_assert_arr_eq(out, expected, sizeof expected);
}

Test(convert, big_endian_shorts)
{
    static const uint8_t bytes[] = {0x01, 0x02, 0xff, 0xff};
    uint16_t out[2];

    cr_assert_eq(type_convert(out, type_code(DVM_UINT16), bytes, foreign(DVM_USHORT, BIG_32), 2,
                              NULL),
                 DVM_OK);
    cr_assert_eq(out[0], 0x0102);
    cr_assert_eq(out[1], 0xffff);
}

Test(convert, short_longs_are_widened)
{
    static const uint8_t little[] = {0xff, 0xff, 0xff, 0xff, 0x05, 0, 0, 0};
    static const uint8_t big[] = {0xff, 0xff, 0xff, 0xfb, 0x7f, 0xff, 0xff, 0xff};
    unsigned long u[2];
    long out[2];

    cr_assert_eq(type_convert(out, type_code(DVM_LONG), little, foreign(DVM_LONG, LITTLE_32), 2,
                              NULL),
                 DVM_OK);
    cr_assert_eq(out[0], -1);
    cr_assert_eq(out[1], 5);
    cr_assert_eq(type_convert(out, type_code(DVM_LONG), big, foreign(DVM_LONG, BIG_32), 2, NULL),
                 DVM_OK);
    cr_assert_eq(out[0], -5);
    cr_assert_eq(out[1], INT_MAX);
    cr_assert_eq(type_convert(u, type_code(DVM_ULONG), little, foreign(DVM_ULONG, LITTLE_32), 2,
                              NULL),
                 DVM_OK);
    cr_assert_eq(u[0], 0xffffffffUL);
}

/* A 32-bit host receives from this one: the same code, the other way round. */
Test(convert, long_longs_are_narrowed_if_they_fit)
{
    const long fine[] = {-2147483648L, 2147483647L, -1};
    const long wrong[] = {1, 2147483648L};
    const unsigned long unsigned_wrong[] = {4294967296UL};
    static const uint8_t expected[] = {0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff};
    uint8_t out[12];
    size_t index = 99;

    cr_assert_eq(type_convert(out, foreign(DVM_LONG, BIG_32), fine, type_code(DVM_LONG), 3,
                              &index),
                 DVM_OK);
    cr_assert_arr_eq(out, expected, sizeof expected);
    cr_assert_eq(type_convert(out, foreign(DVM_LONG, LITTLE_32), wrong, type_code(DVM_LONG), 2,
                              &index),
                 DVM_ERR_TYPE);
    cr_assert_eq(index, 1);
    cr_assert_eq(type_convert(out, foreign(DVM_ULONG, LITTLE_32), unsigned_wrong,
                              type_code(DVM_ULONG), 1, &index),
                 DVM_ERR_TYPE);
    cr_assert_eq(index, 0);
}

Test(convert, sizes)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff};
    size_t out;

    cr_assert_eq(type_convert(&out, type_code(DVM_SIZE), bytes, foreign(DVM_SIZE, LITTLE_32), 1,
                              NULL),
                 DVM_OK);
    cr_assert_eq(out, 0xffffffffUL);
    cr_assert_eq(type_converted_bytes(foreign(DVM_SIZE, LITTLE_32), type_code(DVM_SIZE), 12), 24);
    cr_assert_eq(type_converted_bytes(foreign(DVM_LONG, BIG_64), type_code(DVM_LONG), 24), 24);
    cr_assert_eq(type_converted_bytes(type_code(DVM_BYTE), type_code(DVM_DOUBLE), 24), 24);
}

Test(convert, wide_characters)
{
    static const uint8_t two[] = {0x20, 0xac, 0xff, 0xff}; /* 16 bits, big-endian */
    wchar_t out[2];

    cr_assert_eq(type_convert(out, type_code(DVM_WCHAR), two,
                              foreign(DVM_WCHAR, BIG_64 | TYPE_WCHAR_16), 2, NULL),
                 DVM_OK);
    cr_assert_eq(out[0], 0x20ac);
    cr_assert_eq(out[1], 0xffff);
}

Test(convert, floats)
{
    static const uint8_t one[] = {0x3f, 0x80, 0x00, 0x00}; /* 1.0f */
    static const uint8_t pi[] = {0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18};
    static const uint8_t pair[] = {0x3f, 0x80, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00}; /* 1-2i */
    float complex z;
    double d;
    float f;

    cr_assert_eq(type_convert(&f, type_code(DVM_FLOAT), one, foreign(DVM_FLOAT, BIG_64), 1, NULL),
                 DVM_OK);
    cr_assert_eq(f, 1.0f);
    cr_assert_eq(type_convert(&d, type_code(DVM_DOUBLE), pi, foreign(DVM_DOUBLE, BIG_32), 1,
                              NULL),
                 DVM_OK);
    cr_assert_eq(d, 3.141592653589793);
    cr_assert_eq(type_convert(&z, type_code(DVM_FLOAT_COMPLEX), pair,
                              foreign(DVM_FLOAT_COMPLEX, BIG_64), 1, NULL),
                 DVM_OK);
    cr_assert_eq(crealf(z), 1.0f);
    cr_assert_eq(cimagf(z), -2.0f);
}

Test(convert, quads_turn_as_a_whole)
{
    uint8_t in[16], out[16];
    uint32_t little_quad = QUAD | TYPE_LONG_64 | TYPE_SIZE_64;

    for (int i = 0; i < 16; i++)
        in[i] = (uint8_t)i;
    cr_assert_eq(type_convert(out, foreign(DVM_LDOUBLE, little_quad), in,
                              foreign(DVM_LDOUBLE, BIG_64), 1, NULL),
                 DVM_OK);
    for (int i = 0; i < 16; i++)
        cr_assert_eq(out[i], 15 - i);
}

Test(convert, nothing)
{
    cr_assert_eq(type_convert(NULL, type_code(DVM_INT), NULL, foreign(DVM_INT, BIG_64), 0, NULL),
                 DVM_OK);
}

/* ---- pairs --------------------------------------------------------------------------- */

Test(convert, pairs_relate_to_themselves_only)
{
    cr_assert_eq(type_relate(type_code(DVM_INT_INT), type_code(DVM_FLOAT_INT)), TYPE_DIFFERENT);
    cr_assert_eq(type_relate(type_code(DVM_LONG_INT), type_code(DVM_DOUBLE_INT)),
                 TYPE_DIFFERENT);
    cr_assert_eq(type_relate(foreign(DVM_DOUBLE_INT, BIG_64), type_code(DVM_DOUBLE_INT)),
                 TYPE_CONVERT);
    cr_assert_eq(type_relate(foreign(DVM_DOUBLE_INT, LITTLE_32), type_code(DVM_DOUBLE_INT)),
                 TYPE_COPY);
    cr_assert_eq(type_relate(foreign(DVM_LONG_INT, LITTLE_32), type_code(DVM_LONG_INT)),
                 TYPE_CONVERT);
    cr_assert_eq(type_relate(foreign(DVM_LDOUBLE_INT, BIG_64), type_code(DVM_LDOUBLE_INT)),
                 TYPE_IMPOSSIBLE);
}

Test(convert, pairs)
{
    /* 1.5 and 258 of a big-endian host; what fills the pair up is rubbish */
    const uint8_t d[16] = {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 9, 9, 9, 9};
    const uint8_t s[8] = {0xff, 0xfe, 9, 9, 0xff, 0xff, 0xff, 0xfd};
    const uint8_t l32[16] = {0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7};
    const uint8_t little32[8] = {0xfc, 0xff, 0xff, 0xff, 5, 0, 0, 0};
    struct dvm_double_int x;
    struct dvm_short_int y;
    struct dvm_long_int z[2];

    cr_assert_eq(type_convert(&x, type_code(DVM_DOUBLE_INT), d, foreign(DVM_DOUBLE_INT, BIG_64), 1,
                              NULL), DVM_OK);
    cr_assert(x.value == 1.5 && x.index == 258);
    cr_assert_eq(type_convert(&y, type_code(DVM_SHORT_INT), s, foreign(DVM_SHORT_INT, BIG_32), 1,
                              NULL), DVM_OK);
    cr_assert(y.value == -2 && y.index == -3);
    cr_assert_eq(type_converted_bytes(foreign(DVM_LONG_INT, BIG_32), type_code(DVM_LONG_INT),
                                      sizeof l32), sizeof z);
    cr_assert_eq(type_convert(z, type_code(DVM_LONG_INT), l32, foreign(DVM_LONG_INT, BIG_32), 2,
                              NULL), DVM_OK);
    cr_assert(z[0].value == -4 && z[0].index == 5 && z[1].value == 6 && z[1].index == 7);
    cr_assert_eq(type_convert(z, type_code(DVM_LONG_INT), little32,
                              foreign(DVM_LONG_INT, LITTLE_32), 1, NULL), DVM_OK);
    cr_assert(z[0].value == -4 && z[0].index == 5);
}

/* To a host whose long is smaller: what does not fit is told, with its place. */
Test(convert, a_pair_that_does_not_fit)
{
    const struct dvm_long_int in[2] = {{1, 2}, {1L << 40, 3}};
    int32_t out[4];
    size_t index = 9;

    cr_assert_eq(type_convert(out, foreign(DVM_LONG_INT, LITTLE_32), in, type_code(DVM_LONG_INT),
                              1, &index), DVM_OK);
    cr_assert(out[0] == 1 && out[1] == 2);
    cr_assert_eq(type_convert(out, foreign(DVM_LONG_INT, LITTLE_32), in, type_code(DVM_LONG_INT),
                              2, &index), DVM_ERR_TYPE);
    cr_assert_eq(index, 1);
}
