/* bypass: copies around the caches have the same bytes, whatever their length and place, and
 * nothing beside them changes; which way is taken follows what both cost, and what they cost
 * later. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "coll/bypass.h"

#define ROOM 20480 /* whole lines, as the margin is */
#define MARGIN 128
#define COPIES 3200 /* enough for both ways, and for a change of mind */
#define EVERY_COPIES 32 /* of these one goes the other way */

Test(bypass, bytes_are_those)
{
    static const size_t sizes[] = {0, 1, 63, 2047, 2048, 2049, 4096, 5000, 16383, ROOM - MARGIN};
    char *to = aligned_alloc(64, ROOM + 2 * MARGIN), *from = malloc(ROOM);

    for (size_t i = 0; i < ROOM; i++)
        from[i] = (char)(i * 7 + i / 251);
    for (int copy = 0; copy < COPIES; copy++) {
        size_t bytes = sizes[copy % (int)(sizeof sizes / sizeof sizes[0])];
        size_t at = MARGIN + (copy % 3 == 2 ? 8 : 0), off = (size_t)copy % 17;

        memset(to, 0x5a, ROOM + 2 * MARGIN);
        bypass_copy(to + at, from + off, bytes, copy % 5 == 4);
        cr_assert_eq(memcmp(to + at, from + off, bytes), 0, "%zu bytes", bytes);
        for (size_t i = 0; i < MARGIN; i++)
            cr_assert(to[at - 1 - i % at] == 0x5a && to[at + bytes + i] == 0x5a);
    }
    free(to);
    free(from);
}

/* So many copies on a computer where the ways cost that; returns how many went around. */
static int copies(struct bypass *b, int count, double through, double around)
{
    int went = 0;

    for (int i = 0; i < count; i++) {
        bool timed, way = bypass_way(b, &timed);

        if (timed)
            bypass_learn(b, way, way ? around : through);
        went += way;
    }
    return went;
}

Test(bypass, near_cores_use_their_caches)
{
    struct bypass b = {0};

    cr_assert_leq(copies(&b, COPIES, 1.7, 1), COPIES / 20);
}

Test(bypass, far_cores_do_not)
{
    struct bypass b = {0};

    cr_assert_geq(copies(&b, COPIES, 5, 1), COPIES * 9 / 10);
}

/* Of which there are many: they cost less to learn from, and follow a change all the same. */
Test(bypass, short_ones_learn_seldom)
{
    struct bypass b = {.shorts = true};

    copies(&b, COPIES, 5, 1);
    cr_assert_geq(copies(&b, COPIES, 5, 1), COPIES * 98 / 100);
    cr_assert_leq(copies(&b, 2 * COPIES, 1.7, 1), COPIES / 2);
}

/* So many copies where half of the lines are in the writer's cache all the same, in rows. */
static int mixed_copies(struct bypass *b, int count, double cheap, double dear)
{
    int went = 0;

    for (int i = 0; i < count; i += EVERY_COPIES)
        went += copies(b, EVERY_COPIES, i / EVERY_COPIES % 4 < 2 ? cheap : dear, 1);
    return went;
}

Test(bypass, a_crowd_on_far_cores_does_not)
{
    struct bypass b = {0};

    cr_assert_geq(mixed_copies(&b, 4 * COPIES, 0.8, 4.5), 4 * COPIES * 3 / 4);
}

Test(bypass, a_computer_may_change)
{
    struct bypass b = {0};

    copies(&b, COPIES, 1.7, 1);
    copies(&b, COPIES, 5, 1);
    cr_assert(b.around);
    copies(&b, COPIES, 1.7, 1);
    cr_assert_not(b.around);
    /* a core that was lost twice says nothing */
    for (int i = 0; i < 2; i++)
        bypass_learn(&b, false, 1000);
    cr_assert_not(b.around);
}
