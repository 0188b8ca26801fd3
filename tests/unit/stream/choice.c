/* choice.c: the faster way is found, kept, and left when it is no longer the faster. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "stream/choice.h"

#define MIB ((size_t)1 << 20)

#define MIDDLE ((size_t)64 << 10) /* of which all three ways are measured */

/* Let messages go by the way that is chosen; each has its speed. Returns how many did not go
 * through the ring. */
static int run(struct choice *c, int messages, uint64_t ring_ns, uint64_t copy_ns)
{
    int copies = 0;

    for (int i = 0; i < messages; i++) {
        enum choice_way way = choice_next(c, MIB);

        copies += way != CHOICE_RING;
        choice_took(c, way, MIB, way != CHOICE_RING ? copy_ns : ring_ns);
    }
    return copies;
}

Test(choice, follows_the_faster_way)
{
    struct choice c = {0};
    int copies;

    unsetenv("DVM_SINGLE_COPY");
    choice_start();
    copies = run(&c, 1000, 60000, 100000);
    cr_assert_geq(copies, 2, "the other way is looked at now and then");
    cr_assert_leq(copies, 20);
    copies = run(&c, 2000, 200000, 100000);
    cr_assert_geq(copies, 1500, "only %d copies when they are faster", copies);
    copies = run(&c, 2000, 60000, 100000);
    cr_assert_leq(copies, 500);
}

Test(choice, sizes_are_apart)
{
    struct choice c = {0};

    unsetenv("DVM_SINGLE_COPY");
    choice_start();
    run(&c, 100, 200000, 100000);
    /* nothing is known of small ones yet */
    cr_assert_eq(choice_next(&c, 20000), CHOICE_RING);
    choice_took(&c, CHOICE_RING, 20000, 1000);
    cr_assert_eq(choice_next(&c, 20000), CHOICE_COPY);
}

Test(choice, settings)
{
    struct choice c = {0};

    setenv("DVM_SINGLE_COPY", "always", 1);
    choice_start();
    cr_assert_eq(run(&c, 100, 1, 1000), 100);
    setenv("DVM_SINGLE_COPY", "never", 1);
    choice_start();
    cr_assert_eq(run(&c, 100, 1000, 1), 0);
}

Test(choice, stays_with_what_both_do)
{
    struct choice c = {0};

    unsetenv("DVM_SINGLE_COPY");
    choice_start();
    run(&c, 100, 60000, 100000);
    choice_helped(&c, MIB, true);
    cr_assert_eq(run(&c, 1000, 60000, 100000), 1000);
    cr_assert_eq(choice_next(&c, 4 * MIB), CHOICE_RING, "of another size nothing is known");
    choice_helped(&c, MIB, false);
    cr_assert_leq(run(&c, 1000, 60000, 100000), 40);
}

/* Messages of middle size, by ways that take so many nanoseconds each: how many went by which. */
static void run_middle(struct choice *c, const uint64_t *ns, int *went)
{
    for (int way = 0; way < CHOICE_WAYS; way++)
        went[way] = 0;
    for (int i = 0; i < 2000; i++) {
        enum choice_way way = choice_next(c, MIDDLE);

        went[way]++;
        choice_took(c, way, MIDDLE, ns[way]);
        if (way == CHOICE_BOTH)
            choice_helped(c, MIDDLE, true);
    }
}

Test(choice, three_ways_are_compared)
{
    struct choice c = {0};
    int went[CHOICE_WAYS];

    unsetenv("DVM_SINGLE_COPY");
    choice_start();
    for (int best = 0; best < CHOICE_WAYS; best++) {
        uint64_t ns[CHOICE_WAYS] = {9000, 9000, 9000};

        ns[best] = 6000;
        run_middle(&c, ns, went);
        cr_assert_geq(went[best], 1700, "way %d: %d", best, went[best]);
        for (int way = 0; way < CHOICE_WAYS; way++)
            cr_assert_geq(went[way], 8, "way %d is not looked at while %d is best", way, best);
    }
}

Test(choice, short_ones_ask_nobody)
{
    struct choice c = {0};

    unsetenv("DVM_SINGLE_COPY");
    choice_start();
    for (int i = 0; i < 1000; i++) {
        enum choice_way way = choice_next(&c, 20000);

        cr_assert_neq(way, CHOICE_BOTH);
        choice_took(&c, way, 20000, 3000);
    }
}
