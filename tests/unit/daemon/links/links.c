/* links.c: links between endpoints in one process and one loop, through the proxy.
 *
 * Protects: nothing is lost, doubled or reordered while connections are reset in
 * mid-stream, on the direct path, through the relay and across a change between them;
 * a broken connection is reported at once; strangers and forged sources get nowhere.
 */
#include "daemon/links/links.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/links/peer.h"
#include "dvm.h"
#include "tests/support/full_size.h"
#include "tests/support/proxy.h"
#include "tests/support/quiet_watch.h"

#define LIMIT_S 60
#define FRAMES_LONG 100000
#define FRAMES_SHORT 10000
#define ENDS_MAX 4
#define SOON_MS 500 /* after which a silent connection is given up */
#define CALM_MS 3000000 /* of silence: nothing that is found out here is found out by that */

struct end {
    struct links *links;
    int slot;
    uint64_t incarnation;
    uint64_t got[ENDS_MAX + 1][LINK_CLASSES]; /* by source: ref of the last frame */
    uint64_t wrong;                           /* frames out of order */
    int ups, downs, taken, byes, wants, joins, heard;
    char bye[WHY_BYTES];
};

static _Thread_local struct ev_loop *loop;
static uint8_t long_answer[200000]; /* bytes: several frames */

static void on_frame(void *arg, int slot, enum link_class class, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    struct end *e = arg;

    if (frame->length > 0 && payload[frame->length - 1] != (uint8_t)frame->ref)
        e->wrong++;
    if (frame->ref == 0)
        return;
    if (frame->ref != e->got[slot][class] + 1)
        e->wrong++;
    e->got[slot][class] = frame->ref;
}

static void on_heard(void *arg, int slot)
{
    (void)slot;
    ((struct end *)arg)->heard++;
}

static void on_connection(void *arg, int slot, bool up)
{
    struct end *e = arg;

    (void)slot;
    if (up)
        e->ups++;
    else
        e->downs++;
}

static void on_taken(void *arg, int slot)
{
    (void)slot;
    ((struct end *)arg)->taken++;
}

static void on_join(void *arg, const struct links_joiner *joiner, const struct dvm_frame *frame,
                    const uint8_t *payload)
{
    struct end *e = arg;

    (void)payload;
    if (++e->joins >= 2) /* the first question is lost */
        links_answer(e->links, joiner, frame->tag + 1, long_answer, sizeof long_answer);
}

static void on_bye(void *arg, const char *why)
{
    struct end *e = arg;

    e->byes++;
    snprintf(e->bye, sizeof e->bye, "%s", why);
}

static void on_want(void *arg, int slot)
{
    (void)slot;
    ((struct end *)arg)->wants++;
}

static const struct links_events events = {on_frame, on_heard, on_connection, on_taken, on_join,
                                           on_bye, on_want};

static void on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)l, (void)w, (void)revents; /* only lets the loop turn */
}

/* Turn the loop until a condition holds. */
#define UNTIL(condition)                                                                 \
    do {                                                                                 \
        double limit = clock_seconds() + LIMIT_S;                                        \
        ev_timer turn;                                                                   \
                                                                                         \
        ev_timer_init(&turn, on_tick, 0.005, 0.005);                                     \
        ev_timer_start(loop, &turn);                                                     \
        while (!(condition)) {                                                           \
            cr_assert(clock_seconds() < limit, "not within %d s: " #condition, LIMIT_S); \
            ev_run(loop, EVRUN_ONCE);                                                    \
        }                                                                                \
        ev_timer_stop(loop, &turn);                                                      \
    } while (0)

static void pass(double seconds)
{
    double end = clock_seconds() + seconds;

    UNTIL(clock_seconds() >= end);
}

static void open_end(struct end *e, int slot)
{
    char error[256] = "";

    if (!loop)
        loop = ev_loop_new(0);
    memset(e, 0, sizeof *e);
    e->slot = slot;
    e->incarnation = 0x1000u + (unsigned)slot;
    cr_assert_eq(links_create(&e->links, loop, "127.0.0.1", 0, &events, e, error, sizeof error),
                 0, "%s", error);
    links_identity(e->links, slot, e->incarnation);
    links_relay(e->links, 1);
}

/* Make b known to a, at an address or at its own. */
static void introduce(struct end *a, struct end *b, const char *address)
{
    char own[1][TICKET_ADDRESS_BYTES];
    struct links_peer peer = {b->slot, b->incarnation, links_key(b->links),
                              (const char (*)[TICKET_ADDRESS_BYTES])own, 1};

    snprintf(own[0], sizeof own[0], "127.0.0.1:%d", links_port(b->links));
    if (address)
        snprintf(own[0], sizeof own[0], "%s", address);
    cr_assert_eq(links_peer_add(a->links, &peer), 0);
}

static void send_frames(struct end *from, int to, enum link_class class, uint64_t first,
                        uint64_t last, uint32_t length)
{
    static uint8_t payload[DVM_PAYLOAD_MAX];

    for (uint64_t i = first; i <= last; i++) {
        struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                              .src = DVM_TID_MAKE(from->slot, 1), .dst = DVM_TID_MAKE(to, 1),
                              .ref = i, .length = length};

        if (length > 0)
            payload[length - 1] = (uint8_t)i;
        cr_assert_eq(links_send(from->links, to, class, &f, payload), 0);
    }
}

