/* key.c: CURVE keys: libzmq makes and derives them as Z85 text; everything else
 * here (socket options, ZAP, tickets, control messages) uses the 32 bytes. */
#include "daemon/links/key.h"

#include <string.h>
#include <zmq.h>

#include "dvm.h"

#define Z85_BYTES 41 /* 32 bytes as Z85 text, with its NUL */

int key_create(struct key_pair *pair)
{
    char public[Z85_BYTES], secret[Z85_BYTES];

    if (zmq_curve_keypair(public, secret) != 0)
        return DVM_ERR_SYSTEM;
    zmq_z85_decode(pair->public, public);
    zmq_z85_decode(pair->secret, secret);
    explicit_bzero(secret, sizeof secret);
    return 0;
}

int key_derive(struct key_pair *pair)
{
    char public[Z85_BYTES], secret[Z85_BYTES];
    int failed;

    zmq_z85_encode(secret, pair->secret, KEY_BYTES);
    failed = zmq_curve_public(public, secret);
    explicit_bzero(secret, sizeof secret);
    if (failed)
        return DVM_ERR_SYSTEM;
    zmq_z85_decode(pair->public, public);
    return 0;
}

void key_wipe(struct key_pair *pair)
{
    explicit_bzero(pair->secret, sizeof pair->secret);
}
