/* zap.h: who may connect: the ZeroMQ Authentication Protocol (RFC 27) handler.
 *
 * CURVE alone lets in every key (Z17). This handler answers for the pool's context:
 * a listed key is let in, and its user text comes with each of its messages (as
 * "User-Id"); any other gets a temporary refusal, status 300, after which the other
 * side tries again (Z24): its entry may be on the way.
 */
#ifndef DVMD_LINKS_ZAP_H
#define DVMD_LINKS_ZAP_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/links/key.h"
#include "daemon/links/socket.h"

#define ZAP_DOMAIN "dvm"
#define ZAP_USER_BYTES 80 /* longest user text with its NUL */

struct zap;

/* Start the handler; before any CURVE server socket binds. NULL with errno. */
struct zap *zap_create(struct pool *pool);

/* Accepts NULL. Its socket is closed with the pool. */
void zap_destroy(struct zap *z);

/* Let a key in from now on under a user text, which replaces an earlier one.
 * Returns 0 or DVM_ERR_NO_MEMORY. */
int zap_allow(struct zap *z, const uint8_t key[KEY_BYTES], const char *user);

/* Refuse a key from now on; connections that stand are not cut. */
void zap_deny(struct zap *z, const uint8_t key[KEY_BYTES]);

/* How often a key was refused. */
size_t zap_refused(const struct zap *z);

#endif