static uint64_t frames_wanted(void)
{
    return full_size() ? FRAMES_LONG : FRAMES_SHORT;
}

static unsigned seed_of_today(const char *what)
{
    unsigned seed = getenv("DVM_TEST_SEED") ? (unsigned)atoi(getenv("DVM_TEST_SEED"))
                                            : (unsigned)time(NULL);

    printf("%s: seed %u\n", what, seed);
    srandom(seed);
    return seed;
}

struct pair {
    struct end a, b;
    struct proxy *proxy, *other; /* other: before b's second way */
};

/* a is the coordinator; b dials it through the proxy. silence: ms after which a connection
 * without a word is given up. */
static void pair_open_with(struct pair *p, uint64_t silence)
{
    char address[TICKET_ADDRESS_BYTES];

    memset(p, 0, sizeof *p);
    open_end(&p->a, 1);
    open_end(&p->b, 2);
    links_silence(p->a.links, silence);
    links_silence(p->b.links, silence);
    p->proxy = proxy_start(links_port(p->a.links));
    snprintf(address, sizeof address, "127.0.0.1:%d", proxy_port(p->proxy));
    introduce(&p->a, &p->b, NULL);
    introduce(&p->b, &p->a, address);
    links_dial(p->b.links, 1, NULL);
    UNTIL(links_connected(p->b.links, 1) && links_connected(p->a.links, 2));
}

static void pair_open(struct pair *p)
{
    pair_open_with(p, LINK_SILENCE_MS);
}

/* Give bulk a connection of its own. */
static void bulk_open(struct pair *p)
{
    struct peer *a = p->b.links->peers[1];

    dial_bulk(a);
    UNTIL(a->dealer[LINK_BULK].up);
}

static void close_loop(void)
{
    ev_loop_destroy(loop);
    loop = NULL;
}

static void pair_close(struct pair *p)
{
    links_destroy(p->a.links);
    links_destroy(p->b.links);
    proxy_stop(p->proxy);
    proxy_stop(p->other);
    close_loop();
}

Test(links, resets_in_mid_stream_lose_and_double_nothing, .timeout = 1800)
{
    struct pair p;
    uint64_t n = frames_wanted(), sent = 0, next = 0;
    struct links_counts counts;
    int resets = 0;

    seed_of_today("links");
    pair_open(&p);
    while (p.a.got[2][LINK_BULK] < n || p.b.got[1][LINK_BULK] < n ||
           p.a.got[2][LINK_CONTROL] < n || p.b.got[1][LINK_CONTROL] < n) {
        if (sent < n && links_queued(p.a.links, 2, LINK_BULK) < FLOW_BULK_WINDOW &&
            links_queued(p.b.links, 1, LINK_BULK) < FLOW_BULK_WINDOW) {
            uint64_t upto = sent + 100 < n ? sent + 100 : n;

            for (int class = 0; class < LINK_CLASSES; class++) {
                send_frames(&p.a, 2, class, sent + 1, upto, (uint32_t)random() % 2000);
                send_frames(&p.b, 1, class, sent + 1, upto, (uint32_t)random() % 2000);
            }
            sent = upto;
        }
        if (p.a.got[2][LINK_BULK] >= next && p.a.got[2][LINK_BULK] < n) {
            proxy_reset(p.proxy);
            resets++;
            next = p.a.got[2][LINK_BULK] + n / 40 + (uint64_t)random() % (n / 20);
        }
        ev_run(loop, EVRUN_NOWAIT);
    }
    links_counts(p.a.links, &counts);
    printf("links: %lu frames each way and class, %d resets, %lu sent again by a\n",
           (unsigned long)n, resets, (unsigned long)counts.resent);
    cr_assert_eq(p.a.wrong + p.b.wrong, 0);
    cr_assert_gt(resets, 2);
    UNTIL(links_queued(p.a.links, 2, LINK_BULK) == 0 && links_queued(p.b.links, 1, LINK_BULK) == 0);
    pair_close(&p);
}

