/* quiet_watch.h: limits on how long something takes, where nothing but time shows what is to be
 * shown. They say something only while the process had a core whenever it wanted one: a watch
 * notes how much of the time others had taken, or the whole process was stopped. */
#ifndef TESTS_SUPPORT_QUIET_WATCH_H
#define TESTS_SUPPORT_QUIET_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

struct quiet_watch {
    pthread_t thread;
    atomic_bool over;
    double begun, starved; /* seconds */
    double late;           /* seconds that its thread was late, written by that */
};

/* Begin to watch, with a thread of its own; no other thread may end meanwhile. */
void quiet_watch_begin(struct quiet_watch *w);

/* End it. Returns how many seconds it took, or 0 when more than a tenth of them was taken from
 * this process, which is said on stderr. */
double quiet_watch_end(struct quiet_watch *w);

#endif
