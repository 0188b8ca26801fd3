/* invite.h: tickets from the coordinator. */
#ifndef DVM_CONSOLE_INVITE_H
#define DVM_CONSOLE_INVITE_H

#include "proto/client.h"

/* Ask for a ticket for a number of uses and seconds. *ticket is one line without
 * its end, to be freed with invite_free. Errors: those of client_call. */
int invite_ticket(struct client *client, unsigned uses, double seconds, char **ticket);

/* Free a ticket, after wiping it. Accepts NULL. */
void invite_free(char *ticket);

#endif
