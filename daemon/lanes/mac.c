/* mac.c: see mac.h. The only file of the daemon that knows libcrypto. Linking it would be a
 * third of the work of starting dvmd, which most machines (of one host, private ones) never
 * need; so it is loaded with the first lane, as tasks do. It stays loaded: it has handlers
 * of its own at exit. The system's configuration is not read: what a hello is checked with
 * does not depend on it, and a file that cannot be read would be a reason to fail.
 */
#include "daemon/lanes/mac.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define LIBRARY "libcrypto.so.3"

static struct {
    bool tried, loaded;
    const char *why;
    __typeof__(&OPENSSL_init_crypto) init;
    __typeof__(&EVP_sha256) sha256;
    __typeof__(&HMAC) hmac;
} crypto;

static bool find(void *library, const char *name, void *place)
{
    void *function = dlsym(library, name);

    if (function)
        memcpy(place, &function, sizeof function);
    return function != NULL;
}

static bool load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        crypto.why = LIBRARY " is not on this host";
        return false;
    }
    crypto.why = LIBRARY " lacks a function that lanes need";
    return find(library, "OPENSSL_init_crypto", &crypto.init) &&
           find(library, "EVP_sha256", &crypto.sha256) &&
           find(library, "HMAC", &crypto.hmac) &&
           crypto.init(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

bool mac_load(const char **why)
{
    if (!crypto.tried) {
        crypto.tried = true;
        crypto.loaded = load();
    }
    *why = crypto.why;
    return crypto.loaded;
}

bool mac_make(uint8_t out[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES], const void *bytes,
              size_t n)
{
    unsigned length = 0;

    return crypto.loaded &&
           crypto.hmac(crypto.sha256(), key, LANE_KEY_BYTES, bytes, n, out, &length) &&
           length == LANE_MAC_BYTES;
}

bool mac_check(const uint8_t mac[LANE_MAC_BYTES], const uint8_t key[LANE_KEY_BYTES],
               const void *bytes, size_t n)
{
    uint8_t own[LANE_MAC_BYTES];
    volatile uint8_t different = 0;

    if (!mac_make(own, key, bytes, n))
        return false;
    for (size_t i = 0; i < sizeof own; i++)
        different |= own[i] ^ mac[i];
    return different == 0;
}
