/* limits.c: what this machine itself can do, one line a figure: NAME VALUE UNIT. A name
 * that the measurements of messages have too is the limit for that figure.
 *
 *   limits [quick] shm            two processes: one cache line to and fro (spinning), with
 *                                 1 KiB copied in and out; memcpy; waking by a futex
 *   limits [quick] ring N         N processes that wake one another in turn by futexes
 *   limits [quick] tcp-server ADDRESS    the far end of the next one
 *   limits [quick] tcp ADDRESS    TCP_NODELAY, sleeping and spinning; the better is the limit
 *   limits [quick] seal           AES-256-GCM of 1 MiB pieces, both directions (libcrypto)
 *   limits start N                N processes started and waited for
 *   limits busy N                 N processes that only compute, until stdin ends
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "measure/timing.h"

#ifdef BENCH_SEAL
#include <openssl/evp.h>
#endif

enum { PORT = 7717, TRIES = 250, PIECE = 1 << 20, LARGEST = 4 << 20, TASKS_MAX = 256 };
extern char **environ;
static double batch_seconds = BATCH_SECONDS;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

static void *shared(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

/* ---- two or more processes that take turns ------------------------------------------ */

struct bell {
    _Alignas(64) _Atomic unsigned value;
    _Alignas(64) _Atomic unsigned asleep;
    _Alignas(64) char data[4096];
};

/* Process `me` of `processes` waits for its bell and rings the next one's; the first begins. */
struct turns {
    struct bell *bells;
    int me, processes, sleepy;
    size_t bytes;
    unsigned value;
    char mine[4096];
};

static void bell_ring(struct bell *b, unsigned v, int sleepy)
{
    atomic_store(&b->value, v);
    if (sleepy && atomic_load(&b->asleep))
        syscall(SYS_futex, &b->value, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void bell_await(struct bell *b, unsigned v, int sleepy)
{
    unsigned seen;

    while ((seen = atomic_load(&b->value)) != v) {
        if (!sleepy)
            continue;
        atomic_store(&b->asleep, 1);
        if ((seen = atomic_load(&b->value)) != v)
            syscall(SYS_futex, &b->value, FUTEX_WAIT, seen, NULL, NULL, 0);
        atomic_store(&b->asleep, 0);
    }
}

static void give(struct turns *t)
{
    struct bell *next = &t->bells[(t->me + 1) % t->processes];

    memcpy(next->data, t->mine, t->bytes);
    bell_ring(next, t->value, t->sleepy);
}

static void take(struct turns *t)
{
    bell_await(&t->bells[t->me], t->value, t->sleepy);
    memcpy(t->mine, t->bells[t->me].data, t->bytes);
}

static double turns_batch(void *arg, int calls)
{
    struct turns *t = arg;
    double start = now();
    int i;

    for (i = 0; i < calls; i++) {
        t->value++;
        if (t->me == 0)
            give(t);
        take(t);
        if (t->me != 0)
            give(t);
    }
    return now() - start;
}

static void pin(int core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set); /* on one core both run there */
}

/* Seconds of one hand-over. Others than the first process go on until they are killed. */
static double turns_time(int processes, int sleepy, size_t bytes, int pinned)
{
    struct turns t = { .processes = processes, .sleepy = sleepy, .bytes = bytes };
    pid_t children[TASKS_MAX];
    cpu_set_t before;
    double seconds;
    int i;

    t.bells = shared((size_t)processes * sizeof *t.bells);
    sched_getaffinity(0, sizeof before, &before);
    for (i = 1; i < processes; i++) {
        if ((children[i] = fork()) < 0)
            fail("fork");
        if (children[i])
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pinned)
            pin(1);
        t.me = i;
        for (;;)
            turns_batch(&t, 1);
    }
    if (pinned)
        pin(0);
    seconds = one_call(turns_batch, &t, batch_seconds) / processes;
    for (i = 1; i < processes; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    sched_setaffinity(0, sizeof before, &before);
    munmap(t.bells, (size_t)processes * sizeof *t.bells);
    return seconds;
}

/* ---- copying ------------------------------------------------------------------------- */

struct copy {
    char *from, *to;
    size_t bytes;
};

static double copy_batch(void *arg, int calls)
{
    struct copy *c = arg;
    double start = now();
    int i;

    for (i = 0; i < calls; i++) {
        memcpy(c->to, c->from, c->bytes);
        __asm__ volatile("" ::: "memory");
    }
    return now() - start;
}

static double copy_speed(size_t bytes)
{
    struct copy c = { malloc(bytes), malloc(bytes), bytes };
    double seconds;

    if (!c.from || !c.to)
        fail("malloc");
    memset(c.from, 1, bytes);
    memset(c.to, 2, bytes);
    seconds = one_call(copy_batch, &c, batch_seconds);
    free(c.from);
    free(c.to);
    return (double)bytes / seconds / 1e6;
}

static void shm(void)
{
    double line = turns_time(2, 0, 0, 1) * 1e6;

    report("cache_line", line, "us");
    report("latency_8B", line, "us");
    report("latency_1KiB", turns_time(2, 0, 1 << 10, 1) * 1e6, "us");
    report("futex_wake", turns_time(2, 1, 0, 1) * 1e6, "us");
    report("bandwidth_64KiB", copy_speed(64 << 10), "MB/s");
    report("bandwidth_1MiB", copy_speed(1 << 20), "MB/s");
    report("bandwidth_4MiB", copy_speed(4 << 20), "MB/s");
}

/* ---- TCP ------------------------------------------------------------------------------ */

struct connection {
    int socket, server, spin;
    size_t bytes;
    char *data;
};

static void move(struct connection *c, char *data, size_t bytes, int sending)
{
    size_t done = 0;
    ssize_t n;

    while (done < bytes) {
        n = sending ? send(c->socket, data + done, bytes - done, MSG_NOSIGNAL)
                    : recv(c->socket, data + done, bytes - done, c->spin ? MSG_DONTWAIT : 0);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || (errno != EINTR && errno != EAGAIN))
            fail("the other end went away");
    }
}

