/* seal.c: sealed records: round trips with both ciphers, what is altered does not open,
 * no nonce twice, the next key; and the proofs against published vectors. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lane/seal.h"
#include "proto/lane_hello.h"
#include "proto/wire.h"

#define HEAD 72
#define BLOCKS 8
#define TEXT_MAX 65536

static const uint8_t ciphers[] = {LANE_AES_256_GCM, LANE_CHACHA20_POLY1305};
static const uint8_t key[SEAL_KEY_BYTES] = "a key of thirty-two bytes, no mo";
static uint8_t text[TEXT_MAX], record[TEXT_MAX + HEAD + SEAL_MORE], back[TEXT_MAX + HEAD];

static void setup(void)
{
    const char *why;

    cr_assert(seal_load(&why), "%s", why);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31 + (i >> 8));
}

/* Open a record of head and rest; the text is in back. */
static bool opens(struct seal *in, const uint8_t *bytes)
{
    uint32_t length = seal_length(bytes);

    return seal_begin(in) && seal_text(in, back, bytes + SEAL_HEAD_BYTES, length) &&
           seal_end(in, bytes + SEAL_HEAD_BYTES + length);
}

Test(seal, round_trip, .init = setup)
{
    for (size_t c = 0; c < 2; c++) {
        struct seal *out = seal_new(ciphers[c], key, true), *in = seal_new(ciphers[c], key, false);

        cr_assert(out && in);
        for (size_t n = 0; n < TEXT_MAX - HEAD; n = n * 3 + 1) {
            size_t bytes = seal_put(out, record, text, HEAD, text + HEAD, n);

            cr_assert_eq(bytes, SEAL_TEXT(HEAD + n) + SEAL_MORE);
            cr_assert_eq(seal_length(record), SEAL_TEXT(HEAD + n));
            cr_assert_neq(memcmp(record + SEAL_HEAD_BYTES, text, HEAD), 0);
            cr_assert(opens(in, record));
            cr_assert_eq(memcmp(back, text, HEAD + n), 0);
            for (size_t i = HEAD + n; i < SEAL_TEXT(HEAD + n); i++)
                cr_assert_eq(back[i], 0);
        }
        seal_free(out);
        seal_free(in);
    }
}

Test(seal, altered_records_do_not_open, .init = setup)
{
    for (size_t c = 0; c < 2; c++) {
        struct seal *out = seal_new(ciphers[c], key, true);
        size_t bytes = seal_put(out, record, text, HEAD, text, 100);

        for (size_t at = SEAL_HEAD_BYTES; at < bytes; at++) {
            struct seal *in = seal_new(ciphers[c], key, false);

            record[at] ^= 4;
            cr_assert_not(opens(in, record), "byte %zu may be altered", at);
            record[at] ^= 4;
            seal_free(in);
        }
        seal_free(out);
    }
}

/* Nothing covers the length; but a tag is that of a text of one length. */
Test(seal, another_length_does_not_open, .init = setup)
{
    for (size_t c = 0; c < 2; c++) {
        struct seal *out = seal_new(ciphers[c], key, true);

        memset(record, 0, sizeof record);
        cr_assert_neq(seal_put(out, record, text, HEAD, text, 3 * SEAL_BLOCK), 0);
        for (size_t length = 0; length < HEAD + BLOCKS * SEAL_BLOCK; length++) {
            struct seal *in = seal_new(ciphers[c], key, false);
            bool right = length == SEAL_TEXT(HEAD + 3 * SEAL_BLOCK);

            wire_put(record, length, SEAL_HEAD_BYTES);
            cr_assert_eq(opens(in, record), right, "length %zu", length);
            seal_free(in);
        }
        seal_free(out);
    }
}

Test(seal, records_cannot_be_dropped_doubled_or_moved, .init = setup)
{
    uint8_t first[SEAL_TEXT(HEAD) + SEAL_MORE], second[sizeof first];
    struct seal *out = seal_new(LANE_AES_256_GCM, key, true);
    struct seal *in = seal_new(LANE_AES_256_GCM, key, false);

    cr_assert_eq(seal_put(out, first, text, HEAD, NULL, 0), sizeof first);
    cr_assert_eq(seal_put(out, second, text, HEAD, NULL, 0), sizeof second);
    /* the same text under another nonce is another record */
    cr_assert_neq(memcmp(first, second, sizeof first), 0);
    cr_assert_not(opens(in, second));
    seal_free(in);
    in = seal_new(LANE_AES_256_GCM, key, false);
    cr_assert(opens(in, first));
    cr_assert_not(opens(in, first));
    seal_free(in);
    seal_free(out);
}

