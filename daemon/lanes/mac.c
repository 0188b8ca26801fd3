/* mac.c: see mac.h. The only file of the daemon that knows libcrypto. It is told not to
 * read the system's configuration: what a hello is checked with does not depend on it, and
 * a file that cannot be read would be a reason to fail.
 */
#include "daemon/lanes/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

bool mac_make(uint8_t out[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES], const void *bytes,
              size_t n)
{
    unsigned length = 0;

    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) &&
           HMAC(EVP_sha256(), key, LANE_KEY_BYTES, bytes, n, out, &length) &&
           length == LANE_MAC_BYTES;
}

bool mac_check(const uint8_t mac[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES],
               const void *bytes, size_t n)
{
    uint8_t own[LANE_MAC_BYTES];

    return mac_make(own, key, bytes, n) && CRYPTO_memcmp(own, mac, sizeof own) == 0;
}