/* Whoever is between two hosts reads nothing, and changes nothing: a connection of which a byte
 * was altered is of no use any more, and what it carried is sent again over the next. */
Test(links, what_is_on_the_wire_is_closed_to_others, .timeout = 240)
{
    static const char secret[] = "nobody else may read this";
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                          .src = DVM_TID_MAKE(2, 1), .dst = DVM_TID_MAKE(1, 1),
                          .length = sizeof secret};
    uint8_t payload[sizeof secret];
    struct pair p;

    memcpy(payload, secret, sizeof secret);
    pair_open_with(&p, SOON_MS);
    proxy_watch(p.proxy, secret);
    for (int i = 0; i < 2; i++) {
        int accepted = proxy_accepted(p.proxy);

        proxy_alter(p.proxy, i % 2 ? PROXY_FORTH : PROXY_BACK);
        for (int k = 0; k < 20; k++) {
            payload[sizeof secret - 1] = (uint8_t)++f.ref;
            cr_assert_eq(links_send(p.b.links, 1, LINK_CONTROL, &f, payload), 0);
        }
        UNTIL(p.a.got[2][LINK_CONTROL] == f.ref && proxy_accepted(p.proxy) > accepted &&
              proxy_open(p.proxy) == 1);
    }
    UNTIL(links_queued(p.b.links, 1, LINK_CONTROL) == 0);
    cr_assert_eq(p.a.wrong + p.b.wrong, 0);
    cr_expect_eq(proxy_seen(p.proxy), 0);
    pair_close(&p);
}

Test(links, largest_frames_arrive_whole, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    send_frames(&p.a, 2, LINK_BULK, 1, 200, DVM_PAYLOAD_MAX);
    send_frames(&p.b, 1, LINK_BULK, 1, 200, DVM_PAYLOAD_MAX);
    UNTIL(p.a.got[2][LINK_BULK] == 200 && p.b.got[1][LINK_BULK] == 200);
    cr_assert_eq(p.a.wrong + p.b.wrong, 0);
    pair_close(&p);
}

Test(links, bulk_is_held_back_and_counted, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    bulk_open(&p);
    proxy_pause(p.proxy, PROXY_BOTH, true);
    send_frames(&p.b, 1, LINK_BULK, 1, 100, 60000);
    pass(0.3);
    cr_assert_geq(links_queued(p.b.links, 1, LINK_BULK), 100 * 60000);
    cr_assert_leq(p.b.links->peers[1]->flow[LINK_BULK].unacked, FLOW_BULK_WINDOW);
    proxy_pause(p.proxy, PROXY_BOTH, false);
    UNTIL(p.a.got[2][LINK_BULK] == 100);
    UNTIL(links_queued(p.b.links, 1, LINK_BULK) == 0);
    pair_close(&p);
}

/* For b's bulk: as if a minute had passed. */
static void minute_passes(struct pair *p)
{
    p->b.links->peers[1]->bulk_at = links_now() - LINK_BULK_QUIET_MS;
    links_arm(p->b.links, links_now());
}

