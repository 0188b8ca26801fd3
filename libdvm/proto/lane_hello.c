/* lane_hello.c: hello and answer of a direct lane to and from wire order (wire.h).
 *
 * Both begin with four letters, so that whatever else calls at the port is known at once,
 * and end with the MAC, so that what it covers is a prefix. What is decoded may come from
 * anybody: lengths, letters and tids are checked, everything else is the MAC's to prove.
 */
#include "proto/lane_hello.h"

#include <string.h>

#include "dvm.h"
#include "proto/frame.h"
#include "proto/wire.h"

#define LETTERS 4
#define SPARE 2 /* bytes that are 0, so that integers lie where they are aligned */

static const uint8_t hello_letters[LETTERS] = {'D', 'V', 'M', 'L'};
static const uint8_t answer_letters[LETTERS] = {'D', 'V', 'M', 'A'};

static uint8_t *put_bytes(uint8_t *out, const uint8_t *bytes, size_t n)
{
    memcpy(out, bytes, n);
    return out + n;
}

static void get_bytes(const uint8_t **in, uint8_t *bytes, size_t n)
{
    memcpy(bytes, *in, n);
    *in += n;
}

/* What both begin with. */
static uint8_t *put_begin(uint8_t *out, const uint8_t letters[LETTERS], uint8_t ciphers,
                          uint64_t id)
{
    out = put_bytes(out, letters, LETTERS);
    out = wire_put(out, LANE_HELLO_VERSION, 1);
    out = wire_put(out, ciphers, 1);
    out = wire_put(out, 0, SPARE);
    return wire_put(out, id, 8);
}

static int get_begin(const uint8_t **in, const uint8_t letters[LETTERS], uint8_t *ciphers,
                     uint64_t *id)
{
    if (memcmp(*in, letters, LETTERS) != 0)
        return DVM_ERR_PROTOCOL;
    *in += LETTERS;
    if (wire_get(in, 1) != LANE_HELLO_VERSION)
        return DVM_ERR_VERSION;
    *ciphers = (uint8_t)wire_get(in, 1);
    if (wire_get(in, SPARE) != 0)
        return DVM_ERR_PROTOCOL;
    *id = wire_get(in, 8);
    return DVM_OK;
}

void lane_hello_encode(uint8_t out[LANE_HELLO_BYTES], const struct lane_hello *h)
{
    out = put_begin(out, hello_letters, h->ciphers, h->id);
    out = wire_put(out, (uint32_t)h->src, 4);
    out = wire_put(out, (uint32_t)h->dst, 4);
    out = put_bytes(out, h->nonce, LANE_NONCE_BYTES);
    put_bytes(out, h->mac, LANE_MAC_BYTES);
}

int lane_hello_decode(struct lane_hello *h, const uint8_t *in, size_t bytes)
{
    struct lane_hello g;
    int r;

    if (bytes != LANE_HELLO_BYTES)
        return DVM_ERR_PROTOCOL;
    r = get_begin(&in, hello_letters, &g.ciphers, &g.id);
    if (r)
        return r;
    g.src = (int32_t)(uint32_t)wire_get(&in, 4);
    g.dst = (int32_t)(uint32_t)wire_get(&in, 4);
    if (!DVM_TID_OK(g.src) || !DVM_TID_OK(g.dst))
        return DVM_ERR_PROTOCOL;
    get_bytes(&in, g.nonce, LANE_NONCE_BYTES);
    get_bytes(&in, g.mac, LANE_MAC_BYTES);
    *h = g;
    return DVM_OK;
}

bool lane_hello_begins(const uint8_t *in, size_t n)
{
    return memcmp(in, hello_letters, n < LETTERS ? n : LETTERS) == 0;
}

void lane_answer_encode(uint8_t out[LANE_ANSWER_BYTES], const struct lane_answer *a)
{
    out = put_begin(out, answer_letters, a->cipher, a->id);
    out = put_bytes(out, a->nonce, LANE_NONCE_BYTES);
    put_bytes(out, a->mac, LANE_MAC_BYTES);
}

int lane_answer_decode(struct lane_answer *a, const uint8_t *in, size_t bytes)
{
    struct lane_answer g;
    int r;

    if (bytes != LANE_ANSWER_BYTES)
        return DVM_ERR_PROTOCOL;
    r = get_begin(&in, answer_letters, &g.cipher, &g.id);
    if (r)
        return r;
    get_bytes(&in, g.nonce, LANE_NONCE_BYTES);
    get_bytes(&in, g.mac, LANE_MAC_BYTES);
    *a = g;
    return DVM_OK;
}

void lane_answer_signed(uint8_t out[LANE_ANSWER_SIGNED], const uint8_t answer[LANE_ANSWER_BYTES],
                        const uint8_t nonce[LANE_NONCE_BYTES])
{
    out = put_bytes(out, answer, LANE_ANSWER_HEAD);
    out = put_bytes(out, nonce, LANE_NONCE_BYTES);
    put_bytes(out, (const uint8_t *)LANE_ANSWER_TEXT, sizeof LANE_ANSWER_TEXT - 1);
}
