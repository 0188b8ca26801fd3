/* direct_forged.c: what somebody between two hosts can do to sealed records: another length,
 * other bytes, a part, one again, one left out. It ends the connection and reaches no program; the
 * longest record that there may be is taken. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lane/bell.h"
#include "lane/direct.h"
#include "match/request.h"
#include "proto/wire.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT 2
#define FAR DVM_TID_MAKE(9, 1)
#define SMALL 8 /* bytes of a message, whose record is one block longer than its header */

static struct {
    struct peer *peer;
    struct seal *seal; /* of the peer */
    int end;           /* its end of the connection */
    uint64_t seq;      /* of its last frame */
    size_t bytes;      /* of its last record */
    uint8_t text[DVM_PAYLOAD_MAX], record[DIRECT_RECORD_MAX], got[DVM_PAYLOAD_MAX];
} t;

/* A connection of this task's whose other end is here. */
static bool connection(void)
{
    static const uint8_t salt[2 * LANE_NONCE_BYTES], key[LANE_KEY_BYTES];
    uint8_t derived[SEAL_KEY_BYTES], cipher;
    const char *why;
    struct direct *d;
    int ends[2];

    t.peer = lane_peer(FAR);
    d = direct_of(t.peer);
    if (!d || !seal_load(&why) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
        return false;
    cipher = seal_choose(LANE_AES_256_GCM | LANE_CHACHA20_POLY1305);
    d->fd = ends[0];
    t.end = ends[1];
    if (!seal_derive(derived, key, salt, sizeof salt, LANE_INFO_TO_ACCEPTER))
        return false;
    t.seal = seal_new(cipher, derived, true);
    for (size_t i = 0; i < sizeof t.text; i++)
        t.text[i] = (uint8_t)(i * 7 + (i >> 8));
    return t.seal && !bell_watch(d->fd, EPOLLIN, direct_event, d) &&
           direct_use(d, LANE_ENCRYPTED, cipher, salt, false);
}

/* The peer's next frame as a record. */
static void next_frame(enum dvm_frame_op op, uint64_t seq, uint32_t length)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = (uint8_t)op, .src = FAR,
                              .dst = lane_self(), .seq = seq, .context = CONTEXT,
                              .size = length, .length = length, .type = 1};
    uint8_t head[DIRECT_HEAD];

    dvm_frame_encode(head, &frame);
    wire_put(head + DVM_FRAME_BYTES, 0, 8);
    t.bytes = seal_put(t.seal, t.record, head, sizeof head, t.text, length);
}

/* Its next message. */
static void next_record(uint32_t length)
{
    next_frame(DVM_OP_EAGER, ++t.seq, length);
}

static void look(void)
{
    for (int i = 0; i < 3; i++) {
        bell_look();
        match_progress();
    }
}

