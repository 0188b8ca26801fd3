/* tracer.c: pvm_reg_tracer, and who is it.
 *
 * As in PVM it is a value in the mailbox, of a class that may be there once: so a second tracer
 * is refused, and it goes with its task.
 */
#include "bindings/pvm3/trace/tracer.h"

#include <string.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/buffer/pack.h"

#define BEFORE_MASK 5 /* numbers in the value in front of the mask */
#define BEHIND_MASK 2

static const char call[] = "pvm_reg_tracer";
static char class[] = PVMTRACERCLASS;
static int registered; /* the tid with which this process did it */

bool pvm3_tracer_find(struct pvm3_tracer *t)
{
    struct pvm3_buffer *before = pvm3_receive_swap(NULL);
    int v[BEFORE_MASK], rest[BEHIND_MASK];
    bool there = pvm_recvinfo(class, 0, PvmMboxDefault) > 0 &&
                 pvm3_unpack(call, PVM_INT, v, BEFORE_MASK, 1) == PvmOk &&
                 pvm3_unpack_text(call, t->mask, sizeof t->mask) == PvmOk &&
                 pvm3_unpack(call, PVM_INT, rest, BEHIND_MASK, 1) == PvmOk;

    pvm3_buffer_free(pvm3_receive_swap(before));
    if (!there)
        return false;
    t->tid = v[0];
    t->trace_context = v[1];
    t->trace_tag = v[2];
    t->output_context = v[3];
    t->output_tag = v[4];
    t->buffer = rest[0];
    t->options = rest[1];
    return true;
}

static int put_value(const struct pvm3_tracer *t)
{
    const int v[BEFORE_MASK] = {t->tid, t->trace_context, t->trace_tag, t->output_context,
                                t->output_tag};
    const int rest[BEHIND_MASK] = {t->buffer, t->options};
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
    int rc = b && pvm3_buffer_name(b) ? PvmOk : PvmNoMem;

    if (rc == PvmOk) {
        pvm3_put_ints(b, v, BEFORE_MASK);
        pvm3_put_text(b, t->mask);
        pvm3_put_ints(b, rest, BEHIND_MASK);
        rc = pvm_putinfo(class, b->id, PvmMboxDefault);
    }
    pvm3_buffer_free(b);
    return rc;
}

int pvm_reg_tracer(int trace_context, int trace_tag, int output_context, int output_tag,
                   char *mask, int buffer, int options)
{
    struct pvm3_tracer t = {0, trace_context, trace_tag, output_context, output_tag, buffer,
                            options, ""};
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (registered == pvm3_self()) {
        registered = 0;
        return pvm_delinfo(class, 0, PvmMboxDefault);
    }
    if (!mask || strlen(mask) + 1 != TEV_MASK_LENGTH)
        return pvm3_fail(call, PvmBadParam, "the mask is not one of TEV_MASK_INIT");
    t.tid = pvm3_self();
    strcpy(t.mask, mask);
    if (pvm3_tracer_find(&(struct pvm3_tracer){0}))
        return pvm3_fail(call, PvmAlready, "another task is the tracer");
    rc = put_value(&t);
    registered = rc >= 0 ? t.tid : 0;
    return rc >= 0 ? PvmOk : rc;
}
