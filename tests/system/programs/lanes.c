/* lanes.c WANTED CUTS BYTES STEP: two tasks of different hosts exchange messages of every
 * STEPth size from 0 to 70,000 bytes and around the thresholds of lanes, check each byte, and
 * that they have a connection of their own (WANTED 1) or none (0). Then a message of BYTES
 * bytes goes each way while both cut their connection, each CUTS times.
 */
#include <dvm.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TAG = 1, FILES = 64, WARM = 400, SMALL = 70000, TRIES = 100000 };

static int me;
static unsigned char *bytes, *got;
static atomic_bool over;
static atomic_int cuts;

/* A connection to another host's task: TCP, with another end. -1: none. */
static int connection(void)
{
    for (int fd = 3; fd < FILES; fd++) {
        struct sockaddr_storage other;
        socklen_t size = sizeof other;
        int type = 0;
        socklen_t length = sizeof type;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_STREAM ||
            getpeername(fd, (struct sockaddr *)&other, &size))
            continue;
        if (other.ss_family == AF_INET || other.ss_family == AF_INET6)
            return fd;
    }
    return -1;
}

static void fill(size_t size, int number)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 13 + (i >> 9) + (size_t)number * 7);
}

static void wrong(const char *what, size_t size)
{
    fprintf(stderr, "rank %d: %s with %zu bytes\n", me, what, size);
    exit(3);
}

/* One message each way. */
static void exchange(size_t size, int number)
{
    struct dvm_status status;

    fill(size, number);
    if (me == 0)
        dvm_send(DVM_WORLD, 1, TAG, bytes, size, DVM_BYTE);
    memset(got, 0xa5, size);
    dvm_recv(DVM_WORLD, 1 - me, TAG, got, size, DVM_BYTE, &status);
    if (memcmp(got, bytes, size) != 0)
        wrong("other bytes", size);
    if (me == 1)
        dvm_send(DVM_WORLD, 0, TAG, bytes, size, DVM_BYTE);
}

/* Cut the connection, as often as is wanted. A reset, as a network makes one, or an end. */
static void *cut(void *arg)
{
    int wanted = *(int *)arg;
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct timespec moment = {0, 3000000};

    while (!atomic_load(&over)) {
        int fd = atomic_load(&cuts) < wanted ? connection() : -1;

        nanosleep(&moment, NULL); /* between looks whether there is one again */
        if (fd < 0)
            continue;
        if (atomic_fetch_add(&cuts, 1) % 2)
            shutdown(fd, SHUT_RDWR);
        else
            connect(fd, &none, sizeof none);
    }
    return NULL;
}

/* Whether to go on: until each has cut once, and some time longer for all its cuts. */
static bool more(int turn, int wish)
{
    int mine = atomic_load(&cuts), least = 0;

    dvm_allreduce(DVM_WORLD, &mine, &least, 1, DVM_INT, DVM_MIN);
    return least < 1 || (least < wish && turn < 5000);
}

/* How many of the two tasks have their end of a connection. One whose greeting took too long
 * is tried anew: there may be none a moment later. */
static int ends(void)
{
    int mine = connection() >= 0, all = 0;

    dvm_allreduce(DVM_WORLD, &mine, &all, 1, DVM_INT, DVM_SUM);
    return all;
}

int main(int argc, char **argv)
{
    static const size_t edges[] = {16384, 32768, 64512, 65472, 65536, 131072, 1 << 20, 4 << 20};
    int wanted, wish, have, number = 0;
    size_t large, step;
    pthread_t thread;

    if (argc < 5)
        return 2;
    wanted = atoi(argv[1]);
    wish = atoi(argv[2]);
    large = (size_t)atol(argv[3]);
    step = (size_t)atol(argv[4]);
    bytes = malloc(large > (5 << 20) ? large : 5 << 20);
    got = malloc(large > (5 << 20) ? large : 5 << 20);
    if (!bytes || !got)
        return 2;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    for (int i = 0; i < WARM; i++)
        exchange(1, number++);
    for (size_t size = 0; size <= SMALL; size += step)
        exchange(size, number++);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        for (size_t size = edges[i] - 1; size <= edges[i] + 1; size++)
            exchange(size, number++);
    have = ends();
    for (int i = 0; i < TRIES && wanted && have < 2; i++, have = ends())
        exchange(1, number++);
    if (have != 2 * wanted)
        wrong(wanted ? "no connection" : "a connection", 0);
    if (wish) {
        pthread_create(&thread, NULL, cut, &wish);
        for (int i = 0; i < 20 || more(i, wish); i++)
            exchange((size_t)i * 977 % SMALL, number++);
        exchange(large, number++);
        atomic_store(&over, true);
        pthread_join(thread, NULL);
    }
    dvm_barrier(DVM_WORLD);
    printf("rank %d: good, cut %d times\n", me, atomic_load(&cuts));
    dvm_finalize();
    return 0;
}
