/* tcp.c: a TCP connection with TCP_NODELAY between two processes: half a round trip,
 * sleeping in recv and spinning on it, of which the better is the limit; and bandwidth.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure/timing.h"
#include "limits.h"

enum { PORT = 7717, TRIES = 250, LARGEST = 4 << 20 };

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

void tcp(int server, const char *address)
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
