/* thread.c: the implementation of thread.h. What the thread library and the sanitizer do for
 * a thread comes before its own first step; so that step is what thread_begin waits for.
 */
#include "tests/support/thread.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct beginning {
    void *(*run)(void *arg);
    void *arg;
    sem_t begun;
};

static void *begin(void *arg)
{
    struct beginning *b = arg;
    void *(*run)(void *arg) = b->run;
    void *its = b->arg;

    sem_post(&b->begun); /* b is gone behind it */
    return run(its);
}

void thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    struct beginning b = {run, arg, {{0}}};

    if (sem_init(&b.begun, 0, 0) || pthread_create(thread, NULL, begin, &b)) {
        perror("thread_begin");
        abort();
    }
    while (sem_wait(&b.begun))
        continue;
    sem_destroy(&b.begun);
}