static void exchange(struct connection *c)
{
    move(c, c->data, c->bytes, !c->server);
    move(c, c->data, c->bytes, c->server);
}

/* The client tells how many exchanges come; the server learns it. */
static double tcp_batch(void *arg, int calls)
{
    struct connection *c = arg;
    double start;
    int i;

    move(c, (char *)&calls, sizeof calls, 1);
    start = now();
    for (i = 0; i < calls; i++)
        exchange(c);
    return now() - start;
}

static void tcp_serve(struct connection *c)
{
    int calls;

    for (;;) {
        move(c, (char *)&calls, sizeof calls, 0);
        if (calls == 0)
            return;
        while (calls-- > 0)
            exchange(c);
    }
}

static int tcp_connected(int server, const char *address)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    struct timespec moment = { 0, 20000000 };
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0), i;

    inet_pton(AF_INET, address, &a.sin_addr);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (server) {
        if (bind(s, (void *)&a, sizeof a) || listen(s, 1) || (s = accept(s, NULL, NULL)) < 0)
            fail("listen");
    } else {
        for (i = 0; connect(s, (void *)&a, sizeof a); i++) {
            if (i == TRIES)
                fail("connect");
            close(s);
            s = socket(AF_INET, SOCK_STREAM, 0);
            nanosleep(&moment, NULL); /* until the server is there; TRIES bounds it */
        }
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

/* Seconds of half a round trip, or on the server's side nothing. */
static double tcp_time(struct connection *c, size_t bytes, int spin)
{
    double seconds;
    int end = 0;

    c->bytes = bytes;
    c->spin = spin;
    if (c->server) {
        tcp_serve(c);
        return 0;
    }
    seconds = one_call(tcp_batch, c, batch_seconds) / 2;
    move(c, (char *)&end, sizeof end, 1);
    return seconds;
}

static void tcp(int server, const char *address)
{
    static const struct {
        const char *name;
        size_t bytes;
        int is_latency;
    } rows[] = {
        { "latency_8B", 8, 1 },
        { "latency_1KiB", 1 << 10, 1 },
        { "bandwidth_64KiB", 64 << 10, 0 },
        { "bandwidth_1MiB", 1 << 20, 0 },
        { "bandwidth_4MiB", 4 << 20, 0 },
    };
    struct connection c = { .server = server, .data = calloc(1, LARGEST) };
    char name[64];
    size_t i;

    c.socket = tcp_connected(server, address);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double asleep = tcp_time(&c, rows[i].bytes, 0), spinning;

        spinning = rows[i].is_latency ? tcp_time(&c, rows[i].bytes, 1) : asleep;
        if (server)
            continue;
        if (!rows[i].is_latency) {
            report(rows[i].name, (double)rows[i].bytes / asleep / 1e6, "MB/s");
            continue;
        }
        report(rows[i].name, (asleep < spinning ? asleep : spinning) * 1e6, "us");
        snprintf(name, sizeof name, "tcp_sleeping_%s", rows[i].name);
        report(name, asleep * 1e6, "us");
        snprintf(name, sizeof name, "tcp_spinning_%s", rows[i].name);
        report(name, spinning * 1e6, "us");
    }
    free(c.data);
    close(c.socket);
}

