/* ticket.h: one line of text that lets new hosts join.
 *
 * "dvm1:" and base64url (RFC 4648, no padding) of
 *
 *   version (1)  number of addresses (1)  each: length (1), text "192.0.2.7:7117"
 *   server's public key (32)  secret made for this ticket (32)
 *   FNV-1a checksum (4, little-endian) of everything before it
 *
 * The checksum finds typing errors; what protects the machine is the secret.
 */
#ifndef DVMD_LINKS_TICKET_H
#define DVMD_LINKS_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/links/key.h"

#define TICKET_VERSION 1
#define TICKET_PREFIX "dvm1:"
#define TICKET_ADDRESSES 16      /* at most */
#define TICKET_ADDRESS_BYTES 64  /* "[v6]:port" with its NUL */
#define TICKET_TEXT_BYTES 1600   /* longest text with its NUL */

struct ticket {
    size_t addresses;
    char address[TICKET_ADDRESSES][TICKET_ADDRESS_BYTES];
    uint8_t server[KEY_BYTES]; /* public key of the daemon to ask */
    struct key_pair key;       /* good for asking only; decode leaves public to key_derive */
    bool awaited;              /* not in the text: the machine may learn of its key only now, so
                                * that being refused is no reason to give up */
};

/* Whether it is an offer: a ticket without a secret, which lets nobody in, and which who
 * takes it makes a ticket by a key of its own (start/hosted.h). */
bool ticket_is_offer(const struct ticket *t);

/* Write the ticket's text (no newline) into out; TICKET_TEXT_BYTES suffice.
 * Returns 0, or DVM_ERR_ARG. */
int ticket_encode(const struct ticket *t, char *out, size_t size);

/* Read a ticket from text; white space around it is ignored. Returns 0, or
 * DVM_ERR_TICKET with a sentence in error and *out untouched. */
int ticket_decode(const char *text, struct ticket *out, char *error, size_t size);

#endif
