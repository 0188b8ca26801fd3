/* network.h: networks as administrators write them: "10.0.0.0/8", "fd00::/8", or one
 * numeric address. */
#ifndef DVM_BASE_NETWORK_H
#define DVM_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
    int family;        /* AF_INET or AF_INET6 */
    uint8_t bytes[16]; /* of the address, in network order */
    int bits;          /* of it that count: 0 to 32 or 128 */
};

/* Read one; false when text is none. */
bool network_parse(const char *text, struct network *out);

/* Whether a numeric address, without port, lies in it. */
bool network_has(const struct network *n, const char *address);

/* Whether a numeric address lies in one of a list with commas, such as
 * "10.0.0.0/8, fd00::/8". */
bool network_list_has(const char *list, const char *address);

/* Take the next of a list with commas and blanks into word, of size bytes. Returns where
 * to go on, or NULL when there is none left or it is longer. */
const char *network_next(const char *list, char *word, size_t size);

#endif