/* Prepared or not, the records are the same. */
Test(seal, preparing_changes_nothing, .init = setup)
{
    for (size_t c = 0; c < 2; c++) {
        struct seal *plain = seal_new(ciphers[c], key, true);
        struct seal *out = seal_new(ciphers[c], key, true);
        struct seal *in = seal_new(ciphers[c], key, false);
        uint8_t same[SEAL_TEXT(HEAD + 8) + SEAL_MORE];

        seal_limit(plain, 1000);
        seal_limit(out, 1000);
        seal_limit(in, 1000);
        for (int i = 0; i < 60; i++) {
            for (int times = i % 3; times > 0; times--)
                seal_prepare(out);
            for (int times = i / 3 % 3; times > 0; times--)
                seal_prepare(in);
            cr_assert_eq(seal_put(out, record, text, HEAD, text + HEAD, 8), sizeof same);
            cr_assert_eq(seal_put(plain, same, text, HEAD, text + HEAD, 8), sizeof same);
            cr_assert_eq(memcmp(record, same, sizeof same), 0, "record %d", i);
            cr_assert(opens(in, record), "record %d", i);
        }
        seal_free(plain);
        seal_free(out);
        seal_free(in);
    }
}

Test(seal, next_key_at_the_same_record, .init = setup)
{
    struct seal *out = seal_new(LANE_AES_256_GCM, key, true);
    struct seal *in = seal_new(LANE_AES_256_GCM, key, false);
    uint8_t first[SEAL_TEXT(HEAD) + SEAL_MORE];

    seal_limit(out, 1000);
    seal_limit(in, 1000);
    seal_put(out, first, text, HEAD, NULL, 0);
    cr_assert(opens(in, first));
    for (int i = 1; i < 100; i++) {
        cr_assert_neq(seal_put(out, record, text, HEAD, NULL, 0), 0);
        /* 13 records make 1000 bytes: the counter begins again, under another key */
        cr_assert_neq(memcmp(record, first, sizeof first), 0);
        cr_assert(opens(in, record), "record %d", i);
    }
    /* who does not change the key reads nothing more */
    seal_limit(in, UINT64_MAX);
    for (int i = 0; i < 13; i++) {
        seal_put(out, record, text, HEAD, NULL, 0);
        if (!opens(in, record))
            break;
        cr_assert_lt(i, 12);
    }
    seal_free(out);
    seal_free(in);
}

/* RFC 4231, case 2 has a shorter key: HMAC pads it with zeros, so it is the same. */
Test(seal, mac_is_hmac_sha256, .init = setup)
{
    static const uint8_t expected[SEAL_MAC_BYTES] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    uint8_t jefe[SEAL_KEY_BYTES] = "Jefe", mac[SEAL_MAC_BYTES];

    cr_assert(seal_mac(mac, jefe, "what do ya want for nothing?", 28));
    cr_assert(seal_same(mac, expected));
    mac[31] ^= 1;
    cr_assert_not(seal_same(mac, expected));
}

Test(seal, keys_differ_by_salt_and_info, .init = setup)
{
    uint8_t a[SEAL_KEY_BYTES], b[SEAL_KEY_BYTES], c[SEAL_KEY_BYTES];

    cr_assert(seal_derive(a, key, "salt", 4, LANE_INFO_TO_DIALER));
    cr_assert(seal_derive(b, key, "salt", 4, LANE_INFO_TO_ACCEPTER));
    cr_assert(seal_derive(c, key, "sale", 4, LANE_INFO_TO_DIALER));
    cr_assert_not(seal_same(a, b));
    cr_assert_not(seal_same(a, c));
}

Test(seal, chooses_what_both_have, .init = setup)
{
    cr_assert_eq(seal_choose(0), 0);
    cr_assert_eq(seal_choose(LANE_CHACHA20_POLY1305), LANE_CHACHA20_POLY1305);
    cr_assert_neq(seal_choose(seal_ciphers()), 0);
    cr_assert_null(seal_new(0, key, true));
}
