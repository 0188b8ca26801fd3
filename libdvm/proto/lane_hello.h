/* lane_hello.h: the first bytes of a direct lane, in both directions.
 *
 * A task dials another's daemon at its lane port and says who it is with a hello; the
 * daemon checks it and passes the connection to the task, which says who it is with an
 * answer. Both carry a MAC under a key that came through the daemons (LANE_OPEN). Nothing
 * here computes one: the functions say which bytes it is made of, and where it goes.
 * docs/protocol.md shows the layout. Integers are in wire order.
 */
#ifndef DVM_PROTO_LANE_HELLO_H
#define DVM_PROTO_LANE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* of hello, answer, and all that follows them on the connection */
#define LANE_HELLO_VERSION 2
#define LANE_KEY_BYTES 32   /* of LANE_OPEN and LANE_OFFER */
#define LANE_NONCE_BYTES 16
#define LANE_MAC_BYTES 32   /* HMAC-SHA256 */
#define LANE_HELLO_SIGNED 40 /* bytes of a hello that its MAC is made of: all before it */
#define LANE_HELLO_BYTES (LANE_HELLO_SIGNED + LANE_MAC_BYTES)
#define LANE_ANSWER_HEAD 32 /* bytes of an answer before its MAC */
#define LANE_ANSWER_BYTES (LANE_ANSWER_HEAD + LANE_MAC_BYTES)

/* The MAC of an answer is made of its head, the hello's nonce and this text (without NUL). */
#define LANE_ANSWER_TEXT "accept"
#define LANE_ANSWER_SIGNED (LANE_ANSWER_HEAD + LANE_NONCE_BYTES + sizeof LANE_ANSWER_TEXT - 1)

/* Keys of the two directions: HKDF-SHA256, salt = the hello's nonce, then the answer's, key =
 * LANE_OPEN's, and as info (without NUL): */
#define LANE_INFO_TO_ACCEPTER "dvm lane a>b" /* what the dialing task sends */
#define LANE_INFO_TO_DIALER "dvm lane b>a"

/* What is done with the bytes behind hello and answer: LaneReady.security and LaneOffer's.
 * The numbers are those of HostsReply.lane_security. */
enum lane_security { LANE_PLAIN = 1, LANE_AUTHENTICATED = 2, LANE_ENCRYPTED = 3 };

/* Ciphers, as bits of a set. */
enum lane_cipher { LANE_AES_256_GCM = 1, LANE_CHACHA20_POLY1305 = 2 };

struct lane_hello {
    uint8_t ciphers; /* enum lane_cipher: those that the dialing task can do */
    uint64_t id;     /* of LANE_OPEN */
    int32_t src;     /* the dialing task; or a daemon, which only looks (dvm doctor) */
    int32_t dst;     /* the task, or daemon, that is called */
    uint8_t nonce[LANE_NONCE_BYTES];
    uint8_t mac[LANE_MAC_BYTES];
};

struct lane_answer {
    uint8_t cipher; /* the one that is used, of the hello's; 0 unless LANE_ENCRYPTED */
    uint64_t id;
    uint8_t nonce[LANE_NONCE_BYTES];
    uint8_t mac[LANE_MAC_BYTES];
};

/* Write h into out. To sign: encode, make the MAC of the first LANE_HELLO_SIGNED bytes of
 * out, and put it behind them. */
void lane_hello_encode(uint8_t out[LANE_HELLO_BYTES], const struct lane_hello *h);

/* Read a hello from in, whose MAC is not checked here. Errors, with *h untouched: VERSION;
 * PROTOCOL (it is none: length, first bytes, tids). */
int lane_hello_decode(struct lane_hello *h, const uint8_t *in, size_t bytes);

/* Whether n bytes, of which more are to come, may be the begin of a hello. */
bool lane_hello_begins(const uint8_t *in, size_t n);

/* Encode and decode an answer, likewise. To sign or check one: encode, make the MAC of what
 * lane_answer_signed writes, and put it behind the first LANE_ANSWER_HEAD bytes. */
void lane_answer_encode(uint8_t out[LANE_ANSWER_BYTES], const struct lane_answer *a);
int lane_answer_decode(struct lane_answer *a, const uint8_t *in, size_t bytes);

/* The bytes that the MAC of an encoded answer is made of; nonce: the hello's. */
void lane_answer_signed(uint8_t out[LANE_ANSWER_SIGNED], const uint8_t answer[LANE_ANSWER_BYTES],
                        const uint8_t nonce[LANE_NONCE_BYTES]);

#endif
