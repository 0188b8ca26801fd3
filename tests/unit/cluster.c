/* cluster.c: whole clusters in one process: each node is a thread with its own loop,
 * as separate from the others as daemons are; they meet over loopback only.
 *
 * Protects: joining by ticket, frames between all pairs in order, direct links opened
 * on demand, removal, halt, the loss of a host and of the coordinator, and refusals
 * in words.
 */
#include <criterion/criterion.h>
#include <ev.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/cluster_state.h"
#include "daemon/links/peer.h"

#define LIMIT_S 20 /* for any condition */
#define NODES_MAX 8
#define SLOTS_SEEN 16

struct node {
    pthread_t thread;
    struct ev_loop *loop;
    ev_async wake;
    struct cluster *cluster;
    void (*job)(struct node *n, void *arg);
    void *job_arg;
    sem_t done;
    bool stop; /* leave the loop without a word, as if killed */
    /* seen by events; written in the loop, read by the test */
    atomic_int ups, downs, losts, ends, end_status;
    atomic_uint_fast64_t frames[SLOTS_SEEN];
    atomic_int disorder;
    char end_why[256];
    char down_why[256];
    atomic_int tasks;
};

static void on_event_frame(void *arg, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct node *n = arg;
    int slot = DVM_TID_SLOT(frame->src);

    (void)payload;
    if (slot >= SLOTS_SEEN)
        return;
    /* ref counts what a node sends to another on bulk */
    if (frame->op == DVM_OP_EAGER && frame->ref != atomic_load(&n->frames[slot]) + 1)
        atomic_fetch_add(&n->disorder, 1);
    atomic_fetch_add(&n->frames[slot], 1);
}

static void on_up(void *arg, const struct cluster_host *host)
{
    (void)host;
    atomic_fetch_add(&((struct node *)arg)->ups, 1);
}

static void on_down(void *arg, const struct cluster_host *host, bool lost, const char *why)
{
    struct node *n = arg;

    (void)host;
    snprintf(n->down_why, sizeof n->down_why, "%s", why);
    if (lost)
        atomic_fetch_add(&n->losts, 1);
    atomic_fetch_add(&n->downs, 1);
}

static void on_end(void *arg, int status, const char *why)
{
    struct node *n = arg;

    snprintf(n->end_why, sizeof n->end_why, "%s", why);
    atomic_store(&n->end_status, status);
    atomic_fetch_add(&n->ends, 1);
}

static int on_load(void *arg)
{
    return atomic_load(&((struct node *)arg)->tasks);
}

static const struct cluster_events events = {on_event_frame, on_up, on_down, on_end, on_load};

static void on_wake(struct ev_loop *loop, ev_async *w, int revents)
{
    struct node *n = w->data;

    (void)revents;
    if (n->job)
        n->job(n, n->job_arg);
    n->job = NULL;
    if (n->stop)
        ev_break(loop, EVBREAK_ALL);
    sem_post(&n->done);
}

static void *run(void *arg)
{
    struct node *n = arg;

    ev_run(n->loop, 0);
    return NULL;
}

/* Run a job in the node's loop and wait for it. */
static void node_do(struct node *n, void (*job)(struct node *, void *), void *arg)
{
    n->job = job;
    n->job_arg = arg;
    ev_async_send(n->loop, &n->wake);
    sem_wait(&n->done);
}

static void node_run(struct node *n)
{
    sem_init(&n->done, 0, 0);
    ev_async_init(&n->wake, on_wake);
    n->wake.data = n;
    ev_async_start(n->loop, &n->wake);
    cr_assert(pthread_create(&n->thread, NULL, run, n) == 0);
}

static void do_destroy(struct node *n, void *arg)
{
    (void)arg;
    cluster_destroy(n->cluster);
    n->cluster = NULL;
    n->stop = true;
}

static void node_free(struct node *n)
{
    pthread_join(n->thread, NULL);
    ev_loop_destroy(n->loop);
    sem_destroy(&n->done);
    free(n);
}

static void node_end(struct node *n)
{
    node_do(n, do_destroy, NULL);
    node_free(n);
}

static struct cluster_config config(const char *host, double silence)
{
    return (struct cluster_config){.machine = "test", .host = host, .cores = 2,
                                   .bind = "127.0.0.1", .silence = silence};
}

static struct node *node_new(void)
{
    struct node *n = calloc(1, sizeof *n);

    cr_assert(n);
    n->loop = ev_loop_new(0);
    return n;
}

static struct node *first(const char *host, double silence)
{
    struct node *n = node_new();
    struct cluster_config c = config(host, silence);
    char error[512];

    cr_assert(cluster_create(&n->cluster, n->loop, &c, &events, n, error, sizeof error) == 0,
              "%s", error);
    node_run(n);
    return n;
}

struct invitation {
    unsigned uses;
    double seconds;
    char text[TICKET_TEXT_BYTES];
};

