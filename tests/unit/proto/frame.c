/* frame.c: the header on the wire: its stored bytes, and what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "dvm.h"
#include "proto/control.h"
#include "proto/frame.h"
#include "proto/segment.h"
#include "tests/support/fake_daemon.h"

static const struct dvm_frame example = {
    .version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER, .kind = DVM_KIND_MESSAGE,
    .flags = DVM_FLAG_SYNC, .src = 0x40001, .dst = 0x80002, .tag = 0x01020304,
    .seq = 5, .context = UINT64_C(0x0004000100000002), .size = 3, .ref = 0x1122334455667788,
    .extra = 9, .length = 3, .type = 0x0102};

/* version 1 of the header, byte by byte: changing it needs a new version */
static const uint8_t stored[DVM_FRAME_BYTES] = {
    1, 2, 0, 1, 0x01, 0, 4, 0, 0x02, 0, 8, 0, 4, 3, 2, 1,
    5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 4, 0,
    3, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 1, 0, 0};

Test(frame, stored_bytes)
{
    uint8_t out[DVM_FRAME_BYTES];
    struct dvm_frame back;

    dvm_frame_encode(out, &example);
    cr_assert_eq(memcmp(out, stored, sizeof stored), 0);
    cr_assert_eq(dvm_frame_decode(&back, stored, sizeof stored + 3), 0);
    cr_assert_eq(memcmp(&back, &example, sizeof back), 0);
}

Test(frame, refuses_what_is_wrong)
{
    static const struct {
        int at;
        uint8_t value;
        int code;
    } wrong[] = {
        {0, 2, DVM_ERR_VERSION},  {1, 0, DVM_ERR_PROTOCOL},     {1, 99, DVM_ERR_PROTOCOL},
        {7, 0x80, DVM_ERR_PROTOCOL}, {11, 0x80, DVM_ERR_PROTOCOL}, {56, 4, DVM_ERR_PROTOCOL},
    };
    uint8_t bytes[DVM_FRAME_BYTES];
    struct dvm_frame f = {.tag = 42};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(bytes, stored, sizeof bytes);
        bytes[wrong[i].at] = wrong[i].value;
        cr_assert_eq(dvm_frame_decode(&f, bytes, sizeof bytes + 3), wrong[i].code);
    }
    for (size_t size = 0; size < DVM_FRAME_BYTES; size++)
        cr_assert_eq(dvm_frame_decode(&f, stored, size), DVM_ERR_PROTOCOL);
    cr_assert_eq(f.tag, 42);
}

Test(frame, random_headers_go_there_and_back)
{
    uint64_t seed = fake_seed("random_headers_go_there_and_back");

    for (int i = 0; i < 100000; i++) {
        uint8_t in[DVM_FRAME_BYTES], out[DVM_FRAME_BYTES];
        struct dvm_frame f;

        for (int k = 0; k < DVM_FRAME_BYTES; k++)
            in[k] = (uint8_t)fake_random(&seed);
        in[0] = DVM_FRAME_VERSION;
        in[1] = (uint8_t)(1 + in[1] % 7);
        in[58] = in[59] = 0;
        if (dvm_frame_decode(&f, in, DVM_FRAME_BYTES + in[56] + 256u * in[57]))
            continue;
        dvm_frame_encode(out, &f);
        cr_assert_eq(memcmp(in, out, sizeof in), 0);
    }
}

Test(frame, control_names)
{
    cr_assert_str_eq(dvm_control_name(DVM_CTL_HELLO), "HELLO");
    cr_assert_str_eq(dvm_control_name(0), "?");
    cr_assert_str_eq(dvm_control_name(DVM_CTL_END), "?");
}

Test(segment, ringing_sets_the_bits)
{
    static struct dvm_inbox inbox;

    dvm_inbox_ring(&inbox, 0);
    dvm_inbox_ring(&inbox, 130);
    dvm_inbox_ring(&inbox, DVM_INDEX_MAX);
    cr_assert_eq(inbox.bits[0], 1);
    cr_assert_eq(inbox.bits[2], 4);
    cr_assert_eq(inbox.bits[DVM_INBOX_WORDS - 1], UINT64_C(1) << 63);
    cr_assert_eq(inbox.summary, 1u | 1u << 1 | 1u << 31);
}
