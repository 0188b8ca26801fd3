/* thread.h: threads in a test that forks.
 *
 * A thread that begins takes memory, under sanitizers above all. A process that is forked at
 * that moment inherits the allocator's lock as held, by a thread that it has not: its own next
 * look at all memory (the search for leaks) waits for ever.
 */
#ifndef TESTS_SUPPORT_THREAD_H
#define TESTS_SUPPORT_THREAD_H

#include <pthread.h>

/* Start run(arg) as a thread and return when it has begun: from then on this process may
 * fork, while the thread takes and gives back no memory. Ends the test program when that
 * fails. */
void thread_begin(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
