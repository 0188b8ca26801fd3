/* listing.h: the tasks of several hosts, asked for at the same time. */
#ifndef DVM_CONSOLE_LISTING_H
#define DVM_CONSOLE_LISTING_H

#include "console/ask.h"
#include "console/console.h"

struct listing {
    Dvm__Pb__HostsReply *hosts;    /* owned: all hosts of the machine */
    struct ask *asks;              /* one for each of hosts; result says what became of it */
    Dvm__Pb__TasksReply **replies; /* one for each of hosts, NULL where it failed */
    size_t count;
    size_t failed;
};

/* Ask the daemon for the hosts, then all of them for their tasks. message: what is
 * wanted. *out is to be freed with listing_free, also when this failed. Errors: those of
 * ask_hosts, NO_MEMORY; hosts that do not answer are counted, and no error. */
int listing_get(struct client *client, const Dvm__Pb__Tasks *message, struct listing *out);

/* Say of each host that did not answer that its tasks are not known, and why. Returns the
 * error of the last, or DVM_OK. */
int listing_complain(const struct console *c, const struct listing *l);

/* The host of a slot, or NULL. */
const Dvm__Pb__Host *listing_host(const struct listing *l, int slot);

/* Free what it holds. */
void listing_free(struct listing *l);

#endif
