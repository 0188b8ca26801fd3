/* endpoint.h: where a host can be reached, as one line of text: "192.0.2.7:7117",
 * "[v6]:7117", or, for a loopback address, which is good on its computer alone,
 * "COMPUTER@127.0.0.1:7117". COMPUTER is 16 hex digits for this boot of the kernel and
 * this network of it, so an address of another computer's loopback is known for one. */
#ifndef DVM_BASE_ENDPOINT_H
#define DVM_BASE_ENDPOINT_H

#include <stdbool.h>
#include <sys/socket.h>

#define ENDPOINT_BYTES 64 /* of the longest, with its NUL */

/* Write the endpoint of a numeric address of this host. */
void endpoint_write(char out[ENDPOINT_BYTES], const char *host, int port);

/* What an endpoint means here: out receives it without its computer. Returns false for a
 * loopback address of another computer, which leads nowhere from here, or worse, to
 * somebody else. */
bool endpoint_resolve(const char *endpoint, char out[ENDPOINT_BYTES]);

/* The part of an endpoint that is shown to people: without its computer. */
const char *endpoint_shown(const char *endpoint);

/* The address of a text without computer for connect(2). Returns false for a text that is
 * none. */
bool endpoint_socket(const char *text, struct sockaddr_storage *out, socklen_t *size);

#endif
