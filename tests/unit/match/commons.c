/* commons: the protocol of memory in common with all its members in one process, each at the
 * step that a test wants: turns that wrap, cells that are used again, who leaves when, and
 * calls that differ. Nothing may wait here, except where a test says so. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/commons_alone.h"

#define MEMBERS 3
#define PLACE 4096
#define LONG 100 /* bytes that need a block */

static uint8_t *memory;
static struct commons *members[MEMBERS];
static int given_back, gone, waits, rings;

void *test_make(size_t bytes, int tasks, uint64_t *at)
{
    (void)tasks;
    cr_assert_null(parting); /* nobody looks at the memory of the last group any more */
    free(memory);
    memory = calloc(1, bytes);
    given_back = 0;
    *at = PLACE;
    return memory;
}

void *test_join(int tid, uint64_t at, size_t bytes)
{
    (void)tid, (void)bytes;
    return at == PLACE ? memory : NULL;
}

void test_give_back(uint64_t at, size_t bytes)
{
    (void)at, (void)bytes;
    given_back++;
}

void test_offer(int tid) { (void)tid; }
void test_leave(void *map, size_t bytes) { (void)map, (void)bytes; }
void test_ring(int tid) { (void)tid; rings++; }
bool test_wait_spins(void) { return false; }
bool test_wait_threaded(void) { return false; }
bool test_gone(int tid, const char **why) { (void)why; return tid == gone; }

/* What is waited for never comes. */
int test_wait_looking(bool (*done)(void *arg), void *arg, const struct wait_look *look,
                      const struct board_subject *subject)
{
    (void)look, (void)subject;
    waits++;
    done(arg);
    return DVM_OK;
}

static void make(int size)
{
    static const int tids[MEMBERS] = {11, 12, 13};
    uint64_t at;

    gone = waits = 0;
    members[0] = commons_make(tids, size, 0, &at);
    for (int i = 1; i < size; i++)
        members[i] = commons_join(tids, size, i, at);
}

static bool never(void *arg) { (void)arg; return false; }
static void no_matter(void *arg, bool begins) { (void)arg, (void)begins; }

static struct commons_op begin(int rank, uint32_t call, uint32_t bytes)
{
    struct commons_op op = {.commons = members[rank], .call = call, .bytes = bytes, .put = bytes,
                            .stop = never, .waits = no_matter};

    commons_begin(&op);
    return op;
}

static bool put(struct commons_op *op)
{
    uint8_t data[LONG];

    memset(data, (int)op->commons->turn + op->commons->rank, sizeof data);
    return commons_put(op, data) == COMMONS_OK;
}

/* All of a group of two give and take, one step each in turn. */
static void together(uint32_t bytes)
{
    struct commons_op op[2];

    for (int i = 0; i < 2; i++) {
        op[i] = begin(i, 7, bytes);
        cr_assert(put(&op[i]));
    }
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(commons_wait(&op[i], 0, 2), COMMONS_OK);
        cr_assert(!commons_find_odd(&op[i]));
        for (int r = 0; r < 2; r++)
            cr_assert_eq(*(const uint8_t *)commons_of(&op[i], r),
                         (uint8_t)(members[i]->turn + (unsigned)r));
        commons_end(&op[i]);
    }
    cr_assert_eq(waits, 0);
}

/* Who is on whose core is known of those that have used the wide memory. */
Test(commons, who_shares_a_core_is_known)
{
    struct commons_op op;
    cpu_set_t here;

    make(MEMBERS);
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    cr_assert_eq(sched_setaffinity(0, sizeof here, &here), 0);
    cr_assert_not(commons_beside(members[0], 0));
    for (int i = 0; i < 2; i++) {
        members[i]->wide = memory;
        op = begin(i, 7, 0);
        cr_assert_eq(commons_parts(&op, 1, 0), memory);
    }
    cr_assert(commons_beside(members[0], 1) && commons_beside(members[1], 0));
    cr_assert_not(commons_beside(members[0], 2));
    cr_assert_not(commons_beside(members[2], 0));
    members[0]->members[1].core++; /* elsewhere */
    cr_assert_not(commons_beside(members[0], 1));
}

/* As if so many operations had gone by in which nobody of the two had to look who is done. */
static void go_by(uint64_t turns)
{
    for (int i = 0; i < 2; i++) {
        members[i]->turn += turns;
        members[0]->members[i].done = (uint32_t)members[i]->turn;
    }
}

Test(commons, turns_may_be_many)
{
    static const uint64_t gaps[] = {UINT64_C(1) << 31, (UINT64_C(1) << 31) + 5,
                                    (UINT64_C(1) << 32) - 100, UINT64_C(5) << 31};

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        make(2);
        together(LONG);
        go_by(gaps[i]);
        /* the wrap of the low half is among these, or was in the gap */
        for (int k = 0; k < 1000; k++)
            together(k % 3 ? 1 : LONG);
        for (int r = 0; r < 2; r++)
            commons_free(members[r], false);
    }
}

