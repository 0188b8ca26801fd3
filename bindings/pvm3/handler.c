/* handler.c: functions of the program that get messages as they come.
 *
 * They run inside whatever call takes messages in. While one runs, the message is the receive
 * buffer; send and receive buffer are afterwards what they were.
 */
#include "bindings/pvm3/handler.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/queue.h"

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

static void run(int (*handler)(int bufid), struct pvm3_buffer *b)
{
    int send = pvm_getsbuf(), received = pvm_getrbuf(), id = pvm3_buffer_name(b);
    struct pvm3_buffer *left;

    pvm3_receive_swap(b);

    if (id) {
        pvm_setsbuf(0);
        handler(id);
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
            run(handlers[i].run, b);
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
