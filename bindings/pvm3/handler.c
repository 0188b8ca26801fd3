/* handler.c: functions of the program that get messages as they come.
 *
 * They run inside whatever call takes messages in. While one runs, the message is the receive
 * buffer; send and receive buffer are afterwards what they were.
 */
#include "bindings/pvm3/handler.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/trace/trace.h"

#define ANY (-1)
#define HANDLERS_MAX 65536

static struct handler {
    int src, tag, ctx;
    int (*run)(int bufid); /* NULL: the place is free */
} *handlers;
static int handler_count; /* places */

static bool fits(const struct handler *h, const struct pvm3_buffer *b)
{
    return h->run && !PVM3_INTERNAL(b->ctx) && (h->src == ANY || h->src == b->src) &&
           (h->tag == ANY || h->tag == b->tag) && (h->ctx == ANY || h->ctx == b->ctx);
}

/* PVM tells of it, and of what it calls, but not of its end. */
static int tell(const struct handler *h, const struct pvm3_buffer *b)
{
    const int bytes = (int)b->bytes;
    const struct pvm3_field fields[] = {
        {TEV_DID_RST, TEV_DATA_INT, 1, &h->src},  {TEV_DID_RMC, TEV_DATA_INT, 1, &h->tag},
        {TEV_DID_RCX, TEV_DATA_INT, 1, &h->ctx},  {TEV_DID_MB, TEV_DATA_INT, 1, &b->id},
        {TEV_DID_MNB, TEV_DATA_INT, 1, &bytes},   {TEV_DID_MC, TEV_DATA_INT, 1, &b->tag},
        {TEV_DID_MCX, TEV_DATA_INT, 1, &b->ctx},  {TEV_DID_SRC, TEV_DATA_INT, 1, &b->src},
        {0}};
    const int opened = pvm3_trace_open();

    pvm3_trace_event(TEV_MHF_INVOKE | TEV_EVENT_ENTRY, fields);
    return opened;
}

static void run(const struct handler *h, struct pvm3_buffer *b)
{
    int send = pvm_getsbuf(), received = pvm_getrbuf(), id = pvm3_buffer_name(b);
    int (*const function)(int bufid) = h->run; /* handlers may move when it adds some */
    struct pvm3_buffer *left;

    pvm3_receive_swap(b);

    if (id) {
        int opened = tell(h, b);

        pvm_setsbuf(0);
        function(id);
        pvm3_trace_close(opened);
        if (pvm_getsbuf() > 0)
            pvm_freebuf(pvm_getsbuf());
        if (send > 0)
            pvm_setsbuf(send);
    }
    left = pvm3_receive_swap(pvm3_buffer_find(received)); /* unless the handler has freed it */
    if (left && left != b && left != pvm3_receiving() && !left->queued)
        pvm3_buffer_free(left); /* what the handler has received */
    if (!id || pvm3_buffer_find(id) == b)
        pvm3_buffer_free(b);
}

void pvm3_handle(struct pvm3_buffer *b)
{
    for (int i = 0; i < handler_count; i++)
        if (fits(&handlers[i], b)) {
            pvm3_queue_take(b);
            run(&handlers[i], b);
            return;
        }
}

bool pvm3_handlers_there(void)
{
    for (int i = 0; i < handler_count; i++)
        if (handlers[i].run)
            return true;
    return false;
}

static int find_place(void)
{
    struct handler *larger;

    for (int i = 0; i < handler_count; i++)
        if (!handlers[i].run)
            return i;
    larger = handler_count < HANDLERS_MAX
                 ? realloc(handlers, (size_t)(handler_count + 1) * sizeof *handlers)
                 : NULL;
    if (!larger)
        return PvmNoMem;
    handlers = larger;
    return handler_count++;
}

int pvm_addmhf(int src, int tag, int ctx, int (*function)(int bufid))
{
    static const char call[] = "pvm_addmhf";
    int rc = pvm3_enter(call), place;

    if (rc != PvmOk)
        return rc;
    if (!function)
        return pvm3_fail(call, PvmBadParam, "there is no function");
    for (int i = 0; i < handler_count; i++)
        if (handlers[i].run && handlers[i].src == src && handlers[i].tag == tag &&
            handlers[i].ctx == ctx)
            return pvm3_fail(call, PvmExists, "handler %d is for the same messages", i);
    place = find_place();
    if (place < 0)
        return pvm3_fail(call, place, NULL);
    handlers[place] = (struct handler){src, tag, ctx, function};
    return place;
}

int pvm_delmhf(int number)
{
    static const char call[] = "pvm_delmhf";
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (number < 0)
        return pvm3_fail(call, PvmBadParam, "%d is no number of a handler", number);
    if (number >= handler_count || !handlers[number].run)
        return pvm3_fail(call, PvmNotFound, "there is no handler %d", number);
    handlers[number].run = NULL;
    return PvmOk;
}

void pvmdisplaymhfinfo(const char *head, const char *tail, int number)
{
    for (int i = 0; i < handler_count; i++)
        if (handlers[i].run && (number < 0 || number == i))
            printf("%shandler %d: source %x, tag %d, context %d%s\n", head ? head : "", i,
                   (unsigned)handlers[i].src, handlers[i].tag, handlers[i].ctx, tail ? tail : "");
}
