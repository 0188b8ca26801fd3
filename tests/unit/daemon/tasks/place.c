/* place: where tasks go is a rule that can be told in a sentence, the same for
 * every count: the largest share of a core first. */
#include <criterion/criterion.h>

#include "daemon/tasks/place.h"

#define NOTE 160

Test(place, shares_follow_cores)
{
    struct place_host h[] = {{1, 2, 0, 0, 0}, {2, 4, 0, 0, 0}, {3, 2, 0, 0, 0}};

    place_spread(h, 3, 8);
    cr_assert_eq(h[0].count, 2);
    cr_assert_eq(h[1].count, 4);
    cr_assert_eq(h[2].count, 2);
    place_spread(h, 3, 4);
    cr_assert_eq(h[0].count, 1);
    cr_assert_eq(h[1].count, 2);
    cr_assert_eq(h[2].count, 1);
}

Test(place, busy_hosts_get_less)
{
    struct place_host h[] = {{1, 4, 4, 0, 0}, {2, 4, 0, 0, 0}};

    place_spread(h, 2, 4);
    cr_assert_eq(h[0].count, 0);
    cr_assert_eq(h[1].count, 4);
    place_spread(h, 2, 6);
    cr_assert_eq(h[0].count, 1);
    cr_assert_eq(h[1].count, 5);
}

Test(place, equal_hosts_are_oversubscribed_alike)
{
    struct place_host h[] = {{1, 2, 0, 0, 0}, {2, 2, 0, 0, 0}, {3, 2, 0, 0, 0}, {4, 2, 0, 0, 0}};
    int sum = 0;

    place_spread(h, 4, 33);
    for (int i = 0; i < 4; i++) {
        cr_assert(h[i].count == 8 || h[i].count == 9);
        sum += h[i].count;
    }
    cr_assert_eq(sum, 33);
    cr_assert_eq(h[0].count, 9, "of equal hosts the first gets more");
}

Test(place, a_host_without_cores_counts_as_one)
{
    struct place_host h[] = {{1, 0, 0, 0, 0}, {2, 3, 0, 0, 0}};

    place_spread(h, 2, 4);
    cr_assert_eq(h[0].count, 1);
    cr_assert_eq(h[1].count, 3);
}

Test(place, one_host_gets_all)
{
    struct place_host h = {1, 2, 7, 0, 0};

    place_spread(&h, 1, 5);
    cr_assert_eq(h.count, 5);
}

Test(place, the_note_counts_where_tasks_were_placed)
{
    struct place_host h[] = {{1, 4, 0, 16, 0}, {2, 8, 0, 0, 0}};
    char note[NOTE];

    place_note(h, 2, note, sizeof note);
    cr_assert_str_eq(note, "16 tasks on 4 cores (oversubscribed 4 times; waiting tasks sleep)");
    h[0].count = 4;
    place_note(h, 2, note, sizeof note);
    cr_assert_str_eq(note, "");
    h[0].running = 2;
    place_note(h, 2, note, sizeof note);
    cr_assert_str_eq(note,
                     "6 tasks on 4 cores (oversubscribed 1.5 times; waiting tasks sleep)");
}

Test(place, the_note_counts_a_computer_once)
{
    struct place_host h[] = {
        {.cores = 2, .count = 2, .computer = 7}, {.cores = 4, .count = 2, .computer = 7},
        {.cores = 4, .count = 4, .computer = 8}, {.cores = 4, .computer = 9}};
    char note[NOTE];

    place_note(h, 4, note, sizeof note);
    cr_assert_str_eq(note, "", "8 tasks on 4 cores and 4");
    h[1].count = 3;
    place_note(h, 4, note, sizeof note);
    cr_assert_str_eq(note,
                     "9 tasks on 8 cores (oversubscribed 1.12 times; waiting tasks sleep)");
    h[0].computer = h[1].computer = 0; /* not known: each for itself */
    place_note(h, 4, note, sizeof note);
    cr_assert_str_eq(note, "");
}

Test(place, packing_fills_one_host_before_the_next)
{
    struct place_host h[] = {{1, 4, 1, 0, 0}, {2, 2, 5, 0, 0}, {3, 4, 0, 0, 0}};

    place_pack(h, 3, 2);
    cr_assert(h[0].count == 2 && h[1].count == 0 && h[2].count == 0);
    place_pack(h, 3, 5);
    cr_assert(h[0].count == 3 && h[1].count == 0 && h[2].count == 2);
    /* what is more than all free cores is spread: 7 are free, 4 more */
    place_pack(h, 3, 11);
    cr_assert_eq(h[0].count + h[1].count + h[2].count, 11);
    cr_assert(h[0].count == 5 && h[1].count == 0 && h[2].count == 6);
}