Test(links, bulk_has_its_own_connection_while_there_is_some, .timeout = 240)
{
    struct pair p;
    struct dealer *bulk;

    pair_open(&p);
    bulk = &p.b.links->peers[1]->dealer[LINK_BULK];
    send_frames(&p.a, 2, LINK_BULK, 1, 2, 1000);
    send_frames(&p.b, 1, LINK_BULK, 1, 2, 1000);
    UNTIL(p.a.got[2][LINK_BULK] == 2 && p.b.got[1][LINK_BULK] == 2);
    cr_assert_null(bulk->socket, "few frames took a connection of their own");
    send_frames(&p.a, 2, LINK_BULK, 3, 200, 1000); /* who dialed opens it, whoever sends */
    UNTIL(bulk->up && p.b.got[1][LINK_BULK] == 200);
    send_frames(&p.b, 1, LINK_BULK, 3, 200, 1000);
    UNTIL(p.a.got[2][LINK_BULK] == 200 && links_queued(p.b.links, 1, LINK_BULK) == 0 &&
          links_queued(p.a.links, 2, LINK_BULK) == 0);
    /* what was sent twice may come even now */
    UNTIL((minute_passes(&p), !bulk->socket));
    send_frames(&p.a, 2, LINK_BULK, 201, 202, 1000);
    send_frames(&p.b, 1, LINK_BULK, 201, 202, 1000);
    UNTIL(p.a.got[2][LINK_BULK] == 202 && p.b.got[1][LINK_BULK] == 202);
    cr_assert_eq(p.a.wrong + p.b.wrong, 0);
    cr_assert_null(bulk->socket);
    pair_close(&p);
}

Test(links, a_reset_is_reported_at_once_on_both_sides, .timeout = 240)
{
    struct pair p;

    pair_open_with(&p, CALM_MS);
    proxy_refuse(p.proxy, true);
    proxy_reset(p.proxy);
    UNTIL(p.a.downs == 1 && p.b.downs == 1); /* silence would tell much later */
    proxy_refuse(p.proxy, false);
    UNTIL(links_connected(p.a.links, 2) && links_connected(p.b.links, 1));
    send_frames(&p.a, 2, LINK_CONTROL, 1, 10, 10);
    UNTIL(p.b.got[1][LINK_CONTROL] == 10);
    pair_close(&p);
}

Test(links, unread_messages_do_not_hide_a_broken_connection, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    bulk_open(&p);
    proxy_refuse(p.proxy, true);
    for (int round = 0; round < 20; round++) { /* more than one turn reads */
        send_frames(&p.b, 1, LINK_CONTROL, 100u * (unsigned)round + 1,
                    100u * (unsigned)round + 100, 10);
        links_flush(p.b.links, 1);
    }
    proxy_reset(p.proxy);
    UNTIL(p.a.downs > 0);
    pass(0.5);
    cr_assert(!links_connected(p.a.links, 2));
    proxy_refuse(p.proxy, false);
    UNTIL(p.a.got[2][LINK_CONTROL] == 2000);
    cr_assert_eq(p.a.wrong, 0);
    pair_close(&p);
}

/* A daemon that is stopped while its connection is reset is not one that has ended. */
Test(links, a_connection_is_taken_before_its_daemon_speaks, .timeout = 240)
{
    struct pair p;
    int before;

    pair_open(&p);
    before = p.a.taken + p.b.taken;
    proxy_pause(p.proxy, PROXY_BOTH, true); /* who dials anew is accepted, and hears nothing */
    proxy_reset(p.proxy);
    UNTIL(p.a.downs > 0 && p.b.downs > 0 && p.a.taken + p.b.taken > before);
    cr_assert(!links_connected(p.b.links, 1) && !links_connected(p.a.links, 2));
    proxy_pause(p.proxy, PROXY_BOTH, false);
    UNTIL(links_connected(p.b.links, 1) && links_connected(p.a.links, 2));
    pair_close(&p);
}

Test(links, a_half_open_connection_is_given_up, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    bulk_open(&p);
    proxy_swallow(p.proxy, PROXY_BOTH, true); /* nobody hears of it */
    send_frames(&p.b, 1, LINK_CONTROL, 1, 100, 10);
    send_frames(&p.a, 2, LINK_CONTROL, 1, 100, 10);
    UNTIL(p.b.downs >= 1); /* ZeroMQ's heartbeats found it */
    proxy_swallow(p.proxy, PROXY_BOTH, false);
    UNTIL(p.a.got[2][LINK_CONTROL] == 100 && p.b.got[1][LINK_CONTROL] == 100);
    cr_assert_eq(p.a.wrong + p.b.wrong, 0);
    pair_close(&p);
}

