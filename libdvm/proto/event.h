/* event.h: what may happen to a machine and is told by EVENTS: hosts and tasks that come
 * and go; those of hosts by HOST_EVENT, too. Numbers and names are never given to another
 * meaning. */
#ifndef DVM_PROTO_EVENT_H
#define DVM_PROTO_EVENT_H

enum dvm_event {
    DVM_EVENT_HOST_JOINED = 1,
    DVM_EVENT_HOST_LEFT = 2,
    DVM_EVENT_HOST_LOST = 3,
    DVM_EVENT_TASK_STARTED = 4,
    DVM_EVENT_TASK_ENDED = 5,
    DVM_EVENT_TASK_FAILED = 6,    /* it could not be started */
    DVM_EVENT_TASK_SIGNALLED = 7, /* by somebody's KILL */
    DVM_EVENT_END
};

/* The name of an event, such as "host_joined"; "unknown" for a number that is none. */
const char *dvm_event_name(unsigned kind);

#endif
