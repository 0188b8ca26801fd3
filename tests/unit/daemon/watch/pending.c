/* pending: requests that wait for news keep their order, whichever of them is taken, and
 * those of a client or a host that is gone are dropped. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "daemon/watch/pending.h"
#include "dvm.h"

#define SLOTS 3
#define EACH 4
#define ALL (SLOTS * EACH)

static struct pending_list list;

static void add(int src, int tid)
{
    struct pending one = {.request = {.src = src}, .tid = tid};

    one.next = (struct pending *)&list; /* whatever stands there is not taken over */
    cr_assert_eq(pending_add(&list, &one), DVM_OK);
}

static void fill(void)
{
    for (int i = 0; i < ALL; i++)
        add(DVM_TID_MAKE(1 + i % SLOTS, 10 + i / SLOTS), i);
}

/* The list says what it is, and tid rises. */
static void expect_sound(size_t count)
{
    size_t found = 0;
    const struct pending *last = NULL;

    for (const struct pending *p = list.first; p; last = p, p = p->next) {
        cr_assert(!last || last->tid < p->tid);
        cr_assert_lt(found, ALL);
        found++;
    }
    cr_expect_eq(list.last, last);
    cr_expect_eq(list.count, found);
    cr_expect_eq(found, count);
}

static bool has_tid(const void *arg, const struct pending *p)
{
    return p->tid == *(const int *)arg;
}

static void empty(void)
{
    for (struct pending *p; (p = pending_take(&list, NULL, NULL));)
        free(p);
}

TestSuite(pending, .fini = empty);

Test(pending, come_in_order)
{
    cr_expect_null(pending_take(&list, NULL, NULL));
    fill();
    expect_sound(ALL);
    for (int i = 0; i < ALL; i++) {
        struct pending *p = pending_take(&list, NULL, NULL);

        cr_assert_not_null(p);
        cr_expect_eq(p->tid, i);
        free(p);
        expect_sound((size_t)(ALL - 1 - i));
    }
    add(1, 5); /* an emptied list is as a new one */
    expect_sound(1);
}

Test(pending, anyone_may_be_taken)
{
    static const int order[] = {ALL - 1, 0, 5, ALL - 2, 1}; /* the last, the first, between */
    size_t left = ALL;
    int none = ALL;

    fill();
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct pending *p = pending_take(&list, has_tid, &order[i]);

        cr_assert_not_null(p);
        cr_expect_eq(p->tid, order[i]);
        free(p);
        expect_sound(--left);
        cr_expect_null(pending_take(&list, has_tid, &order[i]));
    }
    cr_expect_null(pending_take(&list, has_tid, &none));
    add(1, ALL); /* behind the one that is the last now */
    expect_sound(left + 1);
}

Test(pending, of_one_that_is_gone)
{
    fill();
    pending_drop(&list, DVM_TID_MAKE(2, 11));
    expect_sound(ALL - 1);
    pending_drop(&list, DVM_TID_MAKE(2, 11));
    pending_drop(&list, DVM_TID_MAKE(SLOTS + 1, 11));
    expect_sound(ALL - 1);
    pending_drop(&list, DVM_TID_DAEMON(2)); /* its host */
    expect_sound(ALL - EACH);
    for (const struct pending *p = list.first; p; p = p->next)
        cr_expect_neq(DVM_TID_SLOT(p->request.src), 2);
    for (int slot = 1; slot <= SLOTS; slot++)
        pending_drop(&list, DVM_TID_DAEMON(slot));
    expect_sound(0);
}
