/* buffer.c: message buffers, their ids, and the calls about them.
 *
 * Ids are places in a table, the lowest free one first, as small ints are what programs
 * expect. What waits in the queue has none until the program sees it.
 */
#include "bindings/pvm3/buffer/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/buffer/store.h"
#include "bindings/pvm3/trace/trace.h"

#define ROOM_LEAST 256           /* bytes of a buffer that grows */
#define TABLE_LEAST 16           /* ids */
#define ENCODING_SHOWN_XDR 0x10000000 /* what PVM says of its default encoding */

static struct pvm3_buffer **table; /* by id - 1 */
static int table_size, first_free;
static struct pvm3_buffer *send_buffer, *receive_buffer;

struct pvm3_buffer *pvm3_buffer_make(int encoding, size_t room)
{
    struct pvm3_buffer *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->encoding = encoding;
    b->packed = 1;
    b->room = room;
    b->data = pvm3_store_take(PVM3_HEADER, &b->room);
    if (b->data)
        return b;
    free(b);
    return NULL;
}

void pvm3_buffer_free(struct pvm3_buffer *b)
{
    if (!b)
        return;
    if (b == send_buffer)
        send_buffer = NULL;
    if (b == receive_buffer)
        receive_buffer = NULL;
    if (b->id) {
        table[b->id - 1] = NULL;
        if (b->id - 1 < first_free)
            first_free = b->id - 1;
    }
    free(b->pieces);
    pvm3_store_give(b->data, PVM3_HEADER + b->room);
    free(b);
}

static bool table_grow(void)
{
    int size = table_size ? 2 * table_size : TABLE_LEAST;
    struct pvm3_buffer **larger = realloc(table, (size_t)size * sizeof *table);

    if (!larger)
        return false;
    memset(larger + table_size, 0, (size_t)(size - table_size) * sizeof *table);
    table = larger;
    table_size = size;
    return true;
}

int pvm3_buffer_name(struct pvm3_buffer *b)
{
    if (b->id)
        return b->id;
    while (first_free < table_size && table[first_free])
        first_free++;
    if (first_free == table_size && !table_grow())
        return 0;
    table[first_free] = b;
    b->id = ++first_free;
    return b->id;
}

struct pvm3_buffer *pvm3_buffer_find(int id)
{
    return id > 0 && id <= table_size ? table[id - 1] : NULL;
}

unsigned char *pvm3_buffer_add(struct pvm3_buffer *b, size_t bytes)
{
    unsigned char *place;

    if (b->room - b->bytes < bytes) {
        size_t room = b->room + bytes + (b->room < ROOM_LEAST ? ROOM_LEAST : b->room);
        unsigned char *larger = room < bytes ? NULL : realloc(b->data, PVM3_HEADER + room);

        if (!larger)
            return NULL;
        b->data = larger;
        b->room = room;
    }
    place = pvm3_buffer_data(b) + b->bytes;
    b->bytes += bytes;
    return place;
}

bool pvm3_buffer_add_piece(struct pvm3_buffer *b, const void *data, size_t bytes, dvm_type type)
{
    if (b->piece_count == b->piece_room) {
        size_t room = 2 * b->piece_room + 1;
        struct pvm3_piece *larger = realloc(b->pieces, room * sizeof *larger);

        if (!larger)
            return false;
        b->pieces = larger;
        b->piece_room = room;
    }
    b->pieces[b->piece_count++] = (struct pvm3_piece){data, bytes, type};
    b->bytes += bytes;
    return true;
}

unsigned char *pvm3_buffer_gather(const struct pvm3_buffer *b, bool *owned)
{
    unsigned char *all, *next;
    size_t room = b->bytes;

    *owned = b->encoding == PvmDataInPlace && b->piece_count > 0;
    if (!*owned)
        return b->data;
    all = next = pvm3_store_take(PVM3_HEADER, &room);
    if (!all)
        return NULL;
    memcpy(next, b->data, PVM3_HEADER);
    next += PVM3_HEADER;
    for (size_t i = 0; i < b->piece_count; i++) {
        memcpy(next, b->pieces[i].data, b->pieces[i].bytes);
        next += b->pieces[i].bytes;
    }
    return all;
}

void pvm3_buffer_free_bytes(unsigned char *all, size_t bytes)
{
    pvm3_store_give(all, PVM3_HEADER + bytes);
}

struct pvm3_buffer *pvm3_sending(void)
{
    return send_buffer;
}

struct pvm3_buffer *pvm3_receiving(void)
{
    return receive_buffer;
}

struct pvm3_buffer *pvm3_receive_swap(struct pvm3_buffer *b)
{
    struct pvm3_buffer *was = receive_buffer;

    receive_buffer = b;
    return was;
}

/* Free what was the send or the receive buffer; a message that was only looked at waits in the
 * queue still. */
static void give_up(struct pvm3_buffer *b)
{
    if (b && !b->queued)
        pvm3_buffer_free(b);
}

int pvm3_receive_into(struct pvm3_buffer *b)
{
    int id = pvm3_buffer_name(b);

    if (id == 0)
        return PvmNoMem;
    if (receive_buffer != b)
        give_up(receive_buffer);
    receive_buffer = b;
    return id;
}

static bool encoding_known(int encoding)
{
    return encoding == PvmDataDefault || encoding == PvmDataRaw || encoding == PvmDataInPlace ||
           encoding == PvmDataTrace;
}

