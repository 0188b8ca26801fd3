/* random.c: random programs of sends in all modes, receives, probes, matched probes and
 * cancels, with wildcards, between tasks over each lane and over mixed ones, compared with
 * a reference matcher (tests/support/random_program.h). Direct lanes lead through a proxy
 * that resets them at random. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "match/match.h"
#include "proto/lane_hello.h"
#include "tests/support/full_size.h"
#include "tests/support/proxy.h"
#include "tests/support/thread.h"
#include "tests/support/random_program.h"

#define CONTEXT UINT64_C(0x4000100000002)

static int play(const struct fake_task *me)
{
    return random_play(me->arg, me->rank, me->tids, CONTEXT);
}

static void run(const char *name, int players, const struct fake_options *options)
{
    bool large = full_size();
    uint64_t seed = fake_seed(name);

    for (int i = 0; i < (large ? 20 : 2); i++) {
        struct random_program *p = random_make(players, large ? 3000 : 400, seed + (uint64_t)i);

        cr_assert_eq(fake_run(players, play, p, options), 0, "seed %llu",
                     (unsigned long long)seed + (unsigned)i);
        cr_assert_eq(random_check(p), 0);
        random_free(p);
    }
}

Test(random, one_task)
{
    run("one_task", 1, NULL);
}

Test(random, shm)
{
    run("shm", 3, NULL);
}

Test(random, relay)
{
    struct fake_options o = {.lanes = "relay"};

    run("relay", 3, &o);
}

Test(random, between_hosts)
{
    struct fake_options o = {.hosts = 2};

    run("between_hosts", 4, &o);
}

/* ---- direct lanes that break ---------------------------------------------------------- */

#define RESET_BYTES 60000 /* at most, that are passed on between two */
#define LOOK_MS 1         /* between looks at how many there were */
#define RUNS 20           /* at most, until there were some */

struct storm {
    struct proxy *proxy;
    int over[2]; /* a pipe that is closed at the end */
    uint64_t seed;
    int resets;
};

static void *blow(void *arg)
{
    struct storm *s = arg;
    struct pollfd over = {.fd = s->over[0], .events = POLLIN};

    unsigned long long next = 0;

    while (poll(&over, 1, LOOK_MS) == 0) {
        if (proxy_bytes(s->proxy) < next)
            continue;
        proxy_reset(s->proxy);
        s->resets++;
        next = proxy_bytes(s->proxy) + fake_random(&s->seed) % RESET_BYTES;
    }
    return NULL;
}

static void run_direct(const char *name, enum lane_security security)
{
    struct fake_options o = {.hosts = 3, .lane_security = (int)security};
    struct storm storm = {.seed = fake_seed(name)};
    pthread_t thread;
    int port;

    o.lane_fd = fake_lane_listen(&port);
    storm.proxy = proxy_start(port);
    o.lane_port = proxy_port(storm.proxy);
    cr_assert_eq(pipe(storm.over), 0);
    thread_begin(&thread, blow, &storm);
    /* where tasks are fast a run may be over before there is a connection */
    for (int i = 0; i < RUNS && proxy_bytes(storm.proxy) == 0; i++)
        run(name, 4, &o);
    close(storm.over[1]);
    pthread_join(thread, NULL);
    fprintf(stderr, "%s: %d resets, %llu bytes over direct lanes\n", name, storm.resets,
            proxy_bytes(storm.proxy));
    cr_assert_gt(proxy_bytes(storm.proxy), 0);
    proxy_stop(storm.proxy);
    close(storm.over[0]);
    close(o.lane_fd);
}

Test(random, direct_plain)
{
    run_direct("direct_plain", LANE_PLAIN);
}

Test(random, direct_sealed)
{
    run_direct("direct_sealed", LANE_ENCRYPTED);
}
