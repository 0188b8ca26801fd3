/* random.c: random programs between two tasks, several threads of each in the library at
 * once, each pair of threads with a program of its own; for ThreadSanitizer. Compared with
 * the reference matcher (tests/support/random_program.h). Ends with status 0. */
#include <pthread.h>
#include <stdlib.h>

#include "match/match.h"
#include "tests/support/random_program.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define TASKS 2
#define THREADS 3
#define MESSAGES 300

static struct random_program *programs[THREADS];

struct part {
    const struct fake_task *me;
    int number, bad;
};

static void *play(void *arg)
{
    struct part *part = arg;

    dvm_enter();
    part->bad = random_play(programs[part->number], part->me->rank, part->me->tids,
                            CONTEXT + 2 * (uint64_t)part->number);
    dvm_leave(DVM_OK);
    return NULL;
}

static int task(const struct fake_task *me)
{
    pthread_t threads[THREADS];
    struct part parts[THREADS];

    dvm_leave(DVM_OK);
    for (int i = 0; i < THREADS; i++) {
        parts[i] = (struct part){me, i, 0};
        if (pthread_create(&threads[i], NULL, play, &parts[i]))
            return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        FAKE_CHECK(parts[i].bad == 0);
    }
    return dvm_enter();
}

static int run(const struct fake_options *o)
{
    uint64_t seed = fake_seed("random");
    int bad;

    for (int i = 0; i < THREADS; i++)
        programs[i] = random_make(TASKS, MESSAGES, seed + (uint64_t)i);
    bad = fake_run(TASKS, task, NULL, o);
    for (int i = 0; i < THREADS; i++) {
        bad = bad || random_check(programs[i]);
        random_free(programs[i]);
    }
    return bad;
}

int main(void)
{
    struct fake_options o = {.threads = DVM_THREAD_MULTIPLE, .seconds = 50};
    int bad = run(&o);

    o.hosts = 2;
    return bad || run(&o);
}
