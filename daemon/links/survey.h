/* survey.h: at which of a host's addresses the host itself answers: an authenticated
 * hello, for those who ask how well the machine is connected (dvm doctor).
 *
 * A connection of its own is made to each address, in their order, the next one when the
 * one before has failed or has not answered for a moment; CURVE proves who is there. No
 * frame goes over it, and the connections of the machine do not notice.
 */
#ifndef DVMD_LINKS_SURVEY_H
#define DVMD_LINKS_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/links/ticket.h"
#include "proto/probe.h"

struct links;
struct survey;

struct survey_result {
    char address[TICKET_ADDRESS_BYTES];
    enum dvm_probe result;
    uint32_t rtt_us;   /* of the network, as TCP has measured it; 0: not known */
    uint32_t ready_us; /* from the begin of the try until the host had proved itself */
};

typedef void survey_f(void *arg, const struct survey_result *list, size_t count);

/* Try the addresses of the host whose public key and addresses host names (server,
 * address, addresses: as they are to be connected to), with the key pair in it, for at
 * most ms milliseconds, or 4 s more where somebody accepts connections. done is called
 * once, from the loop, as soon as one is good or all have failed, unless it is cancelled
 * before. NULL without memory. */
struct survey *survey_start(struct links *l, const struct ticket *host, int ms, survey_f *done,
                            void *arg);

/* What is known so far, into list (TICKET_ADDRESSES); returns how many. */
size_t survey_look(const struct survey *s, struct survey_result *list);

/* Stop; done is not called any more. Accepts NULL. */
void survey_cancel(struct survey *s);

#endif
