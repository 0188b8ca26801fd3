/* context.c: making contexts; see context.h. */
#include "group/context.h"

#include <assert.h>
#include <stdatomic.h>

#define COUNTER_MAX 0x3fffffff

static _Atomic uint64_t counter;
static uint64_t creator;

void context_start(int self)
{
    assert(self > 0);
    creator = (uint64_t)self << 32;
    atomic_store(&counter, 0);
}

uint64_t context_make(void)
{
    uint64_t n = atomic_fetch_add(&counter, 1) + 1;

    return n > COUNTER_MAX ? 0 : creator | n << 1;
}
