/* sizes.c STEP LANE: rank 0 sends rank 1 messages of every size from 0 to 70,000 bytes in
 * steps of STEP, and of all sizes near a threshold whatever STEP is; each byte is checked,
 * and the one behind the last. LANE "direct": the two must get a TCP connection,
 * "other": they must not; "shm": they must share memory. Prints how many messages were checked.
 */
#include <dvm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LAST = 70000, NEAR = 2, FD_MAX = 64, PATTERN = 1 << 20 };

/* Where the way of a message changes: what a cell, a line, a slot, a frame, a record or a
 * window holds, and credit. Each with its neighbours, NEAR on either side. */
static const size_t thresholds[] = {
    32, 64, 128, 256, 1024, 4096, 8192, 16384, 16384 - 16, 32768, 63 * 1024, 65536 - 128,
    65536 - 64, 65536 - 16, 65536, 131072, 196608, 262144, (size_t)1 << 20, (size_t)4 << 20
};
enum { THRESHOLDS = sizeof thresholds / sizeof thresholds[0] };

static unsigned char *pattern, *buffer;
static int me;
static long checked;

static void fail(const char *what, size_t size)
{
    fprintf(stderr, "rank %d, %zu bytes: %s: %s\n", me, size, what, dvm_last_error());
    dvm_abort(DVM_WORLD, 3);
}

/* Bytes differ from message to message: each begins elsewhere in the pattern. */
static const unsigned char *content(size_t size, long number)
{
    return pattern + (size * 7 + (size_t)number * 4099) % PATTERN;
}

static void one(size_t size, long number)
{
    static int (*const sends[])(dvm_group, int, int, const void *, size_t, dvm_type) = {
        dvm_send, dvm_bsend, dvm_ssend};
    const unsigned char *bytes = content(size, number);
    struct dvm_status status;

    if (me == 0) {
        if (sends[number % 3](DVM_WORLD, 1, 1, bytes, size, DVM_BYTE))
            fail("not sent", size);
        return;
    }
    memset(buffer, (unsigned char)~bytes[0], size + 1);
    if (dvm_recv(DVM_WORLD, 0, 1, buffer, size, DVM_BYTE, &status))
        fail("not received", size);
    if (status.bytes != size)
        fail("another size", status.bytes);
    if (memcmp(buffer, bytes, size) != 0)
        fail("other bytes", size);
    if (buffer[size] != (unsigned char)~bytes[0])
        fail("written behind the end", size);
    checked++;
}

/* Whether this task has a TCP connection. */
static int connected(void)
{
    for (int fd = 3; fd < FD_MAX; fd++) {
        struct sockaddr_storage to;
        socklen_t size = sizeof to;

        if (getpeername(fd, (struct sockaddr *)&to, &size) == 0 &&
            (to.ss_family == AF_INET || to.ss_family == AF_INET6))
            return 1;
    }
    return 0;
}

/* Whether this task has mapped the rings of another one, or its own. */
static int shares(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int found = 0;

    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, "/memfd:dvm-pool") != NULL;
    if (maps)
        fclose(maps);
    return found;
}

/* Whether each of the two is connected. One whose greeting took too long, because the computer is
 * busy, is tried anew with a later message: so messages go on until there is a connection. */
static void connect_both(void)
{
    int mine, both = 0, x = 0;

    while (!both) {
        dvm_send(DVM_WORLD, 1 - me, 2, &x, 1, DVM_INT);
        dvm_recv(DVM_WORLD, 1 - me, 2, &x, 1, DVM_INT, NULL);
        mine = connected();
        if (dvm_allreduce(DVM_WORLD, &mine, &both, 1, DVM_INT, DVM_MIN))
            fail("no reduction", 0);
    }
}

static void all(long step)
{
    long number = 0;

    for (size_t size = 0; size <= LAST; size += (size_t)step)
        one(size, number++);
    for (int i = 0; i < THRESHOLDS; i++)
        for (int near = -NEAR; near <= NEAR; near++)
            one(thresholds[i] + (size_t)near, number++);
}

int main(int argc, char **argv)
{
    size_t largest = thresholds[THRESHOLDS - 1] + NEAR;
    unsigned state = 1;

    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    dvm_group_rank(DVM_WORLD, &me);
    pattern = malloc(PATTERN + largest);
    buffer = malloc(largest + 1);
    if (argc != 3 || atol(argv[1]) < 1 || !pattern || !buffer)
        fail("sizes STEP LANE, and memory", 0);
    for (size_t i = 0; i < PATTERN + largest; i++)
        pattern[i] = (unsigned char)((state = state * 1103515245 + 12345) >> 16);
    all(atol(argv[1]));
    /* the receiver's last word: the connection is still there */
    if (dvm_barrier(DVM_WORLD))
        fail("no barrier", 0);
    if (strcmp(argv[2], "direct") == 0)
        connect_both();
    else if (connected())
        fail("another lane than was meant", 0);
    if (strcmp(argv[2], "shm") == 0 && !shares())
        fail("no memory is shared", 0);
    if (me == 1)
        printf("%ld sizes are right\n", checked);
    free(pattern);
    free(buffer);
    dvm_finalize();
    return 0;
}
