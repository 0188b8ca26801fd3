/* memory.c: the reserve; see memory.h.
 *
 * It is larger than what malloc takes from its heap, so giving it up returns address
 * space as well (RLIMIT_AS); as long as nobody writes to it it costs no memory.
 */
#include "daemon/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"

#define RESERVE_BYTES ((size_t)1 << 20)

static _Atomic(void *) reserve;
static bool started;

void memory_start(void)
{
    started = true;
    atomic_store(&reserve, malloc(RESERVE_BYTES));
}

bool memory_give_up(void)
{
    void *held = atomic_exchange(&reserve, NULL);

    if (!held)
        return false;
    free(held);
    log_error("the system has no memory for this daemon, which uses its reserve now and takes "
              "no new work until there is some again");
    return true;
}

bool memory_low(void)
{
    if (started && !atomic_load(&reserve)) {
        atomic_store(&reserve, malloc(RESERVE_BYTES));
        if (atomic_load(&reserve))
            log_info("there is memory again: the reserve is filled");
    }
    return started && !atomic_load(&reserve);
}

int memory_check(const char *host, const char *what)
{
    if (!memory_low())
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_MEMORY, "host %s cannot %s: the system there has no memory left "
                    "for its daemon", host, what);
}
