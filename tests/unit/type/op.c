/* op: each operator on each type that it fits, against a plain expression; what does
 * not fit is refused in words. */
#include <complex.h>
#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "type/op.h"
#include "type/type.h"

#define COUNT 5

/* op_apply on two arrays of a C type must give the expression of a and b. */
#define COMPARE_(id, type, op, expression)                                                 \
    do {                                                                                   \
        type left[COUNT] = {0, 1, 3, 100, 7}, right[COUNT] = {5, 0, 3, 27, 1};             \
        type expected[COUNT];                                                              \
                                                                                           \
        for (int i = 0; i < COUNT; i++) {                                                  \
            type a = left[i], b = right[i];                                                \
                                                                                           \
            expected[i] = (type)(expression);                                              \
        }                                                                                  \
        cr_assert_eq(op_check("test", op, id), DVM_OK);                                    \
        op_apply(op, NULL, id, left, right, COUNT);                                              \
        for (int i = 0; i < COUNT; i++)                                                    \
            cr_assert(left[i] == expected[i], "%s %s element %d", op_name(op),             \
                      type_find(id)->name, i);                                             \
    } while (0)

#define REFUSED_(id, op) cr_assert_eq(op_check("test", op, id), DVM_ERR_OP)

#define INTEGER_(id, type)                                                                 \
    COMPARE_(id, type, DVM_SUM, a + b);                                                    \
    COMPARE_(id, type, DVM_PROD, (unsigned long long)a *(unsigned long long)b);            \
    COMPARE_(id, type, DVM_MIN, a < b ? a : b);                                            \
    COMPARE_(id, type, DVM_MAX, a > b ? a : b);                                            \
    COMPARE_(id, type, DVM_LAND, a &&b);                                                   \
    COMPARE_(id, type, DVM_LOR, a || b);                                                   \
    COMPARE_(id, type, DVM_LXOR, (a != 0) != (b != 0));                                    \
    COMPARE_(id, type, DVM_BAND, a &b);                                                    \
    COMPARE_(id, type, DVM_BOR, a | b);                                                    \
    COMPARE_(id, type, DVM_BXOR, a ^ b)

Test(op, integers)
{
    INTEGER_(DVM_SCHAR, signed char);
    INTEGER_(DVM_UCHAR, unsigned char);
    INTEGER_(DVM_SHORT, short);
    INTEGER_(DVM_USHORT, unsigned short);
    INTEGER_(DVM_INT, int);
    INTEGER_(DVM_UINT, unsigned);
    INTEGER_(DVM_LONG, long);
    INTEGER_(DVM_ULONG, unsigned long);
    INTEGER_(DVM_LLONG, long long);
    INTEGER_(DVM_ULLONG, unsigned long long);
}

Test(op, integers_of_fixed_size)
{
    INTEGER_(DVM_INT8, int8_t);
    INTEGER_(DVM_UINT8, uint8_t);
    INTEGER_(DVM_INT16, int16_t);
    INTEGER_(DVM_UINT16, uint16_t);
    INTEGER_(DVM_INT32, int32_t);
    INTEGER_(DVM_UINT32, uint32_t);
    INTEGER_(DVM_INT64, int64_t);
    INTEGER_(DVM_UINT64, uint64_t);
    INTEGER_(DVM_SIZE, size_t);
}

#define FLOATING_(id, type)                                                                \
    COMPARE_(id, type, DVM_SUM, a + b);                                                    \
    COMPARE_(id, type, DVM_PROD, a *b);                                                    \
    COMPARE_(id, type, DVM_MIN, a < b ? a : b);                                            \
    COMPARE_(id, type, DVM_MAX, a > b ? a : b);                                            \
    REFUSED_(id, DVM_LAND);                                                                \
    REFUSED_(id, DVM_LOR);                                                                 \
    REFUSED_(id, DVM_LXOR);                                                                \
    REFUSED_(id, DVM_BAND);                                                                \
    REFUSED_(id, DVM_BOR);                                                                 \
    REFUSED_(id, DVM_BXOR)