/* a is the coordinator; b knows it by two ways, each with a proxy. */
static void pair_open_twofold(struct pair *p)
{
    char own[2][TICKET_ADDRESS_BYTES];
    struct links_peer peer = {.slot = 1, .address = (const char (*)[TICKET_ADDRESS_BYTES])own,
                              .addresses = 2};

    open_end(&p->a, 1);
    open_end(&p->b, 2);
    links_silence(p->a.links, CALM_MS);
    links_silence(p->b.links, CALM_MS);
    p->proxy = proxy_start(links_port(p->a.links));
    p->other = proxy_start(links_port(p->a.links));
    snprintf(own[0], sizeof own[0], "127.0.0.1:%d", proxy_port(p->proxy));
    snprintf(own[1], sizeof own[1], "127.0.0.1:%d", proxy_port(p->other));
    peer.incarnation = p->a.incarnation;
    peer.key = links_key(p->a.links);
    introduce(&p->a, &p->b, NULL);
    cr_assert_eq(links_peer_add(p->b.links, &peer), 0);
    links_dial(p->b.links, 1, NULL);
    UNTIL(links_connected(p->b.links, 1) && links_connected(p->a.links, 2));
    bulk_open(p);
}

static const char *way(const struct pair *p)
{
    return p->b.links->peers[1]->dial.current;
}

/* As if the interface of the way in use had gone; path: room for its address. */
static void way_goes(struct pair *p, char path[TICKET_ADDRESS_BYTES])
{
    struct proxy *in_use;
    char first[TICKET_ADDRESS_BYTES];

    snprintf(path, TICKET_ADDRESS_BYTES, "%s", way(p));
    snprintf(first, sizeof first, "127.0.0.1:%d", proxy_port(p->proxy));
    in_use = strcmp(path, first) == 0 ? p->proxy : p->other;
    proxy_swallow(in_use, PROXY_BOTH, true);
}

/* Frames of both classes, both ways, from first to last, all arrive once and in order. */
static void all_arrive(struct pair *p, uint64_t first, uint64_t last)
{
    for (int class = 0; class < LINK_CLASSES; class++) {
        send_frames(&p->a, 2, class, first, last, 10);
        send_frames(&p->b, 1, class, first, last, 10);
    }
    for (int class = 0; class < LINK_CLASSES; class++)
        UNTIL(p->a.got[2][class] == last && p->b.got[1][class] == last);
    cr_assert_eq(p->a.wrong + p->b.wrong, 0);
}

Test(links, a_dead_way_is_left_for_another, .timeout = 240)
{
    struct pair p;
    char first[TICKET_ADDRESS_BYTES];

    pair_open_twofold(&p);
    all_arrive(&p, 1, 100);
    way_goes(&p, first);
    links_doubt(p.b.links, 1);
    links_doubt(p.a.links, 2); /* the side that did not dial does nothing */
    all_arrive(&p, 101, 200);
    cr_assert_neq(strcmp(way(&p), first), 0);
    cr_assert_eq(p.a.downs + p.b.downs, 0, "the hosts would have been suspected");
    pair_close(&p);
}

Test(links, an_unanswered_flow_finds_the_other_way, .timeout = 240)
{
    struct pair p;
    char first[TICKET_ADDRESS_BYTES];

    pair_open_twofold(&p);
    all_arrive(&p, 1, 100);
    way_goes(&p, first);
    all_arrive(&p, 101, 200); /* nobody tells of a doubt */
    cr_assert_neq(strcmp(way(&p), first), 0);
    pair_close(&p);
}

Test(links, a_slow_way_that_was_doubted_harms_nothing, .timeout = 240)
{
    struct pair p;

    pair_open_twofold(&p);
    for (uint64_t round = 0; round < 5; round++) {
        uint64_t first = 100 * round + 1;

        proxy_pause(p.proxy, PROXY_BOTH, round % 2 == 0);
        links_doubt(p.b.links, 1); /* also when nothing is wrong */
        pass(0.02 * (double)round);
        all_arrive(&p, first, first + 99);
        cr_assert(links_connected(p.a.links, 2) && links_connected(p.b.links, 1));
    }
    pair_close(&p);
}

/* a is the coordinator; c, the higher slot, would dial b, through the proxy. */
struct triangle {
    struct end a, b, c;
    struct proxy *proxy;
};

