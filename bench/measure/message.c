/* message.c: messages between two tasks, and around a ring of all of them. */
#include <stdio.h>

#include "measure.h"
#include "timing.h"

enum { SAMPLES_MAX = 100000, FIRST_SAMPLES = 64, SLOW_SECONDS = 60 };

static char *held[3];
static unsigned turn;

/* Rank 0 keeps two messages of different patterns, and sends them in turn, each as it came
 * back, into the buffer that is free; rank 1 sends back what it received. So a byte that
 * was wrong once, or not written, is wrong at the end, whichever message it was in. */
static unsigned salt_of(unsigned salt, unsigned which)
{
    return 2 * salt + which % 2;
}

static void prepare(size_t bytes, unsigned salt)
{
    number = sum = turn = 0;
    held[0] = out;
    held[1] = in;
    held[2] = spare;
    memset(rank == 0 ? spare : in, 0x5a, bytes);
    if (rank == 0) {
        pattern_fill(held[0], bytes, 0, salt_of(salt, 0));
        pattern_fill(held[1], bytes, 0, salt_of(salt, 1));
    }
}

static void ping_pong_once(size_t bytes)
{
    char *from = held[turn % 3], *to = held[(turn + 2) % 3];

    if (rank == 0) {
        put_number(from);
        api.send(1, TAG_WORK, from, bytes);
        api.receive(1, TAG_WORK, to, bytes);
        take_number(to);
    } else if (rank == 1) {
        api.receive(0, TAG_WORK, in, bytes);
        take_number(in);
        api.send(0, TAG_WORK, in, bytes);
    }
    turn++;
}

static int ping_pong_right(size_t bytes, unsigned salt, int calls)
{
    unsigned last = turn - 1;

    if (rank > 1)
        return 1;
    if (sum != numbers_until((uint64_t)calls))
        return 0;
    if (rank == 1)
        return pattern_right(in, bytes, 0, salt_of(salt, last));
    /* the buffer that is sent next is the one that came before the last */
    return pattern_right(held[(last + 2) % 3], bytes, 0, salt_of(salt, last)) &&
           pattern_right(held[turn % 3], bytes, 0, salt_of(salt, turn));
}

/* WINDOW messages of 8 bytes, which are nothing but their numbers, and one back. */
static void window_once(size_t bytes)
{
    size_t i;

    if (rank == 0) {
        for (i = 0; i < WINDOW; i++)
            put_number(out + i * bytes);
        api.send_window(1, TAG_WORK, out, bytes);
        api.receive(1, TAG_ANSWER, in, sizeof number);
    } else if (rank == 1) {
        api.receive_window(0, TAG_WORK, in, bytes);
        for (i = 0; i < WINDOW; i++)
            take_number(in + i * bytes);
        api.send(0, TAG_ANSWER, out, sizeof number);
    }
}

static void window_prepare(size_t bytes, unsigned salt)
{
    (void)salt;
    number = sum = 0;
    memset(in, 0x5a, bytes * WINDOW);
}

static int window_right(size_t bytes, unsigned salt, int calls)
{
    uint64_t first = ((uint64_t)calls - 1) * WINDOW, last;
    size_t i;

    (void)salt;
    for (i = 0; rank == 1 && i < WINDOW; i++) {
        memcpy(&last, in + i * bytes, sizeof last);
        if (last != first + i)
            return 0;
    }
    return rank != 1 || sum == numbers_until((uint64_t)calls * WINDOW);
}

/* One message around all tasks, each passes on what it has received. */
static void ring_prepare(size_t bytes, unsigned salt)
{
    number = sum = 0;
    pattern_fill(out, bytes, 0, salt);
    memset(in, 0x5a, bytes);
}

static void ring_once(size_t bytes)
{
    if (rank == 0) {
        put_number(out);
        api.send(1 % size, TAG_WORK, out, bytes);
        api.receive(size - 1, TAG_WORK, in, bytes);
        take_number(in);
    } else {
        api.receive(rank - 1, TAG_WORK, in, bytes);
        take_number(in);
        api.send((rank + 1) % size, TAG_WORK, in, bytes);
    }
}

static int ring_right(size_t bytes, unsigned salt, int calls)
{
    return sum == numbers_until((uint64_t)calls) && pattern_right(in, bytes, 0, salt);
}

/* Time each of count round trips into samples: seconds of half of it. */
static void sample(double *samples, int count)
{
    double before, after;
    int i;

    prepare(sizeof number, 1);
    together(0);
    before = now();
    for (i = 0; i < count; i++) {
        ping_pong_once(sizeof number);
        after = now();
        samples[i] = (after - before) / 2;
        before = after;
    }
    together(0);
    if (!ping_pong_right(sizeof number, 1, count))
        wrong("percentiles");
}

void measure_percentiles(void)
{
    double *samples = malloc(SAMPLES_MAX * sizeof *samples);
    double typical;
    int count;

    if (!samples)
        wrong("no memory for samples");
    sample(samples, FIRST_SAMPLES);
    typical = together(part_of(samples, FIRST_SAMPLES, 0.5));
    count = (int)(batch_seconds * REPEATS / (2 * typical)) + FIRST_SAMPLES;
    if (count > SAMPLES_MAX)
        count = SAMPLES_MAX;
    sample(samples, count);
    report("latency_8B_p50", part_of(samples, (size_t)count, 0.5) * 1e6, "us");
    report("latency_8B_p99", part_of(samples, (size_t)count, 0.99) * 1e6, "us");
    free(samples);
}

/* Tasks agree on each round trip, so they end together. Three in a row: one may be late for
 * another reason. */
void await_slow(double milliseconds)
{
    double start, took, give_up = now() + SLOW_SECONDS;
    int slow = 0;

    while (slow < 3) {
        start = now();
        together(0);
        took = together(now() - start);
        slow = took * 1e3 >= milliseconds ? slow + 1 : 0;
        if (now() > give_up)
            wrong("messages never took the slow way");
    }
}

const struct kind ping_pong = { prepare, ping_pong_once, ping_pong_right, 0 };
const struct kind window = { window_prepare, window_once, window_right, 0 };
const struct kind ring = { ring_prepare, ring_once, ring_right, 0 };
