/* sink.c: what happens between a matched message and the user's buffer.
 *
 * The common case, the same type code and room enough, is decided by a few
 * comparisons. Everything else ends in a conversion or in a sentence that names
 * both sides in full: the call that is wrong is as often the other one. Derived types
 * and messages of several types are sink_derived.c's.
 */
#include "group/sink.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "group/context.h"
#include "group/host.h"
#include "group/site.h"
#include "group/sink_derived.h"
#include "proto/frame.h"
#include "type/derived.h"
#include "type/type.h"

#define TAG_BYTES 24
#define AMOUNT_BYTES 96
#define WHO_BYTES (DVM_NAME_MAX + 32)
#define GROUP_BYTES 64
#define SIDES_BYTES 480 /* the part of a sentence that names both sides */

/* Often the count was a negative int. */
static int too_many(const char *call, size_t count, const char *type)
{
    char negative[48] = "";

    if (count > PTRDIFF_MAX)
        snprintf(negative, sizeof negative, " (%td, taken as a count)", (ptrdiff_t)count);
    return dvm_fail(DVM_ERR_ARG, "%s: %zu elements of %s are more than memory can hold%s", call,
                    count, type, negative);
}

int sink_check_buffer(const char *call, const void *buffer, size_t count, dvm_type type,
                      size_t *bytes)
{
    const struct type *t = type_basic(type);
    const struct derived *d = t ? NULL : derived_usable(call, type);
    ptrdiff_t all; /* no array has more bytes than a difference of pointers can say */

    if (!t && !d)
        return DVM_ERR_TYPE;
    if (d)
        t = &d->row;
    if (__builtin_mul_overflow(count, t->size, &all))
        return too_many(call, count, t->name);
    *bytes = (size_t)all;
    if (!buffer && count > 0)
        return dvm_fail(DVM_ERR_ARG, "%s: the buffer is NULL, but the count is %zu", call, count);
    return DVM_OK;
}

/* Where count elements lie, in one piece. Returns false where they do not, or there are none. */
static bool piece(const void *at, size_t count, dvm_type type, uintptr_t *begin, uintptr_t *end)
{
    ptrdiff_t offset = 0;

    if (count == 0 || (!type_basic(type) && !derived_plain(derived_known(type), count, &offset)))
        return false;
    *begin = (uintptr_t)at + (uintptr_t)offset;
    return !__builtin_mul_overflow(count, type_find(type)->size, end) &&
           !__builtin_add_overflow(*end, *begin, end);
}

bool sink_apart(const void *one, size_t one_count, dvm_type one_type, const void *other,
                size_t other_count, dvm_type other_type)
{
    uintptr_t begin, end, other_begin, other_end;

    return !piece(one, one_count, one_type, &begin, &end) ||
           !piece(other, other_count, other_type, &other_begin, &other_end) ||
           begin >= other_end || other_begin >= end;
}

int sink_data(const char *call, const void *buffer, size_t count, dvm_type type, bool into,
              struct match_data *data)
{
    int rc = sink_check_buffer(call, buffer, count, type, &data->bytes);

    if (rc != DVM_OK)
        return rc;
    data->buffer = buffer;
    data->type = type_code(type);
    data->shape = NULL;
    sink_shape(count, type, into, data);
    return into ? sink_check_into(call, count, type) : DVM_OK;
}

/* In a collective nobody sends or posts: tasks give and take. */
static bool collective(const struct match_result *m)
{
    return m->context & CONTEXT_COLLECTIVE;
}

/* Elements of a type, or bytes where it is not known here: "200 double (1600 B)". */
static void amount(uint32_t type, size_t bytes, char *text)
{
    size_t size = TYPE_ID(type) == TYPE_MIXED ? 0 : type_wire_size(type);

    if (size > 0)
        snprintf(text, AMOUNT_BYTES, "%zu %s (%zu B)", bytes / size, type_word(type), bytes);
    else
        snprintf(text, AMOUNT_BYTES, "%zu B of type %d", bytes, TYPE_ID(type));
}

/* Who it is: "rank 3 (node2)", and in DVM_UNIVERSE "tid 0x40007 (node2)". */
static void name_task(const struct group *g, int tid, char *text)
{
    int rank = g && g->size > 0 ? group_rank_of(g, tid) : -1;
    const char *host = host_name(DVM_TID_SLOT(tid));
    char who[GROUP_MEMBER_TEXT_MAX];

    if (rank >= 0)
        snprintf(who, sizeof who, "rank %d", rank);
    else
        snprintf(who, sizeof who, "tid 0x%x", (unsigned)tid);
    if (host)
        snprintf(text, WHO_BYTES, "%s (%s)", who, host);
    else
        snprintf(text, WHO_BYTES, "%s", who);
}

/* Ranks are those of DVM_WORLD where nothing else is said. */
static const char *group_words(const struct group *g, char *text)
{
    text[0] = '\0';
    if (!g)
        snprintf(text, GROUP_BYTES, "in a context without group ");
    else if (g->number != DVM_WORLD && g->number != DVM_UNIVERSE)
        snprintf(text, GROUP_BYTES, "in %s ", group_name(g));
    return text;
}

