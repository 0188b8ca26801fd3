/* seal.c: AES-256-GCM of 1 MiB pieces by libcrypto, alone: encrypting, and decrypting with
 * the check that nothing was changed. A piece is sealed once and opened many times.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure/timing.h"
#include "limits.h"

#ifdef BENCH_SEAL
#include <openssl/evp.h>

enum { PIECE = 1 << 20, NONCE = 12, MAC = 16 };

struct sealing {
    EVP_CIPHER_CTX *context;
    unsigned char *plain, *sealed, nonce[NONCE], mac[MAC];
    int open;
};

static void pass(struct sealing *s)
{
    int n;

    if (EVP_CipherInit_ex(s->context, NULL, NULL, NULL, s->nonce, -1) != 1 ||
        EVP_CipherUpdate(s->context, s->open ? s->plain : s->sealed, &n,
                         s->open ? s->sealed : s->plain, PIECE) != 1)
        fail("seal");
    if (s->open && EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_SET_TAG, MAC, s->mac) != 1)
        fail("seal: tag");
    if (EVP_CipherFinal_ex(s->context, s->plain, &n) != 1)
        fail("seal: what was opened is not what was sealed");
    if (!s->open && EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_GET_TAG, MAC, s->mac) != 1)
        fail("seal: tag");
}

static double seal_batch(void *arg, int calls)
{
    double start = now();

    while (calls-- > 0)
        pass(arg);
    return now() - start;
}

static double seal_speed(struct sealing *s, int open)
{
    static const unsigned char key[32];

    s->open = open;
    s->context = EVP_CIPHER_CTX_new();
    if (!s->context ||
        EVP_CipherInit_ex(s->context, EVP_aes_256_gcm(), NULL, key, NULL, !open) != 1)
        fail("seal: AES-256-GCM");
    double seconds = one_call(seal_batch, s, batch_seconds);
    EVP_CIPHER_CTX_free(s->context);
    return PIECE / seconds / 1e6;
}

void seal(void)
{
    struct sealing s = { .plain = calloc(1, PIECE), .sealed = calloc(1, PIECE) };
    double sealing = seal_speed(&s, 0), opening = seal_speed(&s, 1);

    report("encrypt_1MiB", sealing, "MB/s");
    report("decrypt_1MiB", opening, "MB/s");
    free(s.plain);
    free(s.sealed);
}
#else
void seal(void)
{
    fprintf(stderr, "limits: built without libcrypto\n");
}
#endif
