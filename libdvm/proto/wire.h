/* wire.h: integers to and from wire order, for the two binary headers (frame.h and
 * the daemons' link header). Little-endian on every host. Those of 8 and 4 bytes, nearly all, are
 * moved in one piece: byte by byte is what gcc 12 makes of a loop over bytes at -O2.
 */
#ifndef DVM_PROTO_WIRE_H
#define DVM_PROTO_WIRE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Write the low bytes of value (1 to 8 of them) at out. Returns where the next goes. */
static inline uint8_t *wire_put(uint8_t *out, uint64_t value, int bytes)
{
    uint64_t eight = htole64(value);
    uint32_t four = htole32((uint32_t)value);

    if (bytes == sizeof eight)
        memcpy(out, &eight, sizeof eight);
    else if (bytes == sizeof four)
        memcpy(out, &four, sizeof four);
    else
        for (int i = 0; i < bytes; i++)
            out[i] = (uint8_t)(value >> (8 * i));
    return out + bytes;
}

/* Read an integer of 1 to 8 bytes at *in, and move *in behind it. The caller has
 * checked that they are there. */
static inline uint64_t wire_get(const uint8_t **in, int bytes)
{
    uint64_t value = 0;
    uint32_t four;

    if (bytes == sizeof value) {
        memcpy(&value, *in, sizeof value);
        value = le64toh(value);
    } else if (bytes == sizeof four) {
        memcpy(&four, *in, sizeof four);
        value = le32toh(four);
    } else {
        for (int i = 0; i < bytes; i++)
            value |= (uint64_t)(*in)[i] << (8 * i);
    }
    *in += bytes;
    return value;
}

#endif
