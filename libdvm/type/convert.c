/* convert.c: elements of a foreign representation become those of this host:
 * byte order turned, integers of another width widened or narrowed with a check
 * of their range. Byte by byte: unlike hosts pay for it, like ones never come
 * here.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "type/type.h"

/* The unsigned value of size bytes in the given order. */
static uint64_t load(const uint8_t *in, size_t size, bool big)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)in[big ? size - 1 - i : i] << (8 * i);
    return value;
}

static void store(uint8_t *out, uint64_t value, size_t size, bool big)
{
    for (size_t i = 0; i < size; i++)
        out[big ? size - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

/* Copy the sign bit of a value of size bytes into all bits above. */
static uint64_t extend(uint64_t value, size_t size)
{
    unsigned unused = 64 - 8 * (unsigned)size;

    return (uint64_t)((int64_t)(value << unused) >> unused);
}

/* Whether a value (sign-extended, if it is signed) fits into size bytes. */
static bool fits(uint64_t value, size_t size, bool is_signed)
{
    uint64_t mask = size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * size)) - 1;

    return is_signed ? extend(value & mask, size) == value : (value & ~mask) == 0;
}

static bool signed_in(uint32_t code)
{
    if (type_basic(TYPE_ID(code))->class == TYPE_WIDE)
        return !(TYPE_REPRESENTATION(code) & (TYPE_WCHAR_UNSIGNED | TYPE_WCHAR_16));
    return type_basic(TYPE_ID(code))->class == TYPE_SIGNED;
}

static int convert_integers(uint8_t *out, uint32_t wanted, const uint8_t *in, uint32_t sent,
                            size_t count, size_t *index)
{
    size_t from = type_wire_size(sent), to = type_wire_size(wanted);
    bool big_in = TYPE_REPRESENTATION(sent) & TYPE_BIG_ENDIAN;
    bool big_out = TYPE_REPRESENTATION(wanted) & TYPE_BIG_ENDIAN;
    bool is_signed = signed_in(sent);

    for (size_t i = 0; i < count; i++) {
        uint64_t value = load(in + i * from, from, big_in);

        if (is_signed)
            value = extend(value, from);
        if (to < from && !fits(value, to, is_signed)) {
            if (index)
                *index = i;
            return DVM_ERR_TYPE;
        }
        store(out + i * to, value, to, big_out);
    }
    return DVM_OK;
}

/* Turn the bytes of count units of size bytes. */
static void turn(uint8_t *out, const uint8_t *in, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++, in += size, out += size)
        for (size_t b = 0; b < size; b++)
            out[b] = in[size - 1 - b];
}

/* Value and index of each pair apart; what is between and behind them is nothing. */
static int convert_pairs(uint8_t *out, uint32_t wanted, const uint8_t *in, uint32_t sent,
                         size_t count, size_t *index)
{
    const uint32_t values[] = {type_pair_value(wanted), type_pair_value(sent)};
    size_t to = type_wire_size(wanted), from = type_wire_size(sent), at = type_pair_index(wanted);
    bool turned = (TYPE_REPRESENTATION(sent) ^ TYPE_REPRESENTATION(wanted)) & TYPE_BIG_ENDIAN;
    bool alike = type_relate(values[1], values[0]) == TYPE_COPY;

    memset(out, 0, count * to);
    for (size_t i = 0; i < count; i++, out += to, in += from) {
        const uint8_t *place = in + type_pair_index(sent);
        int rc = DVM_OK;

        if (alike)
            memcpy(out, in, type_wire_size(values[0]));
        else
            rc = type_convert(out, values[0], in, values[1], 1, NULL);
        if (rc != DVM_OK) {
            if (index)
                *index = i;
            return rc;
        }
        store(out + at, load(place, sizeof(int32_t), false), sizeof(int32_t), turned);
    }
    return DVM_OK;
}

int type_convert(void *out, uint32_t wanted, const void *in, uint32_t sent, size_t count,
                 size_t *index)
{
    enum type_class class = type_basic(TYPE_ID(wanted))->class;
    size_t size = type_wire_size(wanted);

    assert(type_relate(sent, wanted) == TYPE_CONVERT);
    if (class == TYPE_FLOATING)
        turn(out, in, size, count);
    else if (class == TYPE_COMPLEX)
        turn(out, in, size / 2, 2 * count);
    else if (class == TYPE_PAIR)
        return convert_pairs(out, wanted, in, sent, count, index);
    else
        return convert_integers(out, wanted, in, sent, count, index);
    return DVM_OK;
}
