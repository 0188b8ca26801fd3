/* door.h: who has connected to the ROUTER and has not yet spoken with a key that is
 * let in: strangers, and members for the moment of their handshake.
 *
 * ZeroMQ accepts whoever comes, and gives each the handshake interval; so a stranger
 * who only opens connections could take every descriptor of the daemon. The door knows
 * each connection from the monitor of the ROUTER. Above a number of callers the one that
 * came first is cut off for each that comes: a handshake takes milliseconds, so those
 * who belong here get through also while a crowd stands outside. Every refusal is
 * logged with the caller's address and the reason.
 */
#ifndef DVMD_LINKS_DOOR_H
#define DVMD_LINKS_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOOR_CALLERS 1024   /* at most, if there are descriptors; a storm of joiners fits */
#define DOOR_FILES_SHARE 8  /* and at most this part of all descriptors */
#define DOOR_FILES_EACH 2   /* descriptors of a caller: ZeroMQ's, and a copy to cut it off */

struct door;

/* port: of the ROUTER. files: how many descriptors this process may have. patience_ms:
 * ZeroMQ's handshake interval. NULL without memory. */
struct door *door_create(int port, size_t files, int patience_ms);

/* Accepts NULL. */
void door_destroy(struct door *d);

/* An event of the ROUTER's monitor: its number and value. Others than those of
 * connections and handshakes are ignored. now: ms. */
void door_event(struct door *d, int event, uint32_t value, uint64_t now);

/* A message came over a connection, from a key that is let in. False when the connection
 * is not known: the event that tells of it may still be in the monitor. */
bool door_let_in(struct door *d, int fd);

/* Connections that stand outside at this moment, and in all those that were refused. */
size_t door_callers(const struct door *d);
uint64_t door_refused(const struct door *d);

#endif
