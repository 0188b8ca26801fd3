/* event.c: names of events; see event.h. Daemon, console and documents share them, so
 * that a number that an older console does not know still has a line of its own. */
#include "proto/event.h"

#include <stddef.h>

static const char *const names[] = {
    [DVM_EVENT_HOST_JOINED] = "host_joined",     [DVM_EVENT_HOST_LEFT] = "host_left",
    [DVM_EVENT_HOST_LOST] = "host_lost",         [DVM_EVENT_TASK_STARTED] = "task_started",
    [DVM_EVENT_TASK_ENDED] = "task_ended",       [DVM_EVENT_TASK_FAILED] = "task_failed",
    [DVM_EVENT_TASK_SIGNALLED] = "task_signalled",
};

const char *dvm_event_name(unsigned kind)
{
    return kind < sizeof names / sizeof names[0] && names[kind] ? names[kind] : "unknown";
}
