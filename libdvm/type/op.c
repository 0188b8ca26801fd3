/* op.c: the built-in operators for all types that they fit: one small loop each,
 * made by macros, found in a table by operator and type.
 *
 * What fits: integers everything; floating numbers SUM, PROD, MIN, MAX; complex
 * numbers SUM and PROD; DVM_BOOL the logical and bitwise ones; DVM_BYTE the bitwise
 * ones. DVM_CHAR and DVM_WCHAR are text and have none (DVM_SCHAR and DVM_UCHAR are
 * numbers). Pairs have MINLOC and MAXLOC. REPLACE is a copy, for everything.
 */
#include "type/op.h"

#include <assert.h>
#include <complex.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "type/derived.h"
#include "type/type.h"

/* Integers are computed as unsigned numbers of the widest type: they wrap around
 * and do not overflow, whatever the compiler makes of an overflow. */
typedef unsigned long long wide;

#define PADDED_BYTES 1024 /* of such elements, that are combined at a time */

/* Where to is left or right it is so from element to element: no need to look whether they overlap,
 * and vectors may be used all the same. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* it says so of each loop that stays one */
#define EACH_FOR_ITSELF_ _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_FOR_ITSELF_ _Pragma("GCC ivdep")
#endif

#define LOOP_(name, type, expression)                                                      \
    static void name(void *to, const void *left, const void *right, size_t count)          \
    {                                                                                      \
        const type *x = left, *y = right;                                                  \
        type *z = to;                                                                      \
                                                                                           \
        EACH_FOR_ITSELF_                                                                   \
        for (size_t i = 0; i < count; i++) {                                               \
            type a = x[i], b = y[i];                                                       \
                                                                                           \
            z[i] = (type)(expression);                                                     \
        }                                                                                  \
    }

