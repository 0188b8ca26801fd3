/* pack.h: packing and unpacking by the number of a type. */
#ifndef PVM3_PACK_H
#define PVM3_PACK_H

/* pvm_pk... and pvm_upk... of one kind of item: X(name, C type of data, its code). */
#define PVM3_ITEMS(X)                   \
    X(byte, char, PVM_BYTE)             \
    X(cplx, float, PVM_CPLX)            \
    X(dcplx, double, PVM_DCPLX)         \
    X(double, double, PVM_DOUBLE)       \
    X(float, float, PVM_FLOAT)          \
    X(int, int, PVM_INT)                \
    X(long, long, PVM_LONG)             \
    X(short, short, PVM_SHORT)          \
    X(uint, unsigned int, PVM_UINT)     \
    X(ulong, unsigned long, PVM_ULONG)  \
    X(ushort, unsigned short, PVM_USHORT)

/* Put count items into the send buffer, take them from the receive buffer; as the public
 * calls, on whose behalf (call) errors are told. */
int pvm3_pack(const char *call, int type, const void *data, long count, long stride);
int pvm3_unpack(const char *call, int type, void *data, long count, long stride);

/* A string: its length with the NUL, and its bytes. room: bytes at text, 0: not known. */
int pvm3_pack_text(const char *call, const char *text);
int pvm3_unpack_text(const char *call, char *text, long room);

#define PVM3_NESTED 3 /* ints in front of a message in a message: tag, sender, bytes */

#endif
