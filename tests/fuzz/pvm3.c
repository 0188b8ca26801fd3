/* Messages for programs of PVM's kind, as another task may make them: headers and bytes that
 * make no sense, unpacked by all of pvm_upk..., as an array, as a string, as a message in a
 * message, and sent on. No more is written than was asked for, and what is left of a
 * message is as it was after a call that has failed.
 *
 * Two bytes for the length of the message, the message, then steps: a byte for what, one for the
 * count, one for the stride.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/oldnames.h"
#include "bindings/pvm3/buffer/pack.h"
#include "bindings/pvm3/trace/trace.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT_MAX 64
#define NESTED_MAX 8 /* messages in a message that are opened */
#define TYPES (PVM_ULONG + 1)

static struct input in;

/* In place of life.c, hosts.c and trace/: there is no machine here. */
int pvm3_self(void)
{
    return 0x40001;
}

bool pvm3_host_is_there(int host)
{
    return host > 0;
}

int pvm3_enter(const char *call)
{
    return PvmOk;
}

/* And nobody traces: what may still be called is what says so. */
int pvm3_tracing;

bool pvm3_trace_enter(bool enrol)
{
    return false;
}

void pvm3_trace_event(int event, const struct pvm3_field *fields)
{
}

void pvm3_trace_leave(void)
{
}

void pvm3_trace_own_begin(struct pvm3_buffer *b)
{
}

void pvm3_trace_own_item(struct pvm3_buffer *b, int type, long count)
{
}

void pvm3_trace_changing(void)
{
}

void pvm3_trace_changed(bool other_tracer)
{
}

void pvm3_show_children(void)
{
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    return 0;
}

/* A message as queue.c makes it of what has come. */
static void come(void)
{
    size_t size = (size_t)input_int(&in, 2);
    struct pvm3_buffer *b;

    size = size < in.left ? size : in.left;
    b = pvm3_buffer_make(PvmDataRaw, size);
    if (size > 0)
        memcpy(b->data, in.at, size);
    in.at += size;
    in.left -= size;
    b->bytes = size;
    if (pvm3_header_read(b, b->data, size))
        b->bytes -= PVM3_HEADER;
    else
        memmove(pvm3_buffer_data(b), b->data, size);
    if (pvm3_receive_into(b) <= 0)
        abort();
}

/* Items to a place that has room for just these, from its end on where the stride is negative. */
static void items(int type, long count, long stride)
{
    const struct pvm3_type *t = pvm3_type_find(type);
    const struct pvm3_buffer *b = pvm3_receiving();
    size_t item = t->size * (size_t)t->scalars, steps = count > 0 ? (size_t)(count - 1) : 0;
    size_t before = b->next, room = count > 0 ? item * (steps * (size_t)labs(stride) + 1) : 0;
    char *place = malloc(room + (room == 0));
    int rc = pvm3_unpack("fuzz", type, place + (stride < 0 ? room - item * (count > 0) : 0), count,
                         stride);

    if (b->next > b->bytes || (rc != PvmOk && b->next != before))
        abort();
    free(place);
}

static void text(long room)
{
    const struct pvm3_buffer *b = pvm3_receiving();
    size_t before = b->next;
    char *place = malloc(room > 0 ? (size_t)room : b->bytes + 1);
    int rc = pvm3_unpack_text("fuzz", place, room);

    if (b->next > b->bytes || (rc != PvmOk && b->next != before))
        abort();
    free(place);
}

/* A message in the message becomes the one that is looked at. */
static void nested(int *depth)
{
    int id = *depth < NESTED_MAX ? pvm_upkmesg() : 0;

    if (id > 0) {
        ++*depth;
        pvm_freebuf(pvm_setrbuf(id));
    }
}

/* What was received is put into another message, and that one is received. */
static void send_on(int encoding, int *depth)
{
    if (*depth >= NESTED_MAX || pvm_initsend(encoding) <= 0)
        return;
    ++*depth;
    if (pvm_pkmesg(pvm_getrbuf()) != PvmOk)
        return;
    pvm_freebuf(pvm_setrbuf(pvm_getsbuf()));
    if (pvm_upkmesg() <= 0)
        abort();
    pvm_setsbuf(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int depth = 0;

    in = (struct input){data, size};
    come();
    while (in.left > 0) {
        int what = (int)input_int(&in, 1) % (TYPES + 4);
        long count = (int8_t)input_int(&in, 1) % COUNT_MAX, stride = (int8_t)input_int(&in, 1);

        if (what < TYPES)
            items(what, count, stride);
        else if (what == TYPES)
            text(count > 0 ? count : 0);
        else if (what == TYPES + 1)
            nested(&depth);
        else
            send_on(what == TYPES + 2 ? PvmDataDefault : PvmDataRaw, &depth);
    }
    for (int id = 1; id <= 2 * NESTED_MAX + 2; id++)
        if (pvm3_buffer_find(id))
            pvm_freebuf(id);
    return 0;
}
