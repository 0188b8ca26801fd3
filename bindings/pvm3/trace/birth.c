/* birth.c: where a task's tracer comes from, and the events of its birth and death.
 *
 * A spawned task gets its tracer from its spawner, in a variable that is for it alone. One that
 * was started by hand has that of the task that called pvm_reg_tracer, which stands in the
 * mailbox, where PVM has it, too. In PVM the daemons tell of births and deaths; here a task tells
 * of its birth itself, and of its death the tracer's own library, which asks DVM for it: so
 * the status is known, however the task ends, and all that it told comes before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include <pvm3.h>

#include "bindings/pvm3/life.h"
#include "bindings/pvm3/oldnames.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/trace/tracer.h"

#define VARIABLE "DVM_PVM_TRACER"
#define SETTINGS 5 /* numbers in front of the mask */

/* The options of what this task is told, and of what its children are. */
static const int own[SETTINGS] = {PvmSelfTraceTid, PvmSelfTraceContext, PvmSelfTraceCode,
                                  PvmSelfTraceBuffer, PvmSelfTraceOptions};
static const int childrens[SETTINGS] = {PvmTraceTid, PvmTraceContext, PvmTraceCode,
                                        PvmTraceBuffer, PvmTraceOptions};

char *pvm3_trace_variable(void)
{
    char *text;
    int v[SETTINGS];

    for (int i = 0; i < SETTINGS; i++)
        v[i] = pvm3_option(childrens[i]);
    if (v[0] <= 0)
        return strdup(VARIABLE "=");
    return asprintf(&text, VARIABLE "=%d %d %d %d %d %s", v[0], v[1], v[2], v[3], v[4],
                    pvm3_trace_mask(PvmTaskChild)) < 0
               ? NULL
               : text;
}

/* A task's tracer is its children's, too. */
static void take_over(const int settings[SETTINGS], const char *mask)
{
    for (int i = 0; i < SETTINGS; i++) {
        pvm3_option_put(own[i], settings[i]);
        pvm3_option_put(childrens[i], settings[i]);
    }
    if (strlen(mask) + 1 != TEV_MASK_LENGTH)
        return;
    strcpy(pvm3_trace_mask(PvmTaskSelf), mask);
    strcpy(pvm3_trace_mask(PvmTaskChild), mask);
}

static void inherit(const char *text)
{
    int v[SETTINGS];
    char mask[TEV_MASK_LENGTH] = "";

    if (sscanf(text, "%d %d %d %d %d %35s", &v[0], &v[1], &v[2], &v[3], &v[4], mask) >= SETTINGS)
        take_over(v, mask);
}

/* What pvm_reg_tracer has put into the mailbox. */
static void find_registered(void)
{
    struct pvm3_tracer t;

    if (pvm3_tracer_find(&t) && t.tid != pvm3_self())
        take_over((const int[SETTINGS]){t.tid, t.trace_context, t.trace_tag, t.buffer, t.options},
                  t.mask);
}

void pvm3_trace_begin(void)
{
    static bool inherited;
    const char *text = getenv(VARIABLE);

    pvm3_trace_mask(PvmTaskSelf);
    if (text && text[0] && !inherited)
        inherit(text);
    else if (!text && dvm_parent() < 0)
        find_registered();
    inherited = true;
    unsetenv(VARIABLE); /* it is not for those whom this process starts in other ways */
    pvm3_show_children();
    pvm3_trace_changed(true);
}

/* ---- birth ---------------------------------------------------------------------------- */

static void send_names(void)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);

    if (!b)
        return;
    pvm3_put_int(b, TEV_MARK_DATA_ID);
    for (int i = 0; i <= TEV_DID_MAX; i++) {
        pvm3_put_int(b, i);
        pvm3_put_text(b, pvmtevdidlist[i].did);
        pvm3_put_text(b, pvmtevdidlist[i].desc);
    }
    pvm3_put_int(b, TEV_MARK_DATA_ID_END);
    pvm3_trace_send(b, false);
}

static void send_event(int event, const struct pvm3_field *fields, bool first)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);

    if (!b)
        return;
    pvm3_trace_head(b, event, pvm3_self(), true);
    pvm3_trace_fields(b, fields, true);
    pvm3_put_int(b, TEV_MARK_EVENT_DESC_END);
    pvm3_trace_send(b, first);
}

void pvm3_trace_birth(void)
{
    const bool spawned = dvm_parent() > 0;
    const int parent = spawned ? dvm_parent() : -1, flags = spawned ? 0 : -1; /* as in PVM */
    const struct pvm3_field who = {TEV_DID_PT, TEV_DATA_INT, 1, &parent};

    send_names();
    send_event(TEV_NEWTASK, (const struct pvm3_field[]){
        who, {TEV_DID_TF, TEV_DATA_INT, 1, &flags},
        {TEV_DID_TN, TEV_DATA_STRING, 1, spawned ? program_invocation_short_name : "-"}, {0}},
        true);
    if (spawned)
        send_event(TEV_SPNTASK, (const struct pvm3_field[]){who, {0}}, false);
}

/* ---- death ---------------------------------------------------------------------------- */

void pvm3_trace_death(struct pvm3_buffer *b, int tid, int status)
{
    const int none = 0;

    pvm3_put_anew(b);
    pvm3_trace_head(b, TEV_ENDTASK, tid, true);
    /* what it used is 0, as PVM tells it on Linux */
    pvm3_trace_fields(b, (const struct pvm3_field[]){
        {TEV_DID_TST, TEV_DATA_INT, 1, &status}, {TEV_DID_TUS, TEV_DATA_INT, 1, &none},
        {TEV_DID_TUU, TEV_DATA_INT, 1, &none}, {TEV_DID_TSS, TEV_DATA_INT, 1, &none},
        {TEV_DID_TSU, TEV_DATA_INT, 1, &none}, {0}}, true);
    pvm3_put_int(b, TEV_MARK_EVENT_DESC_END);
}