/* ---- encryption alone ------------------------------------------------------------------ */

#ifdef BENCH_SEAL
enum { NONCE = 12, MAC = 16 };

struct sealing {
    EVP_CIPHER_CTX *context;
    unsigned char *plain, *sealed, nonce[NONCE], mac[MAC];
    int open;
};

static void seal(struct sealing *s)
{
    int n;

    if (EVP_CipherInit_ex(s->context, NULL, NULL, NULL, s->nonce, -1) != 1 ||
        EVP_CipherUpdate(s->context, s->open ? s->plain : s->sealed, &n,
                         s->open ? s->sealed : s->plain, PIECE) != 1)
        fail("seal");
    if (s->open && EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_SET_TAG, MAC, s->mac) != 1)
        fail("seal: tag");
    if (EVP_CipherFinal_ex(s->context, s->plain, &n) != 1)
        fail("seal: what was opened is not what was sealed");
    if (!s->open && EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_GET_TAG, MAC, s->mac) != 1)
        fail("seal: tag");
}

static double seal_batch(void *arg, int calls)
{
    double start = now();

    while (calls-- > 0)
        seal(arg);
    return now() - start;
}

static double seal_speed(struct sealing *s, int open)
{
    static const unsigned char key[32];

    s->open = open;
    s->context = EVP_CIPHER_CTX_new();
    if (!s->context ||
        EVP_CipherInit_ex(s->context, EVP_aes_256_gcm(), NULL, key, NULL, !open) != 1)
        fail("seal: AES-256-GCM");
    double seconds = one_call(seal_batch, s, batch_seconds);
    EVP_CIPHER_CTX_free(s->context);
    return PIECE / seconds / 1e6;
}

static void seal_both(void)
{
    struct sealing s = { .plain = calloc(1, PIECE), .sealed = calloc(1, PIECE) };
    double sealing = seal_speed(&s, 0), opening = seal_speed(&s, 1);

    report("encrypt_1MiB", sealing, "MB/s");
    report("decrypt_1MiB", opening, "MB/s");
    free(s.plain);
    free(s.sealed);
}
#else
static void seal_both(void)
{
    fprintf(stderr, "limits: built without libcrypto\n");
}
#endif

/* ---- processes ---------------------------------------------------------------------------- */

static void start(const char *self, int count)
{
    char *arguments[] = { (char *)self, "nothing", NULL };
    pid_t children[TASKS_MAX];
    double begin = now();
    char name[64];
    int i;

    for (i = 0; i < count; i++)
        if (posix_spawn(&children[i], self, NULL, NULL, arguments, environ))
            fail(self);
    for (i = 0; i < count; i++)
        waitpid(children[i], NULL, 0);
    snprintf(name, sizeof name, "run_%d", count);
    report(name, (now() - begin) * 1e3, "ms");
}

static void busy(int count)
{
    volatile uint64_t work = 0;
    char byte;

    while (count-- > 0)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                work++;
        }
    while (read(0, &byte, 1) > 0)
        ;
}

static int number_of(const char *text)
{
    int n = atoi(text);

    if (n < 1 || n > TASKS_MAX) {
        fprintf(stderr, "limits: %s: 1 to %d\n", text, TASKS_MAX);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    const char *what, *argument;

    if (argc > 1 && !strcmp(argv[1], "quick")) {
        batch_seconds = BATCH_SECONDS_QUICK;
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    what = argc > 1 ? argv[1] : "";
    argument = argc > 2 ? argv[2] : "";
    if (!strcmp(what, "shm"))
        shm();
    else if (!strcmp(what, "ring"))
        report("ring_8B", turns_time(number_of(argument), 1, 8, 0) * 1e6, "us");
    else if (!strcmp(what, "tcp-server") || !strcmp(what, "tcp"))
        tcp(what[3] != 0, argument);
    else if (!strcmp(what, "seal"))
        seal_both();
    else if (!strcmp(what, "start"))
        start(argv[0], number_of(argument));
    else if (!strcmp(what, "busy"))
        busy(number_of(argument));
    else if (strcmp(what, "nothing") != 0) {
        fprintf(stderr, "usage: limits [quick] shm | ring N | tcp-server ADDRESS | tcp ADDRESS |"
                        " seal | start N | busy N\n");
        return 2;
    }
    return 0;
}
