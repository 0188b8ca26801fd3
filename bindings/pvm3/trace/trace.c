/* trace.c: which calls are events, and what is kept until it is sent.
 *
 * Full: each event is a message, or many of them are one (PvmTraceBuffer bytes). PvmTraceTime
 * and PvmTraceCount only add up, by the kind of call, in pvmtevinfo; the sums are sent when the
 * task ends or its options change. There PVM counts beginnings and ends, and so does this; its
 * times are those of writing the trace, and here those of the calls.
 */
#include "bindings/pvm3/trace/trace.h"

#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/oldnames.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/trace/tracer.h"

#define BOTH (TEV_EVENT_ENTRY | TEV_EVENT_EXIT)

int pvm3_tracing = 1; /* until this process is a task and it is known */

static Pvmtmask masks[2]; /* by PvmTaskSelf, PvmTaskChild */
static int depth;         /* of calls inside calls */
static struct pvm3_buffer *kept; /* events that wait for more */

bool pvm3_trace_wanted(void)
{
    const int tid = pvm3_option(PvmSelfTraceTid);

    return tid > 0 && tid != pvm3_self();
}

bool pvm3_trace_enter(bool enrol)
{
    if (depth++ > 0)
        return false;
    return (enrol ? pvm3_enrolled() : pvm3_self() != 0) && pvm3_tracing && pvm3_trace_wanted();
}

void pvm3_trace_leave(void)
{
    depth--;
}

int pvm3_trace_open(void)
{
    const int was = depth;

    depth = 0;
    return was;
}

void pvm3_trace_close(int opened)
{
    depth = opened;
}

static void send_kept(void)
{
    struct pvm3_buffer *b = kept;

    kept = NULL;
    if (pvm3_option(PvmSelfTraceBuffer))
        pvm3_put_int(b, TEV_MARK_EVENT_BUFFER_END);
    pvm3_trace_send(b, false);
}

static void tell_in_full(int event, const struct pvm3_field *fields)
{
    struct Pvmtevinfo *info = &pvmtevinfo[event & ~BOTH];
    const bool described = !(info->desc_status & event & BOTH);
    const int most = pvm3_option(PvmSelfTraceBuffer);

    if (!kept) {
        kept = pvm3_buffer_make(PvmDataDefault, 0);
        if (!kept)
            return;
        if (most)
            pvm3_put_int(kept, TEV_MARK_EVENT_BUFFER);
    }
    info->desc_status |= event & BOTH;
    pvm3_trace_head(kept, event, pvm3_self(), described);
    pvm3_trace_fields(kept, fields, described);
    pvm3_put_int(kept, described ? TEV_MARK_EVENT_DESC_END : TEV_MARK_EVENT_RECORD_END);
    if ((int)kept->bytes >= most)
        send_kept();
}

static void add_up(int event)
{
    struct Pvmtevinfo *info = &pvmtevinfo[event & ~BOTH];
    struct timeval now, took;

    info->count++;
    if (pvm3_option(PvmSelfTraceOptions) != PvmTraceTime)
        return;
    gettimeofday(&now, NULL);
    if (event & TEV_EVENT_ENTRY) {
        info->mark = now;
    } else {
        timersub(&now, &info->mark, &took);
        timeradd(&info->total, &took, &info->total);
    }
}

void pvm3_trace_event(int event, const struct pvm3_field *fields)
{
    /* what is sent makes no event, and a call may have taken the tracer away */
    if (!pvm3_trace_wanted() || !TEV_MASK_CHECK(masks[0], event & ~BOTH))
        return;
    switch (pvm3_option(PvmSelfTraceOptions)) {
    case PvmTraceFull:
        tell_in_full(event, fields);
        break;
    case PvmTraceTime:
    case PvmTraceCount:
        add_up(event);
        break;
    default:; /* PVM's usual 0: nothing but the task's birth and death */
    }
}

/* The sums of all kinds that were there, as one event. */
static void send_sums(bool times)
{
    const char *names[TEV_MAX + 1];
    int seconds[TEV_MAX + 1], micro[TEV_MAX + 1], counts[TEV_MAX + 1], n = 0;
    const int array = TEV_DATA_INT | TEV_DATA_ARRAY;
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);

    for (int i = TEV_FIRST; i <= TEV_MAX; i++)
        if (pvmtevinfo[i].count > 0) {
            names[n] = pvmtevinfo[i].name;
            seconds[n] = (int)pvmtevinfo[i].total.tv_sec;
            micro[n] = (int)pvmtevinfo[i].total.tv_usec;
            counts[n++] = pvmtevinfo[i].count;
            pvmtevinfo[i].total = (struct timeval){0};
            pvmtevinfo[i].count = 0;
        }
    if (!b)
        return;
    pvm3_trace_head(b, times ? TEV_TIMING : TEV_PROFILING, pvm3_self(), true);
    pvm3_trace_fields(b, (const struct pvm3_field[]){
        {TEV_DID_VCT, TEV_DATA_INT, 1, &n},
        {TEV_DID_VID, TEV_DATA_STRING | TEV_DATA_ARRAY, n, names}, {0}}, true);
    if (times)
        pvm3_trace_fields(b, (const struct pvm3_field[]){{TEV_DID_TGS, array, n, seconds},
                                                         {TEV_DID_TGU, array, n, micro},
                                                         {0}}, true);
    pvm3_trace_fields(b, (const struct pvm3_field[]){{TEV_DID_PRF, array, n, counts}, {0}}, true);
    pvm3_put_int(b, TEV_MARK_EVENT_DESC_END);
    pvm3_trace_send(b, false);
}

void pvm3_trace_changing(void)
{
    const int how = pvm3_option(PvmSelfTraceOptions);

    if (!pvm3_self() || !pvm3_trace_wanted())
        return;
    if (kept)
        send_kept();
    if (how == PvmTraceTime || how == PvmTraceCount)
        send_sums(how == PvmTraceTime);
}

void pvm3_trace_changed(bool other_tracer)
{
    pvm3_tracing = pvm3_self() == 0 || pvm3_trace_wanted();
    if (!other_tracer || !pvm3_self() || !pvm3_trace_wanted())
        return;
    for (int i = TEV_FIRST; i <= TEV_MAX; i++)
        pvmtevinfo[i].desc_status = 0;
    pvm3_trace_birth();
}

void pvm3_trace_end(void)
{
    pvm3_trace_changing();
    pvm3_buffer_free(kept); /* of a parent before fork */
    kept = NULL;
    pvm3_tracing = 1;
}

/* ---- masks --------------------------------------------------------------------------- */

char *pvm3_trace_mask(int who)
{
    if (!masks[0][0])
        for (int i = 0; i < 2; i++)
            TEV_MASK_INIT(masks[i]);
    return masks[who == PvmTaskChild];
}

static bool who_is_there(const char *call, int who)
{
    if (who == PvmTaskSelf || who == PvmTaskChild)
        return true;
    pvm3_fail(call, PvmBadParam, "%d is neither this task nor its children", who);
    return false;
}

int pvm_gettmask(int who, Pvmtmask mask)
{
    if (!who_is_there("pvm_gettmask", who))
        return PvmBadParam;
    memcpy(mask, pvm3_trace_mask(who), sizeof(Pvmtmask));
    return PvmOk;
}

int pvm_settmask(int who, Pvmtmask mask)
{
    if (!who_is_there("pvm_settmask", who))
        return PvmBadParam;
    memcpy(pvm3_trace_mask(who), mask, sizeof(Pvmtmask));
    pvm3_show_children();
    return PvmOk;
}