static void triangle_open(struct triangle *t)
{
    char address[TICKET_ADDRESS_BYTES];

    open_end(&t->a, 1);
    open_end(&t->b, 2);
    open_end(&t->c, 3);
    t->proxy = proxy_start(links_port(t->b.links)); /* between c and b only */
    snprintf(address, sizeof address, "127.0.0.1:%d", proxy_port(t->proxy));
    introduce(&t->a, &t->b, NULL);
    introduce(&t->a, &t->c, NULL);
    introduce(&t->b, &t->a, NULL);
    introduce(&t->b, &t->c, NULL);
    introduce(&t->c, &t->a, NULL);
    introduce(&t->c, &t->b, address);
    links_dial(t->b.links, 1, NULL);
    links_dial(t->c.links, 1, NULL);
    UNTIL(links_connected(t->a.links, 2) && links_connected(t->a.links, 3));
}

static void triangle_close(struct triangle *t)
{
    cr_assert_eq(t->b.wrong + t->c.wrong, 0);
    links_destroy(t->a.links);
    links_destroy(t->b.links);
    links_destroy(t->c.links);
    proxy_stop(t->proxy);
    close_loop();
}

/* A hundred frames each way between b and c behind the last one; returns which is the last now. */
static uint64_t exchange_more(struct triangle *t, uint64_t last)
{
    send_frames(&t->b, 3, LINK_BULK, last + 1, last + 100, 300);
    send_frames(&t->c, 2, LINK_BULK, last + 1, last + 100, 300);
    pass(0.005);
    return last + 100;
}

Test(links, relay_then_direct_and_back, .timeout = 240)
{
    struct triangle t;
    uint64_t begin, last = 500;

    triangle_open(&t);
    proxy_refuse(t.proxy, true);
    begin = links_now();
    send_frames(&t.b, 3, LINK_BULK, 1, 500, 3000);
    send_frames(&t.c, 2, LINK_BULK, 1, 500, 3000);
    UNTIL(t.b.got[3][LINK_BULK] == 500 && t.c.got[2][LINK_BULK] == 500);
    cr_assert(!links_connected(t.c.links, 2));
    cr_assert_gt(t.b.wants, 0, "the lower slot asks to be dialed");
    cr_assert_leq((uint64_t)t.b.wants, 1 + (links_now() - begin) / LINK_CONNECT_MS,
                  "once in a while");
    cr_assert_eq(t.c.wants, 0);
    proxy_refuse(t.proxy, false);
    for (int i = 0; i < 20 || !links_connected(t.c.links, 2); i++)
        last = exchange_more(&t, last);
    for (int i = 0; i < 15; i++)
        last = exchange_more(&t, last);
    proxy_refuse(t.proxy, true);
    proxy_reset(t.proxy);
    for (int i = 0; i < 10; i++)
        last = exchange_more(&t, last);
    UNTIL(t.b.got[3][LINK_BULK] == last && t.c.got[2][LINK_BULK] == last);
    triangle_close(&t);
}

/* The direct connection of two members swallows what one of them sends, and nothing tells
 * of it: the relay carries it within the time of silence, and more than once; and when
 * the weather is better there is a direct connection again. */
static void direct_way_dies(struct end *from, struct end *to, struct triangle *t,
                            enum proxy_direction direction)
{
    enum { SILENCE = 1000 };
    uint64_t sent = 0;

    for (int i = 0; i < (full_size() ? 2 : 1); i++) {
        struct quiet_watch watch;

        links_silence(t->c.links, CALM_MS); /* nobody finds it out by ZeroMQ's heartbeats */
        while (!links_connected(t->c.links, 2) || !links_connected(t->b.links, 3)) {
            send_frames(from, to->slot, LINK_BULK, sent + 1, sent + 40, 3000);
            sent += 40;
            if (t->b.wants)
                links_dial(t->c.links, 2, NULL); /* as CONNECT would have it do */
            pass(0.05);
        }
        UNTIL(to->got[from->slot][LINK_BULK] == sent);
        pass(0.3); /* until both classes have their connection */
        links_silence(from->links, SILENCE);
        links_silence(to->links, SILENCE);
        proxy_swallow(t->proxy, direction, true);
        quiet_watch_begin(&watch);
        for (int round = 0; round < 3; round++) {
            send_frames(from, to->slot, LINK_BULK, sent + 1, sent + 10, 3000);
            sent += 10;
            UNTIL(to->got[from->slot][LINK_BULK] == sent);
        }
        cr_assert_lt(quiet_watch_end(&watch), 3.0 * (getenv("ASAN_OPTIONS") ? 2 : 1),
                     "three silences for three rounds");
        proxy_swallow(t->proxy, PROXY_BOTH, false);
        proxy_reset(t->proxy); /* what was swallowed is missing in it */
        pass(SILENCE / 1000.0);
    }
}

