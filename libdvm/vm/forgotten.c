/* forgotten.c: the end of a task that has not called dvm_finalize.
 *
 * What it has sent may be with it still: kept until a task of another host has acknowledged it, or
 * waiting for credit. And of what lies in a connection's buffer the kernel drops some, when
 * the process ends without having read all that came. So a handler at exit does what
 * dvm_finalize does for messages, in a bounded time, and ends the service thread: the program's
 * destructors may free what that would write to. It does not leave the machine, where the end
 * of the task is told as one without dvm_finalize. What could not be sent is told at the very
 * last, as a handler that the program has registered earlier may call dvm_finalize yet.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "group/entry.h"
#include "match/match.h"
#include "vm/vm.h"

#define LAST_SECONDS 1.0 /* as of match_last */

static struct {
    bool watched;
    size_t count; /* messages that are lost, and */
    uint64_t bytes;
} unsent;

static void at_exit(void)
{
    if (!dvm_initialized() || !match_last(LAST_SECONDS))
        return;
    unsent.count = match_unsent(&unsent.bytes);
    dvm_leave(DVM_OK);
}

/* At the end of all handlers. */
__attribute__((destructor)) static void tell_unsent(void)
{
    if (unsent.count == 0 || !dvm_initialized())
        return;
    fprintf(stderr,
            "dvm: tid %#x: this task ends without dvm_finalize; %zu message%s that it has "
            "sent (%" PRIu64 " bytes) and that no receive took yet %s lost\n",
            (unsigned)vm.self, unsent.count, unsent.count == 1 ? "" : "s", unsent.bytes,
            unsent.count == 1 ? "is" : "are");
}

void forgotten_watch(void)
{
    unsent.count = 0;
    if (!unsent.watched)
        unsent.watched = atexit(at_exit) == 0;
}
