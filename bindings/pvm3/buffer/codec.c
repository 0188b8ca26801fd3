/* codec.c: items to bytes and back.
 *
 * One loop for each width, which the compiler makes into vector instructions where items lie
 * one behind the other. A short is widened as XDR wants it; a long keeps its 64 bits (in PVM
 * the upper half was lost), and one that came from a host where it has 32 is widened.
 */
#include "bindings/pvm3/buffer/codec.h"

#include <stdint.h>
#include <string.h>

#include <pvm3.h>

#define XDR_UNIT 4
#define VERSION 1

enum { BIG_ENDIAN_HOST = 1, LONG_64 = 2 };

static const struct pvm3_type types[] = {
    [PVM_STR] = {"string", 1, 1, 1, DVM_BYTE},
    [PVM_BYTE] = {"byte", 1, 1, 1, DVM_CHAR},
    [PVM_SHORT] = {"short", sizeof(short), 1, 4, DVM_SHORT},
    [PVM_INT] = {"int", sizeof(int), 1, 4, DVM_INT},
    [PVM_FLOAT] = {"float", sizeof(float), 1, 4, DVM_FLOAT},
    [PVM_CPLX] = {"cplx", sizeof(float), 2, 4, DVM_FLOAT_COMPLEX},
    [PVM_DOUBLE] = {"double", sizeof(double), 1, 8, DVM_DOUBLE},
    [PVM_DCPLX] = {"dcplx", sizeof(double), 2, 8, DVM_DOUBLE_COMPLEX},
    [PVM_LONG] = {"long", sizeof(long), 1, 8, DVM_LONG},
    [PVM_USHORT] = {"ushort", sizeof(short), 1, 4, DVM_USHORT},
    [PVM_UINT] = {"uint", sizeof(int), 1, 4, DVM_UINT},
    [PVM_ULONG] = {"ulong", sizeof(long), 1, 8, DVM_ULONG},
};

const struct pvm3_type *pvm3_type_find(int type)
{
    return type >= PVM_STR && type <= PVM_ULONG ? &types[type] : NULL;
}

unsigned char pvm3_representation(void)
{
    unsigned char big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? BIG_ENDIAN_HOST : 0;

    return big | (sizeof(long) == 8 ? LONG_64 : 0);
}

void pvm3_put32(unsigned char *place, unsigned value)
{
    value = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
    memcpy(place, &value, sizeof value);
}

unsigned pvm3_get32(const unsigned char *place)
{
    unsigned value;

    memcpy(&value, place, sizeof value);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
}

static void put64(unsigned char *place, uint64_t value)
{
    value = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
    memcpy(place, &value, sizeof value);
}

static uint64_t get64(const unsigned char *place)
{
    uint64_t value;

    memcpy(&value, place, sizeof value);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
}

size_t pvm3_encoded(int encoding, const struct pvm3_type *t, size_t count)
{
    size_t scalars, bytes;

    if (__builtin_mul_overflow(count, (size_t)t->scalars, &scalars) ||
        __builtin_mul_overflow(scalars, encoding == PvmDataDefault ? (size_t)t->wire : t->size,
                               &bytes) ||
        bytes > SIZE_MAX / 2)
        return SIZE_MAX;
    if (encoding == PvmDataDefault && t->wire == 1)
        bytes = (bytes + XDR_UNIT - 1) / XDR_UNIT * XDR_UNIT;
    return bytes;
}

/* One scalar of less than 8 bytes in XDR, or of 8; to its place. */
static void scalar_put(const struct pvm3_type *t, unsigned char *place, const char *from)
{
    if (t->size == sizeof(short)) {
        short value;

        memcpy(&value, from, sizeof value);
        pvm3_put32(place, t->type == DVM_USHORT ? (unsigned short)value
                                                : (unsigned)(int)value);
    } else if (t->wire == 4) {
        unsigned value;

        memcpy(&value, from, sizeof value);
        pvm3_put32(place, value);
    } else if (t->size == 8) {
        uint64_t value;

        memcpy(&value, from, sizeof value);
        put64(place, value);
    } else { /* a long of 32 bits */
        int32_t value;

        memcpy(&value, from, sizeof value);
        put64(place, t->type == DVM_LONG ? (uint64_t)(int64_t)value : (uint32_t)value);
    }
}

static void scalar_get(const struct pvm3_type *t, const unsigned char *place, char *to)
{
    if (t->size == sizeof(short)) {
        unsigned short value = (unsigned short)pvm3_get32(place);

        memcpy(to, &value, sizeof value);
    } else if (t->wire == 4) {
        unsigned value = pvm3_get32(place);

        memcpy(to, &value, sizeof value);
    } else if (t->size == 8) {
        uint64_t value = get64(place);

        memcpy(to, &value, sizeof value);
    } else {
        uint32_t value = (uint32_t)get64(place);

        memcpy(to, &value, sizeof value);
    }
}

/* Scalars one behind the other that have as many bytes here as in XDR. */
static void swap_run(unsigned char *to, const unsigned char *from, size_t count, int wire)
{
    if (wire == 4)
        for (size_t i = 0; i < count; i++) {
            uint32_t value;

            memcpy(&value, from + 4 * i, sizeof value);
            pvm3_put32(to + 4 * i, value);
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint64_t value;

            memcpy(&value, from + 8 * i, sizeof value);
            put64(to + 8 * i, value);
        }
}

