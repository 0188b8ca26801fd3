/* seal.c: see seal.h. EVP of a libcrypto that is loaded when it is needed: an exec of a task
 * must not pay for it, and a host without it still has the relay.
 *
 * The functions lie in a table of pointers with the names and types of <openssl/evp.h>. The
 * library stays loaded: it has handlers of its own at exit.
 */
#include "lane/seal.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <dlfcn.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#define HWCAP_AES_BIT (1 << 3)
#endif

#include "proto/lane_hello.h"
#include "proto/wire.h"

#define NONCE_BYTES 12
#define NONCE_SPARE 4 /* of them stay 0; the counter follows */
#define DERIVE_MAX 128 /* bytes of info */
#define NEXT_KEY "dvm lane next"
#define JOIN_MAX 4096 /* bytes behind a head that are copied there, to be encrypted at once */

#define FUNCTIONS(X)                                                                     \
    X(EVP_CIPHER_CTX_new)                                                                \
    X(EVP_CIPHER_CTX_free)                                                               \
    X(EVP_CIPHER_CTX_get_params)                                                         \
    X(EVP_CIPHER_CTX_set_params)                                                         \
    X(EVP_CipherInit_ex)                                                                 \
    X(EVP_CipherUpdate)                                                                  \
    X(EVP_CipherFinal_ex)                                                                \
    X(EVP_aes_256_gcm)                                                                   \
    X(EVP_chacha20_poly1305)                                                             \
    X(EVP_sha256)                                                                        \
    X(HMAC)                                                                              \
    X(OPENSSL_init_crypto)

static struct {
    bool tried, loaded;
    const char *why;
#define POINTER_(name) __typeof__(&name) name;
    FUNCTIONS(POINTER_)
#undef POINTER_
} crypto;

struct seal {
    EVP_CIPHER_CTX *context;
    uint8_t cipher;
    bool out;
    bool prepared; /* the context has the next record's nonce */
    uint8_t key[SEAL_KEY_BYTES];
    uint64_t counter; /* records under this key */
    uint64_t bytes;   /* text under this key */
    uint64_t limit;   /* of bytes */
};

static bool find(void *library, const char *name, void *place)
{
    void *function = dlsym(library, name);

    if (!function) {
        crypto.why = "libcrypto.so.3 lacks a function that sealing needs";
        return false;
    }
    memcpy(place, &function, sizeof function);
    return true;
}

static bool load(void)
{
    void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        crypto.why = "libcrypto.so.3 is not on this host";
        return false;
    }
#define FIND_(name)                                                                      \
    if (!find(library, #name, &crypto.name))                                             \
        return false;
    FUNCTIONS(FIND_)
#undef FIND_
    /* it would take its tables away at exit, perhaps before the thread that uses them ends */
    crypto.OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    return true;
}

bool seal_load(const char **why)
{
    if (!crypto.tried) {
        crypto.tried = true;
        crypto.loaded = load();
    }
    *why = crypto.why;
    return crypto.loaded;
}

/* Whether this processor has instructions for AES. */
static bool fast_aes(void)
{
#if defined(__x86_64__)
    /* not __builtin_cpu_supports: that asks when the library is loaded, and a guest of a
     * hypervisor waits for each answer */
    unsigned a, b, c = 0, d;

    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_AES && c & bit_PCLMUL;
#elif defined(__aarch64__)
    return getauxval(AT_HWCAP) & HWCAP_AES_BIT;
#else
    return false;
#endif
}

uint8_t seal_ciphers(void)
{
    return (uint8_t)(LANE_CHACHA20_POLY1305 | (fast_aes() ? LANE_AES_256_GCM : 0));
}

uint8_t seal_choose(uint8_t offered)
{
    uint8_t both = offered & seal_ciphers();

    return both & LANE_AES_256_GCM ? LANE_AES_256_GCM : both & LANE_CHACHA20_POLY1305;
}

bool seal_mac(uint8_t mac[SEAL_MAC_BYTES], const uint8_t key[SEAL_KEY_BYTES], const void *bytes,
              size_t length)
{
    unsigned made = 0;

    return crypto.HMAC(crypto.EVP_sha256(), key, SEAL_KEY_BYTES, bytes, length, mac, &made) &&
           made == SEAL_MAC_BYTES;
}

bool seal_same(const uint8_t a[SEAL_MAC_BYTES], const uint8_t b[SEAL_MAC_BYTES])
{
    volatile uint8_t unlike = 0;

    for (size_t i = 0; i < SEAL_MAC_BYTES; i++)
        unlike |= a[i] ^ b[i];
    return unlike == 0;
}

bool seal_derive(uint8_t out[SEAL_KEY_BYTES], const uint8_t key[SEAL_KEY_BYTES],
                 const void *salt, size_t salt_bytes, const char *info)
{
    uint8_t middle[SEAL_MAC_BYTES], text[DERIVE_MAX];
    size_t length = strlen(info);
    unsigned made = 0;

    if (length >= sizeof text)
        return false;
    /* extract; then expand, whose first block is all that is needed */
    if (!crypto.HMAC(crypto.EVP_sha256(), salt, (int)salt_bytes, key, SEAL_KEY_BYTES, middle,
                     &made) ||
        made != SEAL_MAC_BYTES)
        return false;
    memcpy(text, info, length);
    text[length] = 1;
    return seal_mac(out, middle, text, length + 1);
}

bool seal_random(void *out, size_t bytes)
{
    uint8_t *at = out;

    while (bytes) {
        ssize_t got = getrandom(at, bytes, 0);

        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0) {
            at += got;
            bytes -= (size_t)got;
        }
    }
    return true;
}