Test(links, a_dead_direct_way_is_left_for_the_relay, .timeout = 240)
{
    /* in the four weathers; the side that did not dial sends no heartbeats */
    static const enum proxy_direction directions[] = {PROXY_BACK, PROXY_FORTH, PROXY_BOTH,
                                                      PROXY_BOTH};

    for (int i = 0; i < (full_size() ? 4 : 2); i++) {
        struct triangle t;

        triangle_open(&t);
        if (i % 2 == 0)
            direct_way_dies(&t.b, &t.c, &t, directions[i]);
        else
            direct_way_dies(&t.c, &t.b, &t, directions[i]);
        triangle_close(&t);
    }
}

Test(links, who_was_removed_is_told_why, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    links_peer_remove(p.a.links, 2, "no sign of life for 3.0 s");
    send_frames(&p.b, 1, LINK_CONTROL, 1, 1, 10);
    UNTIL(p.b.byes > 0);
    cr_assert_str_eq(p.b.bye, "no sign of life for 3.0 s");
    cr_assert_eq(p.a.got[2][LINK_CONTROL], 0);
    pair_close(&p);
}

Test(links, an_earlier_life_of_a_slot_is_not_heard, .timeout = 240)
{
    struct pair p;

    pair_open(&p);
    send_frames(&p.b, 1, LINK_CONTROL, 1, 5, 10);
    UNTIL(p.a.got[2][LINK_CONTROL] == 5);
    p.b.links->incarnation++; /* as if another daemon had the slot */
    send_frames(&p.b, 1, LINK_CONTROL, 6, 6, 10);
    pass(0.3);
    cr_assert_eq(p.a.got[2][LINK_CONTROL], 5);
    pair_close(&p);
}

Test(links, a_member_cannot_speak_for_another, .timeout = 240)
{
    struct pair p;
    struct end c;

    pair_open(&p);
    open_end(&c, 3);
    introduce(&p.a, &c, NULL);
    p.b.links->slot = 3; /* b says it is c */
    p.b.links->incarnation = c.incarnation;
    send_frames(&p.b, 1, LINK_CONTROL, 1, 1, 10);
    UNTIL(p.a.links->counts.dropped > 0);
    pass(0.1);
    cr_assert_eq(p.a.got[3][LINK_CONTROL], 0);
    cr_assert_eq(p.a.got[2][LINK_CONTROL], 0);
    links_destroy(c.links);
    pair_close(&p);
}

Test(links, a_stranger_is_not_let_in, .timeout = 240)
{
    struct end a, b;

    open_end(&a, 1);
    open_end(&b, 2);
    introduce(&b, &a, NULL); /* a does not know b */
    links_dial(b.links, 1, NULL);
    send_frames(&b, 1, LINK_CONTROL, 1, 1, 10);
    UNTIL(zap_refused(a.links->zap) > 0);
    pass(0.2);
    cr_assert_eq(a.heard, 0);
    cr_assert(!links_connected(b.links, 1));
    introduce(&a, &b, NULL); /* now it does: the same connection is tried again (Z24) */
    UNTIL(a.got[2][LINK_CONTROL] == 1);
    links_destroy(a.links);
    links_destroy(b.links);
    close_loop();
}

Test(links, a_client_that_says_nothing_is_dropped, .timeout = 240)
{
    struct end a;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    double begin = clock_seconds();
    char byte[64];

    open_end(&a, 1);
    to.sin_port = htons((uint16_t)links_port(a.links));
    connect(fd, (struct sockaddr *)&to, sizeof to);
    UNTIL(recv(fd, byte, sizeof byte, 0) == 0); /* its greeting comes first, then the end */
    cr_assert_lt(clock_seconds() - begin, 25, "ZeroMQ by itself gives it 30 s");
    close(fd);
    links_destroy(a.links);
    close_loop();
}

static uint64_t forged(struct end *from, const uint8_t *bytes, size_t n, struct end *to)
{
    uint64_t before = to->links->counts.dropped;

    zmq_send(pool_zmq(from->links->peers[1]->dealer[LINK_CONTROL].socket), bytes, n, ZMQ_DONTWAIT);
    pool_touch(from->links->peers[1]->dealer[LINK_CONTROL].socket);
    UNTIL(to->links->counts.dropped > before);
    pass(0.05);
    return to->links->counts.dropped - before;
}

