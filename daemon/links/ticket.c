/* ticket.c: tickets to and from text (ticket.h).
 *
 * The decoder reads text that a person pasted, so its sentences say what is wrong
 * with it; every length is checked against what is left (fuzzed: tests/fuzz/ticket.c).
 */
#include "daemon/links/ticket.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/fnv.h"
#include "base/join.h"
#include "dvm.h"

#define BODY_MAX 1150 /* bytes: 2 + 16 * 64 + 2 * 32 + 4, rounded up */
#define SUM_BYTES 4
#define BODY_MIN (2 + 2 * KEY_BYTES + SUM_BYTES)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool ticket_is_offer(const struct ticket *t)
{
    static const uint8_t none[KEY_BYTES];

    return memcmp(t->key.secret, none, KEY_BYTES) == 0;
}

static uint32_t checksum(const uint8_t *bytes, size_t n)
{
    return fnv32(FNV32_BEGIN, bytes, n);
}

static size_t pack(const struct ticket *t, uint8_t *body)
{
    uint8_t *p = body;
    uint32_t sum;

    *p++ = TICKET_VERSION;
    *p++ = (uint8_t)t->addresses;
    for (size_t i = 0; i < t->addresses; i++) {
        size_t n = strnlen(t->address[i], TICKET_ADDRESS_BYTES - 1);

        *p++ = (uint8_t)n;
        memcpy(p, t->address[i], n);
        p += n;
    }
    memcpy(p, t->server, KEY_BYTES);
    memcpy(p + KEY_BYTES, t->key.secret, KEY_BYTES);
    p += 2 * KEY_BYTES;
    sum = checksum(body, (size_t)(p - body));
    for (int i = 0; i < SUM_BYTES; i++)
        *p++ = (uint8_t)(sum >> (8 * i));
    return (size_t)(p - body);
}

int ticket_encode(const struct ticket *t, char *out, size_t size)
{
    uint8_t body[BODY_MAX];
    size_t bytes, used;

    if (t->addresses > TICKET_ADDRESSES)
        return DVM_ERR_ARG;
    bytes = pack(t, body);
    used = (size_t)snprintf(out, size, TICKET_PREFIX);
    if (used + (bytes * 4 + 2) / 3 >= size)
        return DVM_ERR_ARG;
    for (size_t bit = 0; bit < bytes * 8; bit += 6) {
        unsigned pair = (unsigned)body[bit / 8] << 8;

        if (bit / 8 + 1 < bytes)
            pair |= body[bit / 8 + 1];
        out[used++] = digits[pair >> (10 - bit % 8) & 63];
    }
    out[used] = 0;
    explicit_bzero(body, sizeof body);
    return 0;
}

/* The bytes of base64url text of n digits, or 0 when it is none or too long. */
static size_t unbase64(const char *text, size_t n, uint8_t *body)
{
    unsigned held = 0, bits = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

        if (!digit || bytes == BODY_MAX)
            return 0;
        held = held << 6 | (unsigned)(digit - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            body[bytes++] = (uint8_t)(held >> bits);
        }
        held &= (1u << bits) - 1;
    }
    return bits < 6 && held == 0 ? bytes : 0;
}

static bool unpack(const uint8_t *p, const uint8_t *end, struct ticket *t)
{
    t->addresses = p[1];
    p += 2;
    if (t->addresses == 0 || t->addresses > TICKET_ADDRESSES)
        return false;
    for (size_t i = 0; i < t->addresses; i++) {
        size_t n = p < end ? *p++ : TICKET_ADDRESS_BYTES;

        if (n == 0 || n >= TICKET_ADDRESS_BYTES || (size_t)(end - p) < n || memchr(p, 0, n))
            return false;
        memcpy(t->address[i], p, n);
        p += n;
    }
    if (end - p != 2 * KEY_BYTES)
        return false;
    memcpy(t->server, p, KEY_BYTES);
    memcpy(t->key.secret, p + KEY_BYTES, KEY_BYTES);
    return true;
}

static int bad(char *error, size_t size, enum join_code code, const char *why)
{
    join_mark(code);
    snprintf(error, size, "the ticket %s", why);
    return DVM_ERR_TICKET;
}

static int decode_body(const uint8_t *body, size_t bytes, struct ticket *out, char *error,
                       size_t size)
{
    struct ticket t;
    uint32_t sum = 0;

    if (bytes < BODY_MIN)
        return bad(error, size, JOIN_TICKET_ALTERED, "is incomplete or altered");
    for (int i = 0; i < SUM_BYTES; i++)
        sum |= (uint32_t)body[bytes - SUM_BYTES + (size_t)i] << (8 * i);
    if (sum != checksum(body, bytes - SUM_BYTES))
        return bad(error, size, JOIN_TICKET_ALTERED, "is incomplete or altered");
    if (body[0] != TICKET_VERSION)
        return bad(error, size, JOIN_VERSION, "is of another version of DVM");
    memset(&t, 0, sizeof t);
    if (!unpack(body, body + bytes - SUM_BYTES, &t))
        return bad(error, size, JOIN_TICKET_ALTERED, "is malformed");
    *out = t;
    explicit_bzero(&t, sizeof t);
    return 0;
}

int ticket_decode(const char *text, struct ticket *out, char *error, size_t size)
{
    uint8_t body[BODY_MAX];
    size_t n, bytes;
    int code;

    while (isspace((unsigned char)*text))
        text++;
    n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    if (n == 0)
        return bad(error, size, JOIN_TICKET_NONE, "is empty");
    if (n < strlen(TICKET_PREFIX) || strncmp(text, TICKET_PREFIX, strlen(TICKET_PREFIX)) != 0)
        return bad(error, size, JOIN_TICKET_ALTERED, "does not begin with " TICKET_PREFIX);
    text += strlen(TICKET_PREFIX);
    bytes = unbase64(text, n - strlen(TICKET_PREFIX), body);
    code = decode_body(body, bytes, out, error, size);
    explicit_bzero(body, sizeof body);
    return code;
}
