/* trace.h: events for tracers, as PVM has them (pvmtev.h says how they look).
 *
 * A call of a task that has no tracer (pvm3_tracing is 0) pays five instructions, a branch that is
 * not taken among them. Else it goes the slow way through enter, two events and leave. Calls that a
 * call makes are no events.
 */
#ifndef PVM3_TRACE_H
#define PVM3_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "bindings/pvm3/buffer/buffer.h"
#include "bindings/pvm3/words.h"
#include <pvmtev.h>

/* Not 0: calls may be events. So it is, too, as long as this process is no task. */
extern int pvm3_tracing;

/* PVM's tables, which tracers read. */
extern struct Pvmtevdid pvmtevdidlist[];
extern struct Pvmtevinfo pvmtevinfo[];

/* Data of an event: of one type, ints, longs, or strings; the last of a list has type 0. For a
 * string data is its text, for several the array of their texts. */
struct pvm3_field {
    int did, type, count;
    const void *data;
};

/* Begin a call; and with enrol become a task if this process is none. Returns whether it is to
 * be told of: it is no call inside another, and there is a tracer. */
bool pvm3_trace_enter(bool enrol);

/* An event of it, with TEV_EVENT_ENTRY or TEV_EVENT_EXIT. */
void pvm3_trace_event(int event, const struct pvm3_field *fields);

/* End the call. */
void pvm3_trace_leave(void);

/* A handler of the program is run inside a call: what it calls are events. Returns what is to be
 * given back at its end. */
int pvm3_trace_open(void);
void pvm3_trace_close(int opened);

/* This process became a task: take over what its spawner, or who registered as a tracer, wants;
 * and tell of its birth. */
void pvm3_trace_begin(void);

/* It ceases to be one: send what is kept. */
void pvm3_trace_end(void);

/* An option of this task's own tracing is about to change, and has changed. */
void pvm3_trace_changing(void);
void pvm3_trace_changed(bool other_tracer);

/* What a spawned task gets in its environment, "NAME=..."; NULL: no memory. The caller frees. */
char *pvm3_trace_variable(void);

/* ---- made by the parts of it -------------------------------------------------------- */

/* Whether this task has a tracer, which is not the task itself. */
bool pvm3_trace_wanted(void);

/* Put fields behind what is in a message; errors of memory lose data only. */
void pvm3_trace_fields(struct pvm3_buffer *b, const struct pvm3_field *fields, bool described);

/* Begin an event's record: its mark, number, time and task. Described when it is the first. */
void pvm3_trace_head(struct pvm3_buffer *b, int event, int tid, bool described);

/* Send a message to the tracer and free it. first: the receiver's library tells of this task's
 * end. */
void pvm3_trace_send(struct pvm3_buffer *b, bool first);

/* Send the names of data, and that this task is there. */
void pvm3_trace_birth(void);

/* The end of a traced task, as PVM's daemon tells of it, in place of what is in b. */
void pvm3_trace_death(struct pvm3_buffer *b, int tid, int status);

/* ---- events of the program's own (PvmDataTrace) --------------------------------------- */

/* Begin one in a send buffer; and what stands before items that are packed. */
void pvm3_trace_own_begin(struct pvm3_buffer *b);
void pvm3_trace_own_item(struct pvm3_buffer *b, int type, long count);

/* Send it to the tracer, if there is one who wants it. */
int pvm3_trace_own_send(const char *call);

#endif
