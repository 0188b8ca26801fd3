/* signature.h: of which basic types the elements of a message are, one behind the other.
 *
 * In words of a few bytes, in memory as on the wire:
 *
 *     run     type | count << 6            count (1 to 3) elements of a basic type
 *     run     type, then a number          any count
 *     group   63, number, length, words    the words of so many (length) bytes, so often
 *
 * A number has 7 bits a byte, the low ones first; bit 7 says that more follow. A message has
 * the words of one element of its derived type, as often as they fit into it.
 */
#ifndef DVM_TYPE_SIGNATURE_H
#define DVM_TYPE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shape.h"
#include "type/type.h"

#define SIGNATURE_DEPTH 8 /* groups in groups, at most */

struct signature {
    uint8_t bytes[SHAPE_HEAD_MAX];
    uint8_t length; /* 0: no elements */
};

/* Words that may have come from elsewhere, and how their sender stores its types. */
struct signature_of {
    const uint8_t *bytes;
    size_t length;
    uint32_t representation;
};

/* One element of a basic type. */
void signature_basic(struct signature *s, dvm_type type);

/* count times the same; 0: nothing. false: it is too long. */
bool signature_repeat(struct signature *s, size_t count);

/* Append other. false: it is too long. */
bool signature_append(struct signature *s, const struct signature *other);

/* The only basic type of it, or -1. */
dvm_type signature_only(const struct signature *s);

/* Check words, and count: their elements, and the bytes of those as they are stored. Returns
 * false for what are no words, or none that can be in memory. */
bool signature_count(const struct signature_of *s, size_t *elements, size_t *bytes);

/* Bytes of the first elements elements, as they are stored. */
size_t signature_bytes(const struct signature_of *s, size_t elements);

/* How the first elements elements of sent (which is repeated as often as needed) become
 * those of wanted. Both were counted, and are not empty. */
enum type_relation signature_relate(const struct signature_of *sent,
                                    const struct signature_of *wanted, size_t elements);

/* Convert so many elements, which relate by COPY or CONVERT, as type_convert does it. */
int signature_convert(void *out, const struct signature_of *wanted, const void *in,
                      const struct signature_of *sent, size_t elements, size_t *index);

/* In words for a sentence, "{int, 3 double}", cut to size bytes. Returns text. */
const char *signature_text(const struct signature_of *s, char *text, size_t size);

#endif
