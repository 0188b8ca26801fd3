/* beside: who is rung by a neighbour that runs on the same core can go to another. */
#include <criterion/criterion.h>
#include <sched.h>

#include "dvm.h"
#include "lane/bell.h"
#include "lane/lane.h"
#include "tests/support/group_task.h"

enum { WARM = 200, TAG = 5, TRIES = 100 /* the scheduler may move this task at any time */ };

static bool several_cores(void)
{
    cpu_set_t may;

    return sched_getaffinity(0, sizeof may, &may) == 0 && CPU_COUNT(&may) > 1;
}

/* The other task, once its ring is looked at. */
static struct peer *neighbour(const struct fake_task *task)
{
    int me = task->rank, value = 0;

    for (int i = 0; i < WARM; i++) {
        if (dvm_send(DVM_WORLD, !me, TAG, &i, 1, DVM_INT) != DVM_OK ||
            dvm_recv(DVM_WORLD, !me, TAG, &value, 1, DVM_INT, NULL) != DVM_OK || value != i)
            return NULL;
    }
    for (struct peer *p = lane_peers(); p; p = p->next)
        if (p->shm.polled && p->shm.inbox)
            return p;
    return NULL;
}

/* The peer's inbox says that it rang from the core on which this task runs. */
static bool parts(struct peer *peer)
{
    int here = sched_getcpu();

    atomic_store(&peer->shm.inbox->core, (uint32_t)here + 1);
    return shm_part(true) && sched_getcpu() != here;
}

static int part(const struct fake_task *task)
{
    struct peer *peer = neighbour(task);
    int tries = 0;

    FAKE_CHECK(peer);
    FAKE_CHECK(group_meet(task));
    if (task->rank == 0 && several_cores()) {
        while (!parts(peer))
            FAKE_CHECK(tries++ < TRIES);
        /* and stays with one that has not said where it is; it may say so at any time */
        do {
            FAKE_CHECK(tries++ < 2 * TRIES);
            atomic_store(&peer->shm.inbox->core, 0);
        } while (shm_part(true));
    }
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(beside, parts_from_who_is_on_the_same_core)
{
    cr_assert_eq(group_run(2, part, NULL, NULL), 0);
}

static int ring(const struct fake_task *task)
{
    struct peer *peer = neighbour(task);
    uint32_t core;

    FAKE_CHECK(peer);
    atomic_store(&bell_inbox()->core, 0);
    shm_ring(peer);
    core = atomic_load(&bell_inbox()->core);
    FAKE_CHECK(core > 0 && core <= CPU_SETSIZE);
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(beside, who_rings_says_from_where)
{
    cr_assert_eq(group_run(2, ring, NULL, NULL), 0);
}
