/* message.c: messages between two tasks, and around a ring of all of them. */
#include <stdio.h>

#include "measure.h"
#include "timing.h"

enum { SAMPLES_MAX = 100000, FIRST_SAMPLES = 64 };

static void prepare(size_t bytes, unsigned salt)
{
    number = sum = 0;
    pattern_fill(out, bytes, rank, salt);
    memset(in, 0x5a, bytes);
}

static void ping_pong_once(size_t bytes)
{
    if (rank == 0) {
        put_number(out);
        api.send(1, TAG_WORK, out, bytes);
        api.receive(1, TAG_WORK, in, bytes);
        take_number(in);
    } else if (rank == 1) {
        api.receive(0, TAG_WORK, in, bytes);
        take_number(in);
        put_number(out);
        api.send(0, TAG_WORK, out, bytes);
    }
}

static int ping_pong_right(size_t bytes, unsigned salt, int calls)
{
    if (rank > 1)
        return 1;
    return sum == numbers_until((uint64_t)calls) && pattern_right(in, bytes, 1 - rank, salt);
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
    prepare(bytes * WINDOW, salt);
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

/* One message around all tasks, each sends to the next when it has received. */
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
        put_number(out);
        api.send((rank + 1) % size, TAG_WORK, out, bytes);
    }
}

static int ring_right(size_t bytes, unsigned salt, int calls)
{
    return sum == numbers_until((uint64_t)calls) &&
           pattern_right(in, bytes, (rank + size - 1) % size, salt);
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

const struct kind ping_pong = { prepare, ping_pong_once, ping_pong_right };
const struct kind window = { window_prepare, window_once, window_right };
const struct kind ring = { prepare, ring_once, ring_right };
