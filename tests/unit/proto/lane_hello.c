/* lane_hello.c: hello and answer of a direct lane: their stored bytes, what their MACs are
 * made of, and what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "dvm.h"
#include "proto/lane_hello.h"

#define SIXTEEN(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
#define NONCE SIXTEEN(0xa1)
#define MAC SIXTEEN(0xb2), SIXTEEN(0xb3)

static const struct lane_hello hello = {.ciphers = 3, .id = 0x1122334455667788, .src = 0x40001,
                                        .dst = 0x80002, .nonce = {NONCE}, .mac = {MAC}};
static const struct lane_answer answer = {.cipher = 2, .id = 0x1122334455667788,
                                          .nonce = {NONCE}, .mac = {MAC}};

/* version 2, byte by byte: changing it needs a new version */
static const uint8_t stored_hello[LANE_HELLO_BYTES] = {
    'D', 'V', 'M', 'L', 2, 3, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    0x01, 0, 4, 0, 0x02, 0, 8, 0, NONCE, MAC};
static const uint8_t stored_answer[LANE_ANSWER_BYTES] = {
    'D', 'V', 'M', 'A', 2, 2, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, NONCE, MAC};

Test(lane_hello, stored_bytes)
{
    uint8_t out[LANE_HELLO_BYTES];
    struct lane_hello back;
    struct lane_answer answer_back;

    lane_hello_encode(out, &hello);
    cr_assert_eq(memcmp(out, stored_hello, sizeof stored_hello), 0);
    cr_assert_eq(lane_hello_decode(&back, out, sizeof out), DVM_OK);
    cr_assert(back.ciphers == 3 && back.id == hello.id && back.src == 0x40001 &&
              back.dst == 0x80002 && memcmp(back.nonce, hello.nonce, sizeof back.nonce) == 0 &&
              memcmp(back.mac, hello.mac, sizeof back.mac) == 0);
    lane_answer_encode(out, &answer);
    cr_assert_eq(memcmp(out, stored_answer, sizeof stored_answer), 0);
    cr_assert_eq(lane_answer_decode(&answer_back, out, LANE_ANSWER_BYTES), DVM_OK);
    cr_assert(answer_back.cipher == 2 && answer_back.id == answer.id);
}

Test(lane_hello, bytes_of_the_macs)
{
    static const uint8_t nonce[LANE_NONCE_BYTES] = {SIXTEEN(7)};
    static const uint8_t rest[] = {SIXTEEN(7), 'a', 'c', 'c', 'e', 'p', 't'};
    uint8_t out[LANE_ANSWER_SIGNED];

    lane_answer_signed(out, stored_answer, nonce);
    cr_assert_eq(sizeof out, LANE_ANSWER_HEAD + sizeof rest);
    cr_assert_eq(memcmp(out, stored_answer, LANE_ANSWER_HEAD), 0);
    cr_assert_eq(memcmp(out + LANE_ANSWER_HEAD, rest, sizeof rest), 0);
    /* the MAC lies right behind what it covers, in both */
    cr_assert_eq(stored_hello[LANE_HELLO_SIGNED], 0xb2);
    cr_assert_eq(stored_answer[LANE_ANSWER_HEAD], 0xb2);
    cr_assert_eq(stored_hello[LANE_HELLO_SIGNED - 1], 0xa1);
    cr_assert_eq(stored_answer[LANE_ANSWER_HEAD - 1], 0xa1);
}

Test(lane_hello, refuses_what_is_wrong)
{
    static const struct {
        int at;
        uint8_t value;
        int code;
    } wrong[] = {
        {0, 'X', DVM_ERR_PROTOCOL},   {3, 'A', DVM_ERR_PROTOCOL},   {4, 1, DVM_ERR_VERSION},
        {4, 0, DVM_ERR_VERSION},      {6, 1, DVM_ERR_PROTOCOL},     {7, 1, DVM_ERR_PROTOCOL},
        {18, 0, DVM_ERR_PROTOCOL},    {19, 0x80, DVM_ERR_PROTOCOL}, {19, 0x40, DVM_ERR_PROTOCOL},
        {22, 0, DVM_ERR_PROTOCOL},    {23, 0xff, DVM_ERR_PROTOCOL},
    };
    uint8_t bytes[LANE_HELLO_BYTES + 1];
    struct lane_hello h = {.id = 42};
    struct lane_answer a = {.id = 43};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(bytes, stored_hello, sizeof stored_hello);
        bytes[wrong[i].at] = wrong[i].value;
        cr_assert_eq(lane_hello_decode(&h, bytes, LANE_HELLO_BYTES), wrong[i].code, "row %zu", i);
    }
    memcpy(bytes, stored_answer, sizeof stored_answer);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        if (size != LANE_HELLO_BYTES)
            cr_assert_eq(lane_hello_decode(&h, stored_hello, size), DVM_ERR_PROTOCOL);
        if (size != LANE_ANSWER_BYTES)
            cr_assert_eq(lane_answer_decode(&a, bytes, size), DVM_ERR_PROTOCOL);
    }
    cr_assert_eq(lane_answer_decode(&a, stored_hello, LANE_ANSWER_BYTES), DVM_ERR_PROTOCOL);
    bytes[4] = 1;
    cr_assert_eq(lane_answer_decode(&a, bytes, LANE_ANSWER_BYTES), DVM_ERR_VERSION);
    cr_assert(h.id == 42 && a.id == 43);
}
