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
#include <unistd.h>

#include "base/join.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/cluster/cluster_state.h"
#include "proto/control.h"

#define LIMIT_S 60 /* for any condition */
#define NEVER 60   /* s of silence, the most there is: nobody is lost, however starved */
#define LOOSE 10   /* s of silence, of which heartbeats are a part, and nobody is lost */
#define SOON 3     /* s of silence after which one is to be lost */
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

static const struct cluster_events events = {on_event_frame, on_up, on_down, on_end, on_load,
                                             NULL, NULL, NULL};

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

struct admission {
    const uint8_t *key; /* NULL: none */
    int code;
    char text[TICKET_TEXT_BYTES];
};

static void do_admit(struct node *n, void *arg)
{
    struct admission *a = arg;
    char error[512];

    a->code = cluster_admit(n->cluster, a->key, LIMIT_S, a->text, error, sizeof error);
}

static int join_as(struct node **out, const struct cluster_config *c, const char *ticket,
                   double timeout, char *error, size_t size)
{
    struct node *n = node_new();
    char machine[DVM_NAME_MAX] = "";
    int code = cluster_join(&n->cluster, n->loop, c, ticket, timeout, &events, n, machine, error,
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

static int try_join(struct node **out, const char *host, const char *ticket, double timeout,
                    char *error, size_t size)
{
    struct cluster_config c = config(host, 0);

    return join_as(out, &c, ticket, timeout, error, size);
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
            nanosleep(&step, NULL); /* poll */                                           \
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

static void do_sleep(struct node *n, void *until)
{
    (void)n;
    sem_wait(until);
}

/* Stop a node's loop, as SIGSTOP would, until other has lost a host. */
static void pass_away(struct node *n, struct node *other)
{
    sem_t until;

    sem_init(&until, 0, 0);
    n->job = do_sleep;
    n->job_arg = &until;
    ev_async_send(n->loop, &n->wake);
    UNTIL(other->losts > 0);
    sem_post(&until);
    sem_wait(&n->done);
    sem_destroy(&until);
}

Test(cluster, alone)
{
    struct node *n = first("sim1", NEVER);
    struct look l;

    node_do(n, do_look, &l);
    cr_assert_eq(l.count, 1);
    cr_assert_str_eq(l.hosts[0].name, "sim1");
    cr_assert_str_eq(l.hosts[0].address, "local");
    cr_assert(l.hosts[0].self && l.hosts[0].coordinator);
    cr_assert_null(n->cluster->links, "no ZeroMQ before an invitation");
    node_end(n);
}

/* What a daemon makes of an offer: a ticket with a key of its own. */
static void own_ticket(const char *offer, struct ticket *t, char *text)
{
    char error[512];

    cr_assert(ticket_decode(offer, t, error, sizeof error) == 0, "%s", error);
    cr_assert(ticket_is_offer(t));
    cr_assert(key_create(&t->key) == 0);
    cr_assert(ticket_encode(t, text, TICKET_TEXT_BYTES) == 0);
}

struct hosted {
    char text[TICKET_TEXT_BYTES], error[512];
    struct node *node;
    int code;
};

static void *join_hosted(void *arg)
{
    struct hosted *h = arg;
    struct cluster_config c = config("sim2", 0);

    c.hosted = true;
    h->code = join_as(&h->node, &c, h->text, LIMIT_S, h->error, sizeof h->error);
    return NULL;
}

/* A key that was made elsewhere lets in who has it, once it is admitted; even who asked before. */
Test(cluster, a_key_is_admitted, .timeout = 240)
{
    struct node *n = first("sim1", NEVER), *stranger = NULL;
    struct admission offer = {.key = NULL}, a;
    struct hosted h = {.code = 0};
    struct ticket t;
    struct look l;
    pthread_t thread;
    char error[512];

    node_do(n, do_admit, &offer);
    cr_assert_eq(offer.code, 0);
    own_ticket(offer.text, &t, h.text);
    cr_assert_eq(try_join(&stranger, "sim3", offer.text, 1, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "is an offer"), "%s", error);
    cr_assert_neq(try_join(&stranger, "sim3", h.text, 1, error, sizeof error), 0);
    pthread_create(&thread, NULL, join_hosted, &h);
    a = (struct admission){.key = t.key.public};
    node_do(n, do_admit, &a);
    cr_assert_eq(a.code, 0);
    pthread_join(thread, NULL);
    cr_assert_eq(h.code, 0, "%s", h.error);
    node_do(n, do_admit, &a);
    cr_assert_eq(a.code, DVM_ERR_EXISTS, "a key is admitted once");
    node_do(n, do_look, &l);
    cr_assert_eq(l.count, 2);
    cr_assert_neq(try_join(&stranger, "sim3", h.text, LIMIT_S, error, sizeof error), 0);
    cr_assert(strstr(error, "is used up"), "%s", error);
    node_end(h.node);
    node_end(n);
}

/* Whether two nodes are connected, while they have traffic: a starved computer acknowledges
 * nothing for a while, and they go back to the first host's relay until they have enough of it. */
static bool connects(struct node *a, int slot_a, struct node *b, int slot_b)
{
    struct burst to_a = {.slot = slot_a, .count = 10, .class = CLUSTER_BULK},
                 to_b = {.slot = slot_b, .count = 10, .class = CLUSTER_BULK};

    node_do(a, do_send, &to_b);
    node_do(b, do_send, &to_a);
    return is_connected(a, slot_b);
}

Test(cluster, three_hosts_exchange_frames, .timeout = 240)
{
    struct node *n[3];
    struct invitation i = {.uses = 2};
    struct look l;

    n[0] = first("sim1", NEVER);
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
    UNTIL(connects(n[1], 2, n[2], 3)); /* a direct link is opened on demand */
    for (int at = 2; at >= 0; at--)
        node_end(n[at]);
}

Test(cluster, a_host_that_is_silent_is_lost_and_ends, .timeout = 240)
{
    struct node *n[3];
    struct invitation i = {.uses = 2};

    n[0] = first("sim1", SOON);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    n[2] = join("sim3", i.text);
    UNTIL(n[0]->ups == 2 && n[1]->ups == 1);
    UNTIL(is_connected(n[0], 3));
    pass_away(n[2], n[0]);
    cr_assert_eq(n[0]->losts, 1);
    UNTIL(n[1]->losts == 1);
    cr_assert(strstr(n[1]->down_why, "no sign of life"), "%s", n[1]->down_why);
    UNTIL(n[2]->ends == 1); /* it learns so, and why */
    cr_assert_eq(n[2]->end_status, 1);
    cr_assert(strstr(n[2]->end_why, "sim1"), "%s", n[2]->end_why);
    for (int at = 2; at >= 0; at--)
        node_end(n[at]);
}

Test(cluster, a_host_that_leaves_is_not_lost, .timeout = 240)
{
    struct node *n[2];
    struct invitation i = {.uses = 1};

    n[0] = first("sim1", NEVER);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    UNTIL(n[0]->ups == 1);
    node_end(n[1]);
    UNTIL(n[0]->downs == 1); /* long before its silence would tell */
    cr_assert_eq(n[0]->losts, 0);
    cr_assert_str_eq(n[0]->down_why, "its daemon ended");
    node_end(n[0]);
}

Test(cluster, members_end_with_their_coordinator, .timeout = 240)
{
    struct node *n[2];
    struct invitation i = {.uses = 1};

    n[0] = first("sim1", NEVER);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    UNTIL(n[0]->ups == 1);
    node_end(n[0]);
    UNTIL(n[1]->ends == 1);
    cr_assert_eq(n[1]->end_status, 0);
    cr_assert_str_eq(n[1]->end_why, "its daemon ended");
    node_end(n[1]);
}

static void do_halt(struct node *n, void *arg)
{
    char error[256];

    (void)arg;
    cr_assert_eq(machine_halt(n->cluster->machine, cluster_now(), "halted by a test", error,
                              sizeof error), 0);
    cluster_drain(n->cluster);
}

static void do_remove(struct node *n, void *arg)
{
    char error[256];

    cr_assert_eq(machine_remove(n->cluster->machine, cluster_now(), arg, 1, error, sizeof error),
                 0, "%s", error);
    cluster_drain(n->cluster);
}

/* As daemons do: end the node once it was told to. */
static void end_when_told(struct node *n, const char *why)
{
    UNTIL(n->ends == 1);
    cr_assert_eq(n->end_status, 0);
    cr_assert_str_eq(n->end_why, why);
    node_end(n);
}

Test(cluster, a_removed_host_leaves_and_halt_ends_the_rest, .timeout = 240)
{
    struct node *n[3];
    struct invitation i = {.uses = 2};

    n[0] = first("sim1", NEVER);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    n[2] = join("sim3", i.text);
    UNTIL(n[0]->ups == 2 && n[1]->ups == 1);
    node_do(n[0], do_remove, "sim2");
    end_when_told(n[1], "this host was removed from the machine");
    UNTIL(n[0]->downs == 1 && n[2]->downs == 1);
    cr_assert_eq(n[0]->losts + n[2]->losts, 0);
    node_do(n[0], do_halt, NULL);
    end_when_told(n[2], "halted by a test");
    end_when_told(n[0], "halted by a test");
}

Test(cluster, tickets_are_refused_in_words, .timeout = 240)
{
    struct node *n, *joined, *other = NULL;
    struct invitation once = {.uses = 1}, brief = {.uses = 5, .seconds = 0.05};
    const struct timespec wait = {0, 60000000};
    char error[512] = "";

    n = first("sim1", NEVER);
    node_do(n, do_invite, &once);
    node_do(n, do_invite, &brief);
    joined = join("sim2", once.text);
    cr_assert_eq(try_join(&other, "sim3", once.text, LIMIT_S, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "used up"), "%s", error);
    nanosleep(&wait, NULL); /* a nap as long as the ticket lives */
    cr_assert_eq(try_join(&other, "sim3", brief.text, LIMIT_S, error, sizeof error),
                 DVM_ERR_TICKET);
    cr_assert(strstr(error, "expired"), "%s", error);
    once.text[40] = once.text[40] == 'A' ? 'B' : 'A';
    cr_assert_eq(try_join(&other, "sim3", once.text, LIMIT_S, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "altered"), "%s", error);
    node_end(joined);
    node_end(n);
}

/* The text of the log that the process has written so far. */
static void read_log(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n;

    cr_assert(f);
    n = fread(text, 1, size - 1, f);
    text[n] = 0;
    fclose(f);
}

Test(cluster, another_protocol_is_refused_in_words_on_both_sides, .timeout = 240)
{
    struct invitation i = {.uses = 1};
    struct cluster_register r = {.protocol_min = 7, .protocol_max = 9};
    struct ticket t;
    struct links *links;
    struct links_events none = {0};
    struct ev_loop *loop = ev_loop_new(0);
    char error[512] = "", address[TICKET_ADDRESS_BYTES], text[512], log[4096];
    char path[] = "/tmp/dvm-test-cluster-XXXXXX";
    uint8_t *request, *answer;
    size_t length, got;
    int type = DVM_CTL_REGISTER, code, fd = mkstemp(path);
    struct node *n;

    cr_assert(fd >= 0 && log_open(path, LOG_INFO, false) == 0);
    n = first("sim1", NEVER);
    node_do(n, do_invite, &i);
    cr_assert_eq(ticket_decode(i.text, &t, error, sizeof error), 0);
    cr_assert_eq(links_create(&links, loop, "127.0.0.1", 0, &none, NULL, error, sizeof error), 0);
    snprintf(r.host.name, sizeof r.host.name, "mango");
    snprintf(r.host.version, sizeof r.host.version, "9.9.9");
    request = cluster_register_write(&r, &length);
    cr_assert_eq(links_join(links, &t, LIMIT_S, &type, request, length, &answer, &got, address,
                            error, sizeof error), 0);
    cr_assert_eq(type, DVM_CTL_REFUSE);
    join_clear();
    cr_assert(cluster_refuse_read(answer, got, &code, text, sizeof text));
    cr_assert_eq(code, DVM_ERR_VERSION);
    cr_assert_eq(join_marked(DVM_OK), JOIN_VERSION);
    read_log(path, log, sizeof log);
    for (int side = 0; side < 2; side++) {
        const char *words = side ? log : text;

        cr_assert(strstr(words, "mango runs dvmd 9.9.9 (protocol 7 to 9)"), "%s", words);
        cr_assert(strstr(words, "coordinator sim1 dvmd"), "%s", words);
    }
    free(request);
    free(answer);
    links_destroy(links);
    ev_loop_destroy(loop);
    node_end(n); /* and the ticket was not used up by that */
    unlink(path);
    close(fd);
}

Test(cluster, names_and_loads_reach_everybody, .timeout = 240)
{
    struct node *n[3];
    struct invitation i = {.uses = 2};
    struct look l = {0};

    n[0] = first("sim1", LOOSE);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    n[2] = join("sim3", i.text);
    UNTIL(n[0]->ups == 2 && n[1]->ups == 1);
    atomic_store(&n[0]->tasks, 3);
    atomic_store(&n[1]->tasks, 5);
    UNTIL((node_do(n[2], do_look, &l), l.hosts[0].tasks == 3 && l.hosts[1].tasks == 5));
    cr_assert_str_eq(l.hosts[1].version, "0.1.0");
    cr_assert_neq(l.hosts[1].arch[0], 0);
    cr_assert_eq(strncmp(l.hosts[1].address, "127.0.0.1:", 10), 0);
    for (int at = 2; at >= 0; at--)
        node_end(n[at]);
}

static void do_forge(struct node *n, void *arg)
{
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                          .src = DVM_TID_MAKE(9, 1), .dst = DVM_TID_MAKE(1, 1), .ref = 1};

    (void)arg;
    cluster_send(n->cluster, 1, CLUSTER_CONTROL, &f, NULL);
    f.src = DVM_TID_MAKE(cluster_self(n->cluster), 1);
    cluster_send(n->cluster, 1, CLUSTER_CONTROL, &f, NULL);
}

Test(cluster, a_frame_must_come_from_a_tid_of_its_host, .timeout = 240)
{
    struct node *n[2];
    struct invitation i = {.uses = 1};

    n[0] = first("sim1", NEVER);
    node_do(n[0], do_invite, &i);
    n[1] = join("sim2", i.text);
    node_do(n[1], do_forge, NULL);
    UNTIL(n[0]->frames[2] == 1); /* the second, honest one */
    cr_assert_eq(n[0]->frames[9], 0);
    node_end(n[1]);
    node_end(n[0]);
}

/* CPU of an idle machine: no timer faster than the heartbeats. */
Test(cluster, idle_costs_next_to_nothing, .timeout = 240)
{
    struct node *n[4];
    struct invitation i = {.uses = 3};
    const struct timespec look = {2, 0};
    struct timespec before, after;
    double begun, used;

    n[0] = first("sim1", SOON);
    node_do(n[0], do_invite, &i);
    for (int at = 1; at < 4; at++)
        n[at] = join("sim", i.text);
    UNTIL(n[0]->ups == 3 && (n[0]->losts > 0 || is_connected(n[0], 4)));
    begun = clock_seconds();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    nanosleep(&look, NULL); /* a nap: the time measured */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    used = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    printf("cluster: 4 idle daemons used %.2f ms of processor in 2 s\n", used * 1e3);
    /* the nap may have been longer; and whom a starved computer loses comes back, which costs */
    cr_assert(used < 0.1 * (clock_seconds() - begun) || n[0]->losts > 0, "%f s", used);
    for (int at = 3; at >= 0; at--)
        node_end(n[at]);
}
