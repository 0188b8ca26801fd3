/* address.h: where this host can be reached, as numeric text. */
#ifndef DVMD_LINKS_ADDRESS_H
#define DVMD_LINKS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/links/ticket.h"

/* Write the addresses at which a daemon that listens on bind (NULL: all) and port
 * can be reached: every address of an interface that is up and of the networks that
 * are offered, without link-local ones, then 127.0.0.1; as texts of endpoint.h. Returns
 * how many, at most TICKET_ADDRESSES. */
size_t address_list(const char *bind, int port, char out[][TICKET_ADDRESS_BYTES]);

/* A port p, even, such that p and p + 1 (for lanes) are both free on bind. wanted:
 * 0, or the p to check. Returns p, or -1 with errno. Even, so that the pairs of two
 * daemons never overlap. */
int address_port_pair(const char *bind, int wanted);

/* Offer only addresses of these networks (network.h) besides 127.0.0.1; NULL: all. For
 * the whole process. networks is borrowed. */
void address_offer(const char *networks);

/* This host's first address that lies in a network, of an interface that is up. Returns
 * false when there is none. */
bool address_in(const char *network, char *out, size_t size);

/* Whether a numeric address is one of this host's. */
bool address_is_own(const char *address);

#endif
