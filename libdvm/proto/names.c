/* names.c: which names may be given; see names.h. The check is made where a name comes in,
 * in the library for the sentence and in the daemon, which believes nobody.
 */
#include "proto/names.h"

#include <stddef.h>
#include <string.h>

#define CONTROL_END 0x20 /* below are control characters */
#define DELETE 0x7f
#define TAIL_MASK 0xc0
#define TAIL 0x80

/* Bytes of the character that begins with this byte; 0: none does. */
static size_t length_of(unsigned char first)
{
    if (first < TAIL)
        return first >= CONTROL_END && first != DELETE;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Not the long forms of short characters, halves of pairs, or what is past the last. */
static bool second_ok(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

bool dvm_name_ok(const char *name)
{
    const unsigned char *at = (const unsigned char *)name;

    if (!*at || strlen(name) >= DVM_NAMED_MAX)
        return false;
    while (*at) {
        size_t length = length_of(*at);

        if (length == 0 || (length > 1 && !second_ok(at[0], at[1])))
            return false;
        for (size_t i = 1; i < length; i++)
            if ((at[i] & TAIL_MASK) != TAIL)
                return false; /* also the final NUL */
        at += length;
    }
    return true;
}