static int make_named(const char *call, int encoding, struct pvm3_buffer **made)
{
    struct pvm3_buffer *b;
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (!encoding_known(encoding))
        return pvm3_fail(call, PvmBadParam, "%d is no encoding", encoding);
    b = pvm3_buffer_make(encoding == PvmDataTrace ? PvmDataDefault : encoding, 0);
    if (b && pvm3_buffer_name(b)) {
        if (encoding == PvmDataTrace)
            pvm3_trace_own_begin(b);
        *made = b;
        return b->id;
    }
    pvm3_buffer_free(b);
    return pvm3_fail(call, PvmNoMem, NULL);
}

int pvm_mkbuf(int encoding)
{
    struct pvm3_buffer *b;

    return make_named("pvm_mkbuf", encoding, &b);
}

int pvm_initsend(int encoding)
{
    struct pvm3_buffer *b, *was = send_buffer;
    int id;

    /* the usual case: the buffer is used again as it lies; one that is the receive buffer, too,
     * would be freed by the next receive */
    if (was && was->encoding == encoding && was != receive_buffer && !was->queued &&
        !was->own_event &&
        pvm3_enter("pvm_initsend") == PvmOk) {
        was->bytes = was->next = was->piece_count = 0;
        was->packed = 1;
        was->tag = was->ctx = was->wid = was->src = was->dst = 0;
        was->foreign = false;
        return was->id;
    }
    id = make_named("pvm_initsend", encoding, &b);
    if (id > 0) {
        give_up(was);
        send_buffer = b;
    }
    return id;
}

/* The buffer of an id that a program gave, or NULL with the error in *rc. */
static struct pvm3_buffer *find_given(const char *call, int id, int *rc)
{
    struct pvm3_buffer *b = pvm3_buffer_find(id);

    *rc = PvmOk;
    if (id <= 0)
        *rc = pvm3_fail(call, PvmBadParam, "%d is no id of a buffer", id);
    else if (!b)
        *rc = pvm3_fail(call, PvmNoSuchBuf, "there is no buffer %d", id);
    return b;
}

int pvm_freebuf(int id)
{
    int rc = pvm3_enter("pvm_freebuf");
    struct pvm3_buffer *b = rc == PvmOk && id != 0 ? find_given("pvm_freebuf", id, &rc) : NULL;

    if (!b)
        return rc;
    if (b->queued)
        return pvm3_fail("pvm_freebuf", PvmNoSuchBuf, "message %d was not received yet", id);
    pvm3_buffer_free(b);
    return PvmOk;
}

int pvm_getsbuf(void)
{
    int rc = pvm3_enter("pvm_getsbuf");

    return rc != PvmOk ? rc : send_buffer ? send_buffer->id : 0;
}

int pvm_getrbuf(void)
{
    int rc = pvm3_enter("pvm_getrbuf");

    return rc != PvmOk ? rc : receive_buffer ? receive_buffer->id : 0;
}

static int set_buffer(const char *call, struct pvm3_buffer **which, int id)
{
    int rc = pvm3_enter(call), old = *which ? (*which)->id : 0;
    struct pvm3_buffer *b = NULL;

    if (rc == PvmOk && id != 0)
        b = find_given(call, id, &rc);
    if (rc != PvmOk)
        return rc;
    *which = b;
    return old;
}

int pvm_setsbuf(int id)
{
    return set_buffer("pvm_setsbuf", &send_buffer, id);
}

int pvm_setrbuf(int id)
{
    return set_buffer("pvm_setrbuf", &receive_buffer, id);
}

int pvm_bufinfo(int id, int *bytes, int *tag, int *tid)
{
    int rc = pvm3_enter("pvm_bufinfo");
    struct pvm3_buffer *b = rc == PvmOk ? find_given("pvm_bufinfo", id, &rc) : NULL;

    if (!b)
        return rc;
    if (bytes)
        *bytes = (int)b->bytes;
    if (tag)
        *tag = b->tag;
    if (tid)
        *tid = b->src;
    return PvmOk;
}

int pvm_getminfo(int id, struct pvmminfo *info)
{
    int rc = pvm3_enter("pvm_getminfo");
    struct pvm3_buffer *b = rc == PvmOk ? find_given("pvm_getminfo", id, &rc) : NULL;

    if (!b)
        return rc;
    if (!info)
        return pvm3_fail("pvm_getminfo", PvmBadParam, "there is no place for the result");
    *info = (struct pvmminfo){.len = (int)b->bytes, .ctx = b->ctx, .tag = b->tag, .wid = b->wid,
                              .enc = b->encoding == PvmDataDefault ? ENCODING_SHOWN_XDR
                                                                   : b->encoding,
                              .src = b->src, .dst = b->dst};
    return PvmOk;
}

int pvm_setminfo(int id, struct pvmminfo *info)
{
    int rc = pvm3_enter("pvm_setminfo");
    struct pvm3_buffer *b = rc == PvmOk ? find_given("pvm_setminfo", id, &rc) : NULL;

    if (!b)
        return rc;
    if (!info)
        return pvm3_fail("pvm_setminfo", PvmBadParam, "there is nothing to set");
    b->ctx = info->ctx;
    b->tag = info->tag;
    b->wid = info->wid;
    b->src = info->src;
    b->dst = info->dst;
    return PvmOk;
}
