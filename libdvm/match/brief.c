/* brief.c: whether a short look is worth its time; see brief.h.
 *
 * Two tasks that exchange messages often answer within less time than a wake takes, also while
 * others want the cores. Then looking takes less processor time than sleeping, of the one who
 * waits (going to sleep and coming back) and of the one who would have to wake it; who computes
 * beside them gains, too. But where no answer comes soon each look is lost time. So looks that
 * found something quickly are a credit, from which slow ones are paid; without credit a
 * number of waits sleep at once, which doubles while looks find nothing. Such a look now and
 * then must be so long that it also sees the answer of a peer that is still asleep: else
 * two that sleep would never find out that they need not.
 */
#include "match/brief.h"

#define BRIEF_QUICK_NS 20000 /* an answer that came within it was worth it */
#define CREDIT_MOST 16
#define CREDIT_BEGIN 4       /* of a look that found something, when there was none */
#define VAIN_COSTS 4         /* of a look that found nothing; a slow one costs one */
#define REST_MOST 64        /* waits that sleep at once between looks in vain */

static struct {
    unsigned credit; /* slow looks that are still paid */
    unsigned rest;   /* waits that sleep at once before the next look */
    unsigned pause;  /* what rest is after the next look in vain */
} brief = {.pause = 1};

void brief_start(void)
{
    brief.credit = brief.rest = 0;
    brief.pause = 1;
}

bool brief_try(void)
{
    if (!brief.rest)
        return true;
    brief.rest--;
    return false;
}

static void pay(unsigned cost)
{
    if (brief.credit > cost) {
        brief.credit -= cost;
        return;
    }
    brief.credit = 0;
    brief.rest = brief.pause;
    if (brief.pause < REST_MOST)
        brief.pause *= 2;
}

void brief_took(uint64_t ns)
{
    if (ns <= BRIEF_QUICK_NS) {
        brief.pause = 1;
        brief.credit += brief.credit < CREDIT_MOST;
    } else if (ns == UINT64_MAX) {
        pay(VAIN_COSTS);
    } else if (!brief.credit) {
        brief.credit = CREDIT_BEGIN;
    } else {
        pay(1);
    }
}

bool brief_hopes(void)
{
    return brief.credit != 0;
}
