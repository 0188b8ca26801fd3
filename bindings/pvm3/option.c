/* option.c: pvm_setopt and pvm_getopt.
 *
 * All options of PVM have their place, range and codes. Those that say how messages travel
 * change nothing here: DVM finds the best way for each pair of tasks by itself.
 */
#include "bindings/pvm3/option.h"

#include <limits.h>
#include <stdbool.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/oldnames.h"
#include "bindings/pvm3/trace/trace.h"

#define FRAGMENT_LEAST 52
#define FRAGMENT_MOST 1048576
#define OPTION_END (PvmNoReset + 1)

static struct option {
    int value, least, most;
    bool absent; /* there is no such option where memory is not shared by PVM's own means */
} options[OPTION_END] = {
    [0] = {0, 0, 0, true},
    [PvmRoute] = {PvmAllowDirect, PvmDontRoute, PvmRouteDirect, false},
    [PvmDebugMask] = {0, INT_MIN, INT_MAX, false},
    [PvmAutoErr] = {1, INT_MIN, INT_MAX, false},
    [PvmOutputTid] = {0, INT_MIN, INT_MAX, false},
    [PvmOutputCode] = {0, INT_MIN, INT_MAX, false},
    [PvmTraceTid] = {0, INT_MIN, INT_MAX, false},
    [PvmTraceCode] = {0, INT_MIN, INT_MAX, false},
    [PvmTraceBuffer] = {0, INT_MIN, INT_MAX, false},
    [PvmTraceOptions] = {0, PvmTraceFull, PvmTraceCount, false},
    [PvmFragSize] = {4080, FRAGMENT_LEAST, FRAGMENT_MOST, false},
    [PvmResvTids] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfOutputTid] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfOutputCode] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfTraceTid] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfTraceCode] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfTraceBuffer] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfTraceOptions] = {0, PvmTraceFull, PvmTraceCount, false},
    [PvmShowTids] = {1, INT_MIN, INT_MAX, false},
    [PvmPollType] = {0, 0, 0, true},
    [PvmPollTime] = {0, 0, 0, true},
    [PvmOutputContext] = {0, INT_MIN, INT_MAX, false},
    [PvmTraceContext] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfOutputContext] = {0, INT_MIN, INT_MAX, false},
    [PvmSelfTraceContext] = {0, INT_MIN, INT_MAX, false},
    [PvmNoReset] = {0, INT_MIN, INT_MAX, false},
};

int pvm3_option(int what)
{
    return options[what].value;
}

void pvm3_option_put(int what, int value)
{
    options[what].value = value;
}

static bool exists(int what)
{
    return what > 0 && what < OPTION_END && !options[what].absent;
}

/* Where the output and the traces of tasks go: nowhere in particular, or to a task. */
static bool can_take(int tid)
{
    return tid == 0 || (PVM3_TID_OK(tid) && pvm3_host_is_there(PVM3_TID_HOST(tid)));
}

/* What is this task's own can only be said by who has spawned it, or together. */
static int check(int what, int value)
{
    static const char call[] = "pvm_setopt";

    if (what == PvmPollType || what == PvmPollTime)
        return pvm3_fail(call, PvmNotImpl, "nothing is polled");
    if (what == PvmSelfTraceContext || what == PvmSelfOutputContext)
        return pvm3_fail(call, PvmNotImpl, "a task's own context for this is its spawner's to set");
    if (!exists(what))
        return pvm3_fail(call, PvmBadParam, "there is no option %d", what);
    if ((what == PvmOutputTid || what == PvmTraceTid) && !can_take(value))
        return pvm3_fail(call, PvmBadParam, "0x%x is no task's tid", (unsigned)value);
    if (value < options[what].least || value > options[what].most)
        return pvm3_fail(call, PvmBadParam, "option %d can be %d to %d, not %d", what,
                         options[what].least, options[what].most, value);
    return PvmOk;
}

static bool is_own_trace(int what)
{
    return what == PvmSelfTraceTid || what == PvmSelfTraceCode || what == PvmSelfTraceBuffer ||
           what == PvmSelfTraceOptions;
}

/* This task's tracer becomes its children's. */
static void hand_on(void)
{
    options[PvmTraceTid].value = options[PvmSelfTraceTid].value;
    options[PvmTraceCode].value = options[PvmSelfTraceCode].value;
    options[PvmTraceContext].value = options[PvmSelfTraceContext].value;
}

int pvm_getopt(int what)
{
    int rc = pvm3_enter("pvm_getopt");

    if (rc != PvmOk)
        return rc;
    if (!exists(what))
        return pvm3_fail("pvm_getopt", PvmBadParam, "there is no option %d", what);
    return options[what].value;
}

int pvm_setopt(int what, int value)
{
    int rc = pvm3_enter("pvm_setopt"), old;

    if (rc != PvmOk)
        return rc;
    rc = check(what, value);
    if (rc != PvmOk)
        return rc;
    if (is_own_trace(what))
        pvm3_trace_changing();
    old = options[what].value;
    options[what].value = value;
    if (what == PvmSelfTraceTid || what == PvmSelfTraceCode)
        hand_on();
    if (is_own_trace(what))
        pvm3_trace_changed(what == PvmSelfTraceTid && old != value);
    pvm3_show_children();
    return old;
}
