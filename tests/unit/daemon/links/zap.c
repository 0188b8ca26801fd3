/* zap.c: sockets in the loop, and who is let in.
 *
 * Protects: a socket with many messages gives all of them, some a turn, so that timers
 * run in between; a listed key connects and is named; an unlisted one does not.
 */
#include "daemon/links/zap.h"

#include <criterion/criterion.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"

#define LIMIT_S 60
#define MESSAGES 1000

static struct ev_loop *loop;
static struct pool *pool;

struct reader {
    struct pool_socket *socket;
    int got;
    char user[ZAP_USER_BYTES];
};

static bool on_read(void *arg)
{
    struct reader *r = arg;
    zmq_msg_t msg;
    bool got;

    zmq_msg_init(&msg);
    got = zmq_msg_recv(&msg, pool_zmq(r->socket), ZMQ_DONTWAIT) >= 0;
    if (got && !zmq_msg_more(&msg)) {
        const char *user = zmq_msg_gets(&msg, "User-Id");

        r->got++;
        snprintf(r->user, sizeof r->user, "%s", user ? user : "");
    }
    zmq_msg_close(&msg);
    return got;
}

static void on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)l, (void)revents;
    if (w->data)
        ++*(int *)w->data;
}

#define UNTIL(condition)                                                                 \
    do {                                                                                 \
        double limit = clock_seconds() + LIMIT_S;                                        \
        ev_timer turn;                                                                   \
                                                                                         \
        ev_timer_init(&turn, on_tick, 0.002, 0.002);                                     \
        turn.data = NULL;                                                                \
        ev_timer_start(loop, &turn);                                                     \
        while (!(condition)) {                                                           \
            cr_assert(clock_seconds() < limit, "not within %d s: " #condition, LIMIT_S); \
            ev_run(loop, EVRUN_ONCE);                                                    \
        }                                                                                \
        ev_timer_stop(loop, &turn);                                                      \
    } while (0)

static void begin(void)
{
    loop = ev_loop_new(0);
    pool = pool_create(loop);
    cr_assert(pool);
}

static void end(void)
{
    pool_destroy(pool);
    ev_loop_destroy(loop);
}

TestSuite(socket, .init = begin, .fini = end, .timeout = 240);
TestSuite(zap, .init = begin, .fini = end, .timeout = 240);

Test(socket, all_messages_come_though_one_is_read_at_a_time)
{
    struct reader in = {0}, out = {0};

    in.socket = pool_open(pool, ZMQ_PAIR, on_read, &in);
    out.socket = pool_open(pool, ZMQ_PAIR, on_read, &out);
    cr_assert_eq(zmq_bind(pool_zmq(in.socket), "inproc://test"), 0);
    cr_assert_eq(zmq_connect(pool_zmq(out.socket), "inproc://test"), 0);
    for (int round = 1; round <= 5; round++) {
        for (int i = 0; i < MESSAGES; i++)
            cr_assert_eq(zmq_send(pool_zmq(out.socket), "x", 1, ZMQ_DONTWAIT), 1);
        pool_touch(out.socket);
        UNTIL(in.got == round * MESSAGES);
    }
}

Test(socket, a_busy_socket_does_not_starve_timers)
{
    struct reader in = {0}, out = {0};
    int ticks = 0, turns = 0;
    ev_timer timer;

    in.socket = pool_open(pool, ZMQ_PAIR, on_read, &in);
    out.socket = pool_open(pool, ZMQ_PAIR, on_read, &out);
    zmq_bind(pool_zmq(in.socket), "inproc://test");
    zmq_connect(pool_zmq(out.socket), "inproc://test");
    for (int i = 0; i < MESSAGES; i++)
        zmq_send(pool_zmq(out.socket), "x", 1, ZMQ_DONTWAIT);
    ev_timer_init(&timer, on_tick, 0, 1e-9);
    timer.data = &ticks;
    ev_timer_start(loop, &timer);
    for (; in.got < MESSAGES && turns < MESSAGES; turns++)
        ev_run(loop, EVRUN_NOWAIT);
    ev_timer_stop(loop, &timer);
    cr_assert_eq(in.got, MESSAGES);
    cr_assert_geq(turns, MESSAGES / SOCKET_BUDGET);
    cr_assert_gt(ticks, MESSAGES / SOCKET_BUDGET / 2);
}

static bool on_read_and_close(void *arg)
{
    struct reader *r = arg;
    bool got = on_read(r);

    pool_close(r->socket);
    return got;
}

Test(socket, may_be_closed_while_it_is_read)
{
    struct reader in = {0}, out = {0};

    in.socket = pool_open(pool, ZMQ_PAIR, on_read_and_close, &in);
    out.socket = pool_open(pool, ZMQ_PAIR, on_read, &out);
    zmq_bind(pool_zmq(in.socket), "inproc://test");
    zmq_connect(pool_zmq(out.socket), "inproc://test");
    for (int i = 0; i < 10; i++)
        zmq_send(pool_zmq(out.socket), "x", 1, ZMQ_DONTWAIT);
    UNTIL(in.got == 1);
    for (int i = 0; i < 10; i++)
        ev_run(loop, EVRUN_NOWAIT);
    cr_assert_eq(in.got, 1);
}

struct door {
    struct key_pair server, guest;
    struct zap *zap;
    struct reader in, out;
    char endpoint[64];
};

static void open_door(struct door *d)
{
    size_t size = sizeof d->endpoint;
    int one = 1, interval = 1500; /* ms, as of links: a starved computer takes long */
    void *zmq;

    memset(d, 0, sizeof *d);
    key_create(&d->server);
    key_create(&d->guest);
    d->zap = zap_create(pool);
    d->in.socket = pool_open(pool, ZMQ_ROUTER, on_read, &d->in);
    zmq = pool_zmq(d->in.socket);
    zmq_setsockopt(zmq, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, d->server.secret, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
    cr_assert_eq(zmq_bind(zmq, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, d->endpoint, &size);
    d->out.socket = pool_open(pool, ZMQ_DEALER, on_read, &d->out);
    zmq = pool_zmq(d->out.socket);
    zmq_setsockopt(zmq, ZMQ_HANDSHAKE_IVL, &interval, sizeof interval);
}

static void knock(struct door *d)
{
    void *zmq = pool_zmq(d->out.socket);

    zmq_setsockopt(zmq, ZMQ_CURVE_SERVERKEY, d->server.public, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_CURVE_PUBLICKEY, d->guest.public, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, d->guest.secret, KEY_BYTES);
    zmq_connect(zmq, d->endpoint);
    zmq_send(zmq, "x", 1, ZMQ_DONTWAIT);
    pool_touch(d->out.socket);
}

Test(zap, a_listed_key_is_let_in_and_named)
{
    struct door d;

    open_door(&d);
    zap_allow(d.zap, d.guest.public, "somebody");
    zap_allow(d.zap, d.guest.public, "h 2 abc");
    knock(&d);
    UNTIL(d.in.got == 1);
    cr_assert_str_eq(d.in.user, "h 2 abc");
    cr_assert_eq(zap_refused(d.zap), 0);
    zap_destroy(d.zap);
}

Test(zap, an_unlisted_key_waits_until_it_is_listed)
{
    struct door d;

    open_door(&d);
    knock(&d);
    UNTIL(zap_refused(d.zap) >= 2); /* it tries again */
    cr_assert_eq(d.in.got, 0);
    zap_allow(d.zap, d.guest.public, "late");
    UNTIL(d.in.got == 1);
    cr_assert_str_eq(d.in.user, "late");
    zap_destroy(d.zap);
}

Test(zap, a_key_that_was_taken_off_is_refused)
{
    struct door d;

    open_door(&d);
    zap_allow(d.zap, d.guest.public, "h 2 abc");
    zap_allow(d.zap, d.server.public, "other");
    zap_deny(d.zap, d.guest.public);
    knock(&d);
    UNTIL(zap_refused(d.zap) >= 1);
    cr_assert_eq(d.in.got, 0);
    zap_destroy(d.zap);
}

Test(zap, a_key_pair_is_derived_from_its_secret)
{
    struct key_pair a, b;

    cr_assert_eq(key_create(&a), 0);
    b = a;
    memset(b.public, 0, sizeof b.public);
    cr_assert_eq(key_derive(&b), 0);
    cr_assert_eq(memcmp(a.public, b.public, KEY_BYTES), 0);
    key_wipe(&b);
    cr_assert_neq(memcmp(a.secret, b.secret, KEY_BYTES), 0);
}
