/* stranger.c: somebody on the network who has no business with a machine.
 *
 *   stranger hold PORT N               keep N connections open, saying nothing
 *   stranger drip PORT N               the same, saying a greeting a byte at a time
 *   stranger noise PORT N              the same, sending random bytes
 *   stranger lane PORT N               the same, sending what begins like the hello of a lane
 *   stranger relay FILE TO             pass connections on to port TO, until it is
 *                                      killed, and record what the client of the
 *                                      first says; prints the port to use
 *   stranger replay PORT FILE          say what was recorded; prints how many bytes the
 *                                      answer had behind the greeting
 *   stranger socket PATH               connect to a daemon's socket on this computer and
 *                                      say how that ended
 *
 * Connections that are closed are made again until SIGTERM comes. At the end
 * one line: how many were made, refused, closed by the other side, and the most that
 * were open at a time. Everything goes to 127.0.0.1. It knows nothing of DVM but the
 * first bytes of ZeroMQ's protocol, which any scanner knows, and those of a hello.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define GREETING_BYTES 64 /* of ZMTP 3 */
#define HELLO_BYTES 72    /* of a direct lane */
#define DRIP_MS 50        /* between two bytes of a connection */
#define TURN_MS 20
#define NOISE_BYTES 400
#define RECORD_MAX (1 << 20)
#define REPLAY_MS 100000  /* much longer than a daemon bears a stranger */

enum manner { HOLD, DRIP, NOISE, LANE };

struct caller {
    int fd; /* -1: none */
    size_t said;
};

struct count {
    unsigned long made, refused, closed, open, most;
};

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in to_port(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Connections that are closed leave nothing behind that would use up ports. */
static void reset(int fd)
{
    const struct linger at_once = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static int call(int port)
{
    struct sockaddr_in to = to_port(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ff, length 1, 7f, version 3.1, mechanism, as server no, zeros */
static void greeting(uint8_t out[GREETING_BYTES])
{
    memset(out, 0, GREETING_BYTES);
    out[0] = 0xff;
    out[8] = 1;
    out[9] = 0x7f;
    out[10] = 3;
    out[11] = 1;
    memcpy(out + 12, "CURVE", 5);
}

static void speak(struct caller *c, enum manner manner)
{
    uint8_t bytes[NOISE_BYTES];
    size_t n = 0;

    if (manner == DRIP && c->said < GREETING_BYTES) {
        greeting(bytes);
        bytes[0] = bytes[c->said];
        n = 1;
    } else if (manner == NOISE && c->said == 0) {
        n = sizeof bytes;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)random();
        if (random() % 2) /* half of them begin well */
            greeting(bytes);
    } else if (manner == LANE && c->said == 0) {
        n = random() % 4 ? HELLO_BYTES : HELLO_BYTES / 2; /* some are never whole */
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)random();
        memcpy(bytes, "DVML\2\3\0\0", 8);
        if (random() % 2) { /* tids of two tasks */
            memcpy(bytes + 16, "\1\0\4\0", 4);
            memcpy(bytes + 20, "\1\0\10\0", 4);
        }
    }
    if (n > 0 && send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n)
        c->said += n;
}

static void look(struct caller *c, short events, struct count *count)
{
    char rubbish[512];
    ssize_t got = 1;

    if (!events)
        return;
    while (got > 0)
        got = recv(c->fd, rubbish, sizeof rubbish, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0 && errno == ECONNREFUSED)
        count->refused++;
    else
        count->closed++;
    count->open--;
    reset(c->fd);
    c->fd = -1;
}

static void dial(struct caller *c, int port, struct count *count)
{
    c->fd = call(port);
    c->said = 0;
    if (c->fd < 0) {
        count->refused++;
        return;
    }
    count->made++;
    if (++count->open > count->most)
        count->most = count->open;
}

static int crowd(int port, size_t n, enum manner manner)
{
    struct caller *callers = calloc(n, sizeof *callers);
    struct pollfd *ready = calloc(n, sizeof *ready);
    struct count count = {0};
    double next_word = 0;
    bool begun = false;

    if (!callers || !ready)
        return 1;
    signal(SIGTERM, end);
    for (size_t i = 0; i < n; i++)
        callers[i].fd = -1;
    while (!over) {
        bool talk = seconds() >= next_word;

        for (size_t i = 0; i < n; i++) {
            if (callers[i].fd < 0)
                dial(&callers[i], port, &count);
            ready[i] = (struct pollfd){.fd = callers[i].fd, .events = POLLIN};
        }
        if (!begun) { /* all have called */
            begun = true;
            printf("calling; ");
            fflush(stdout);
        }
        poll(ready, n, TURN_MS);
        for (size_t i = 0; i < n; i++) {
            if (callers[i].fd >= 0)
                look(&callers[i], ready[i].revents, &count);
            if (talk && callers[i].fd >= 0 && manner != HOLD)
                speak(&callers[i], manner);
        }
        if (talk)
            next_word = seconds() + DRIP_MS / 1000.0;
    }
    printf("%lu made, %lu refused, %lu closed, most %lu at a time\n", count.made, count.refused,
           count.closed, count.most);
    free(callers);
    free(ready);
    return 0;
}

/* ---- what was said once is said again ------------------------------------------- */

/* Pass on what can be read; false at the end. Recorded when out is given. */
static bool pass(int from, int to, FILE *out)
{
    char bytes[4096];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);

    if (got <= 0)
        return false;
    if (out && (fwrite(bytes, 1, (size_t)got, out) != (size_t)got || fflush(out)))
        return false;
    return send(to, bytes, (size_t)got, MSG_NOSIGNAL) == got;
}

/* One connection, in a process of its own. */
static void serve(int near, int port, FILE *out)
{
    struct sockaddr_in to = to_port(port);
    int far = socket(AF_INET, SOCK_STREAM, 0);
    bool open = connect(far, (struct sockaddr *)&to, sizeof to) == 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (open) {
        struct pollfd ends[2] = {{.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}};

        poll(ends, 2, -1);
        if (ends[0].revents)
            open = pass(near, far, out);
        if (open && ends[1].revents)
            open = pass(far, near, NULL);
    }
}

static int relay(const char *path, int port)
{
    struct sockaddr_in own = to_port(0);
    socklen_t size = sizeof own;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    FILE *out = fopen(path, "w");

    signal(SIGCHLD, SIG_IGN);
    if (!out || bind(listening, (struct sockaddr *)&own, sizeof own) || listen(listening, 8) ||
        getsockname(listening, (struct sockaddr *)&own, &size))
        return 1;
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);
    for (;;) {
        int near = accept(listening, NULL, NULL);

        if (near < 0)
            return 1;
        if (fork() == 0) {
            serve(near, port, out);
            _exit(0);
        }
        close(near);
        out = NULL;
    }
}

