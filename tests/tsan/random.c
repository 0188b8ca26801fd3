/* random.c: random programs between two tasks, several threads of each in the library at
 * once, each pair of threads with a program of its own; for ThreadSanitizer. Compared with
 * the reference matcher (tests/support/random_program.h). Ends with status 0. */
#include <stdlib.h>

#include "match/match.h"
#include "tests/support/random_program.h"
#include "tests/support/task_threads.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define TASKS 2
#define THREADS 3
#define MESSAGES 300

static struct random_program *programs[THREADS];

static void *play(void *arg)
{
    struct task_thread *part = arg;

    dvm_enter();
    part->bad = random_play(programs[part->number], part->me->rank, part->me->tids,
                            CONTEXT + 2 * (uint64_t)part->number);
    dvm_leave(DVM_OK);
    return NULL;
}

static int task(const struct fake_task *me)
{
    return task_threads(me, THREADS, play);
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
    struct fake_options o = {.threads = DVM_THREAD_MULTIPLE};
    int bad = run(&o);

    o.hosts = 2;
    return bad || run(&o);
}
