/* type.h: the basic types: their sizes here and on other hosts, the code that
 * names them on the wire, and the conversion of a foreign representation.
 *
 * A type code is id | representation << 8. The id is the DVM_ constant; the
 * representation says how the sender stores its types, and is the same in all
 * codes of one task:
 *
 *     bit 0     1: big-endian
 *     bit 1     1: long has 64 bits, 0: 32
 *     bit 2     1: size_t has 64 bits, 0: 32
 *     bit 3     1: wchar_t has 16 bits, 0: 32
 *     bit 4     1: wchar_t is unsigned
 *     bits 5-7  format of long double: enum type_ldouble
 *
 * so that id alone is a valid code for the little-endian types of fixed size. A message
 * of elements of several types has the id TYPE_MIXED; so many bytes at its beginning as bits
 * 16 to 31 say tell which they are (signature.h).
 * The other types have the same size everywhere (asserted in type.c), and float
 * and double are IEEE 754. A pair is its value, room up to a multiple of 4 bytes, the
 * index of 32 bits, and room up to a multiple of the value's size (4 at least, and 4 where
 * a long double has 12 bytes); the room has no meaning.
 */
#ifndef DVM_TYPE_TYPE_H
#define DVM_TYPE_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "dvm.h"

enum type_representation {
    TYPE_BIG_ENDIAN = 1,
    TYPE_LONG_64 = 2,
    TYPE_SIZE_64 = 4,
    TYPE_WCHAR_16 = 8,
    TYPE_WCHAR_UNSIGNED = 16
};
#define TYPE_LDOUBLE_SHIFT 5
#define TYPE_LDOUBLE_MASK 7

enum type_ldouble {
    TYPE_LDOUBLE_X87_16 = 0, /* 80 bits in 16 bytes (x86_64) */
    TYPE_LDOUBLE_X87_12 = 1, /* 80 bits in 12 bytes (i386) */
    TYPE_LDOUBLE_QUAD = 2,   /* binary128 (arm64, riscv, s390x) */
    TYPE_LDOUBLE_DOUBLE = 3, /* as double (32-bit arm) */
    TYPE_LDOUBLE_PAIR = 4    /* two doubles (powerpc) */
};

enum type_class {
    TYPE_RAW,
    TYPE_CHARACTER,
    TYPE_SIGNED,
    TYPE_UNSIGNED,
    TYPE_BOOLEAN,
    TYPE_WIDE,
    TYPE_FLOATING,
    TYPE_COMPLEX,
    TYPE_PAIR,   /* a value and an int: see type_pair_index */
    TYPE_DERIVED /* made of others (derived.h) */
};

struct type {
    const char *name; /* such as "DVM_INT" */
    const char *word; /* in C: "int" */
    size_t size;      /* of one element here, bytes */
    size_t align;     /* likewise */
    enum type_class class;
    dvm_type value; /* of a pair: the type of its value */
};

/* Id and representation of a code, and the bytes that say what a mixed message has. */
#define TYPE_ID(code) ((int)((code) & 0xff))
#define TYPE_REPRESENTATION(code) ((code) >> 8 & 0xff)
#define TYPE_HEAD(code) ((size_t)((code) >> 16))
#define TYPE_MIXED DVM_TYPE_MIXED

/* The representation of this process. */
uint32_t type_here(void);

/* The row of a basic type, NULL when there is no such type. */
const struct type *type_basic(dvm_type type);

/* The same for any type; of a derived one size is that of its packed form (derived.c). */
const struct type *type_find(dvm_type type);

/* The name of a code's type as C has it, "double"; "byte" for raw bytes. "of an unknown type"
 * when there is none. */
const char *type_word(uint32_t code);

/* The code of messages of a basic type of this process, and of any (derived.c). type must
 * exist. */
uint32_t type_basic_code(dvm_type type);
uint32_t type_code(dvm_type type);

/* The code of mixed messages of this process, with so many bytes for what they have. */
uint32_t type_code_mixed(size_t head);

/* Size of one element in the code's own representation, bytes; 0 when there is no
 * such type. */
size_t type_wire_size(uint32_t code);

/* Where the index of a pair stands in it, in the code's own representation, bytes. */
size_t type_pair_index(uint32_t code);

/* The code of a pair's value, in the same representation. */
uint32_t type_pair_value(uint32_t code);

/* How elements of one code can become those of another. */
enum type_relation {
    TYPE_COPY,       /* the bytes are the same */
    TYPE_CONVERT,    /* type_convert does it */
    TYPE_DIFFERENT,  /* another type: refused */
    TYPE_IMPOSSIBLE  /* the same type, in a representation that cannot be converted */
};

/* How what was sent becomes what is wanted here: raw bytes fit to everything; the
 * same type, or the same class and size, is converted where it must be. */
enum type_relation type_relate(uint32_t sent, uint32_t wanted);

/* Bytes that a message of bytes bytes of code sent takes here as code wanted. Both
 * relate by COPY or CONVERT. SIZE_MAX when it is no number that fits. */
size_t type_converted_bytes(uint32_t sent, uint32_t wanted, size_t bytes);

/* Convert count elements of code sent at in to code wanted at out (no overlap).
 * They relate by TYPE_CONVERT. Error: TYPE, without a sentence: an integer does
 * not fit; *index, which may be NULL, receives its place. */
int type_convert(void *out, uint32_t wanted, const void *in, uint32_t sent, size_t count,
                 size_t *index);

#endif