/* Both sides in words: who sent what, and what was asked for, where. */
static void sides(const struct match_sink *sink, const struct match_result *m, char *text,
                  size_t size)
{
    const struct group *g = group_of_context(m->context);
    char who[WHO_BYTES], sent[AMOUNT_BYTES], wanted[AMOUNT_BYTES], in[GROUP_BYTES];
    char me[GROUP_MEMBER_TEXT_MAX] = "this task", tag[TAG_BYTES] = "";
    bool together = collective(m);

    name_task(g, m->source, who);
    if (!sink_mixed_text(m->type, m->bytes, m->head, sent, sizeof sent))
        amount(m->type, m->bytes, sent);
    if (!sink_mixed_text(sink->type, sink->capacity + TYPE_HEAD(sink->type), sink_words(sink),
                         wanted, sizeof wanted))
        amount(sink->type, sink->capacity, wanted);
    if (g && g->size > 0 && g->rank >= 0)
        snprintf(me, sizeof me, "rank %d", g->rank);
    if (!together)
        snprintf(tag, sizeof tag, ", tag %d", m->tag);
    snprintf(text, size, "%s%s %s %s%s; %s %s %s%s", group_words(g, in), who,
             together ? "gives" : "sent", sent, tag, me, together ? "takes" : "posted", wanted,
             site_text(sink->site));
}

int sink_refuse(int code, const struct match_sink *sink, const struct match_result *m,
                const char *advice)
{
    char both[SIDES_BYTES];

    sides(sink, m, both, sizeof both);
    if (collective(m)) /* whose call knows what is to be done */
        return dvm_fail(code, "%s", both);
    return dvm_fail(code, "%s: %s", both, advice);
}

/* What is not of the same type, or too long. Apart, so that the common case does not pay for
 * its registers. */
__attribute__((noinline, cold)) static int check_well(const struct match_sink *sink,
                                                      struct match_result *m)
{
    enum type_relation relation = type_relate(m->type, sink->type);
    bool related = relation == TYPE_COPY || relation == TYPE_CONVERT;

    if (sink->shape || TYPE_ID(m->type) == TYPE_MIXED)
        return sink_check_derived(sink, m);
    return sink_related(relation, related && type_converted_bytes(m->type, sink->type, m->bytes) >
                                                 sink->capacity,
                        sink, m);
}

int sink_related(enum type_relation relation, bool too_long, const struct match_sink *sink,
                 const struct match_result *m)
{
    if (relation == TYPE_DIFFERENT)
        return sink_refuse(DVM_ERR_TYPE, sink, m,
                      "the types differ; receive it as what was sent, or as DVM_BYTE. The "
                      "message is kept");
    if (relation == TYPE_IMPOSSIBLE)
        return sink_refuse(DVM_ERR_UNSUPPORTED, sink, m,
                      "the two hosts store this type in ways that cannot be converted; send "
                      "another type, such as DVM_DOUBLE. The message is kept");
    if (too_long)
        return sink_refuse(DVM_ERR_TRUNCATE, sink, m,
                      "it does not fit; receive it with a larger buffer (dvm_probe tells the "
                      "size). The message is kept");
    return relation == TYPE_CONVERT;
}

static int check(const struct match_sink *sink, struct match_result *m)
{
    if (m->type == sink->type && m->bytes <= sink->capacity && !sink->shape)
        return DVM_OK;
    return check_well(sink, m);
}

static int convert(const struct match_sink *sink, const struct match_result *m, const void *raw)
{
    size_t index = 0;
    char both[SIDES_BYTES];
    int rc;

    if (sink->shape || TYPE_ID(m->type) == TYPE_MIXED)
        rc = sink_convert_derived(sink, m, raw, &index);
    else
        rc = type_convert(sink->buffer, sink->type, raw, m->type,
                          m->bytes / type_wire_size(m->type), &index);
    if (rc == DVM_ERR_TYPE) {
        sides(sink, m, both, sizeof both);
        dvm_fail(rc, "%s: element %zu is a number that does not fit into this host's type", both,
                 index);
    }
    return rc;
}

struct match_sink sink_make(const struct group *g, const struct match_data *data, uintptr_t site)
{
    return (struct match_sink){.buffer = (void *)(uintptr_t)data->buffer,
                               .capacity = data->bytes,
                               .type = data->type,
                               .shape = data->shape,
                               .check = check,
                               .convert = convert,
                               .take = sink_take,
                               .site = site,
                               .group = g ? g->number : DVM_UNIVERSE};
}

struct match_sink sink_basic(dvm_group number, void *buffer, size_t bytes, uint32_t code,
                             uintptr_t site)
{
    return (struct match_sink){.buffer = buffer, .capacity = bytes, .type = code, .check = check,
                               .convert = convert, .take = sink_take, .site = site,
                               .group = number};
}

void sink_status(const struct match_result *result, struct dvm_status *status)
{
    const struct group *g;
    size_t size;

    if (!status)
        return;
    g = group_of_context(result->context);
    size = TYPE_ID(result->type) == TYPE_MIXED ? 0 : type_wire_size(result->type);
    *status = (struct dvm_status){.source = g && result->source != DVM_NULL
                                               ? group_rank_of(g, result->source)
                                               : result->source,
                                  .tag = result->tag,
                                  .error = result->error,
                                  .cancelled = result->cancelled,
                                  .type = TYPE_ID(result->type),
                                  .bytes = result->bytes - TYPE_HEAD(result->type),
                                  .count = size ? result->bytes / size
                                                : sink_mixed_count(result)};
}

void sink_status_null(struct dvm_status *status)
{
    if (status)
        *status = (struct dvm_status){.source = DVM_NULL, .tag = DVM_ANY};
}
