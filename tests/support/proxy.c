/* proxy.c: the implementation of proxy.h: one thread with poll, chunks of bytes in a
 * queue per direction, each with the time at which it may go on. */
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/thread.h"

#define CONNECTIONS_MAX 64
#define CHUNK_BYTES 16384
#define HELD_MAX (1 << 20) /* bytes held per direction before reading stops */
#define BACKLOG 64
#define STEP_MS 5          /* while something is held back */

struct chunk {
    struct chunk *next;
    uint64_t due; /* ms */
    size_t size, done;
    uint8_t bytes[CHUNK_BYTES];
};

struct half { /* a direction of a connection */
    int from, to;
    struct chunk *first, *last;
    size_t held;
    bool ended; /* from has closed */
};

struct connection {
    bool used;
    struct half half[2]; /* forth, back */
};

struct proxy {
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, target, port, bell;
    struct connection connections[CONNECTIONS_MAX];
    int delay[2];
    bool paused[2], swallow[2], alter[2], refuse, reset, stop;
    const char *word; /* that is looked for, or NULL */
    int seen;
    int open, accepted;
    unsigned long long bytes, every, last; /* last: bytes at the last reset by count */
    struct chunk *spare; /* chunks that are not in use: see chunk_put */
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void die(const char *what)
{
    perror(what);
    abort();
}

static void close_hard(int fd)
{
    struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static struct chunk *chunk_get(struct proxy *p)
{
    struct chunk *k = p->spare;

    if (k)
        p->spare = k->next;
    else
        k = malloc(sizeof *k);
    if (!k)
        die("malloc");
    return k;
}

/* Kept, not freed: who uses this proxy forks between two runs (thread.h). */
static void chunk_put(struct proxy *p, struct chunk *k)
{
    k->next = p->spare;
    p->spare = k;
}

static void drop(struct proxy *p, struct connection *c, bool hard)
{
    for (int i = 0; i < 2; i++)
        while (c->half[i].first) {
            struct chunk *next = c->half[i].first->next;

            chunk_put(p, c->half[i].first);
            c->half[i].first = next;
        }
    if (hard) {
        close_hard(c->half[0].from);
        close_hard(c->half[1].from);
    } else {
        close(c->half[0].from);
        close(c->half[1].from);
    }
    c->used = false;
    p->open--;
}

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void take_connection(struct proxy *p)
{
    int one = 1, in = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), out = -1;
    struct connection *c = NULL;

    if (in < 0)
        return;
    for (int i = 0; i < CONNECTIONS_MAX && !c; i++)
        if (!p->connections[i].used)
            c = &p->connections[i];
    if (c && !p->refuse)
        out = dial(p->target);
    if (out < 0) {
        close_hard(in);
        return;
    }
    setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    memset(c, 0, sizeof *c);
    c->used = true;
    c->half[0].from = c->half[1].to = in;
    c->half[0].to = c->half[1].from = out;
    p->open++;
    p->accepted++;
}

/* Look for the word, and change what is to be changed. */
static void look(struct proxy *p, struct chunk *k, int d)
{
    size_t length = p->word ? strlen(p->word) : 0;
    const uint8_t *at = k->bytes, *end = k->bytes + k->size;

    while (length && (at = memmem(at, (size_t)(end - at), p->word, length))) {
        p->seen++;
        at += length;
    }
    if (p->alter[d])
        k->bytes[k->size / 2] ^= 0xff;
    p->alter[d] = false;
}

/* Read what there is. Returns false when the connection broke. */
static bool fill(struct proxy *p, struct half *h, int d)
{
    struct chunk *k = chunk_get(p);
    ssize_t n;

    n = read(h->from, k->bytes, sizeof k->bytes);
    if (n <= 0 || p->swallow[d]) {
        chunk_put(p, k);
        h->ended = h->ended || n == 0;
        return n > 0 || n == 0 || errno == EAGAIN;
    }
    k->next = NULL;
    k->size = (size_t)n;
    k->done = 0;
    k->due = now_ms() + (uint64_t)p->delay[d];
    h->held += k->size;
    look(p, k, d);
    if (h->first)
        h->last->next = k;
    else
        h->first = k;
    h->last = k;
    return true;
}

/* Write what is due. Returns false when the connection broke. */
static bool flush(struct proxy *p, struct half *h, int d)
{
    while (h->first && !p->paused[d] && h->first->due <= now_ms()) {
        struct chunk *k = h->first;
        ssize_t n = send(h->to, k->bytes + k->done, k->size - k->done, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN;
        p->bytes += (unsigned long long)n;
        k->done += (size_t)n;
        if (k->done < k->size)
            continue;
        h->held -= k->size;
        h->first = k->next;
        chunk_put(p, k);
    }
    return true;
}

static bool wants(const struct proxy *p, const struct half *h, int d)
{
    return !h->ended && !p->paused[d] && h->held < HELD_MAX;
}

static size_t collect(struct proxy *p, struct pollfd *polls, int *timeout)
{
    size_t n = 0;

    *timeout = -1;
    polls[n++] = (struct pollfd){.fd = p->bell, .events = POLLIN};
    polls[n++] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        for (int d = 0; p->connections[i].used && d < 2; d++) {
            struct half *h = &p->connections[i].half[d];

            if (wants(p, h, d))
                polls[n++] = (struct pollfd){.fd = h->from, .events = POLLIN};
            if (h->first)
                *timeout = STEP_MS;
        }
    return n;
}

static void serve(struct proxy *p)
{
    if (p->every && p->bytes - p->last >= p->every) {
        p->last = p->bytes;
        p->reset = true;
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *c = &p->connections[i];
        bool good = c->used && !p->reset, idle = true;

        for (int d = 0; c->used && d < 2; d++) {
            struct half *h = &c->half[d];

            if (good && wants(p, h, d))
                good = fill(p, h, d);
            good = good && flush(p, h, d);
            idle = idle && !h->first;
        }
        if (c->used && (!good || (idle && (c->half[0].ended || c->half[1].ended))))
            drop(p, c, !good);
    }
    p->reset = false;
}

static void *run(void *arg)
{
    struct proxy *p = arg;
    struct pollfd polls[2 + 2 * CONNECTIONS_MAX];
    uint64_t count;
    int timeout;

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        size_t n = collect(p, polls, &timeout);

        pthread_mutex_unlock(&p->lock);
        poll(polls, n, timeout);
        pthread_mutex_lock(&p->lock);
        if (polls[0].revents && read(p->bell, &count, sizeof count) < 0)
            die("read");
        if (polls[1].revents)
            take_connection(p);
        serve(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct proxy *proxy_start(int target_port)
{
    struct proxy *p = calloc(1, sizeof *p);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    if (!p)
        die("calloc");
    p->target = target_port;
    p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->bell < 0 || p->listener < 0 ||
        bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(p->listener, BACKLOG) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&a, &size) != 0)
        die("proxy");
    p->port = ntohs(a.sin_port);
    pthread_mutex_init(&p->lock, NULL);
    thread_begin(&p->thread, run, p);
    return p;
}

static void ring(struct proxy *p)
{
    uint64_t one = 1;

    pthread_mutex_unlock(&p->lock);
    if (write(p->bell, &one, sizeof one) < 0)
        die("write");
}

void proxy_stop(struct proxy *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    ring(p);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (p->connections[i].used)
            drop(p, &p->connections[i], true);
    while (p->spare)
        free(chunk_get(p));
    close(p->listener);
    close(p->bell);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int proxy_port(const struct proxy *p)
{
    return p->port;
}

/* A count that the proxy's thread writes. */
static int count_of(struct proxy *p, const int *count)
{
    int n;

    pthread_mutex_lock(&p->lock);
    n = *count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

int proxy_open(struct proxy *p)
{
    return count_of(p, &p->open);
}

int proxy_accepted(struct proxy *p)
{
    return count_of(p, &p->accepted);
}

unsigned long long proxy_bytes(struct proxy *p)
{
    unsigned long long n;

    pthread_mutex_lock(&p->lock);
    n = p->bytes;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void proxy_delay(struct proxy *p, enum proxy_direction d, int ms)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < 2; i++)
        if (d & (1 << i))
            p->delay[i] = ms;
    ring(p);
}

void proxy_pause(struct proxy *p, enum proxy_direction d, bool paused)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < 2; i++)
        if (d & (1 << i))
            p->paused[i] = paused;
    ring(p);
}

void proxy_swallow(struct proxy *p, enum proxy_direction d, bool swallow)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < 2; i++)
        if (d & (1 << i))
            p->swallow[i] = swallow;
    ring(p);
}

void proxy_alter(struct proxy *p, enum proxy_direction d)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < 2; i++)
        p->alter[i] = p->alter[i] || d & (1 << i);
    ring(p);
}

void proxy_watch(struct proxy *p, const char *word)
{
    pthread_mutex_lock(&p->lock);
    p->word = word;
    p->seen = 0;
    ring(p);
}

int proxy_seen(struct proxy *p)
{
    return count_of(p, &p->seen);
}

void proxy_reset(struct proxy *p)
{
    pthread_mutex_lock(&p->lock);
    p->reset = true;
    ring(p);
}

void proxy_reset_every(struct proxy *p, unsigned long long bytes)
{
    pthread_mutex_lock(&p->lock);
    p->every = bytes;
    p->last = p->bytes;
    ring(p);
}

void proxy_refuse(struct proxy *p, bool refuse)
{
    pthread_mutex_lock(&p->lock);
    p->refuse = refuse;
    ring(p);
}
