/* event_loop.c: rank 0 waits in poll, over dvm_fd and a pipe that a child of its own writes
 * to; all others send it small messages, and one that is large. It must get all of
 * them, and must not be woken much more often than there is something; and when there is
 * nothing any more it must not be woken for long.
 */
#include <dvm.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_TAG = 1, LARGE_TAG, MANY = 300, LARGE = 4 << 20, LINES = 20, PATIENCE_MS = 100000,
       PIECE = 1 << 14, /* of a large message, at least */
       QUIET_MS = 300, RESTLESS = 100 };

static unsigned char large[LARGE];
static int small_left, large_left, lines_left = LINES, wakes, nothing;

/* Take all messages that are there. */
static int take_messages(void)
{
    struct dvm_status status;
    int found, took = 0, value;

    for (;;) {
        dvm_iprobe(DVM_WORLD, DVM_ANY, DVM_ANY, &found, &status);
        if (!found)
            return took;
        took++;
        if (status.tag == SMALL_TAG) {
            dvm_recv(DVM_WORLD, status.source, SMALL_TAG, &value, 1, DVM_INT, NULL);
            small_left--;
        } else {
            dvm_recv(DVM_WORLD, status.source, LARGE_TAG, large, LARGE, DVM_BYTE, NULL);
            large_left--;
        }
    }
}

/* Whether it is quiet for a moment, after what others may still have to say. */
static int is_quiet(void)
{
    struct pollfd wait = {dvm_fd(), POLLIN, 0};

    for (int i = 0; i < RESTLESS; i++) {
        if (poll(&wait, 1, QUIET_MS) == 0)
            return 1;
        take_messages();
    }
    return 0;
}

static int loop(int pipe_end, int others)
{
    const int pieces = others * (LARGE / PIECE); /* a wake that takes one in is not in vain */
    struct pollfd wait[2] = {{dvm_fd(), POLLIN, 0}, {pipe_end, POLLIN, 0}};
    char byte;

    if (wait[0].fd < 0 || wait[0].fd != dvm_fd())
        return 1;
    while (small_left || large_left || lines_left) {
        if (take_messages() == 0 && wakes > 0 && !wait[1].revents)
            nothing++;
        if (!small_left && !large_left && !lines_left)
            break;
        if (poll(wait, 2, PATIENCE_MS) <= 0) {
            fprintf(stderr, "event_loop: %d small, %d large, %d lines did not come\n", small_left,
                    large_left, lines_left);
            return 1;
        }
        wakes++;
        if (wait[1].revents)
            lines_left -= read(pipe_end, &byte, 1) == 1;
    }
    printf("rank 0 got all; %d of %d wakes; %s\n", nothing, wakes,
           nothing <= wakes / 2 + 20 + pieces ? "few wakes in vain" : "too many");
    return 0;
}

static void send_all(void)
{
    int i;

    for (i = 0; i < MANY; i++) {
        dvm_send(DVM_WORLD, 0, SMALL_TAG, &i, 1, DVM_INT);
        if (i == MANY / 2)
            dvm_send(DVM_WORLD, 0, LARGE_TAG, large, LARGE, DVM_BYTE);
    }
}

int main(int argc, char **argv)
{
    int ends[2], me, n, i, rc = 0;

    if (pipe(ends) || dvm_init(&argc, &argv))
        return 1;
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    small_left = MANY * (n - 1);
    large_left = n - 1;
    if (me > 0) {
        send_all();
    } else if (fork() == 0) {
        for (i = 0; i < LINES; i++)
            if (write(ends[1], "x", 1) != 1)
                _exit(1);
        _exit(0);
    } else {
        rc = loop(ends[0], n - 1);
        if (!rc && !is_quiet())
            rc = fprintf(stderr, "event_loop: readable again and again, for nothing\n") > 0;
    }
    dvm_barrier(DVM_WORLD);
    dvm_finalize();
    return rc;
}
