/* hosted.h: a daemon that a hoster of the machine starts (PVM's hosters: docs/pvm.md).
 *
 * A hoster is a program that runs a command on another computer, in a way of its own, and hands
 * back the line that this prints. All who can list processes see the command, so no secret is in
 * it: the secret is made here, and its public half is what is printed.
 */
#ifndef DVMD_START_HOSTED_H
#define DVMD_START_HOSTED_H

#include <stddef.h>

/* Make the offer a ticket (its text, at most size bytes), and print the line for the hoster to
 * stdout. Errors: TICKET, SYSTEM (dvm_fail). */
int hosted_ticket(const char *offer, char *ticket, size_t size);

#endif
