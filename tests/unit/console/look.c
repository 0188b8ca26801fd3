/* look: only tasks that can never go on are called stuck: no wait with a time limit, of a task
 * that is stopped, for bytes or an answer, for one of several, or that is new at the second
 * look; and what belongs to a run is told apart from the rest. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "console/watch/look.h"
#include "proto/board.h"
#include "proto/frame.h"

static int test_get(struct client *c, const Dvm__Pb__Tasks *message, struct listing *out);
static void test_free(struct listing *l);

#define listing_get test_get
#define listing_free test_free
#include "console/watch/look.c"

#define A DVM_TID_MAKE(1, 1)
#define B DVM_TID_MAKE(1, 2)
#define C DVM_TID_MAKE(2, 1)
#define WORLD 77
#define OTHER_WORLD 78
#define LONG 100.0 /* seconds */

static Dvm__Pb__Task tasks[3], *rows[3];
static Dvm__Pb__Waiting waits[3];
static Dvm__Pb__TasksReply reply, *replies[1];
static int looks;
static void (*between)(void); /* the looks */

static int test_get(struct client *c, const Dvm__Pb__Tasks *message, struct listing *out)
{
    cr_assert(message->boards && message->ended);
    if (++looks == 2 && between)
        between();
    *out = (struct listing){.replies = replies, .count = 1};
    return DVM_OK;
}

static void test_free(struct listing *l)
{
    *l = (struct listing){0};
}

/* A and B receive from each other; C, which A has spawned, receives from A. */
static void set_up(void)
{
    const int tids[] = {A, B, C}, peers[] = {B, A, A};

    looks = 0;
    between = NULL;
    dvm__pb__tasks_reply__init(&reply);
    reply.tasks = rows;
    reply.n_tasks = 3;
    replies[0] = &reply;
    for (int i = 0; i < 3; i++) {
        dvm__pb__task__init(&tasks[i]);
        dvm__pb__waiting__init(&waits[i]);
        rows[i] = &tasks[2 - i]; /* not in order */
        tasks[i].tid = tids[i];
        tasks[i].parent = i == 2 ? A : 0;
        tasks[i].world = i == 2 ? OTHER_WORLD : WORLD;
        tasks[i].state = DVM_TASK_RUNNING;
        tasks[i].looked = true;
        tasks[i].waiting = &waits[i];
        waits[i].call = DVM_BOARD_RECV;
        waits[i].why = DVM_BOARD_MESSAGE;
        waits[i].peer = peers[i];
        waits[i].context = tasks[i].world;
        waits[i].seconds = LONG;
        waits[i].threads = 1;
    }
}

TestSuite(look, .init = set_up);

static size_t stuck(void)
{
    struct look l;
    size_t count;

    looks = 0;
    cr_assert_eq(look_well(NULL, 1, false, &l), DVM_OK);
    cr_expect_eq(l.count, 3);
    cr_expect_eq(l.waits != NULL, l.stuck > 0, "lines are for a deadlock alone");
    count = l.stuck;
    look_free(&l);
    return count;
}

Test(look, a_circle_is_looked_at_twice)
{
    cr_expect_eq(stuck(), 3);
    cr_expect_eq(looks, 2);
}

static void another_wait(void)
{
    waits[1].seconds = 0;
}

Test(look, who_went_on_between_the_looks_is_not_stuck)
{
    between = another_wait;
    cr_expect_eq(stuck(), 0);
    cr_expect_eq(looks, 2);
}

Test(look, a_wait_that_may_end_is_none)
{
    waits[1].timed = true;
    cr_expect_eq(stuck(), 0);
    cr_expect_eq(looks, 1);
    set_up();
    tasks[1].stopped = true;
    cr_expect_eq(stuck(), 0);
    set_up();
    waits[1].threads = 2;
    cr_expect_eq(stuck(), 0);
    set_up();
    waits[1].call = DVM_BOARD_WAITANY;
    waits[1].requests = 2;
    cr_expect_eq(stuck(), 0);
    set_up();
    waits[1].why = DVM_BOARD_BYTES;
    cr_expect_eq(stuck(), 0);
    set_up();
    waits[1].why = DVM_BOARD_ANSWER;
    cr_expect_eq(stuck(), 0);
    set_up();
    tasks[1].state = DVM_TASK_ENDED;
    tasks[1].waiting = NULL;
    cr_expect_eq(stuck(), 0);
}

Test(look, anybody_is_only_the_own_world)
{
    for (int i = 0; i < 2; i++)
        waits[i].peer = DVM_ANY;
    cr_expect_eq(stuck(), 3);
    waits[0].context = 0; /* DVM_UNIVERSE: somebody may send who is not there yet */
    cr_expect_eq(stuck(), 0);
}

Test(look, what_belongs_to_a_run)
{
    struct look l;

    cr_assert_eq(look_well(NULL, 1, false, &l), DVM_OK);
    cr_expect(look_of(&l, look_task(&l, B), look_task(&l, A)), "its world");
    cr_expect(look_of(&l, look_task(&l, C), look_task(&l, A)), "what it has spawned");
    cr_expect_not(look_of(&l, look_task(&l, A), look_task(&l, C)), "who has spawned it");
    cr_expect_null(look_task(&l, DVM_TID_MAKE(3, 1)));
    tasks[2].parent = C; /* nonsense of a daemon */
    cr_expect_not(look_of(&l, look_task(&l, C), look_task(&l, A)));
    look_free(&l);
}
