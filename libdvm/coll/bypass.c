/* bypass.c: see bypass.h.
 *
 * A line of memory in common was last read, or written, on another core. To write it
 * through the caches it must be fetched from there first, and the reader then fetches it back.
 * Between cores that share a cache that is fast, and the reader finds the line in it. Between
 * others, as those of two dies, it is several times slower than to write around the caches
 * (non-temporal stores, of whole lines) and to read from memory.
 * What the writer sees tells which it is: around costs it always less, but by much more where
 * cores are far from each other. Each task measures a few of its copies, of which some go
 * the other way, and decides for itself: to readers both are alike.
 */
#include "coll/bypass.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"

#ifdef __SSE2__
#include <emmintrin.h>
#define CAN_BYPASS true
#else
#define CAN_BYPASS false
#endif

#define BYPASS_MIN 2048   /* bytes; less is no matter */
#define BYPASS_LINE 64    /* bytes */
#define EVERY 32          /* copies, of which one goes the other way, */
#define EVERY_SHORT 128   /* of short ones in the long run: there are many, */
#define SHORT (128u << 10) /* bytes: less is that; */
#define MEASURED 2        /* the first, which does, and the next */
#define DEAR(count) ((count) * 5 / 8) /* of so many in order: of eight the third dearest */

/* Through the caches a byte costs so many times what it costs around them: where cores are near
 * 1.6 to 1.8, as a task that writes around sees it 2.2 to 2.3; where they are far 2.3 and more,
 * and 3.1 and more. */
#define LEAVE_CACHES 1.9
#define STAY_AROUND 2.5

bool bypass_way(struct bypass *b, bool *timed)
{
    bool rarely = b->shorts && b->by_around.copies + b->by_through.copies >= 2 * BYPASS_LATE;
    unsigned turn = b->copies++ % (rarely ? EVERY_SHORT : EVERY);

    *timed = turn < MEASURED;
    return turn == 0 ? !b->around : b->around;
}

static void take_in(struct bypass_cost *cost, double ns)
{
    cost->ns[cost->copies++ % BYPASS_LATE] = ns;
}

/* Not the mean: in a crowd half of the lines are in the writer's cache all the same, and cost
 * little wherever the other cores are. Nor the dearest: the core was lost meanwhile. */
static double dear(const struct bypass_cost *cost)
{
    unsigned count = cost->copies < BYPASS_LATE ? cost->copies : BYPASS_LATE, place;
    double sorted[BYPASS_LATE] = {0};

    for (unsigned i = 0; i < count; i++) {
        for (place = i; place > 0 && sorted[place - 1] > cost->ns[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = cost->ns[i];
    }
    return sorted[DEAR(count)];
}

void bypass_learn(struct bypass *b, bool around, double ns)
{
    take_in(around ? &b->by_around : &b->by_through, ns);
    if (b->by_around.copies > 0 && b->by_through.copies > 0)
        b->around = dear(&b->by_through) >
                    dear(&b->by_around) * (b->around ? STAY_AROUND : LEAVE_CACHES);
}

/* Whole lines around the caches, from a place that is one's begin. */
static void write_around(char *to, const char *from, size_t bytes)
{
#ifdef __SSE2__
    for (size_t at = 0; at < bytes; at += sizeof(__m128i))
        _mm_stream_si128((__m128i *)(void *)(to + at),
                         _mm_loadu_si128((const __m128i *)(const void *)(from + at)));
    _mm_sfence(); /* such stores wait for nobody, not even for a later release */
#else
    memcpy(to, from, bytes);
#endif
}

static void copy(bool around, char *to, const char *from, size_t bytes)
{
    size_t lines = around ? bytes / BYPASS_LINE * BYPASS_LINE : 0;

    if (lines > 0)
        write_around(to, from, lines);
    memcpy(to + lines, from + lines, bytes - lines);
}

void bypass_copy(void *to, const void *from, size_t bytes, bool beside)
{
    static struct bypass longs, shorts = {.shorts = true};
    struct bypass *own = bytes < SHORT ? &shorts : &longs;
    uint64_t begin;
    bool around, timed;

    if (!CAN_BYPASS || beside || bytes < BYPASS_MIN || (uintptr_t)to % BYPASS_LINE != 0) {
        memcpy(to, from, bytes);
        return;
    }
    around = bypass_way(own, &timed);
    begin = timed ? clock_ns() : 0;
    copy(around, to, from, bytes);
    if (timed)
        bypass_learn(own, around, (double)(clock_ns() - begin) / (double)bytes);
}

void bypass_copy_as(bool around, void *to, const void *from, size_t bytes)
{
    copy(around && CAN_BYPASS && (uintptr_t)to % BYPASS_LINE == 0, to, from, bytes);
}