static int replay(int port, const char *path)
{
    static char bytes[RECORD_MAX];
    struct sockaddr_in to = to_port(port);
    struct timeval patience = {.tv_sec = REPLAY_MS / 1000};
    FILE *in = fopen(path, "r");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    long answer = 0;
    ssize_t got;

    if (n == 0 || connect(fd, (struct sockaddr *)&to, sizeof to) ||
        send(fd, bytes, n, MSG_NOSIGNAL) < 0)
        return 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        answer += got;
    printf("%ld bytes answered, then %s\n", answer > GREETING_BYTES ? answer - GREETING_BYTES : 0,
           got < 0 && errno == EAGAIN ? "nothing" : "the end");
    return 0;
}

static int knock(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = REPLAY_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    char byte[512];
    ssize_t got;

    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
        printf("not connected: %s\n", strerror(errno));
        return 0;
    }
    got = recv(fd, byte, sizeof byte, 0);
    if (got > 0)
        printf("connected and answered\n");
    else
        printf("connected, then %s\n", got == 0 || errno == ECONNRESET ? "the end" : "nothing");
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const manners[] = {[HOLD] = "hold", [DRIP] = "drip", [NOISE] = "noise",
                                          [LANE] = "lane"};
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (int i = 0; argc == 4 && i < (int)(sizeof manners / sizeof manners[0]); i++)
        if (strcmp(argv[1], manners[i]) == 0)
            return crowd(atoi(argv[2]), (size_t)atol(argv[3]), (enum manner)i);
    if (argc == 3 && strcmp(argv[1], "socket") == 0)
        return knock(argv[2]);
    if (argc == 4 && strcmp(argv[1], "relay") == 0)
        return relay(argv[2], atoi(argv[3]));
    if (argc == 4 && strcmp(argv[1], "replay") == 0)
        return replay(atoi(argv[2]), argv[3]);
    fprintf(stderr, "usage: see the head of stranger.c\n");
    return 2;
}