Test(links, malformed_messages_are_counted_and_dropped, .timeout = 240)
{
    struct pair p;
    struct link_header h = {.class = LINK_CONTROL, .kind = LINK_DATA, .src = 2, .dst = 1,
                            .src_incarnation = 0x1002, .dst_incarnation = 0x1001, .seq = 1};
    uint8_t bytes[LINK_HEADER_BYTES + 10] = {0};

    pair_open(&p);
    cr_assert_eq(forged(&p.b, (const uint8_t *)"D", 1, &p.a), 1);
    cr_assert_eq(forged(&p.b, bytes, sizeof bytes, &p.a), 1); /* no magic */
    link_header_encode(bytes, &h);
    cr_assert_eq(forged(&p.b, bytes, sizeof bytes, &p.a), 1); /* no frame behind it */
    h.dst = 77;
    link_header_encode(bytes, &h);
    cr_assert_eq(forged(&p.b, bytes, sizeof bytes, &p.a), 1); /* for nobody */
    pair_close(&p);
}

/* A joiner blocks, so it is a thread with a loop of its own. */
struct joiner {
    pthread_t thread;
    struct ticket ticket;
    int code, type;
    uint8_t *answer;
    size_t length;
    char address[TICKET_ADDRESS_BYTES], error[512];
    atomic_bool done;
};

static void *run_joiner(void *arg)
{
    struct joiner *j = arg;
    struct end b;

    open_end(&b, 2);
    j->type = 10;
    j->code = links_join(b.links, &j->ticket, LIMIT_S, &j->type, "may I", 5, &j->answer,
                         &j->length, j->address, j->error, sizeof j->error);
    links_destroy(b.links);
    close_loop();
    atomic_store(&j->done, true);
    return NULL;
}

/* Let somebody join who has a ticket for a: listed, or not. */
static void join(struct end *a, struct joiner *j, bool listed)
{
    memset(j, 0, sizeof *j);
    key_create(&j->ticket.key);
    if (listed)
        links_ticket(a->links, j->ticket.key.public, true);
    memcpy(j->ticket.server, links_key(a->links), KEY_BYTES);
    j->ticket.addresses = 2; /* nobody is at the first */
    snprintf(j->ticket.address[0], TICKET_ADDRESS_BYTES, "127.0.0.1:9");
    snprintf(j->ticket.address[1], TICKET_ADDRESS_BYTES, "127.0.0.1:%d", links_port(a->links));
    cr_assert_eq(pthread_create(&j->thread, NULL, run_joiner, j), 0);
    UNTIL(atomic_load(&j->done));
    pthread_join(j->thread, NULL);
}

Test(links, the_question_to_join_is_repeated_until_answered, .timeout = 240)
{
    struct end a;
    struct joiner j;

    for (size_t i = 0; i < sizeof long_answer; i++)
        long_answer[i] = (uint8_t)(i / 7);
    open_end(&a, 1);
    join(&a, &j, true);
    cr_assert_eq(j.code, 0, "%s", j.error);
    cr_assert_eq(j.type, 11);
    cr_assert_eq(j.length, sizeof long_answer);
    cr_assert_eq(memcmp(j.answer, long_answer, j.length), 0);
    cr_assert_str_eq(j.address, j.ticket.address[1]);
    cr_assert_geq(a.joins, 2);
    free(j.answer);
    links_destroy(a.links);
    close_loop();
}

Test(links, a_ticket_that_is_not_known_is_told_from_silence, .timeout = 240)
{
    struct end a, b;
    struct joiner j;
    uint8_t *answer;
    size_t length;
    int type = 10;

    open_end(&a, 1);
    join(&a, &j, false);
    cr_assert_eq(j.code, DVM_ERR_TICKET);
    cr_assert(strstr(j.error, "does not know this"), "%s", j.error);
    links_destroy(a.links);
    open_end(&b, 2);
    j.ticket.addresses = 1;
    cr_assert_eq(links_join(b.links, &j.ticket, 0.5, &type, "", 0, &answer, &length, j.address,
                            j.error, sizeof j.error), DVM_ERR_TIMEOUT);
    cr_assert(strstr(j.error, "no daemon answered at 127.0.0.1:9"), "%s", j.error);
    links_destroy(b.links);
    close_loop();
}