static void do_invite(struct node *n, void *arg)
{
    struct invitation *i = arg;
    char error[512];

    cr_assert(cluster_invite(n->cluster, i->uses, i->seconds, i->text, error, sizeof error) == 0,
              "%s", error);
}

static int try_join(struct node **out, const char *host, const char *ticket, double timeout,
                    char *error, size_t size)
{
    struct node *n = node_new();
    struct cluster_config c = config(host, 0);
    char machine[DVM_NAME_MAX] = "";
    int code = cluster_join(&n->cluster, n->loop, &c, ticket, timeout, &events, n, machine, error,
                            size);

    if (code != 0) {
        ev_loop_destroy(n->loop);
        free(n);
        return code;
    }
    cr_assert_str_eq(machine, "test");
    node_run(n);
    *out = n;
    return 0;
}

static struct node *join(const char *host, const char *ticket)
{
    struct node *n = NULL;
    char error[512] = "";

    cr_assert(try_join(&n, host, ticket, LIMIT_S, error, sizeof error) == 0, "%s", error);
    return n;
}

/* Wait until a condition holds. */
#define UNTIL(condition)                                                                 \
    do {                                                                                 \
        const struct timespec step = {0, 2000000};                                       \
        double end = clock_seconds() + LIMIT_S;                                          \
                                                                                         \
        while (!(condition)) {                                                           \
            cr_assert(clock_seconds() < end, "not within %d s: " #condition, LIMIT_S);   \
            nanosleep(&step, NULL);                                                      \
        }                                                                                \
    } while (0)

struct burst {
    int slot, count;
    uint64_t last;
    enum cluster_class class;
};

static void do_send(struct node *n, void *arg)
{
    struct burst *b = arg;
    uint8_t payload[1000] = {0};

    for (int i = 0; i < b->count; i++) {
        struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                              .src = DVM_TID_MAKE(cluster_self(n->cluster), 1),
                              .dst = DVM_TID_MAKE(b->slot, 1), .ref = ++b->last,
                              .length = sizeof payload};

        cr_assert(cluster_send(n->cluster, b->slot, b->class, &f, payload) == 0);
    }
}

struct look {
    size_t count;
    struct cluster_host hosts[NODES_MAX];
    bool connected[SLOTS_SEEN];
};

static void do_look(struct node *n, void *arg)
{
    struct look *l = arg;
    const struct cluster_host *hosts = cluster_hosts(n->cluster, &l->count);

    cr_assert(l->count <= NODES_MAX);
    memcpy(l->hosts, hosts, l->count * sizeof *hosts);
    for (int slot = 1; slot < SLOTS_SEEN; slot++)
        l->connected[slot] = n->cluster->links && links_connected(n->cluster->links, slot);
}

static bool is_connected(struct node *n, int slot)
{
    struct look l;

    node_do(n, do_look, &l);
    return l.connected[slot];
}

Test(cluster, alone)
{
    struct node *n = first("sim1", 3);
    struct look l;

    node_do(n, do_look, &l);
    cr_assert_eq(l.count, 1);
    cr_assert_str_eq(l.hosts[0].name, "sim1");
    cr_assert_str_eq(l.hosts[0].address, "local");
    cr_assert(l.hosts[0].self && l.hosts[0].coordinator);
    cr_assert_null(n->cluster->links, "no ZeroMQ before an invitation");
    node_end(n);
}

Test(cluster, three_hosts_exchange_frames, .timeout = 60)
{
    struct node *n[3];
    struct invitation i = {.uses = 2};
    struct look l;

    n[0] = first("sim1", 3);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    n[2] = join("sim2", i.text);
    UNTIL(n[0]->ups == 2 && n[1]->ups == 1 && n[2]->ups == 0);
    for (int from = 0; from < 3; from++)
        for (int to = 0; to < 3; to++) {
            struct burst b = {.slot = to + 1, .count = 3000, .class = CLUSTER_BULK};

            if (from != to)
                node_do(n[from], do_send, &b);
        }
    for (int to = 0; to < 3; to++)
        for (int from = 0; from < 3; from++)
            UNTIL(from == to || n[to]->frames[from + 1] == 3000);
    for (int at = 0; at < 3; at++) {
        cr_assert_eq(n[at]->disorder, 0);
        node_do(n[at], do_look, &l);
        cr_assert_eq(l.count, 3);
        cr_assert_str_eq(l.hosts[0].name, "sim1");
        cr_assert_str_eq(l.hosts[1].name, "sim2");
        cr_assert_str_eq(l.hosts[2].name, "sim2-2");
        cr_assert(l.hosts[0].coordinator && !l.hosts[1].coordinator && l.hosts[at].self);
    }
    UNTIL(is_connected(n[1], 3)); /* a direct link was opened on demand */
    for (int at = 2; at >= 0; at--)
        node_end(n[at]);
}
