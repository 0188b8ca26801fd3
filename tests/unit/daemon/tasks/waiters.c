/* waiters: lists of who wants to know of an end: in order, a watch counted once, and no
 * memory of those who are gone. */
#include <criterion/criterion.h>

#include "daemon/tasks/waiters.h"

#define MANY 10000

static bool odd_is_gone(void *arg, int tid)
{
    (*(int *)arg)++;
    return tid % 2 != 0;
}

Test(waiters, are_taken_in_order_of_their_kind)
{
    struct waiters w = {0};
    struct waiter one = {.kind = WAITER_WATCH, .tid = 1}, got;

    cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    cr_assert_eq(w.count, 1, "a second watch changes nothing");
    one = (struct waiter){.kind = WAITER_WAIT, .tid = 1, .ref = 1};
    cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    one.ref = 2;
    cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    cr_assert(waiters_take(&w, WAITER_WAIT, &got) && got.ref == 1);
    cr_assert(waiters_take(&w, WAITER_WAIT, &got) && got.ref == 2);
    cr_assert_not(waiters_take(&w, WAITER_WAIT, &got));
    waiters_drop(&w, 1);
    cr_assert_not(waiters_take(&w, WAITER_WATCH, &got));
    waiters_free(&w);
}

Test(waiters, those_who_are_gone_are_not_kept)
{
    struct waiters w = {0};
    int asked = 0;

    for (int i = 1; i < 2 * MANY; i += 2) { /* all of them odd */
        struct waiter one = {.kind = WAITER_WAIT, .tid = i};

        waiters_prune(&w, odd_is_gone, &asked);
        cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    }
    cr_assert_leq(w.room, 64, "%zu", w.room);
    cr_assert_leq(asked, MANY, "asked %d times", asked);
    waiters_free(&w);
}

Test(waiters, who_is_alive_stays)
{
    struct waiters w = {0};
    int asked = 0;

    for (int i = 0; i < MANY; i++) {
        struct waiter one = {.kind = WAITER_WAIT, .tid = 2 * i};

        waiters_prune(&w, odd_is_gone, &asked);
        cr_assert_eq(waiters_add(&w, &one), DVM_OK);
    }
    cr_assert_eq(w.count, MANY);
    cr_assert_leq(asked, 2 * MANY, "not at each, but when it grows: %d", asked);
    waiters_free(&w);
}
