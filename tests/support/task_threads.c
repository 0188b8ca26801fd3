/* task_threads.c: see task_threads.h. The task is outside the library while its threads run,
 * so that they come in one by one as those of a program do. */
#include "tests/support/task_threads.h"

#include <assert.h>
#include <pthread.h>

#include "match/match.h"

int task_threads(const struct fake_task *me, int count, void *(*play)(void *))
{
    pthread_t threads[TASK_THREADS_MAX];
    struct task_thread parts[TASK_THREADS_MAX];

    assert(count <= TASK_THREADS_MAX);
    dvm_leave(DVM_OK);
    for (int i = 0; i < count; i++) {
        parts[i] = (struct task_thread){me, i, 0};
        if (pthread_create(&threads[i], NULL, play, &parts[i]))
            return 1;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        FAKE_CHECK(parts[i].bad == 0);
    }
    return dvm_enter();
}