Test(op, floating)
{
    FLOATING_(DVM_FLOAT, float);
    FLOATING_(DVM_DOUBLE, double);
    FLOATING_(DVM_LDOUBLE, long double);
}

#define COMPLEX_(id, type)                                                                 \
    COMPARE_(id, type, DVM_SUM, a + b);                                                    \
    COMPARE_(id, type, DVM_PROD, a *b);                                                    \
    for (dvm_op op = DVM_MIN; op < DVM_REPLACE; op++)                                      \
    REFUSED_(id, op)

Test(op, complex_numbers)
{
    double complex x = 1 + 2 * I, y = 3 - I;

    COMPLEX_(DVM_FLOAT_COMPLEX, float complex);
    COMPLEX_(DVM_DOUBLE_COMPLEX, double complex);
    COMPLEX_(DVM_LDOUBLE_COMPLEX, long double complex);
    op_apply(DVM_PROD, NULL, DVM_DOUBLE_COMPLEX, &x, &y, 1);
    cr_assert_eq(creal(x), 5);
    cr_assert_eq(cimag(x), 5);
}

Test(op, truth)
{
    bool left[4] = {false, false, true, true}, right[4] = {false, true, false, true};
    const bool exclusive[4] = {false, true, true, false};

    op_apply(DVM_LXOR, NULL, DVM_BOOL, left, right, 4);
    cr_assert_arr_eq(left, exclusive, sizeof left);
    REFUSED_(DVM_BOOL, DVM_SUM);
    REFUSED_(DVM_BOOL, DVM_MAX);
}

Test(op, raw_bytes_and_text)
{
    COMPARE_(DVM_BYTE, unsigned char, DVM_BXOR, a ^ b);
    REFUSED_(DVM_BYTE, DVM_SUM);
    for (dvm_op op = 0; op < DVM_REPLACE; op++) {
        REFUSED_(DVM_CHAR, op);
        REFUSED_(DVM_WCHAR, op);
    }
}

Test(op, refusals_have_words)
{
    cr_assert_eq(op_check("dvm_reduce", DVM_BAND, DVM_DOUBLE), DVM_ERR_OP);
    cr_assert_str_eq(dvm_last_error(), "dvm_reduce: DVM_BAND cannot be used with DVM_DOUBLE; see "
                                       "the list in dvm.h, or make an operator with "
                                       "dvm_op_create");
    cr_assert_eq(op_check("dvm_reduce", DVM_MINLOC, DVM_DOUBLE), DVM_ERR_OP);
    cr_assert(strstr(dvm_last_error(), "such as DVM_DOUBLE_INT"));
    cr_assert_eq(op_check("dvm_reduce", DVM_SUM, DVM_INT_INT), DVM_ERR_OP);
    cr_assert(strstr(dvm_last_error(), "pairs take DVM_MINLOC"));
    cr_assert_eq(op_check("dvm_reduce", DVM_OP_COUNT, DVM_INT), DVM_ERR_OP);
    cr_assert_eq(op_check("dvm_reduce", -1, DVM_INT), DVM_ERR_OP);
    cr_assert_str_eq(op_name(99), "an unknown operator");
}

/* Overflow wraps around and is no undefined behaviour (a sanitizer would tell). */
Test(op, integers_wrap_around)
{
    int i = INT_MAX, one = 1;
    long l = LONG_MIN, minus = -1;
    uint16_t u = 65535, same = 65535;

    op_apply(DVM_SUM, NULL, DVM_INT, &i, &one, 1);
    cr_assert_eq(i, INT_MIN);
    op_apply(DVM_PROD, NULL, DVM_LONG, &l, &minus, 1);
    cr_assert_eq(l, LONG_MIN);
    op_apply(DVM_PROD, NULL, DVM_UINT16, &u, &same, 1);
    cr_assert_eq(u, 1);
}

