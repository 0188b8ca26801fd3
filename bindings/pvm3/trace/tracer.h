/* tracer.h: the task that called pvm_reg_tracer. */
#ifndef PVM3_TRACE_TRACER_H
#define PVM3_TRACE_TRACER_H

#include "bindings/pvm3/trace/trace.h"

/* What it has registered. */
struct pvm3_tracer {
    int tid, trace_context, trace_tag, output_context, output_tag, buffer, options;
    char mask[TEV_MASK_LENGTH];
};

/* Look who is the tracer of tasks that are started by hand. false: nobody. */
bool pvm3_tracer_find(struct pvm3_tracer *t);

/* A mask, of TEV_MASK_LENGTH bytes, by PvmTaskSelf or PvmTaskChild. */
char *pvm3_trace_mask(int who);

#endif
