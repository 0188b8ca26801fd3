/* bell.c: the owner's side of an inbox; see proto/segment.h for the protocol and
 * why one of the two, ringer and sleeper, always sees the other. */
#include "lane/bell.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lane/count.h"

#define NANOSECONDS 1000000000.0
#define WORD_BITS 64
#define WORDS_A_BIT 2 /* of the summary */

static struct dvm_inbox *own;
static unsigned own_index;

void bell_start(struct dvm_inbox *inbox, unsigned index)
{
    assert(inbox && index <= DVM_INDEX_MAX);
    own = inbox;
    own_index = index;
    count_use(inbox);
}

void bell_stop(void)
{
    count_use(NULL);
    bell_set_stop();
    if (own) {
        /* behind the end of all rings: neighbours may use their memory again (lend.c) */
        atomic_store(&own->left, 1);
        munmap(own, DVM_INBOX_BYTES);
    }
    own = NULL;
}

void bell_forked(void)
{
    bell_set_forked();
    dvm_inbox_forked();
}

void bell_core(void)
{
    uint32_t core = (uint32_t)sched_getcpu() + 1;

    /* neighbours look at this line all the time */
    if (atomic_load_explicit(&own->core, memory_order_relaxed) != core)
        atomic_store_explicit(&own->core, core, memory_order_relaxed);
}

struct dvm_inbox *bell_inbox(void)
{
    return own;
}

unsigned bell_index(void)
{
    return own_index;
}

bool bell_rung(void)
{
    return atomic_load_explicit(&own->summary, memory_order_relaxed) != 0 || bell_set_found();
}

static void take_word(unsigned word, void (*rung)(unsigned index))
{
    /* acquire: what the ringer wrote before its or is visible */
    uint64_t bits = atomic_exchange(&own->bits[word], 0);

    while (bits) {
        unsigned bit = (unsigned)__builtin_ctzll(bits);

        bits &= bits - 1;
        rung(word * WORD_BITS + bit);
    }
}

void bell_take(void (*rung)(unsigned index))
{
    uint32_t take = 0;

    /* most often it is a descriptor alone */
    if (atomic_load_explicit(&own->summary, memory_order_relaxed))
        take = atomic_exchange(&own->summary, 0);
    while (take) {
        unsigned bit = (unsigned)__builtin_ctz(take);

        take &= take - 1;
        for (unsigned i = 0; i < WORDS_A_BIT; i++)
            if (atomic_load_explicit(&own->bits[bit * WORDS_A_BIT + i], memory_order_relaxed))
                take_word(bit * WORDS_A_BIT + i, rung);
    }
    if (bell_set_found())
        bell_set_take();
}

static void sleep_futex(double seconds)
{
    struct timespec limit, *timeout = NULL;

    if (seconds >= 0) {
        limit.tv_sec = (time_t)seconds;
        limit.tv_nsec = (long)((seconds - (double)limit.tv_sec) * NANOSECONDS);
        timeout = &limit;
    }
    syscall(SYS_futex, &own->summary, FUTEX_WAIT, 0, timeout, NULL, 0);
}

void bell_disarm(void)
{
    atomic_store_explicit(&own->sleep, DVM_AWAKE, memory_order_release);
}

bool bell_arm(bool (*ready)(void))
{
    if (bell_set_found() || !bell_set_whole())
        return false;
    /* pairs with the ringer's or of summary, or its store of a cell's mark, and its load
     * of sleep */
    atomic_store(&own->sleep, bell_watching() ? DVM_ASLEEP_EPOLL : DVM_ASLEEP_FUTEX);
    if (atomic_load(&own->summary) == 0 && !(ready && ready()))
        return true;
    bell_disarm();
    return false;
}

void bell_sleep(double seconds, bool (*ready)(void))
{
    if (!bell_arm(ready))
        return;
    if (atomic_load_explicit(&own->sleep, memory_order_relaxed) == DVM_ASLEEP_EPOLL)
        bell_set_sleep(seconds);
    else
        sleep_futex(seconds);
    bell_disarm();
}

void bell_wait(double seconds)
{
    if (bell_watching())
        bell_set_wait(seconds);
    else
        sleep_futex(seconds);
}

void bell_kick(void)
{
    if (bell_watching())
        bell_set_kick();
    /* it may have gone to sleep before anything was watched */
    syscall(SYS_futex, &own->summary, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