Test(op, a_nan_is_kept)
{
    double left[2] = {NAN, 1}, right[2] = {1, NAN};

    op_apply(DVM_MIN, NULL, DVM_DOUBLE, left, right, 2);
    cr_assert(isnan(left[0]) && isnan(left[1]));
    left[1] = 1;
    op_apply(DVM_MAX, NULL, DVM_DOUBLE, left, right, 2);
    cr_assert(isnan(left[0]) && isnan(left[1]));
}

Test(op, negative_numbers)
{
    int left[2] = {-5, 3}, right[2] = {2, -7};

    op_apply(DVM_MIN, NULL, DVM_INT, left, right, 2);
    cr_assert_eq(left[0], -5);
    cr_assert_eq(left[1], -7);
}

Test(op, nothing)
{
    op_apply(DVM_SUM, NULL, DVM_INT, NULL, NULL, 0);
}

/* ---- pairs ---------------------------------------------------------------------------- */

/* Both orders of two pairs must give the same one. */
#define PAIRS_(id, type, op, v1, i1, v2, i2, index_)                                       \
    do {                                                                                   \
        struct type x = {v1, i1}, y = {v2, i2}, z = y;                                     \
                                                                                           \
        cr_assert_eq(op_check("test", op, id), DVM_OK);                                    \
        op_apply(op, NULL, id, &z, &x, 1);                                                 \
        op_apply(op, NULL, id, &x, &y, 1);                                                 \
        cr_assert_eq(x.index, index_);                                                     \
        cr_assert_eq(z.index, index_);                                                     \
        cr_assert(x.value == z.value || (x.value != x.value && z.value != z.value));       \
    } while (0)

#define PAIR_(id, type)                                                                    \
    PAIRS_(id, type, DVM_MINLOC, -3, 7, 4, 2, 7);                                          \
    PAIRS_(id, type, DVM_MAXLOC, -3, 7, 4, 2, 2);                                          \
    PAIRS_(id, type, DVM_MINLOC, 4, 7, 4, 2, 2);                                           \
    PAIRS_(id, type, DVM_MAXLOC, 4, 7, 4, -2, -2);                                         \
    for (dvm_op op = 0; op < DVM_MINLOC; op++)                                             \
    REFUSED_(id, op)

#define FLOATING_PAIR_(id, type)                                                           \
    PAIR_(id, type);                                                                       \
    PAIRS_(id, type, DVM_MINLOC, NAN, 9, -INFINITY, 2, 9);                                 \
    PAIRS_(id, type, DVM_MAXLOC, NAN, 9, INFINITY, 2, 9);                                  \
    PAIRS_(id, type, DVM_MAXLOC, NAN, 9, NAN, 2, 2)

Test(op, pairs)
{
    PAIR_(DVM_SHORT_INT, dvm_short_int);
    PAIR_(DVM_INT_INT, dvm_int_int);
    PAIR_(DVM_LONG_INT, dvm_long_int);
    FLOATING_PAIR_(DVM_FLOAT_INT, dvm_float_int);
    FLOATING_PAIR_(DVM_DOUBLE_INT, dvm_double_int);
    FLOATING_PAIR_(DVM_LDOUBLE_INT, dvm_ldouble_int);
    REFUSED_(DVM_INT, DVM_MINLOC);
    REFUSED_(DVM_DOUBLE, DVM_MAXLOC);
}

Test(op, replace_is_for_everything)
{
    for (dvm_type t = 0; t < DVM_TYPE_COUNT; t++) {
        unsigned char left[2 * sizeof(long double complex)], right[sizeof left];

        memset(left, 1, sizeof left);
        memset(right, 2, sizeof right);
        cr_assert_eq(op_check("test", DVM_REPLACE, t), DVM_OK);
        op_apply(DVM_REPLACE, NULL, t, left, right, 1);
        cr_assert_eq(memcmp(left, right, dvm_type_size(t)), 0);
        cr_assert_eq(left[dvm_type_size(t)], 1);
    }
}

#define LONG_COUNT 331 /* whole vectors, and some */

/* The result in the place of left, of right, and in a third is the same, with the left ones' bytes
 * between values. */
