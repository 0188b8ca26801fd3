/* ways: of two ways of whole calls the one that takes less is taken, whichever that is, also when
 * it changes, and after a call that took much longer by chance; the other is tried now and then. */
#include <criterion/criterion.h>

#include "coll/ways.h"

#define CALLS 6400 /* enough for a change of mind */

/* So many calls that take that; returns how many went by way true. */
static int calls(struct ways *w, int count, float by_false, float by_true)
{
    int went = 0;

    for (int i = 0; i < count; i++) {
        bool timed, way = ways_next(w, &timed);

        if (timed)
            ways_learn(w, way, way ? by_true : by_false);
        went += way;
    }
    return went;
}

Test(ways, what_takes_less_is_taken)
{
    struct ways low = {0}, high = {0}, even = {0};

    cr_assert_leq(calls(&low, CALLS, 1, 2), CALLS / 20);
    cr_assert_geq(calls(&high, CALLS, 2, 1), CALLS * 19 / 20);
    cr_assert_leq(calls(&even, CALLS, 1, 0.99F), CALLS / 20);
}

Test(ways, it_may_change)
{
    struct ways w = {0};

    calls(&w, CALLS, 1, 3);
    cr_assert_geq(calls(&w, CALLS, 3, 1), CALLS / 2);
    cr_assert_leq(calls(&w, CALLS, 1, 3), CALLS / 2);
    cr_assert_leq(calls(&w, CALLS, 1, 3), CALLS / 20);
}

Test(ways, one_slow_call_is_forgotten)
{
    struct ways w = {0};

    calls(&w, 4, 2, 100); /* the first measurements */
    calls(&w, CALLS / 10, 2, 1);
    cr_assert_geq(calls(&w, CALLS, 2, 1), CALLS * 19 / 20);
}
