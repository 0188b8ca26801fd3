/* absent.c: calls that this library has and cannot do, each with the reason.
 *
 * Linking a program must not fail for a call that it perhaps never makes.
 */
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"

#define TICKLE_MOST 10 /* numbers for pvm_tickle, in PVM */

static int absent(const char *call, const char *why)
{
    int rc = pvm3_enter(call);

    return rc == PvmOk ? pvm3_fail(call, PvmNotImpl, "%s", why) : rc;
}

int pvm_tickle(int count, int *args, int *nresults, int *results)
{
    if (count < 1 || count > TICKLE_MOST)
        return pvm3_enter("pvm_tickle") == PvmOk
                   ? pvm3_fail("pvm_tickle", PvmBadParam, "%d numbers; 1 to %d can be", count,
                               TICKLE_MOST)
                   : PvmSysErr;
    return absent("pvm_tickle", "see dvm ps, dvm hosts and dvm logs");
}