static void check_places(dvm_type type, dvm_op op, const void *left, const void *right)
{
    enum { LEFT, RIGHT, THIRD, PLACES };
    size_t bytes = LONG_COUNT * (size_t)dvm_type_size(type);
    char *expected = malloc(bytes), *x = malloc(bytes), *y = malloc(bytes), *z = malloc(bytes);

    memcpy(expected, left, bytes);
    op_apply(op, NULL, type, expected, right, LONG_COUNT);
    for (int place = 0; place < PLACES; place++) {
        char *to = place == LEFT ? x : place == RIGHT ? y : z;

        memcpy(x, left, bytes);
        memcpy(y, right, bytes);
        memset(z, 0x5a, bytes);
        op_apply_to(op, type, to, x, y, LONG_COUNT);
        cr_assert_eq(memcmp(to, expected, bytes), 0, "%s of type %d, place %d", op_name(op), type,
                     place);
    }
    free(expected), free(x), free(y), free(z);
}

#define PLACES_(id, type, member)                                                          \
    do {                                                                                   \
        static type left[LONG_COUNT], right[LONG_COUNT];                                   \
                                                                                           \
        memset(left, 1, sizeof left);                                                      \
        memset(right, 2, sizeof right);                                                    \
        for (int i = 0; i < LONG_COUNT; i++) {                                             \
            left[i] member = (i * 7 % 23);                                                 \
            right[i] member = (i * 5 % 19);                                                \
        }                                                                                  \
        for (dvm_op op = 0; op < DVM_OP_COUNT; op++)                                       \
            if (op_check("test", op, id) == DVM_OK)                                        \
                check_places(id, op, left, right);                                         \
    } while (0)

Test(op, result_in_any_place)
{
    PLACES_(DVM_UINT8, uint8_t, );
    PLACES_(DVM_INT, int, );
    PLACES_(DVM_LONG, long, );
    PLACES_(DVM_FLOAT, float, );
    PLACES_(DVM_DOUBLE, double, );
    PLACES_(DVM_LDOUBLE, long double, );
    PLACES_(DVM_DOUBLE_COMPLEX, double complex, );
    PLACES_(DVM_SHORT_INT, struct dvm_short_int, .value);
    PLACES_(DVM_DOUBLE_INT, struct dvm_double_int, .value);
    PLACES_(DVM_LDOUBLE_INT, struct dvm_ldouble_int, .value);
}

/* ---- the user's ----------------------------------------------------------------------- */

static void nothing(void *left, const void *right, size_t count, dvm_type type, void *user)
{
}

static const struct op_function nothing_done = {nothing, NULL};

Test(op, handles_are_not_used_again_at_once)
{
    dvm_op a, b, c;

    cr_assert_eq(op_user_add(&nothing_done, 1, &a), DVM_OK);
    cr_assert_eq(op_user_add(&nothing_done, 0, &b), DVM_OK);
    cr_assert(op_user(a).call == nothing && op_user(b).call == nothing);
    cr_assert_neq(op_signature(a), op_signature(b));
    cr_assert_eq(op_check("test", b, DVM_CHAR), DVM_OK);
    op_user_remove(a);
    cr_assert_null(op_user(a).call);
    cr_assert_eq(op_check("test", a, DVM_INT), DVM_ERR_OP);
    cr_assert_eq(op_user_add(&nothing_done, 0, &c), DVM_OK);
    cr_assert(a != c && b != c && op_user(c).call == nothing && !op_user(a).call);
    for (dvm_op none = -2; none < DVM_OP_COUNT + 2; none++)
        cr_assert_null(op_user(none).call);
    cr_assert_null(op_user(INT_MAX).call);
    op_user_stop();
    cr_assert_null(op_user(b).call);
}

Test(op, there_is_an_end_of_them)
{
    dvm_op op;
    int made = 0, rc;

    while (!(rc = op_user_add(&nothing_done, 1, &op)) && made <= 4096)
        made++;
    cr_assert_eq(rc, DVM_ERR_LIMIT);
    cr_assert_eq(made, 4096);
    op_user_stop();
}