/* Who needs nothing runs ahead, but not into a cell that another may still look at. */
Test(commons, a_cell_stays_for_two_turns)
{
    struct commons_op slow, op;
    uint32_t ahead = 0;

    make(2);
    together(1);
    members[1]->done = 1; /* as if it had just looked */
    slow = begin(0, 7, 1); /* waits in turn 2, and looks at turns 2 and 1 */
    for (op = begin(1, 7, 1); put(&op) && ahead < DVM_COMMONS_CELLS; op = begin(1, 7 + ahead, 1)) {
        commons_end(&op);
        cr_assert(!commons_find_odd(&slow), "%u ahead", ahead);
        ahead++;
    }
    cr_assert_eq(waits, 1); /* the one below gave up */
    cr_assert_eq(members[1]->turn, members[1]->rows + 1);
    for (int r = 0; r < 2; r++)
        commons_free(members[r], false);
}

Test(commons, memory_is_given_back_when_all_have_left)
{
    make(3);
    commons_free(members[0], false);
    commons_free(members[2], false);
    drop_parting();
    cr_assert_eq(given_back, 0);
    commons_free(members[1], false);
    drop_parting();
    cr_assert_eq(given_back, 1);

    make(2);
    commons_free(members[0], false);
    cr_assert_eq(given_back, 0);
    gone = 12;
    drop_parting();
    cr_assert_eq(given_back, 1);
    commons_free(members[1], true);

    make(2);
    commons_refuse(members[0]);
    cr_assert_eq(given_back, 1);
    commons_refuse(members[1]);
    cr_assert_eq(given_back, 1);
}

/* In dvm_finalize, and where it was refused, the memory may be another's by now. */
Test(commons, who_ends_touches_nothing)
{
    uint8_t *before = malloc(dvm_commons_bytes(2));

    for (int refused = 0; refused < 2; refused++) {
        make(2);
        if (!refused)
            together(1);
        memcpy(before, memory, dvm_commons_bytes(2));
        if (refused)
            commons_refuse(members[1]);
        else
            commons_free(members[1], true);
        cr_assert_arr_eq(before, memory, dvm_commons_bytes(2));
        commons_free(members[0], false);
        commons_stop();
        cr_assert_eq(given_back, 0);
    }
    free(before);
}

/* Two have broadcast from rank 0, the third expects one from rank 1, which does not come: both
 * sides see it, whoever looks later, and however far the others are. */
Test(commons, who_was_left_behind_is_found)
{
    for (uint32_t ahead = 0; ahead < 9; ahead++) {
        struct commons_op op, lost;

        make(3);
        for (int r = 0; r < 2; r++) {
            op = begin(r, 70, 1);
            cr_assert(r != 0 || put(&op));
            commons_end(&op);
            for (uint32_t i = 0; i < ahead; i++) {
                op = begin(r, 80 + i, 1);
                cr_assert(r != 0 || put(&op));
                commons_end(&op);
            }
        }
        op = begin(1, 90, 1);
        cr_assert(!commons_find_odd(&op));
        lost = begin(2, 71, 1);
        cr_assert(commons_find_odd(&lost), "%u ahead", ahead);
        cr_assert_eq(lost.odd_call, 70);
        cr_assert(commons_find_odd(&op), "%u ahead", ahead);
        cr_assert_eq(op.odd, 2);
        cr_assert_eq(op.odd_call, 71);
        for (int r = 0; r < 3; r++)
            commons_free(members[r], false);
    }
}

/* Who sleeps until another puts, in a turn, is rung for that, and not when the other has done a
 * turn before; but it is when the other has done that turn without putting. */
Test(commons, who_sleeps_is_rung_for_what_it_waits_for)
{
    struct commons_op sleeper, op;

    make(2);
    together(1);
    op = begin(0, 7, 1);
    cr_assert(put(&op));
    sleeper = begin(1, 7, 1);
    commons_end(&sleeper);
    sleeper = begin(1, 8, 1);
    sleeper.first = 0;
    sleeper.end = 1;
    cr_assert(to_sleep(&sleeper));
    rings = 0;
    commons_end(&op);
    cr_assert_eq(rings, 0);
    op = begin(0, 8, 1);
    cr_assert(put(&op));
    cr_assert_eq(rings, 1);
    has_slept(&sleeper);
    cr_assert(ready(&sleeper));
    commons_end(&op);
    commons_end(&sleeper);
    cr_assert_eq(rings, 1);

    sleeper = begin(1, 9, 1);
    sleeper.first = 0;
    sleeper.end = 1;
    cr_assert(to_sleep(&sleeper));
    op = begin(0, 10, 1);
    commons_end(&op);
    cr_assert_eq(rings, 2);
    cr_assert(commons_find_odd(&sleeper));
    has_slept(&sleeper);

    sleeper.odd = -1;
    sleeper.done = true;
    sleeper.needed = members[0]->turn + 1;
    cr_assert(to_sleep(&sleeper));
    op = begin(0, 10, 1);
    commons_end(&op);
    cr_assert_eq(rings, 3);
    has_slept(&sleeper);
    for (int r = 0; r < 2; r++)
        commons_free(members[r], false);
}

