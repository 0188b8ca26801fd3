/* settle: what a task has had of a core is known from look to look, and who does not stay where it
 * went moves seldom. */
#include <criterion/criterion.h>

#include "match/settle.h"

/* A look after the pause, by a task that had so many thousandths of a core meanwhile. */
static uint32_t look(struct settling *s, uint64_t had)
{
    return settle_look(s, s->due, s->used + had * (s->due - s->seen) / 1000);
}

Test(settle, what_a_task_had_is_known)
{
    struct settling s = {0};

    cr_assert_eq(settle_look(&s, 1000, 1000), 0); /* nothing is known yet */
    cr_assert_eq(s.due, 1000 + SETTLE_NS);
    cr_assert_eq(look(&s, 250), 250);
    cr_assert_eq(look(&s, 0), 0);
    cr_assert_eq(look(&s, 1000), 1000);
    cr_assert_eq(s.due - s.seen, SETTLE_NS);
}

Test(settle, who_does_not_stay_moves_seldom)
{
    struct settling s = {0};
    uint64_t before;

    settle_look(&s, 1000, 0);
    for (int i = 0; i < 20; i++) {
        look(&s, 250);
        before = s.due - s.seen;
        settle_moved(&s);
        cr_assert(s.due - s.seen == 2 * before || s.due - s.seen == SETTLE_NS_MOST);
    }
    cr_assert_eq(s.due - s.seen, SETTLE_NS_MOST);
    /* who stays looks no more often: what has moved it may be there still */
    cr_assert_eq(look(&s, 250), 250);
    cr_assert_eq(s.due - s.seen, SETTLE_NS_MOST);
}