#define BITWISE_(tag, type)                                                                \
    LOOP_(band_##tag, type, a &b)                                                          \
    LOOP_(bor_##tag, type, a | b)                                                          \
    LOOP_(bxor_##tag, type, a ^ b)

#define LOGICAL_(tag, type)                                                                \
    LOOP_(land_##tag, type, a &&b)                                                         \
    LOOP_(lor_##tag, type, a || b)                                                         \
    LOOP_(lxor_##tag, type, !a != !b)

#define INTEGER_(tag, type)                                                                \
    LOOP_(sum_##tag, type, (wide)a + (wide)b)                                              \
    LOOP_(prod_##tag, type, (wide)a *(wide)b)                                              \
    LOOP_(min_##tag, type, b < a ? b : a)                                                  \
    LOOP_(max_##tag, type, b > a ? b : a)                                                  \
    LOGICAL_(tag, type)                                                                    \
    BITWISE_(tag, type)

#define FLOATING_(tag, type)                                                               \
    LOOP_(sum_##tag, type, a + b)                                                          \
    LOOP_(prod_##tag, type, a *b)                                                          \
    LOOP_(min_##tag, type, a < b || a != a ? a : b)                                        \
    LOOP_(max_##tag, type, a > b || a != a ? a : b)

#define COMPLEX_(tag, type)                                                                \
    LOOP_(sum_##tag, type, a + b)                                                          \
    LOOP_(prod_##tag, type, a *b)

/* For pairs: the left one stays where it is before the right one, or as good as that with no
 * larger index. So the result does not depend on the order of combination. They have bytes
 * between their members, so to is always left (apply_padded). */
#define PAIR_LOOP_(name, type, before, same)                                               \
    static void name(void *to, const void *left, const void *right, size_t count)          \
    {                                                                                      \
        type *x = to;                                                                      \
        const type *y = right;                                                             \
                                                                                           \
        assert(left == to);                                                                \
        (void)left;                                                                        \
        for (size_t i = 0; i < count; i++) {                                               \
            const type a = x[i], b = y[i];                                                 \
                                                                                           \
            if (!(before) && !((same) && a.index <= b.index))                              \
                x[i] = b;                                                                  \
        }                                                                                  \
    }

#define INTEGER_PAIR_(tag, type)                                                           \
    PAIR_LOOP_(minloc_##tag, type, a.value < b.value, a.value == b.value)                  \
    PAIR_LOOP_(maxloc_##tag, type, a.value > b.value, a.value == b.value)

#define NAN_(pair) (pair.value != pair.value)
#define FLOATING_PAIR_(tag, type)                                                          \
    PAIR_LOOP_(minloc_##tag, type, a.value < b.value || (NAN_(a) && !NAN_(b)),             \
               a.value == b.value || (NAN_(a) && NAN_(b)))                                 \
    PAIR_LOOP_(maxloc_##tag, type, a.value > b.value || (NAN_(a) && !NAN_(b)),             \
               a.value == b.value || (NAN_(a) && NAN_(b)))

/* the fixed widths; other integers share the loops of their width */
INTEGER_(s8, int8_t)
INTEGER_(u8, uint8_t)
INTEGER_(s16, int16_t)
INTEGER_(u16, uint16_t)
INTEGER_(s32, int32_t)
INTEGER_(u32, uint32_t)
INTEGER_(s64, int64_t)
INTEGER_(u64, uint64_t)
LOGICAL_(bool, bool)
BITWISE_(bool, bool)
FLOATING_(f, float)
FLOATING_(d, double)
FLOATING_(l, long double)
COMPLEX_(fc, float complex)
COMPLEX_(dc, double complex)
COMPLEX_(lc, long double complex)
INTEGER_PAIR_(si, struct dvm_short_int)
INTEGER_PAIR_(ii, struct dvm_int_int)
INTEGER_PAIR_(li, struct dvm_long_int)
FLOATING_PAIR_(fi, struct dvm_float_int)
FLOATING_PAIR_(di, struct dvm_double_int)
FLOATING_PAIR_(ldi, struct dvm_ldouble_int)

#define BITWISE_ROW_(tag) [DVM_BAND] = band_##tag, [DVM_BOR] = bor_##tag, [DVM_BXOR] = bxor_##tag
#define LOGICAL_ROW_(tag) [DVM_LAND] = land_##tag, [DVM_LOR] = lor_##tag, [DVM_LXOR] = lxor_##tag
#define ORDER_ROW_(tag) [DVM_MIN] = min_##tag, [DVM_MAX] = max_##tag
#define COMPLEX_ROW_(tag) [DVM_SUM] = sum_##tag, [DVM_PROD] = prod_##tag
#define INTEGER_ROW_(tag)                                                                  \
    COMPLEX_ROW_(tag), ORDER_ROW_(tag), LOGICAL_ROW_(tag), BITWISE_ROW_(tag)
#define PAIR_ROW_(tag) [DVM_MINLOC] = minloc_##tag, [DVM_MAXLOC] = maxloc_##tag
#define FLOATING_ROW_(tag) COMPLEX_ROW_(tag), ORDER_ROW_(tag)

/* Kinds of loops; integers by width and sign. */
enum kind {
    KIND_NONE, KIND_RAW,
    KIND_S8, KIND_U8, KIND_S16, KIND_U16, KIND_S32, KIND_U32, KIND_S64, KIND_U64,
    KIND_BOOL, KIND_F, KIND_D, KIND_L, KIND_FC, KIND_DC, KIND_LC,
    KIND_SI, KIND_II, KIND_LI, KIND_FI, KIND_DI, KIND_LDI,
    KIND_COUNT
};

static op_loop *const loops[KIND_COUNT][DVM_OP_COUNT] = {
    [KIND_RAW] = {BITWISE_ROW_(u8)},    [KIND_BOOL] = {LOGICAL_ROW_(bool), BITWISE_ROW_(bool)},
    [KIND_S8] = {INTEGER_ROW_(s8)},     [KIND_U8] = {INTEGER_ROW_(u8)},
    [KIND_S16] = {INTEGER_ROW_(s16)},   [KIND_U16] = {INTEGER_ROW_(u16)},
    [KIND_S32] = {INTEGER_ROW_(s32)},   [KIND_U32] = {INTEGER_ROW_(u32)},
    [KIND_S64] = {INTEGER_ROW_(s64)},   [KIND_U64] = {INTEGER_ROW_(u64)},
    [KIND_F] = {FLOATING_ROW_(f)},      [KIND_D] = {FLOATING_ROW_(d)},
    [KIND_L] = {FLOATING_ROW_(l)},      [KIND_FC] = {COMPLEX_ROW_(fc)},
    [KIND_DC] = {COMPLEX_ROW_(dc)},     [KIND_LC] = {COMPLEX_ROW_(lc)},
    [KIND_SI] = {PAIR_ROW_(si)},        [KIND_II] = {PAIR_ROW_(ii)},
    [KIND_LI] = {PAIR_ROW_(li)},        [KIND_FI] = {PAIR_ROW_(fi)},
    [KIND_DI] = {PAIR_ROW_(di)},        [KIND_LDI] = {PAIR_ROW_(ldi)},
};

static const char *const names[DVM_OP_COUNT] = {
    [DVM_SUM] = "DVM_SUM",   [DVM_PROD] = "DVM_PROD", [DVM_MIN] = "DVM_MIN",
    [DVM_MAX] = "DVM_MAX",   [DVM_LAND] = "DVM_LAND", [DVM_LOR] = "DVM_LOR",
    [DVM_LXOR] = "DVM_LXOR", [DVM_BAND] = "DVM_BAND", [DVM_BOR] = "DVM_BOR",
    [DVM_BXOR] = "DVM_BXOR", [DVM_MINLOC] = "DVM_MINLOC", [DVM_MAXLOC] = "DVM_MAXLOC",
    [DVM_REPLACE] = "DVM_REPLACE",
};

/* The loops of an integer of size bytes (a power of two). */
static enum kind integer_kind(size_t size, bool is_signed)
{
    switch (size) {
    case 1:
        return is_signed ? KIND_S8 : KIND_U8;
    case 2:
        return is_signed ? KIND_S16 : KIND_U16;
    case 4:
        return is_signed ? KIND_S32 : KIND_U32;
    default:
        assert(size == 8);
        return is_signed ? KIND_S64 : KIND_U64;
    }
}

static enum kind kind_of(dvm_type type)
{
    static const enum kind floating[] = {KIND_F, KIND_D, KIND_L, KIND_FC, KIND_DC, KIND_LC};
    const struct type *t = type_find(type);

    assert(t);
    switch (t->class) {
    case TYPE_RAW:
        return KIND_RAW;
    case TYPE_SIGNED:
    case TYPE_UNSIGNED:
        return integer_kind(t->size, t->class == TYPE_SIGNED);
    case TYPE_BOOLEAN:
        return KIND_BOOL;
    case TYPE_FLOATING:
    case TYPE_COMPLEX:
        return floating[type - DVM_FLOAT];
    case TYPE_PAIR:
        return KIND_SI + (type - DVM_SHORT_INT);
    default:
        return KIND_NONE;
    }
}

const char *op_name(dvm_op op)
{
    if (op_user(op).call)
        return "an operator of dvm_op_create";
    return op >= 0 && op < DVM_OP_COUNT ? names[op] : "an unknown operator";
}

/* Why they do not go together, or what would. */
static const char *advice(dvm_op op, const struct type *type)
{
    if (op == DVM_MINLOC || op == DVM_MAXLOC)
        return "it takes pairs of a value and an index, such as DVM_DOUBLE_INT";
    if (type->class == TYPE_PAIR)
        return "pairs take DVM_MINLOC, DVM_MAXLOC, DVM_REPLACE, or an operator of dvm_op_create";
    if (type->class == TYPE_CHARACTER || type->class == TYPE_WIDE)
        return "it is for text; DVM_SCHAR, DVM_UCHAR and the integers are numbers";
    return "see the list in dvm.h, or make an operator with dvm_op_create";
}

/* What a built-in operator gets of a derived type: its only basic type, or -1. */
static dvm_type only_type(dvm_type type)
{
    const struct derived *d = type_basic(type) ? NULL : derived_known(type);

    return d ? signature_only(&d->signature) : type;
}

int op_check(const char *call, dvm_op op, dvm_type type)
{
    const struct type *t = type_find(type);

    if (op_user(op).call)
        return DVM_OK;
    if (op < 0 || op >= DVM_OP_COUNT)
        return dvm_fail(DVM_ERR_OP, "%s: %d%s is no operator%s; dvm.h lists them, and "
                                    "dvm_op_create makes others", call, op,
                        op == DVM_OP_NONE ? " (DVM_OP_NONE)" : "",
                        op > DVM_OP_COUNT || op == DVM_OP_NONE
                            ? ", or one that was freed with dvm_op_free" : "");
    if (op == DVM_REPLACE || t->size == 0)
        return DVM_OK;
    type = only_type(type);
    if (type < 0)
        return dvm_fail(DVM_ERR_OP, "%s: %s cannot be used with a type of elements of several "
                                    "types; make an operator with dvm_op_create", call, names[op]);
    t = type_find(type);
    if (!loops[kind_of(type)][op])
        return dvm_fail(DVM_ERR_OP, "%s: %s cannot be used with %s; %s", call, names[op], t->name,
                        advice(op, t));
    return DVM_OK;
}

unsigned op_signature(dvm_op op)
{
    _Static_assert(DVM_OP_COUNT + 2 <= 1 << OP_SIGNATURE_BITS, "the user's have two numbers");
    if (op_user(op).call)
        return (1u << OP_SIGNATURE_BITS) - (op_user_commutative(op) ? 1 : 2);
    return (unsigned)op;
}

const char *op_word(unsigned signature)
{
    const char *const own[] = {"an operator of dvm_op_create that does not commute",
                               "a commutative operator of dvm_op_create"};
    unsigned first = (1u << OP_SIGNATURE_BITS) - 2;

    return signature < first ? op_name((dvm_op)signature) : own[signature - first];
}

/* Elements with bytes that belong to no value: those of the left one stay, so that the same is
 * there wherever the result goes. */
static void apply_padded(op_loop *loop, size_t size, void *to, const void *left, const void *right,
                         size_t count)
{
    _Alignas(max_align_t) char some[PADDED_BYTES];

    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < sizeof some / size ? count - at : sizeof some / size;
        memcpy(some, (const char *)left + at * size, part * size);
        loop(some, some, (const char *)right + at * size, part);
        memcpy((char *)to + at * size, some, part * size);
    }
}

static bool padded(enum kind kind)
{
    return kind >= KIND_SI || kind == KIND_L || kind == KIND_LC;
}

op_loop *op_plain(dvm_op op, dvm_type type)
{
    enum kind kind = op < DVM_OP_COUNT ? kind_of(type) : KIND_NONE;

    return kind == KIND_NONE || padded(kind) ? NULL : loops[kind][op];
}

void op_apply_to(dvm_op op, dvm_type type, void *to, const void *left, const void *right,
                 size_t count)
{
    size_t size = type_find(type)->size;
    enum kind kind;
    op_loop *loop;

    if (op == DVM_REPLACE) {
        if (to != right)
            memcpy(to, right, count * size);
        return;
    }
    kind = kind_of(type);
    loop = loops[kind][op];
    assert(loop);
    if (padded(kind) && to != left)
        apply_padded(loop, size, to, left, right, count);
    else
        loop(to, left, right, count);
}

void op_apply(dvm_op op, const struct op_function *own, dvm_type type, void *left,
              const void *right, size_t count)
{
    if (own && own->call)
        op_user_apply(own, type, left, right, count);
    else
        op_apply_to(op, type, left, left, right, count);
}