static bool use_key(struct seal *seal)
{
    const EVP_CIPHER *cipher = seal->cipher == LANE_AES_256_GCM ? crypto.EVP_aes_256_gcm()
                                                                : crypto.EVP_chacha20_poly1305();

    seal->counter = seal->bytes = 0;
    seal->prepared = false;
    return crypto.EVP_CipherInit_ex(seal->context, cipher, NULL, seal->key, NULL, seal->out) == 1;
}

struct seal *seal_new(uint8_t cipher, const uint8_t key[SEAL_KEY_BYTES], bool out)
{
    struct seal *seal;

    if (cipher != LANE_AES_256_GCM && cipher != LANE_CHACHA20_POLY1305)
        return NULL;
    seal = calloc(1, sizeof *seal);
    if (!seal)
        return NULL;
    seal->cipher = cipher;
    seal->out = out;
    seal->limit = SEAL_KEY_BYTES_MAX;
    memcpy(seal->key, key, SEAL_KEY_BYTES);
    seal->context = crypto.EVP_CIPHER_CTX_new();
    if (!seal->context || !use_key(seal)) {
        seal_free(seal);
        return NULL;
    }
    return seal;
}

void seal_free(struct seal *seal)
{
    if (!seal)
        return;
    if (seal->context)
        crypto.EVP_CIPHER_CTX_free(seal->context);
    explicit_bzero(seal, sizeof *seal);
    free(seal);
}

void seal_limit(struct seal *seal, uint64_t bytes)
{
    seal->limit = bytes;
}

void seal_prepare(struct seal *seal)
{
    uint8_t nonce[NONCE_BYTES] = {0};

    if (seal->prepared)
        return;
    wire_put(nonce + NONCE_SPARE, seal->counter, 8);
    seal->prepared =
        crypto.EVP_CipherInit_ex(seal->context, NULL, NULL, NULL, nonce, -1) == 1;
}

bool seal_begin(struct seal *seal)
{
    bool prepared;

    seal_prepare(seal);
    prepared = seal->prepared;
    seal->prepared = false;
    return prepared;
}

/* A tag as a parameter: what EVP_CIPHER_CTX_ctrl makes of its arguments, each time anew. */
static void name_tag(OSSL_PARAM tag[2], uint8_t bytes[SEAL_TAG_BYTES])
{
    tag[0] = (OSSL_PARAM){OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, bytes,
                          SEAL_TAG_BYTES, OSSL_PARAM_UNMODIFIED};
    tag[1] = (OSSL_PARAM){0};
}

/* A record is over. Both sides come here with the same bytes. */
static bool count(struct seal *seal)
{
    uint8_t next[SEAL_KEY_BYTES];
    bool good;

    seal->counter++;
    if (seal->bytes < seal->limit)
        return true;
    good = seal_derive(next, seal->key, NULL, 0, NEXT_KEY);
    memcpy(seal->key, next, sizeof next);
    explicit_bzero(next, sizeof next);
    return good && use_key(seal);
}

bool seal_text(struct seal *seal, void *to, const void *from, size_t bytes)
{
    int n;

    seal->bytes += bytes;
    return bytes == 0 || (crypto.EVP_CipherUpdate(seal->context, to, &n, from, (int)bytes) == 1 &&
                          (size_t)n == bytes);
}

/* Encrypt head and tail to text. A short tail is copied behind the head, and the zeros behind
 * that: one call costs more than the copy. */
static bool put_text(struct seal *seal, uint8_t *text, const void *head, size_t head_bytes,
                     const void *tail, size_t tail_bytes)
{
    size_t bytes = head_bytes + tail_bytes, zeros = SEAL_TEXT(bytes) - bytes;

    memset(text + bytes, 0, zeros);
    if (tail_bytes > JOIN_MAX)
        return seal_text(seal, text, head, head_bytes) &&
               seal_text(seal, text + head_bytes, tail, tail_bytes) &&
               seal_text(seal, text + bytes, text + bytes, zeros);
    memcpy(text, head, head_bytes);
    if (tail_bytes)
        memcpy(text + head_bytes, tail, tail_bytes);
    return seal_text(seal, text, text, bytes + zeros);
}

size_t seal_put(struct seal *seal, uint8_t *to, const void *head, size_t head_bytes,
                const void *tail, size_t tail_bytes)
{
    size_t bytes = SEAL_TEXT(head_bytes + tail_bytes);
    uint8_t *text = to + SEAL_HEAD_BYTES, *end = text + bytes;
    OSSL_PARAM tag[2];
    int n;

    wire_put(to, bytes, SEAL_HEAD_BYTES);
    name_tag(tag, end);
    if (!seal_begin(seal) || !put_text(seal, text, head, head_bytes, tail, tail_bytes) ||
        crypto.EVP_CipherFinal_ex(seal->context, end, &n) != 1 ||
        crypto.EVP_CIPHER_CTX_get_params(seal->context, tag) != 1 || !count(seal))
        return 0;
    return bytes + SEAL_MORE;
}

uint32_t seal_length(const uint8_t head[SEAL_HEAD_BYTES])
{
    return (uint32_t)wire_get(&head, SEAL_HEAD_BYTES);
}

bool seal_end(struct seal *seal, const uint8_t tag[SEAL_TAG_BYTES])
{
    uint8_t expected[SEAL_TAG_BYTES], rest[SEAL_TAG_BYTES];
    OSSL_PARAM name[2];
    int n;

    memcpy(expected, tag, sizeof expected);
    name_tag(name, expected);
    return crypto.EVP_CIPHER_CTX_set_params(seal->context, name) == 1 &&
           crypto.EVP_CipherFinal_ex(seal->context, rest, &n) == 1 && count(seal);
}
