/* knot: of tasks that wait for each other exactly those are stuck that can never go on,
 * compared with a plain search over all orders in which tasks could go on. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/watch/knot.h"

#define NODES 7
#define GRAPHS 20000

Test(knot, a_circle_and_who_waits_for_it)
{
    struct knot_node n[] = {{.wait = KNOT_ONE, .one = 1}, {.wait = KNOT_ONE, .one = 2},
                            {.wait = KNOT_ONE, .one = 0}, {.wait = KNOT_ONE, .one = 1},
                            {.wait = KNOT_NONE},          {.wait = KNOT_ONE, .one = 4}};
    size_t circle;

    cr_expect_eq(knot_find(n, 6), 4);
    cr_expect(n[0].stuck && n[1].stuck && n[2].stuck && n[3].stuck);
    cr_expect_not(n[4].stuck || n[5].stuck);
    circle = knot_circle(n, 6, 3);
    cr_expect(circle <= 2, "the one that waits for the circle is not on it");
}

Test(knot, itself_is_a_circle)
{
    struct knot_node n[] = {{.wait = KNOT_ONE, .one = 0}};

    cr_expect_eq(knot_find(n, 1), 1);
    cr_expect_eq(knot_circle(n, 1, 0), 0);
    cr_expect_eq(knot_find(NULL, 0), 0);
}

Test(knot, a_set_that_waits_for_any_of_itself)
{
    struct knot_node n[] = {{.wait = KNOT_ANY, .set = 5}, {.wait = KNOT_ONE, .one = 0, .set = 5},
                            {.wait = KNOT_NONE, .set = 6}};

    cr_expect_eq(knot_find(n, 3), 2);
    cr_expect_eq(knot_circle(n, 3, 1), 3, "no circle");
    n[2].set = 5; /* now one of them goes on */
    cr_expect_eq(knot_find(n, 3), 0);
}

/* The other way round: who goes on, by asking each task again until nothing changes. */
static bool can(const struct knot_node *n, size_t i, unsigned depth)
{
    bool any = false;

    if (n[i].wait == KNOT_NONE)
        return true;
    if (depth == 0)
        return false;
    if (n[i].wait == KNOT_ONE)
        return can(n, n[i].one, depth - 1);
    for (size_t j = 0; j < NODES; j++)
        any = any || (j != i && n[j].set == n[i].set && can(n, j, depth - 1));
    return any;
}

Test(knot, like_a_plain_search)
{
    unsigned seed = (unsigned)getpid();

    cr_log_info("seed %u", seed);
    srand(seed);
    for (int g = 0; g < GRAPHS; g++) {
        struct knot_node n[NODES];
        size_t stuck = 0;

        for (size_t i = 0; i < NODES; i++)
            n[i] = (struct knot_node){.wait = rand() % 8 == 0   ? KNOT_NONE
                                              : rand() % 4 == 0 ? KNOT_ANY
                                                                : KNOT_ONE,
                                      .one = (size_t)rand() % NODES, .set = (uint64_t)rand() % 2};
        stuck = knot_find(n, NODES);
        for (size_t i = 0; i < NODES; i++) {
            cr_assert_eq(n[i].stuck, !can(n, i, NODES), "seed %u, graph %d, task %zu", seed, g, i);
            stuck -= n[i].stuck;
        }
        cr_assert_eq(stuck, 0);
    }
}
