/* network.c: see network.h. Both families are compared as bytes, bit by bit. */
#include "base/network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64 /* bytes of a network's text with its NUL */
#define BYTE_BITS 8

static bool parse_address(const char *text, struct network *out)
{
    memset(out, 0, sizeof *out);
    out->family = strchr(text, ':') ? AF_INET6 : AF_INET;
    out->bits = out->family == AF_INET6 ? 128 : 32;
    return inet_pton(out->family, text, out->bytes) == 1;
}

bool network_parse(const char *text, struct network *out)
{
    char address[WORD_MAX];
    size_t length = strcspn(text, "/");
    const char *digits = text + length + 1;
    long bits;

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    if (!parse_address(address, out))
        return false;
    if (!text[length])
        return true;
    if (!digits[0] || strlen(digits) > 3 || strspn(digits, "0123456789") != strlen(digits))
        return false;
    bits = strtol(digits, NULL, 10);
    if (bits > out->bits)
        return false;
    out->bits = (int)bits;
    return true;
}

bool network_has(const struct network *n, const char *address)
{
    struct network a;
    int whole = n->bits / BYTE_BITS, rest = n->bits % BYTE_BITS;

    if (!parse_address(address, &a) || a.family != n->family)
        return false;
    if (memcmp(a.bytes, n->bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 ||
           (a.bytes[whole] ^ n->bytes[whole]) >> (BYTE_BITS - rest) == 0;
}

const char *network_next(const char *list, char *word, size_t size)
{
    size_t length;

    list += strspn(list, ", \t");
    length = strcspn(list, ", \t");
    if (length == 0 || length >= size)
        return NULL;
    memcpy(word, list, length);
    word[length] = '\0';
    return list + length;
}

bool network_list_has(const char *list, const char *address)
{
    char word[WORD_MAX];
    struct network n;

    while ((list = network_next(list, word, sizeof word)))
        if (network_parse(word, &n) && network_has(&n, address))
            return true;
    return false;
}
