/* codec.h: how items lie in a message.
 *
 *     PvmDataDefault   XDR (RFC 4506): big-endian, 4 bytes for a short, an int, a float, 8 for a
 *                      long or a double, bytes in one run filled up to a multiple of 4
 *     PvmDataRaw       as in the sender's memory, one behind the other
 *
 * A packed message carries in front of it
 *
 *     bytes 0-3   "PVM3"            bytes 8-11   context, big-endian
 *     byte 4      version, 1        bytes 12-15  wait id, big-endian
 *     byte 5      encoding
 *     byte 6      how the sender stores data: bit 0 big-endian, bit 1 long has 64 bits
 *     byte 7      1: packed; 0: the elements of one array (pvm_psend); 3: packed, and the first
 *                 event of a task that is traced
 *
 * and travels as DVM_BYTE. What travels as another type has no such thing in front: it comes
 * from pvm_psend in the base context, or from a task that is no PVM program.
 */
#ifndef PVM3_CODEC_H
#define PVM3_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "bindings/pvm3/buffer/buffer.h"

struct pvm3_type {
    const char *name;  /* "int" */
    size_t size;       /* of a scalar here, bytes */
    int scalars;       /* in an item: 2 for complex */
    int wire;          /* bytes of a scalar in XDR */
    dvm_type type;     /* of an item in DVM */
};

/* The row of a PVM_ type, NULL when there is none. PVM_STR is bytes here. */
const struct pvm3_type *pvm3_type_find(int type);

/* Bytes of so many items in a buffer of an encoding; SIZE_MAX when that is too much. */
size_t pvm3_encoded(int encoding, const struct pvm3_type *t, size_t count);

/* Put each stride-th item at data behind what is in the buffer. Returns PvmOk, PvmNoMem, or
 * PvmNotImpl (a stride in place). */
int pvm3_encode(struct pvm3_buffer *b, const struct pvm3_type *t, const void *data, size_t count,
                long stride);

/* Take items from the buffer's next byte on. Returns PvmOk, PvmNoData (and nothing is taken),
 * or PvmBadMsg (raw, of another kind of host). */
int pvm3_decode(struct pvm3_buffer *b, const struct pvm3_type *t, void *data, size_t count,
                long stride);

enum { PVM3_PACKED = 1, PVM3_PACKED_TRACED = 3 };

/* Write the header that belongs to b to its place in front. */
void pvm3_header_write(const struct pvm3_buffer *b, unsigned char header[PVM3_HEADER]);

/* Take what a header says into b. false: it is none. */
bool pvm3_header_read(struct pvm3_buffer *b, const unsigned char *header, size_t bytes);

/* How this host stores data, as byte 6 has it. */
unsigned char pvm3_representation(void);

/* Write and read 4 bytes, big-endian. */
void pvm3_put32(unsigned char *place, unsigned value);
unsigned pvm3_get32(const unsigned char *place);

#endif
