/* type.c: the table of types, type codes and how they relate; see type.h.
 * Conversion itself is in convert.c. */
#include "type/type.h"

#include <assert.h>
#include <complex.h>
#include <float.h>
#include <stdbool.h>
#include <wchar.h>

_Static_assert(sizeof(short) == 2 && sizeof(int) == 4 && sizeof(long long) == 8 &&
                   sizeof(bool) == 1 && sizeof(float) == 4 && sizeof(double) == 8,
               "types that have one size on all hosts");

static const struct type types[DVM_TYPE_COUNT] = {
#define ROW_(name, type, class)                                                            \
    [DVM_##name] = {"DVM_" #name, #type, sizeof(type), _Alignof(type), TYPE_##class, 0}
    ROW_(BYTE, unsigned char, RAW),
    ROW_(CHAR, char, CHARACTER),
    ROW_(SCHAR, signed char, SIGNED),
    ROW_(UCHAR, unsigned char, UNSIGNED),
    ROW_(SHORT, short, SIGNED),
    ROW_(USHORT, unsigned short, UNSIGNED),
    ROW_(INT, int, SIGNED),
    ROW_(UINT, unsigned, UNSIGNED),
    ROW_(LONG, long, SIGNED),
    ROW_(ULONG, unsigned long, UNSIGNED),
    ROW_(LLONG, long long, SIGNED),
    ROW_(ULLONG, unsigned long long, UNSIGNED),
    ROW_(INT8, int8_t, SIGNED),
    ROW_(UINT8, uint8_t, UNSIGNED),
    ROW_(INT16, int16_t, SIGNED),
    ROW_(UINT16, uint16_t, UNSIGNED),
    ROW_(INT32, int32_t, SIGNED),
    ROW_(UINT32, uint32_t, UNSIGNED),
    ROW_(INT64, int64_t, SIGNED),
    ROW_(UINT64, uint64_t, UNSIGNED),
    ROW_(BOOL, bool, BOOLEAN),
    ROW_(WCHAR, wchar_t, WIDE),
    ROW_(SIZE, size_t, UNSIGNED),
    ROW_(FLOAT, float, FLOATING),
    ROW_(DOUBLE, double, FLOATING),
    ROW_(LDOUBLE, long double, FLOATING),
    ROW_(FLOAT_COMPLEX, float complex, COMPLEX),
    ROW_(DOUBLE_COMPLEX, double complex, COMPLEX),
    ROW_(LDOUBLE_COMPLEX, long double complex, COMPLEX),
#undef ROW_
#define ROW_(name, type, value)                                                            \
    [DVM_##name] = {"DVM_" #name,           "struct " #type, sizeof(struct type),              \
                    _Alignof(struct type), TYPE_PAIR,       DVM_##value}
    ROW_(SHORT_INT, dvm_short_int, SHORT),
    ROW_(INT_INT, dvm_int_int, INT),
    ROW_(LONG_INT, dvm_long_int, LONG),
    ROW_(FLOAT_INT, dvm_float_int, FLOAT),
    ROW_(DOUBLE_INT, dvm_double_int, DOUBLE),
    ROW_(LDOUBLE_INT, dvm_ldouble_int, LDOUBLE),
#undef ROW_
};

/* Bytes of a long double by its format. */
static const uint8_t ldouble_sizes[TYPE_LDOUBLE_MASK + 1] = {
    [TYPE_LDOUBLE_X87_16] = 16, [TYPE_LDOUBLE_X87_12] = 12, [TYPE_LDOUBLE_QUAD] = 16,
    [TYPE_LDOUBLE_DOUBLE] = 8,  [TYPE_LDOUBLE_PAIR] = 16,
};

static enum type_ldouble ldouble_here(void)
{
    switch (LDBL_MANT_DIG) {
    case 53:
        return TYPE_LDOUBLE_DOUBLE;
    case 64:
        return sizeof(long double) == 12 ? TYPE_LDOUBLE_X87_12 : TYPE_LDOUBLE_X87_16;
    case 106:
        return TYPE_LDOUBLE_PAIR;
    default:
        return TYPE_LDOUBLE_QUAD;
    }
}

uint32_t type_here(void)
{
    const uint16_t one = 1;
    uint32_t r = (uint32_t)ldouble_here() << TYPE_LDOUBLE_SHIFT;

    r |= *(const uint8_t *)&one == 1 ? 0 : TYPE_BIG_ENDIAN;
    r |= sizeof(long) == 8 ? TYPE_LONG_64 : 0;
    r |= sizeof(size_t) == 8 ? TYPE_SIZE_64 : 0;
    r |= sizeof(wchar_t) == 2 ? TYPE_WCHAR_16 : 0;
    r |= (wchar_t)-1 > 0 ? TYPE_WCHAR_UNSIGNED : 0;
    return r;
}

const struct type *type_basic(dvm_type type)
{
    return type >= 0 && type < DVM_TYPE_COUNT ? &types[type] : NULL;
}

const char *type_word(uint32_t code)
{
    const struct type *t = type_basic(TYPE_ID(code));

    if (!t)
        return "of an unknown type";
    return t->class == TYPE_RAW ? "byte" : t->word;
}

uint32_t type_basic_code(dvm_type type)
{
    assert(type_basic(type));
    return (uint32_t)type | type_here() << 8;
}

uint32_t type_code_mixed(size_t head)
{
    return (uint32_t)TYPE_MIXED | type_here() << 8 | (uint32_t)head << 16;
}

static enum type_ldouble ldouble_of(uint32_t code)
{
    return TYPE_REPRESENTATION(code) >> TYPE_LDOUBLE_SHIFT & TYPE_LDOUBLE_MASK;
}

#define PAIR_UNIT 4 /* bytes of a pair's index, and what it begins at a multiple of */

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

uint32_t type_pair_value(uint32_t code)
{
    assert(type_basic(TYPE_ID(code))->class == TYPE_PAIR);
    return (uint32_t)type_basic(TYPE_ID(code))->value | TYPE_REPRESENTATION(code) << 8;
}

size_t type_pair_index(uint32_t code)
{
    return round_up(type_wire_size(type_pair_value(code)), PAIR_UNIT);
}

/* 0 where the value's size is none that is known. */
static size_t pair_size(uint32_t code)
{
    size_t value = type_wire_size(type_pair_value(code));
    size_t unit = value % 8 == 0 ? value : PAIR_UNIT;

    return value > 0 ? round_up(type_pair_index(code) + PAIR_UNIT, unit) : 0;
}

size_t type_wire_size(uint32_t code)
{
    const struct type *t = type_basic(TYPE_ID(code));
    uint32_t r = TYPE_REPRESENTATION(code);

    switch (TYPE_ID(code)) {
    case DVM_LONG:
    case DVM_ULONG:
        return r & TYPE_LONG_64 ? 8 : 4;
    case DVM_SIZE:
        return r & TYPE_SIZE_64 ? 8 : 4;
    case DVM_WCHAR:
        return r & TYPE_WCHAR_16 ? 2 : 4;
    case DVM_LDOUBLE:
        return ldouble_sizes[ldouble_of(code)];
    case DVM_LDOUBLE_COMPLEX:
        return 2 * (size_t)ldouble_sizes[ldouble_of(code)];
    default:
        return !t ? 0 : t->class == TYPE_PAIR ? pair_size(code) : t->size;
    }
}

static bool is_ldouble(uint32_t code)
{
    return TYPE_ID(code) == DVM_LDOUBLE || TYPE_ID(code) == DVM_LDOUBLE_COMPLEX ||
           TYPE_ID(code) == DVM_LDOUBLE_INT;
}

enum type_relation type_relate(uint32_t sent, uint32_t wanted)
{
    const struct type *s = type_basic(TYPE_ID(sent)), *w = type_basic(TYPE_ID(wanted));
    size_t sent_size = type_wire_size(sent), size = type_wire_size(wanted);
    bool swapped = (TYPE_REPRESENTATION(sent) ^ TYPE_REPRESENTATION(wanted)) & TYPE_BIG_ENDIAN;

    if (sent == wanted && s)
        return TYPE_COPY;
    if (!s || !w)
        return TYPE_DIFFERENT;
    if (s->class == TYPE_RAW || w->class == TYPE_RAW)
        return TYPE_COPY;
    if (s != w && (s->class != w->class || sent_size != size || s->class == TYPE_PAIR))
        return TYPE_DIFFERENT;
    if (sent_size == 0 || (is_ldouble(sent) && is_ldouble(wanted) &&
                           (ldouble_of(sent) != ldouble_of(wanted) ||
                            (swapped && ldouble_of(sent) == TYPE_LDOUBLE_PAIR))))
        return TYPE_IMPOSSIBLE;
    if (sent_size != size || (swapped && size > 1))
        return TYPE_CONVERT;
    return TYPE_COPY;
}

size_t type_converted_bytes(uint32_t sent, uint32_t wanted, size_t bytes)
{
    size_t from = type_wire_size(sent), to = type_wire_size(wanted), result;

    if (from == to || TYPE_ID(sent) == DVM_BYTE || TYPE_ID(wanted) == DVM_BYTE)
        return bytes;
    assert(from > 0);
    return __builtin_mul_overflow(bytes / from, to, &result) ? SIZE_MAX : result;
}
