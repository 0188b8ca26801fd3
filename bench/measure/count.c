/* count.c: how many instructions a small message takes, counted by callgrind: a figure that
 * does not depend on how busy the machine is.
 *
 * A message is received when it has come already, and is the only one: the two tasks keep
 * in step by words in a file that both map, so no waiting is counted. What switching the
 * count on and off takes is counted as well, and subtracted by the reader of the dumps:
 * "empty" has COUNT times nothing, "send" and "receive" the same with the call.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"

#if defined(__has_include) && __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT ((void)0)
#define CALLGRIND_ZERO_STATS ((void)0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void)0)
#endif

enum { COUNT = 1000, WARM = 200 };

struct steps {
    atomic_int sent, received;
};

static void wait_for(atomic_int *step, int value)
{
    while (atomic_load(step) < value)
        sched_yield();
}

static void count_nothing(void)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        CALLGRIND_TOGGLE_COLLECT;
        CALLGRIND_TOGGLE_COLLECT;
    }
    CALLGRIND_DUMP_STATS_AT("empty");
    CALLGRIND_ZERO_STATS;
}

static void count_sends(struct steps *steps)
{
    int i;

    for (i = 1; i <= COUNT; i++) {
        CALLGRIND_TOGGLE_COLLECT;
        api.send(1, TAG_WORK, out, sizeof number);
        CALLGRIND_TOGGLE_COLLECT;
        atomic_store(&steps->sent, i);
        wait_for(&steps->received, i);
    }
    CALLGRIND_DUMP_STATS_AT("send");
}

static void count_receives(struct steps *steps)
{
    int i;

    for (i = 1; i <= COUNT; i++) {
        wait_for(&steps->sent, i);
        CALLGRIND_TOGGLE_COLLECT;
        api.receive(0, TAG_WORK, in, sizeof number);
        CALLGRIND_TOGGLE_COLLECT;
        atomic_store(&steps->received, i);
    }
    CALLGRIND_DUMP_STATS_AT("receive");
}

void measure_count(const char *file)
{
    int descriptor = open(file, O_RDWR), i;
    struct steps *steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED,
                               descriptor, 0);

    if (descriptor < 0 || steps == MAP_FAILED)
        wrong("count: the file cannot be mapped");
    ping_pong.prepare(sizeof number, 1);
    for (i = 0; i < WARM; i++)
        ping_pong.once(sizeof number);
    count_nothing();
    together(0);
    if (rank == 0)
        count_sends(steps);
    else if (rank == 1)
        count_receives(steps);
    together(0);
    report("counted", COUNT, "messages");
    close(descriptor);
}
