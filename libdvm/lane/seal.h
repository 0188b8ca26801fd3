/* seal.h: sealed records of a direct lane, and the proofs of its hello.
 *
 * A record is a length (of the text in it, 4 bytes), the encrypted text, and a tag of
 * SEAL_TAG_BYTES that covers it. The text ends with zeros up to a multiple of SEAL_BLOCK
 * bytes. Each direction has a key and a counter of its own; the counter is the nonce and never
 * travels, so a record that is lost, doubled, moved or altered does not open. After
 * SEAL_KEY_BYTES_MAX of text both sides go on with a key that is derived from the old one, at
 * the same record.
 *
 * The length is only a hint how many bytes to wait for, which is needed before any tag could
 * be looked at. A tag is good for one text of one length, so with another one the record
 * does not open; whoever reads holds the limit of what may be waited for.
 *
 * libcrypto is not linked, it is loaded when the first direct lane is opened: seal_load
 * comes before everything else here.
 */
#ifndef DVM_LANE_SEAL_H
#define DVM_LANE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
#define SEAL_MAC_BYTES 32
#define SEAL_HEAD_BYTES 4 /* the length */
#define SEAL_TAG_BYTES 16
#define SEAL_BLOCK 16
#define SEAL_MORE (SEAL_HEAD_BYTES + SEAL_TAG_BYTES) /* that a record is longer than its text */
/* Bytes of text in the record for so many bytes. */
#define SEAL_TEXT(bytes) (((bytes) + SEAL_BLOCK - 1) / SEAL_BLOCK * SEAL_BLOCK)
#define SEAL_KEY_BYTES_MAX (UINT64_C(64) << 30)      /* of text under one key */

/* One direction of a connection. */
struct seal;

/* Load libcrypto; later calls only say whether it worked. *why: a sentence when not. */
bool seal_load(const char **why);

/* The ciphers that are worth offering here: a set of enum lane_cipher. */
uint8_t seal_ciphers(void);

/* Which of an offered set to use here; 0: none. */
uint8_t seal_choose(uint8_t offered);

/* HMAC-SHA256 of bytes under key. false: it could not be made. */
bool seal_mac(uint8_t mac[SEAL_MAC_BYTES], const uint8_t key[SEAL_KEY_BYTES], const void *bytes,
              size_t length);

/* Whether two MACs are the same, in a time that does not tell where they differ. */
bool seal_same(const uint8_t a[SEAL_MAC_BYTES], const uint8_t b[SEAL_MAC_BYTES]);

/* HKDF-SHA256: a key from key, salt and info. */
bool seal_derive(uint8_t out[SEAL_KEY_BYTES], const uint8_t key[SEAL_KEY_BYTES],
                 const void *salt, size_t salt_bytes, const char *info);

/* Random bytes from the kernel. */
bool seal_random(void *out, size_t bytes);

/* A direction with this cipher (enum lane_cipher) and key; out: seals, else opens. NULL
 * without memory or cipher. */
struct seal *seal_new(uint8_t cipher, const uint8_t key[SEAL_KEY_BYTES], bool out);

/* Accepts NULL. */
void seal_free(struct seal *seal);

/* Another limit than SEAL_KEY_BYTES_MAX, the same for both sides. */
void seal_limit(struct seal *seal, uint64_t bytes);

/* Do of the next record what does not depend on its text, at a time that costs nothing:
 * between two records. It need not be called. */
void seal_prepare(struct seal *seal);

/* A record of one text in two parts, of head and tail bytes (tail may be 0), into to, which
 * has room for SEAL_TEXT of both and SEAL_MORE. Returns the bytes written, or 0. */
size_t seal_put(struct seal *seal, uint8_t *to, const void *head, size_t head_bytes,
                const void *tail, size_t tail_bytes);

/* The bytes of text, with its zeros, that the record that begins with these SEAL_HEAD_BYTES
 * seems to have. */
uint32_t seal_length(const uint8_t head[SEAL_HEAD_BYTES]);

/* Open a record, which is here whole, in three steps: begin; text and its zeros, in as many
 * parts as one likes, to wherever (also onto itself); end. What text gives is not to be believed
 * before end has returned true. false: the connection is not to be used any more. */
bool seal_begin(struct seal *seal);
bool seal_text(struct seal *seal, void *to, const void *from, size_t bytes);
bool seal_end(struct seal *seal, const uint8_t tag[SEAL_TAG_BYTES]);

#endif