/* Rank 0 gives at once in the next turn, rank 1 takes that. */
static void give_and_take(uint32_t call)
{
    const struct commons_word word = {call, 4, 1};
    const uint32_t *came;

    cr_assert(commons_give(members[0], &word, &call));
    came = commons_look(members[1], &word, 0);
    cr_assert(came && *came == call);
    commons_pass(members[1], &word, 0);
}

/* Who is through at once does what it would have done in steps, but tells of it less often. */
Test(commons, at_once)
{
    struct commons_op op;
    uint32_t x = 3;

    make(2);
    together(1);
    cr_assert_null(commons_look(members[1], &(struct commons_word){5, 4, 1}, 0));
    for (uint32_t i = 2; i < 50; i++) {
        give_and_take(i);
        for (int r = 0; r < 2; r++) {
            cr_assert_eq(members[r]->turn, i);
            cr_assert_eq(atomic_load(&members[0]->members[r].entered),
                         (uint64_t)i << TURN_SHIFT | i);
            cr_assert_eq(done_by(members[0], r), i < TELL ? 1 : i / TELL * TELL);
        }
    }
    together(1);
    together(LONG);
    cr_assert_eq(done_by(members[0], 1), members[0]->turn);
    /* what is another call, type or size is left alone */
    cr_assert(commons_give(members[0], &(struct commons_word){60, 4, 1}, &x));
    cr_assert_null(commons_look(members[1], &(struct commons_word){61, 4, 1}, 0));
    cr_assert_null(commons_look(members[1], &(struct commons_word){60, 8, 1}, 0));
    cr_assert_null(commons_look(members[1], &(struct commons_word){60, 4, 2}, 0));
    cr_assert_eq(members[1]->turn + 1, members[0]->turn);
    op = begin(1, 61, 4);
    cr_assert_eq(commons_wait(&op, 0, 1), COMMONS_ODD);
    cr_assert_eq(op.odd_call, 60);
    for (int r = 0; r < 2; r++)
        commons_free(members[r], false);
}

/* It goes no further ahead than others, and what it waits for then is told by who is through. */
Test(commons, at_once_there_must_be_room)
{
    const struct commons_word word = {7, 4, 1};
    struct commons_op op;
    uint64_t turns = 0;
    uint32_t x = 3;

    make(2);
    while (commons_give(members[0], &word, &x))
        turns++;
    cr_assert_eq(turns, members[0]->rows - 1);
    op = begin(0, 7, 4);
    cr_assert_not(put(&op)); /* waits, in vain */
    cr_assert_eq(waits, 1);
    cr_assert(op.needed > 0 && op.needed + members[0]->rows > members[0]->turn);
    op.odd = -1;
    cr_assert(to_sleep(&op));
    rings = 0;
    while (members[1]->turn < op.needed) {
        cr_assert_eq(rings, 0);
        cr_assert_not_null(commons_look(members[1], &word, 0));
        commons_pass(members[1], &word, 0);
        rings = members[1]->turn < op.needed ? 0 : rings;
    }
    cr_assert_eq(rings, 1);
    has_slept(&op);
    cr_assert(ready(&op));
    for (int r = 0; r < 2; r++)
        commons_free(members[r], false);
}

/* Who waits for it in a turn that it is through with is rung: they are in different calls. */
Test(commons, at_once_it_rings_who_waits)
{
    struct commons_op sleeper;
    uint32_t x = 3;

    make(2);
    together(1);
    sleeper = begin(1, 9, 4);
    sleeper.first = 0;
    sleeper.end = 1;
    cr_assert(to_sleep(&sleeper));
    rings = 0;
    commons_pass(members[0], &(struct commons_word){10, 4, 1}, 1);
    cr_assert_eq(rings, 1);
    cr_assert(commons_find_odd(&sleeper));
    has_slept(&sleeper);
    sleeper = begin(1, 9, 4);
    sleeper.first = 0;
    sleeper.end = 1;
    cr_assert(to_sleep(&sleeper));
    cr_assert(commons_give(members[0], &(struct commons_word){9, 4, 0}, &x));
    cr_assert_eq(rings, 2);
    has_slept(&sleeper);
    for (int r = 0; r < 2; r++)
        commons_free(members[r], false);
}
