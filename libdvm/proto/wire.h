/* wire.h: integers to and from wire order, for the two binary headers (frame.h and
 * the daemons' link header). Little-endian, byte by byte, so that the code is the same
 * on every host; compilers turn it into plain moves where they can.
 */
#ifndef DVM_PROTO_WIRE_H
#define DVM_PROTO_WIRE_H

#include <stdint.h>

/* Write the low bytes of value (1 to 8 of them) at out. Returns where the next goes. */
static inline uint8_t *wire_put(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    return out + bytes;
}

/* Read an integer of 1 to 8 bytes at *in, and move *in behind it. The caller has
 * checked that they are there. */
static inline uint64_t wire_get(const uint8_t **in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)(*in)[i] << (8 * i);
    *in += bytes;
    return value;
}

#endif