/* The peer writes; this task looks. */
static bool writes(const void *bytes, size_t size)
{
    bool good = send(t.end, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;

    look();
    return good;
}

/* When it has broken, the daemon may say at any time that it knows no such peer. */
static bool stands(void)
{
    const struct direct *d = t.peer->direct;

    return d && d->state == DIRECT_READY;
}

/* Whether a message of so many bytes of text has come. */
static bool came(size_t length)
{
    /* of any: to receive from this one would ask the daemon for it, which does not know it */
    struct match_filter filter = {.context = CONTEXT, .source = DVM_ANY, .tag = 0};
    struct match_sink sink = {.buffer = t.got, .capacity = sizeof t.got, .type = 1};
    struct match_result result;
    struct dvm_request *r;

    memset(t.got, 0, sizeof t.got);
    if (match_irecv(&filter, &sink, &r))
        return false;
    match_progress();
    if (!match_complete(r)) {
        match_cancel(r);
        match_wait(r, NULL);
        return false;
    }
    return !match_finish(r, &result) && result.source == FAR && result.bytes == length &&
           memcmp(t.got, t.text, length) == 0;
}

/* ---- what is done to it --------------------------------------------------------------- */

static void set_length(size_t length)
{
    wire_put(t.record, length, SEAL_HEAD_BYTES);
}

static int nothing(void)
{
    FAKE_CHECK(writes(t.record, t.bytes));
    FAKE_CHECK(stands() && came(SMALL) && t.peer->direct->in.from == t.peer->direct->in.to);
    return 0;
}

static int longest(void)
{
    FAKE_CHECK(nothing() == 0);
    next_frame(DVM_OP_ACK, 0, DVM_PAYLOAD_MAX); /* a message may not be so long without credit */
    FAKE_CHECK(t.bytes == DIRECT_RECORD_MAX);
    FAKE_CHECK(writes(t.record, t.bytes) && stands());
    next_record(SMALL);
    return nothing();
}

/* It is waited for what a length promises, and no longer. */
static int longer(void)
{
    static const uint8_t more[SEAL_BLOCK];

    set_length(t.bytes - SEAL_MORE + SEAL_BLOCK);
    FAKE_CHECK(writes(t.record, t.bytes) && stands() && !came(SMALL));
    FAKE_CHECK(writes(more, sizeof more - 1) && stands());
    FAKE_CHECK(writes(more, 1) && !stands() && !came(SMALL));
    return 0;
}

static int ends_with(size_t length)
{
    set_length(length);
    FAKE_CHECK(writes(t.record, t.bytes) && !stands() && !came(SMALL));
    return 0;
}

static int shorter(void)
{
    next_record(SMALL + SEAL_BLOCK);
    return ends_with(t.bytes - SEAL_MORE - SEAL_BLOCK);
}

static int no_header(void)
{
    return ends_with(SEAL_TEXT(DIRECT_HEAD) - SEAL_BLOCK);
}

static int part_of_a_block(void)
{
    return ends_with(t.bytes - SEAL_MORE + 1);
}

static int too_long(void)
{
    return ends_with(DIRECT_TEXT_MAX + SEAL_BLOCK);
}

static int all_ones(void)
{
    return ends_with(UINT32_MAX);
}

static int other_tag(void)
{
    t.record[t.bytes - 1] ^= 0x80;
    FAKE_CHECK(writes(t.record, t.bytes) && !stands() && !came(SMALL));
    return 0;
}

static int other_text(void)
{
    t.record[SEAL_HEAD_BYTES + DIRECT_HEAD] ^= 1;
    FAKE_CHECK(writes(t.record, t.bytes) && !stands() && !came(SMALL));
    return 0;
}

static int cut(void)
{
    FAKE_CHECK(writes(t.record, t.bytes - 1) && stands());
    shutdown(t.end, SHUT_WR);
    look();
    FAKE_CHECK(!stands() && !came(SMALL));
    return 0;
}

static int again(void)
{
    FAKE_CHECK(nothing() == 0);
    FAKE_CHECK(writes(t.record, t.bytes) && !stands() && !came(SMALL));
    return 0;
}

static int left_out(void)
{
    t.seq = 0;
    next_record(SMALL);
    FAKE_CHECK(writes(t.record, t.bytes) && !stands() && !came(SMALL));
    return 0;
}

static const struct {
    const char *name;
    int (*act)(void);
} acts[] = {
    {"nothing", nothing},     {"longest", longest},
    {"longer", longer},       {"shorter", shorter},
    {"no header", no_header}, {"part of a block", part_of_a_block},
    {"too long", too_long},   {"all ones", all_ones},
    {"other tag", other_tag}, {"other text", other_text},
    {"cut", cut},             {"again", again},
    {"left out", left_out},
};

static int meets(const struct fake_task *me)
{
    const size_t *which = me->arg;

    FAKE_CHECK(connection());
    next_record(SMALL);
    FAKE_CHECK(t.bytes == SEAL_TEXT(DIRECT_HEAD + SMALL) + SEAL_MORE);
    FAKE_CHECK(acts[*which].act() == 0);
    close(t.end);
    seal_free(t.seal);
    match_gone(FAR, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(direct_forged, ends_the_connection)
{
    struct fake_options o = {.lanes = "direct"};

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        cr_assert_eq(fake_run(1, meets, &i, &o), 0, "%s", acts[i].name);
}