static bool is_run(const struct pvm3_type *t, size_t count, long stride)
{
    return (stride == 1 || count == 1) && t->size == (size_t)t->wire && t->wire > 1;
}

/* Items to XDR; bytes are a run of their own, with its end filled up. */
static void xdr_put(const struct pvm3_type *t, unsigned char *place, const char *data,
                    size_t count, long stride)
{
    const long step = stride * (long)t->size * t->scalars;

    if (is_run(t, count, stride)) {
        swap_run(place, (const unsigned char *)data, count * (size_t)t->scalars, t->wire);
        return;
    }
    if (t->wire == 1) {
        if (stride == 1 && count > 0)
            memcpy(place, data, count);
        else
            for (size_t i = 0; i < count; i++, data += step)
                place[i] = (unsigned char)*data;
        memset(place + count, 0, pvm3_encoded(PvmDataDefault, t, count) - count);
        return;
    }
    for (size_t i = 0; i < count; i++, data += step)
        for (int k = 0; k < t->scalars; k++, place += t->wire)
            scalar_put(t, place, data + (size_t)k * t->size);
}

static void xdr_get(const struct pvm3_type *t, const unsigned char *place, char *data,
                    size_t count, long stride)
{
    const long step = stride * (long)t->size * t->scalars;

    if (is_run(t, count, stride)) {
        swap_run((unsigned char *)data, place, count * (size_t)t->scalars, t->wire);
        return;
    }
    if (t->wire == 1) {
        if (stride == 1 && count > 0)
            memcpy(data, place, count);
        else
            for (size_t i = 0; i < count; i++, data += step)
                *data = (char)place[i];
        return;
    }
    for (size_t i = 0; i < count; i++, data += step)
        for (int k = 0; k < t->scalars; k++, place += t->wire)
            scalar_get(t, place, data + (size_t)k * t->size);
}

int pvm3_encode(struct pvm3_buffer *b, const struct pvm3_type *t, const void *data, size_t count,
                long stride)
{
    const size_t item = t->size * (size_t)t->scalars, bytes = pvm3_encoded(b->encoding, t, count);
    const char *from = data;
    unsigned char *place;

    if (bytes == SIZE_MAX)
        return PvmNoMem;
    if (b->encoding == PvmDataInPlace) {
        if (stride != 1 && count > 1)
            return PvmNotImpl;
        return pvm3_buffer_add_piece(b, data, bytes, t->type) ? PvmOk : PvmNoMem;
    }
    place = pvm3_buffer_add(b, bytes);
    if (!place)
        return PvmNoMem;
    if (b->encoding == PvmDataDefault)
        xdr_put(t, place, from, count, stride);
    else if (stride == 1 && count > 0)
        memcpy(place, from, bytes);
    else
        for (size_t i = 0; i < count; i++, from += stride * (long)item, place += item)
            memcpy(place, from, item);
    return PvmOk;
}

int pvm3_decode(struct pvm3_buffer *b, const struct pvm3_type *t, void *data, size_t count,
                long stride)
{
    const size_t item = t->size * (size_t)t->scalars, bytes = pvm3_encoded(b->encoding, t, count);
    const unsigned char *place = pvm3_buffer_data(b) + b->next;
    char *to = data;

    if (b->foreign && t->size > 1)
        return PvmBadMsg;
    if (bytes > b->bytes - b->next || b->piece_count)
        return PvmNoData;
    b->next += bytes;
    if (b->encoding == PvmDataDefault)
        xdr_get(t, place, to, count, stride);
    else if (stride == 1 && count > 0)
        memcpy(to, place, bytes);
    else
        for (size_t i = 0; i < count; i++, to += stride * (long)item, place += item)
            memcpy(to, place, item);
    return PvmOk;
}

void pvm3_header_write(const struct pvm3_buffer *b, unsigned char header[PVM3_HEADER])
{
    memcpy(header, "PVM3", 4);
    header[4] = VERSION;
    header[5] = (unsigned char)b->encoding;
    header[6] = b->foreign ? b->stored : pvm3_representation(); /* when it is sent on */
    header[7] = (unsigned char)b->packed;
    pvm3_put32(header + 8, (unsigned)b->ctx);
    pvm3_put32(header + 12, (unsigned)b->wid);
}

bool pvm3_header_read(struct pvm3_buffer *b, const unsigned char *header, size_t bytes)
{
    if (bytes < PVM3_HEADER || memcmp(header, "PVM3", 4) != 0 || header[4] != VERSION ||
        header[5] > PvmDataInPlace || header[7] > PVM3_PACKED_TRACED)
        return false;
    b->encoding = header[5] == PvmDataInPlace ? PvmDataRaw : header[5];
    b->foreign = b->encoding == PvmDataRaw && header[6] != pvm3_representation();
    b->stored = header[6];
    b->packed = header[7] & PVM3_PACKED;
    b->traced = header[7] == PVM3_PACKED_TRACED;
    b->ctx = (int)pvm3_get32(header + 8);
    b->wid = (int)pvm3_get32(header + 12);
    return true;
}
