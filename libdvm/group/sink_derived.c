/* sink_derived.c: derived types and messages of several types; see sink_derived.h.
 *
 * Both sides are brought to the same form, the words of a signature: a message of one type
 * has one word. Where all bytes are the same they are put into their places as they come
 * (take); where the sender stores something else, all are collected, converted to packed
 * elements of this host, and then put into their places. Bytes fit to everything.
 */
#include "group/sink_derived.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/sink.h"
#include "type/derived.h"

#define HOW_TAKE 2
#define WORDS_BYTES 64 /* of a sentence */

/* The elements of one side. */
struct side {
    struct signature one;      /* words of a side of one type */
    struct signature_of words;
    size_t elements, bytes;    /* of all words */
};

static bool side_of(struct side *s, uint32_t code, const uint8_t *words)
{
    uint32_t representation = TYPE_REPRESENTATION(code);

    if (TYPE_ID(code) != TYPE_MIXED) {
        if (!type_basic(TYPE_ID(code)))
            return false;
        signature_basic(&s->one, TYPE_ID(code));
        s->words = (struct signature_of){s->one.bytes, s->one.length, representation};
    } else {
        s->words = (struct signature_of){words, TYPE_HEAD(code), representation};
    }
    return s->words.bytes && signature_count(&s->words, &s->elements, &s->bytes) && s->bytes > 0;
}

static struct derived *derived_of(const struct match_sink *sink)
{
    return (struct derived *)sink->shape;
}

const uint8_t *sink_words(const struct match_sink *sink)
{
    return TYPE_ID(sink->type) == TYPE_MIXED ? derived_of(sink)->signature.bytes : NULL;
}

void sink_shape(size_t count, dvm_type type, bool into, struct match_data *data)
{
    struct derived *d = type_basic(type) ? NULL : derived_known(type);
    ptrdiff_t offset;

    if (!d)
        return;
    if (derived_plain(d, count, &offset)) {
        if (data->buffer)
            data->buffer = (const char *)data->buffer + offset;
        return;
    }
    data->shape = &d->shape;
    if (!into)
        data->bytes += TYPE_HEAD(d->code);
}

int sink_check_into(const char *call, size_t count, dvm_type type)
{
    struct derived *d = type_basic(type) ? NULL : derived_known(type);

    if (d && count > 1 && d->size > 0 && derived_extent(d) == 0)
        return dvm_fail(DVM_ERR_TYPE, "%s: the type has no extent, so %zu elements would lie over "
                                      "each other", call, count);
    return d ? derived_check_into(call, d) : DVM_OK;
}

/* Elements that fit into a sink. */
static size_t room(const struct match_sink *sink, const struct side *wanted)
{
    return sink->capacity / wanted->bytes * wanted->elements;
}

int sink_check_derived(const struct match_sink *sink, struct match_result *m)
{
    size_t bytes = m->bytes - TYPE_HEAD(m->type), fit = 0;
    bool raw = TYPE_ID(m->type) == DVM_BYTE || TYPE_ID(sink->type) == DVM_BYTE;
    enum type_relation relation = TYPE_DIFFERENT;
    struct side sent, wanted;
    int how;

    if (side_of(&sent, m->type, m->head) && bytes % sent.bytes == 0) {
        m->elements = bytes / sent.bytes * sent.elements;
        if (raw) {
            relation = TYPE_COPY;
        } else if (side_of(&wanted, sink->type, sink_words(sink))) {
            fit = room(sink, &wanted);
            relation = signature_relate(&sent.words, &wanted.words,
                                        m->elements < fit ? m->elements : fit);
        }
    }
    how = sink_related(relation, raw ? bytes > sink->capacity : m->elements > fit, sink, m);
    return how == DVM_OK ? HOW_TAKE : how;
}

void sink_take(const struct match_sink *sink, const struct match_result *m, size_t at,
               const void *from, size_t bytes)
{
    size_t head = TYPE_HEAD(m->type), before = at < head ? head - at : 0;

    if (before >= bytes)
        return;
    from = (const char *)from + before;
    at = at + before - head;
    bytes -= before;
    if (sink->shape)
        sink->shape->unpack(sink->shape, sink->buffer, at, from, bytes);
    else
        memcpy((char *)sink->buffer + at, from, bytes);
}

int sink_convert_derived(const struct match_sink *sink, const struct match_result *m,
                         const void *raw, size_t *index)
{
    size_t head = TYPE_HEAD(m->type), bytes = m->bytes - head, elements, whole, rest;
    struct derived *d = derived_of(sink);
    struct side sent, wanted;
    void *turned = sink->buffer;
    int rc;

    side_of(&sent, m->type, raw);
    side_of(&wanted, sink->type, sink_words(sink));
    elements = bytes / sent.bytes * sent.elements;
    if (d)
        turned = malloc(sink->capacity + 1);
    if (!turned)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the %zu bytes of a message",
                        sink->capacity);
    rc = signature_convert(turned, &wanted.words, (const char *)raw + head, &sent.words, elements,
                           index);
    if (d) {
        /* of an element that came in part the rest is what it was */
        whole = elements / wanted.elements * wanted.bytes;
        rest = elements % wanted.elements;
        if (rc == DVM_OK)
            d->shape.unpack(&d->shape, sink->buffer, 0, turned,
                            whole + (rest ? signature_bytes(&wanted.words, rest) : 0));
        free(turned);
    }
    return rc;
}

bool sink_mixed_text(uint32_t type, size_t bytes, const uint8_t *words, char *text, size_t size)
{
    char inner[WORDS_BYTES];
    struct side s;

    if (TYPE_ID(type) != TYPE_MIXED)
        return false;
    bytes -= TYPE_HEAD(type);
    if (side_of(&s, type, words))
        snprintf(text, size, "%zu of %s (%zu B)", bytes / s.bytes,
                 signature_text(&s.words, inner, sizeof inner), bytes);
    else
        snprintf(text, size, "%zu B of several types", bytes);
    return true;
}

size_t sink_mixed_count(const struct match_result *m)
{
    struct side s;

    if (TYPE_ID(m->type) != TYPE_MIXED || m->elements || !m->head ||
        !side_of(&s, m->type, m->head))
        return m->elements;
    return (m->bytes - TYPE_HEAD(m->type)) / s.bytes * s.elements;
}
