/* spin.h: looking for what is waited for, before a wait sleeps. */
#ifndef DVM_MATCH_SPIN_H
#define DVM_MATCH_SPIN_H

#include <stdbool.h>

struct board_subject;

/* Something in shared memory that is waited for. Its writers ring this task's bell while it
 * says that it sleeps. */
struct wait_look {
    bool (*ready)(void *arg);      /* a few loads */
    bool (*to_sleep)(void *arg);   /* say so; false: it is there by now */
    void (*has_slept)(void *arg);  /* it does no longer; also after false */
};

/* Begin, for a task with so many tasks of its world on its computer, itself included, that may
 * have several threads in the library. */
void spin_start(bool threads, int neighbours);

/* Look at the bell, and at what else is waited for (look; NULL: nothing), for as long as that is
 * worth its time; subject: of the wait, or NULL. By the owner of the bell, without the lock.
 * Returns whether there is something to do. */
bool spin(const struct board_subject *subject, const struct wait_look *look, void *look_arg);

/* The wait has slept behind that look. Where it had looked in vain, who rang it may have shared its
 * core: it leaves that for an idle one. */
void spin_slept(void);

/* Whether this task may spin a little, as far as is known without asking. */
bool wait_spins(void);

/* Whether it may spin for longer than that: nobody else wants the cores. Asks the clock. */
bool wait_spins_freely(void);

/* Where tasks are more than the cores: let others have this one, and nothing else. false: not
 * such a case, or it is time to wait in the general way, which asks again whether it is. */
bool wait_yields(void);

/* Give the core's other thread a moment, while spinning. */
static inline void wait_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
