/* brief.c: short looks go on while they are worth their time, and are rare while they are not. */
#include <criterion/criterion.h>

#include "match/brief.h"

enum { QUICK = 5000, SLOW = 32000, WAITS = 10000 };

/* So many waits whose looks end like this; returns how many looked. */
static int run(int waits, uint64_t ns)
{
    int looks = 0;

    for (int i = 0; i < waits; i++)
        if (brief_try()) {
            looks++;
            brief_took(ns);
        }
    return looks;
}

Test(brief, quick_answers_are_looked_for)
{
    brief_start();
    cr_assert_not(brief_hopes(), "nothing is known");
    cr_assert_eq(run(WAITS, QUICK), WAITS);
    cr_assert(brief_hopes());
}

Test(brief, looks_in_vain_become_rare_and_do_not_end)
{
    int looks;

    brief_start();
    looks = run(WAITS, UINT64_MAX);
    cr_assert(looks > WAITS / 100 && looks < WAITS / 50, "%d looks", looks);
    cr_assert_not(brief_hopes());
    /* the first that finds something quickly is enough */
    while (!brief_try())
        continue;
    brief_took(QUICK);
    cr_assert_eq(run(WAITS, QUICK), WAITS);
}

Test(brief, one_in_vain_is_paid_by_quick_ones)
{
    brief_start();
    run(WAITS, QUICK);
    cr_assert_eq(run(1, UINT64_MAX), 1);
    cr_assert_eq(run(WAITS, QUICK), WAITS, "no wait sleeps at once");
}

/* A peer that sleeps answers slowly, until it looks, too: that is waited for, not for ever. */
Test(brief, slow_answers_are_looked_for_in_turns)
{
    int looks;

    brief_start();
    looks = run(WAITS, SLOW);
    cr_assert(looks > WAITS / 20 && looks < WAITS / 5, "%d looks", looks);
}

/* Two that sleep find out that they need not: a look is long enough for the other's waking. */
Test(brief, starts_again_after_a_rest)
{
    int waits = 0;

    brief_start();
    run(WAITS, UINT64_MAX);
    for (; !brief_try(); waits++)
        cr_assert_leq(waits, 64);
    brief_took(SLOW);
    cr_assert(brief_hopes());
    cr_assert(brief_try());
}
