/* bad_task.c HOW [SECONDS]: a task that does what the library never would, on its own connection
 * with the daemon, after a proper dvm_init.
 *
 *   junk    a packet that is no frame
 *   cut     a frame that ends before its payload does
 *   src     a frame as if it were another task
 *   notice  a message that only daemons make
 *   flood   requests to its own daemon, without reading any answer (2 s)
 *   far     the same to the daemon of the other host, with 60 KiB each; prints how many
 *   names   to wait for more values than there will be, without reading any answer; prints how
 *           many
 *   ring    on two tasks: rank 0 writes nonsense over all that it shares with rank 1,
 *           which must come to an end with a sentence
 *
 * It knows the frame's header (docs/protocol.md), not the project's code.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <dvm.h>

#define HEADER 64
#define PAYLOAD 61440
#define HOST_SHIFT 18
#define TASKS 18 /* the request */
#define STDIN 34
#define NAMES 128
#define SECONDS 2 /* of a flood */
#define FDS_MAX 256
#define MESSAGES 100

static uint8_t packet[HEADER + PAYLOAD];

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The library's socket: the only one of its kind in this process. */
static int find_socket(void)
{
    for (int fd = 3; fd < FDS_MAX; fd++) {
        int type = 0;
        socklen_t size = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
            return fd;
    }
    fprintf(stderr, "there is no socket of the daemon\n");
    exit(1);
}

static void put(size_t at, uint64_t value, size_t bytes)
{
    memcpy(packet + at, &value, bytes); /* in the host's own order */
}

/* A control message: version, op 1, src, dst, tag, size, ref, length. */
static void build(int src, int dst, int tag, uint64_t ref, uint32_t length)
{
    memset(packet, 0, HEADER);
    put(0, 1, 1);
    put(1, 1, 1);
    put(4, (uint32_t)src, 4);
    put(8, (uint32_t)dst, 4);
    put(12, (uint32_t)tag, 4);
    put(32, length, 8);
    put(40, ref, 8);
    put(56, length, 4);
}

/* Send requests until time is up or the daemon has had enough; says how many. */
static void flood(int socket, int self, int dst, int tag, uint32_t length, double time)
{
    double end = seconds() + time;
    uint64_t sent = 0;

    while (seconds() < end) {
        build(self, dst, tag, sent + 1, length);
        if (send(socket, packet, HEADER + length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            sent++;
        else if (errno != EAGAIN)
            break;
    }
    printf("%llu requests\n", (unsigned long long)sent);
    fflush(stdout);
}

/* Write nonsense over every ring and inbox that is mapped here. */
static void scribble(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long begin, end;

        if (strstr(line, "/memfd:dvm") && strstr(line, "rw-s") &&
            sscanf(line, "%lx-%lx", &begin, &end) == 2)
            for (unsigned long at = begin + 64; at < end; at++)
                *(volatile uint8_t *)at = (uint8_t)(at * 31 + 7);
    }
    if (maps)
        fclose(maps);
}

static int ring(int rank)
{
    int value = 0, code = DVM_OK;

    if (rank == 1)
        dvm_errors(DVM_RETURN);
    for (int i = 0; i < MESSAGES && code == DVM_OK; i++) { /* until the ring is there */
        dvm_send(DVM_WORLD, 1 - rank, 1, &value, 1, DVM_INT);
        code = dvm_recv(DVM_WORLD, 1 - rank, 1, &value, 1, DVM_INT, NULL);
    }
    if (rank == 0) {
        scribble();
        _exit(0);
    }
    while (code == DVM_OK)
        code = dvm_recv(DVM_WORLD, 0, 1, &value, 1, DVM_INT, NULL);
    printf("the other: %s\n", dvm_last_error());
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    double time = argc > 2 ? atof(argv[2]) : SECONDS;
    int rank, self, socket;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &rank);
    self = dvm_self();
    socket = find_socket();
    build(self, self >> HOST_SHIFT << HOST_SHIFT, TASKS, 1, 0);
    if (strcmp(how, "ring") == 0)
        return ring(rank);
    if (strcmp(how, "junk") == 0) {
        send(socket, "nonsense", 8, MSG_NOSIGNAL);
    } else if (strcmp(how, "cut") == 0) {
        put(56, 5000, 4);
        send(socket, packet, HEADER + 10, MSG_NOSIGNAL);
    } else if (strcmp(how, "src") == 0) {
        put(4, (uint32_t)self + 1, 4);
        send(socket, packet, HEADER, MSG_NOSIGNAL);
    } else if (strcmp(how, "notice") == 0) {
        put(1, 2, 1);
        put(2, 2, 1);
        send(socket, packet, HEADER, MSG_NOSIGNAL);
    } else if (strcmp(how, "flood") == 0) {
        flood(socket, self, self >> HOST_SHIFT << HOST_SHIFT, TASKS, 0, time);
        _exit(0);
    } else if (strcmp(how, "names") == 0) {
        static const uint8_t await[] = {0x08, 14, 0x12, 1, 'x'}; /* what, name */

        memcpy(packet + HEADER, await, sizeof await);
        flood(socket, self, self >> HOST_SHIFT << HOST_SHIFT, NAMES, sizeof await, time);
        _exit(0);
    } else if (strcmp(how, "far") == 0) {
        flood(socket, self, (3 - (self >> HOST_SHIFT)) << HOST_SHIFT, STDIN, PAYLOAD, time);
        _exit(0);
    }
    dvm_barrier(DVM_WORLD); /* the library hears of it with the next call */
    dvm_recv(DVM_WORLD, rank, 1, &self, 1, DVM_INT, NULL);
    return 0;
}
