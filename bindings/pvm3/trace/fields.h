/* fields.h: how a traced call is written down: its event, and what is told at its two ends. */
#ifndef PVM3_TRACE_FIELDS_H
#define PVM3_TRACE_FIELDS_H

#include <pvm3.h>

#include "bindings/pvm3/trace/trace.h"

/* What a call has put to a place of the program's; none: there is no place, or it has failed. */
static inline int at(const int *place, int rc, int none)
{
    return place && rc >= PvmOk ? *place : none;
}

/* A list of data stands without commas: INT(DST, tid) INT(MC, tag) */
#define INT(did, value) {TEV_DID_##did, TEV_DATA_INT, 1, &(int){value}},
#define PLACE(did, address) {TEV_DID_##did, TEV_DATA_LONG, 1, &(long){(long)(address)}},
#define TEXT(did, text) {TEV_DID_##did, TEV_DATA_STRING, 1, (text) ? (text) : ""},
#define INTS(did, list, n) {TEV_DID_##did, TEV_DATA_INT | TEV_DATA_ARRAY, (list) ? (n) : 0, list},
#define TEXTS(did, list, n) \
    {TEV_DID_##did, TEV_DATA_STRING | TEV_DATA_ARRAY, (list) ? (n) : 0, list},
#define NOTHING
#define FIELDS(...) ((const struct pvm3_field[]){__VA_ARGS__{0}})

/* The public call pvm_NAME: what the library does for it, and the two events TEV_KIND. rc is what
 * it returns. The slow way is a function of its own, so that the fast one is a jump, and what is
 * behind it sees the place of the program's call. */
#define TRACED_AS(enrol, result, name, kind, params, args, in, out)                   \
    extern __typeof__(pvm_##name) pvm3_plain_##name                                   \
        __attribute__((visibility("hidden")));                                        \
    static __attribute__((noinline, cold)) result traced_##name params                \
    {                                                                                 \
        const bool told = pvm3_trace_enter(enrol);                                    \
        result rc;                                                                    \
                                                                                      \
        if (told)                                                                     \
            pvm3_trace_event(TEV_##kind | TEV_EVENT_ENTRY, FIELDS in);                \
        rc = pvm3_plain_##name args;                                                  \
        if (told)                                                                     \
            pvm3_trace_event(TEV_##kind | TEV_EVENT_EXIT, FIELDS out);                \
        pvm3_trace_leave();                                                           \
        return rc;                                                                    \
    }                                                                                 \
    result pvm_##name params                                                          \
    {                                                                                 \
        if (__builtin_expect(pvm3_tracing != 0, 0))                                   \
            return traced_##name args;                                                \
        return pvm3_plain_##name args;                                                \
    }
#define TRACED(name, kind, params, args, in, out) \
    TRACED_AS(true, int, name, kind, params, args, (in), (out))

#endif
