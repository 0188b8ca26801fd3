/* mixup: members of a group that are in different collectives, or in the same with other
 * roots or counts, are told who called what from which line, also where each waits for the
 * other and no message shows it; and slow members are no mistake. fake_run has a limit. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "coll/coll.h"
#include "coll/records.h"
#include "dvm.h"
#include "group/group.h"
#include "proto/wire.h"
#include "tests/support/computing.h"
#include "tests/support/group_task.h"

#define MANY 300000
#define SLOW_SECONDS 0.3 /* longer than MATCH_STALL_SECONDS */

#define TRIES 20         /* at most, until nobody is late */
#define PATIENCE 5.0     /* seconds, for what another does not tell at once on a busy computer */
#define LONG_PATIENCE 20.0 /* of which a third is enough where others compute */

static const struct fake_options hosts = {.hosts = 3};

static void be_patient(void)
{
    records_patience = PATIENCE;
}

TestSuite(mixup, .init = be_patient);

/* Collectives until they end, then its code. */
static int until_end(int rc)
{
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    return rc;
}

/* Two that each wait for the other as the root. */
static int circle(const struct fake_task *me)
{
    int x = 0, rc;

    rc = dvm_bcast(DVM_WORLD, 1 - me->rank, &x, 1, DVM_INT);
    FAKE_CHECK(rc == DVM_ERR_ARG && group_said("collective number 1 of DVM_WORLD"));
    FAKE_CHECK(group_said("rank 0 called dvm_bcast (root 1, 4 bytes of int) at mixup.c:") &&
               group_said("rank 1 called dvm_bcast (root 0, 4 bytes of int) at mixup.c:"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, two_that_wait_for_each_other)
{
    cr_assert_eq(group_run(2, circle, NULL, NULL), 0);
    cr_assert_eq(group_run(2, circle, NULL, &hosts), 0);
}

/* The same without waiting. */
static int started(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = 0;

    FAKE_CHECK(dvm_ibcast(DVM_WORLD, 1 - me->rank, &x, 1, DVM_INT, &request) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("root 0, 4 bytes") && group_said("root 1, 4 bytes"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, two_that_wait_later)
{
    cr_assert_eq(group_run(2, started, NULL, NULL), 0);
}

/* What rank 1 tells of a call. */
static void card(const struct coll_record *r)
{
    uint8_t word[40], *at = wire_put(word, 1, 8);

    at = wire_put(at, r->sequence, 8);
    at = wire_put(at, r->kind, 8);
    at = wire_put(at, r->signature, 8);
    wire_put(at, r->bytes, 8);
    records_word(group_find(DVM_WORLD, "card"), 1, word, sizeof word);
}

/* Who told of the contradiction tells of another call, too, before this task has looked. */
static int two_cards(const struct fake_task *me)
{
    struct dvm_request *first, *second;
    const struct coll *c;
    struct coll_record other;
    int x = 0;

    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    FAKE_CHECK(me->rank == 1 || dvm_ibarrier(DVM_WORLD, &first) == DVM_OK);
    FAKE_CHECK(me->rank == 1 || dvm_ibcast(DVM_WORLD, 1, &x, 1, DVM_INT, &second) == DVM_OK);
    if (me->rank == 0) {
        c = group_find(DVM_WORLD, "two_cards")->coll;
        other = *records_own(c, c->sequence);
        other.bytes = 8;
        card(&other);
        card(records_own(c, c->sequence - 1));
        FAKE_CHECK(dvm_wait(&second, NULL) == DVM_ERR_ARG);
        FAKE_CHECK(group_said("rank 0 called dvm_bcast (root 1, 4 bytes"));
        FAKE_CHECK(group_said("rank 1 called dvm_bcast (root 1, 8 bytes"));
        dvm_wait(&first, NULL);
    }
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, a_contradiction_stands)
{
    cr_assert_eq(group_run(2, two_cards, NULL, NULL), 0);
}

/* Different calls, where each begins with a receive from another. */
static int calls(const struct fake_task *me)
{
    int x[8] = {0}, y[8], rc;

    if (me->rank == 0)
        rc = dvm_bcast(DVM_WORLD, 1, x, 1, DVM_INT);
    else
        rc = dvm_gather(DVM_WORLD, 1, x, y, 1, DVM_INT);
    FAKE_CHECK(until_end(rc) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("rank 0 called dvm_bcast (root 1") && group_said("dvm_gather (root 1"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, two_calls)
{
    for (int n = 2; n <= 4; n++)
        cr_assert_eq(group_run(n, calls, NULL, NULL), 0, "%d tasks", n);
}

/* One of five has another root: the rest comes first. Who is late has not called anything yet
 * when the others are told; the word counts who heard of all. */
static int majority(const struct fake_task *me)
{
    int x = 0, rc;

    rc = dvm_bcast(DVM_WORLD, me->rank == 3 ? 2 : 0, &x, 1, DVM_INT);
    rc = until_end(rc);
    FAKE_CHECK(rc == DVM_ERR_ARG);
    if (group_said("ranks 0, 1, 2, 4 called dvm_bcast (root 0, 4 bytes of int) at mixup.c:")) {
        FAKE_CHECK(group_said("; rank 3 called dvm_bcast (root 2, 4 bytes of int) at mixup.c:"));
        atomic_fetch_add((_Atomic unsigned *)me->arg, 1);
    }
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, the_majority_comes_first)
{
    _Atomic unsigned *heard = computing_words(1);

    for (int i = 0; i < TRIES && atomic_load(heard) < 5; i++) {
        atomic_store(heard, 0);
        cr_assert_eq(group_run(5, majority, (void *)heard, NULL), 0);
    }
    cr_assert_eq(atomic_load(heard), 5);
}

/* Counts so different that they choose other algorithms. */
static int counts(const struct fake_task *me)
{
    int *x = calloc(MANY, sizeof *x), rc;

    rc = dvm_bcast(DVM_WORLD, 0, x, me->rank == 1 ? 2 : MANY, DVM_INT);
    rc = until_end(rc);
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE || rc == DVM_ERR_ARG);
    FAKE_CHECK(group_said("rank 1 called dvm_bcast (root 0, 8 bytes of int) at mixup.c:"));
    FAKE_CHECK(group_said("count"));
    free(x);
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, other_counts)
{
    cr_assert_eq(group_run(4, counts, NULL, NULL), 0);
    cr_assert_eq(group_run(4, counts, NULL, &hosts), 0);
}

/* Before it so many barriers, behind which there is memory in common; then one of five gives
 * another type, of the same size and from the same line: it comes last. */
static int types(const struct fake_task *me)
{
    const int before = *(const int *)me->arg;
    int x = 1, sum, rc = DVM_OK;

    for (int i = 0; i < before; i++)
        FAKE_CHECK(!dvm_barrier(DVM_WORLD));
    rc = dvm_allreduce(DVM_WORLD, &x, &sum, 1, me->rank == 3 ? DVM_FLOAT : DVM_INT, DVM_SUM);
    FAKE_CHECK(until_end(rc) == DVM_ERR_TYPE);
    FAKE_CHECK(group_said("called dvm_allreduce (DVM_SUM, 4 bytes of int) at mixup.c:"));
    FAKE_CHECK(group_said("; rank 3 called dvm_allreduce (DVM_SUM, 4 bytes of float) at mixup.c:"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, other_types)
{
    int before = 0;

    cr_assert_eq(group_run(5, types, &before, NULL), 0);
    cr_assert_eq(group_run(5, types, &before, &hosts), 0);
    before = 6;
    cr_assert_eq(group_run(5, types, &before, NULL), 0);
    cr_assert_eq(group_run(5, types, &before, &hosts), 0);
}

/* Compute, in no call of the library. */
static void compute(double seconds)
{
    double begun = clock_seconds();

    while (clock_seconds() - begun < seconds)
        continue;
}

/* One is late, again and again; some are ahead. */
static int slow(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = me->rank, sum;

    for (int round = 0; round < 3; round++) {
        if (me->rank == round)
            compute(SLOW_SECONDS);
        FAKE_CHECK(dvm_bcast(DVM_WORLD, round, &x, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_iallreduce(DVM_WORLD, &x, &sum, 1, DVM_INT, DVM_SUM, &request) == DVM_OK);
        if (me->rank == round)
            compute(SLOW_SECONDS);
        FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    }
    return 0;
}

Test(mixup, to_be_slow_is_no_mistake)
{
    cr_assert_eq(group_run(5, slow, NULL, NULL), 0);
    cr_assert_eq(group_run(5, slow, NULL, &hosts), 0);
}

/* ---- where no call waits for another ------------------------------------------------------ */

/* The same while a third member computes, which can answer nothing: it is not waited for to the end
 * of all patience. */
static int one_computes(const struct fake_task *me)
{
    _Atomic unsigned *told = me->arg;
    double begun;
    int x = 0;

    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    begun = clock_seconds();
    if (me->rank == 2) {
        FAKE_CHECK(compute_until(told, 2));
    } else {
        FAKE_CHECK(dvm_bcast(DVM_WORLD, 1 - me->rank, &x, 1, DVM_INT) == DVM_ERR_ARG);
        FAKE_CHECK(clock_seconds() - begun < LONG_PATIENCE);
        FAKE_CHECK(group_said("rank 0 called dvm_bcast (root 1, 4 bytes of int) at mixup.c:"));
        FAKE_CHECK(group_said("rank 1 called dvm_bcast (root 0, 4 bytes of int) at mixup.c:"));
        atomic_fetch_add(told, 1);
    }
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(mixup, who_computes_is_not_waited_for)
{
    _Atomic unsigned *told = computing_words(1);

    records_patience = LONG_PATIENCE;

    cr_assert_eq(group_run(3, one_computes, (void *)told, &hosts), 0);
}

/* Each takes itself for the root; after so many other calls. */
static int all_roots(const struct fake_task *me, int before)
{
    int x = me->rank;

    for (int i = 0; i < before; i++)
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, me->rank, &x, 1, DVM_INT) == DVM_OK && x == me->rank);
    return 0;
}

#define SHARED_BEFORE 6 /* barriers, behind which there is memory in common */

static int told_later(const struct fake_task *me)
{
    char number[64];
    int before = me->arg ? SHARED_BEFORE : 0;

    if (all_roots(me, before))
        return 1;
    FAKE_CHECK(until_end(DVM_OK) == DVM_ERR_ARG);
    if (before == 0) {
        snprintf(number, sizeof number, "collective number 1 of DVM_WORLD");
        FAKE_CHECK(group_said(number));
        FAKE_CHECK(group_said("dvm_bcast (root 0, 4 bytes of int) at mixup.c:"));
    }
    FAKE_CHECK(group_said("dvm_bcast (root 0") && group_said("dvm_bcast (root 1"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

static int told_at_the_end(const struct fake_task *me)
{
    int rc;

    if (all_roots(me, me->arg ? SHARED_BEFORE : 0))
        return 1;
    while ((rc = group_leave()) == DVM_OK)
        sched_yield(); /* what the others have sent comes */
    FAKE_CHECK(rc == DVM_ERR_ARG && group_said("dvm_finalize: rank "));
    FAKE_CHECK(group_said("has called dvm_bcast") && group_said("at mixup.c:"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

static int nothing_at_the_end(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = me->rank;

    for (int root = 0; root < me->count; root++) {
        x = me->rank;
        FAKE_CHECK(!dvm_bcast(DVM_WORLD, root, &x, 1, DVM_INT) && x == root);
    }
    FAKE_CHECK(!dvm_ibcast(DVM_WORLD, 0, &x, 1, DVM_INT, &request) && !dvm_wait(&request, NULL));
    FAKE_CHECK(group_leave() == DVM_OK);
    FAKE_CHECK(group_meet(me) && group_leave() == DVM_OK);
    return 0;
}

Test(mixup, all_take_themselves_for_the_root)
{
    int shared = 1;

    for (int n = 2; n <= 4; n++) {
        for (int i = 0; i < 2; i++) {
            int *with = i ? &shared : NULL;

            cr_assert_eq(group_run(n, told_later, with, NULL), 0, "%d tasks, %d", n, i);
            cr_assert_eq(group_run(n, told_at_the_end, with, NULL), 0, "%d tasks, %d", n, i);
        }
        cr_assert_eq(group_run(n, told_later, NULL, &hosts), 0, "%d tasks", n);
        cr_assert_eq(group_run(n, nothing_at_the_end, NULL, NULL), 0, "%d tasks", n);
    }
}

/* ---- one waits, the other does not --------------------------------------------------------- */

/* Rank 0 has left by the time that rank 1, the root, waits for it in the other form. */
static int other_form(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = 1, sum;

    for (int i = 0; i < SHARED_BEFORE; i++)
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    if (me->rank == 0)
        return dvm_reduce(DVM_WORLD, 1, &x, &sum, 1, DVM_INT, DVM_SUM) != DVM_OK;
    FAKE_CHECK(!dvm_ireduce(DVM_WORLD, 1, &x, &sum, 1, DVM_INT, DVM_SUM, &request));
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_ERR_ARG && group_said("rank 0 (tid 0x"));
    FAKE_CHECK(group_said("called dvm_reduce as collective number"));
    FAKE_CHECK(group_said("in a form that waits, rank 1 in one that does not; all"));
    return 0;
}

Test(mixup, who_has_left_was_in_another_form)
{
    const struct fake_options told = {.world = true};

    cr_assert_eq(group_run(2, other_form, NULL, &told), 0);
}

/* What group_leave writes on stderr. */
static void leave(char *text, size_t size)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);

    dvm_errors(DVM_RETURN);
    dup2(fileno(file), STDERR_FILENO);
    group_leave();
    dup2(before, STDERR_FILENO);
    dvm_errors(DVM_SILENT);
    close(before);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* The last rank leaves with collectives that it has not waited for: it is told which, and those
 * that are in the form that waits, what it has called. */
static int left_open(const struct fake_task *me)
{
    struct dvm_request *requests[5];
    char text[2048];

    for (int i = 0; i < (me->arg ? SHARED_BEFORE : 1); i++)
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    if (me->rank < me->count - 1) {
        FAKE_CHECK(dvm_recv(DVM_WORLD, me->count - 1, 3, NULL, 0, DVM_BYTE, NULL) == DVM_OK);
        FAKE_CHECK(until_end(DVM_OK) == DVM_ERR_ARG);
        FAKE_CHECK(strstr(dvm_last_error(), "not wait")); /* or waiting */
        return 0;
    }
    for (int i = 0; i < 5; i++)
        FAKE_CHECK(dvm_ibarrier(DVM_WORLD, &requests[i]) == DVM_OK);
    leave(text, sizeof text);
    FAKE_CHECK(strstr(text, "dvm_finalize: dvm_ibarrier of DVM_WORLD (called at mixup.c:"));
    FAKE_CHECK(strstr(text, ") is still open and is given up; dvm_wait waits for its end"));
    FAKE_CHECK(strstr(text, "dvm_finalize: 2 more collectives of DVM_WORLD are open\n"));
    for (int i = 0; i < me->rank; i++)
        FAKE_CHECK(dvm_send(DVM_WORLD, i, 3, NULL, 0, DVM_BYTE) == DVM_OK);
    return 0;
}

Test(mixup, open_ones_are_told_at_the_end)
{
    const struct fake_options told = {.world = true}, far = {.world = true, .hosts = 3};
    int shared = 1;

    for (int n = 2; n <= 4; n++) {
        cr_assert_eq(group_run(n, left_open, NULL, &told), 0, "%d tasks", n);
        cr_assert_eq(group_run(n, left_open, &shared, &told), 0, "%d tasks", n);
        cr_assert_eq(group_run(n, left_open, NULL, &far), 0, "%d tasks", n);
    }
}

struct absence {
    int before; /* barriers: the first collective of a group waits for all in any form */
    _Atomic unsigned *over; /* 1: the last rank has left */
};

/* The last rank leaves with its barrier open while rank 0, to which it has sent, computes and
 * never comes there: the leaving ends nevertheless, and all others' wait when rank 0 leaves. */
static int never_there(const struct fake_task *me)
{
    const struct absence *a = me->arg;
    const int last = me->count - 1;
    struct dvm_request *request;
    char text[2048];

    for (int i = 0; i < a->before; i++)
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    if (me->rank == 0)
        return !compute_until(a->over, 1);
    FAKE_CHECK(dvm_ibarrier(DVM_WORLD, &request) == DVM_OK);
    if (me->rank == last) {
        leave(text, sizeof text);
        FAKE_CHECK(strstr(text, "dvm_ibarrier of DVM_WORLD (called at mixup.c:"));
        return 0;
    }
    if (me->rank == 1) {
        FAKE_CHECK(dvm_recv(DVM_WORLD, last, 3, NULL, 0, DVM_BYTE, NULL) == DVM_ERR_TASK_GONE);
        atomic_store(a->over, 1);
    }
    return dvm_wait(&request, NULL) != DVM_ERR_TASK_GONE;
}

Test(mixup, who_leaves_does_not_wait_for_who_never_comes)
{
    const struct fake_options told = {.world = true}, far = {.world = true, .hosts = 3};

    for (int n = 3; n <= 5; n++)
        for (int i = 0; i < 3; i++) {
            struct absence a = {i == 1 ? SHARED_BEFORE : 1, computing_words(1)};

            cr_assert(a.over);
            cr_assert_eq(group_run(n, never_there, &a, i == 2 ? &far : &told), 0, "%d %d", n, i);
            munmap((void *)a.over, sizeof *a.over);
        }
}

/* One that all have called, and whose messages are there, is over by then. */
static int over_by_then(const struct fake_task *me)
{
    struct dvm_request *request;
    char text[512];

    FAKE_CHECK(dvm_ibarrier(DVM_WORLD, &request) == DVM_OK);
    FAKE_CHECK(group_meet(me) && group_meet(me));
    leave(text, sizeof text);
    FAKE_CHECK(text[0] == '\0');
    return dvm_wait(&request, NULL) != DVM_OK;
}

Test(mixup, what_is_over_is_not_told)
{
    cr_assert_eq(group_run(4, over_by_then, NULL, NULL), 0);
    cr_assert_eq(group_run(4, over_by_then, NULL, &hosts), 0);
}
