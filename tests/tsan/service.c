/* service.c: calls and the service thread take progress from each other at any moment, for
 * ThreadSanitizer: two tasks send each other large messages and compute in between, for
 * times that let the thread begin or not. Ends with status 0. */
#include <string.h>

#include "base/clock.h"
#include "match/match.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define ROUNDS 150
#define LARGE 200000
#define COMPUTE_NS_MAX 4000000

static void compute(uint64_t *seed)
{
    uint64_t until = clock_ns() + fake_random(seed) % COMPUTE_NS_MAX;

    dvm_leave(DVM_OK);
    while (clock_ns() < until)
        continue;
    dvm_enter();
}

static int task(const struct fake_task *me)
{
    uint64_t seed = *(uint64_t *)me->arg + (unsigned)me->rank;
    struct match_filter from = {.context = CONTEXT, .source = me->tids[!me->rank], .tag = 1};
    static uint8_t out[LARGE], in[LARGE];
    struct match_sink sink = {.buffer = in, .capacity = LARGE};
    struct dvm_request *send, *receive;

    for (int i = 0; i < ROUNDS; i++) {
        memset(out, i, LARGE);
        FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, me->tids[!me->rank], 1, out, LARGE, 0, 0,
                               0, &send) == 0);
        compute(&seed);
        FAKE_CHECK(match_irecv(&from, &sink, &receive) == 0);
        compute(&seed);
        FAKE_CHECK(match_wait(receive, NULL) == 0 && in[0] == (uint8_t)i);
        FAKE_CHECK(match_wait(send, NULL) == 0);
    }
    return 0;
}

int main(void)
{
    uint64_t seed = fake_seed("tsan.service");
    struct fake_options o = {.hosts = 1};
    int bad = fake_run(2, task, &seed, &o);

    o.lanes = "relay";
    bad += fake_run(2, task, &seed, &o);
    o.threads = DVM_THREAD_MULTIPLE;
    return bad + fake_run(2, task, &seed, &o) != 0;
}
