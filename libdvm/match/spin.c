/* spin.c: looking for what is waited for, before a wait sleeps.
 *
 * A wake costs more than a message's way, a core that spins for nothing is lost to those who
 * compute. So a wait looks for a moment while the computer has an idle core, yields where tasks
 * are more than cores, looks for as long as a sleep would cost where others want the cores and
 * such looks were worth it (brief.c), and not at all for a while when it notices that somebody
 * else had its core.
 */
#include "match/spin.h"

#include <sched.h>

#include "base/clock.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "lane/lane.h"
#include "match/brief.h"
#include "match/load.h"
#include "match/match.h"
#include "match/request.h"

#define SPIN_NS 150000             /* how long to spin while the computer has an idle core */
#define SPIN_CROWD_NS 1000000      /* the same while others get the core in between */
#define SPIN_CROWD_LARGE 4         /* more tasks a core than these: who waits for a message */
#define SPIN_CROWD_YIELDS 5        /* lets others have the core so often, then sleeps */
#define SPIN_YIELDS_MOST 32        /* of the short way until load and bell are asked again */
#define SPIN_AFTER 8               /* waits of a task before it spins: the first are for its
                                    * daemon and for tasks that are still starting */
#define SPIN_LOOK 16               /* looks at the bell between looks at the clock */
#define SPIN_GAP_NS 20000          /* a gap in the clock that may mean: the core was lost */
#define SPIN_PAUSE_NS 1000000      /* no spinning for so long when it was; doubles when */
#define SPIN_PAUSES 8              /* it is lost again within so many times the last pause, */
#define SPIN_PAUSE_MAX_NS 100000000 /* up to this */

static struct {
    bool threads;          /* DVM_THREAD_MULTIPLE */
    int neighbours;        /* tasks on this computer, with this one, that it works with: those of
                            * its world, or of a group with more of them */
    unsigned waits;        /* that there were, up to SPIN_AFTER; then any number */
    unsigned yields;       /* that wait_yields may still do */
    uint64_t not_before;   /* ns: no spinning until then; 0: spin */
    uint64_t pause;        /* ns that the last pause took, */
    uint64_t paused;       /* and when it was over */
    bool in_vain;          /* the last look took all of its time, and nothing came */
    const struct wait_look *look; /* what is waited for beside the bell; NULL: nothing */
    void *look_arg;
} spinning;

void spin_start(bool threads, int neighbours)
{
    spinning.threads = threads;
    spinning.neighbours = neighbours;
    spinning.waits = spinning.yields = 0;
    spinning.not_before = spinning.pause = spinning.paused = 0;
    spinning.look = NULL;
    brief_start();
}

/* The bell's owner looks for what only descriptors tell: with several threads no lane reads its
 * sockets by itself, as it would need the lock for that; and with one thread a lane reads a few. */
static void spin_look(void)
{
    if (spinning.threads || lane_unseen())
        bell_glance();
}

/* Whether there is something to do: the bell, or what is looked at beside it. */
static inline bool rang(void)
{
    return lane_rung() || (spinning.look && spinning.look->ready(spinning.look_arg));
}

/* More tasks than cores: let the others run, and look at the bell now and then. A core
 * that has gone to sleep takes longer to wake than the next task takes to answer. Not
 * where others want the cores, too: who sleeps gets one sooner than who yields. Nor long
 * in a large crowd, but in a collective, where all go on: with a message often only one can,
 * which would be given a core when all the others have been, but is the next when they sleep. */
static bool spin_crowded(bool collective)
{
    uint64_t start = clock_ns(), now = start;
    bool brief = !collective && spinning.neighbours > SPIN_CROWD_LARGE * load_cores();

    for (int i = 0; (!brief || i < SPIN_CROWD_YIELDS) && now - start < SPIN_CROWD_NS &&
         load_idle(now, spinning.neighbours); i++) {
        spinning.yields = spinning.threads ? 0 : SPIN_YIELDS_MOST;
        if (rang())
            return true;
        sched_yield();
        bell_look(); /* a turn comes seldom: at all sockets, each time */
        now = clock_ns();
    }
    if (!load_idle(now, spinning.neighbours))
        spinning.yields = 0;
    return rang();
}

void match_together(int tasks)
{
    if (tasks > spinning.neighbours)
        spinning.neighbours = tasks;
}

bool wait_spins(void)
{
    /* once only: the clock takes as long as a third of a message's way */
    if (spinning.not_before && clock_ns() >= spinning.not_before)
        spinning.not_before = 0;
    return !spinning.threads && spinning.waits > SPIN_AFTER && load_cores() > 1 &&
           spinning.neighbours <= load_cores() && (!spinning.not_before || brief_hopes());
}

bool wait_spins_freely(void)
{
    uint64_t now;

    if (!wait_spins())
        return false;
    now = clock_ns();
    return now >= spinning.not_before && load_idle(now, load_cores());
}

bool wait_yields(void)
{
    if (spinning.yields == 0)
        return false;
    spinning.yields--;
    sched_yield();
    return true;
}

/* The core was lost, and somebody wants it still: no spinning for a while. Daemons that run for
 * a moment are often such a case, too, so the first pause is short; who stays is met again. */
static void spin_lost(uint64_t now)
{
    bool again = now < spinning.paused + SPIN_PAUSES * spinning.pause;

    spinning.pause = again ? 2 * spinning.pause : SPIN_PAUSE_NS;
    if (spinning.pause > SPIN_PAUSE_MAX_NS)
        spinning.pause = SPIN_PAUSE_MAX_NS;
    spinning.paused = spinning.not_before = now + spinning.pause;
}

/* Others want the cores: look at the bell no longer than sleeping would take, and only while that
 * is of use. */
static bool spin_brief(uint64_t start)
{
    uint64_t now = start;
    bool found = rang();

    if (found || !brief_try() || !lane_answers())
        return found;
    do {
        for (int i = 0; i < SPIN_LOOK && !found; i++) {
            wait_pause();
            found = rang();
        }
        now = clock_ns();
    } while (!found && now - start < BRIEF_NS);
    brief_took(found ? now - start : UINT64_MAX);
    return found;
}

bool spin(const struct board_subject *subject, const struct wait_look *look, void *look_arg)
{
    uint64_t start, last, now;

    spinning.look = look;
    spinning.look_arg = look_arg;
    spinning.in_vain = false;
    if (load_cores() < 2 || ++spinning.waits <= SPIN_AFTER)
        return rang();
    if (spinning.neighbours > load_cores())
        return spin_crowded(subject && subject->call >= DVM_BOARD_BARRIER &&
                            subject->call < DVM_BOARD_REQUEST);
    start = last = clock_ns();
    if (start < spinning.not_before || !load_idle(start, load_cores()))
        return spin_brief(start);
    do {
        for (int i = 0; i < SPIN_LOOK; i++) {
            if (rang())
                return true;
            if (stream_told && !spinning.threads && stream_help())
                start = last = clock_ns();
            wait_pause();
        }
        spin_look();
        now = clock_ns();
        /* to something that is still there, not a moment's work of the kernel */
        if (now - last > SPIN_GAP_NS && load_core_lost() && load_now() > load_cores()) {
            spin_lost(now);
            return rang();
        }
        last = now;
    } while (now - start < SPIN_NS && load_idle(now, load_cores()));
    spinning.in_vain = now - start >= SPIN_NS;
    return false;
}

void spin_slept(void)
{
    int running = spinning.in_vain ? load_now() : 0;

    /* to a core that is idle, while the other task sleeps or spins: not to a third one's */
    if (spinning.in_vain && running <= load_cores())
        lane_part(running < load_cores());
}
