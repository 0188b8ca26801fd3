/* key.h: a CURVE key pair in its binary form. */
#ifndef DVMD_LINKS_KEY_H
#define DVMD_LINKS_KEY_H

#include <stdint.h>

#define KEY_BYTES 32

struct key_pair {
    uint8_t public[KEY_BYTES];
    uint8_t secret[KEY_BYTES];
};

/* Make a new pair. Returns 0, or DVM_ERR_SYSTEM when libzmq has no CURVE. */
int key_create(struct key_pair *pair);

/* The public key that belongs to pair->secret, into pair->public. Likewise. */
int key_derive(struct key_pair *pair);

/* Overwrite the secret. */
void key_wipe(struct key_pair *pair);

#endif
