/* signature.c: making, checking and comparing the words of signature.h.
 *
 * What comes from elsewhere is checked once (signature_count): then every walk over it is
 * safe. A walk yields runs, and begins anew at the end; two walks side by side compare what
 * two types have made of the same elements.
 */
#include "type/signature.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TYPE_BITS 6
#define GROUP ((1u << TYPE_BITS) - 1)
#define SMALL_MAX 3u     /* largest count beside a type */
#define NUMBER_MAX 10    /* bytes of a number */

_Static_assert(DVM_TYPE_COUNT <= GROUP, "a type's number fits beside a count");

/* ---- making ---------------------------------------------------------------------- */

static bool put_byte(struct signature *s, uint8_t byte)
{
    if (s->length == sizeof s->bytes)
        return false;
    s->bytes[s->length++] = byte;
    return true;
}

static bool put_number(struct signature *s, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        if (!put_byte(s, (uint8_t)(number | 0x80)))
            return false;
    return put_byte(s, (uint8_t)number);
}

static bool put_run(struct signature *s, unsigned type, uint64_t count)
{
    if (count <= SMALL_MAX)
        return put_byte(s, (uint8_t)(type | count << TYPE_BITS));
    return put_byte(s, (uint8_t)type) && put_number(s, count);
}

static bool put_words(struct signature *s, const uint8_t *bytes, size_t length)
{
    if (length > sizeof s->bytes - s->length)
        return false;
    memcpy(s->bytes + s->length, bytes, length);
    s->length = (uint8_t)(s->length + length);
    return true;
}

static bool put_group(struct signature *s, uint64_t count, const uint8_t *words, size_t length)
{
    return put_byte(s, GROUP) && put_number(s, count) && put_byte(s, (uint8_t)length) &&
           put_words(s, words, length);
}

/* ---- reading ---------------------------------------------------------------------- */

struct word {
    unsigned type;        /* or GROUP */
    uint64_t count;
    const uint8_t *inner; /* of a group, up to end */
    const uint8_t *end;   /* what follows */
};

static bool read_number(const uint8_t **at, const uint8_t *end, uint64_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < NUMBER_MAX && *at < end; i++) {
        uint64_t part = **at & 0x7f;

        if (i == NUMBER_MAX - 1 && part > 1)
            return false;
        *number |= part << (7 * i);
        if (!(*(*at)++ & 0x80))
            return true;
    }
    return false;
}

static bool read_word(const uint8_t *at, const uint8_t *end, struct word *w)
{
    uint8_t first = *at++;

    w->type = first & GROUP;
    w->count = first >> TYPE_BITS;
    w->inner = NULL;
    if (w->count == 0 && !read_number(&at, end, &w->count))
        return false;
    if (w->type == GROUP) {
        if (first != GROUP || at == end || *at == 0 || *at > end - at - 1)
            return false;
        w->inner = at + 1;
        at += 1 + *at;
    }
    w->end = at;
    return w->count > 0;
}

/* The only word of a signature; false when there are several, or none. */
static bool single(const struct signature *s, struct word *w)
{
    return s->length > 0 && read_word(s->bytes, s->bytes + s->length, w) &&
           w->end == s->bytes + s->length;
}

/* The last word, and its place. */
static uint8_t last(const struct signature *s, struct word *w)
{
    const uint8_t *at = s->bytes, *end = s->bytes + s->length;

    while (read_word(at, end, w) && w->end < end)
        at = w->end;
    return (uint8_t)(at - s->bytes);
}

void signature_basic(struct signature *s, dvm_type type)
{
    s->length = 0;
    put_run(s, (unsigned)type, 1);
}

bool signature_repeat(struct signature *s, size_t count)
{
    struct signature old = *s;
    struct word w;
    uint64_t all;

    if (count == 1 || s->length == 0)
        return true;
    s->length = 0;
    if (count == 0)
        return true;
    if (!single(&old, &w))
        return put_group(s, count, old.bytes, old.length);
    if (__builtin_mul_overflow(w.count, count, &all))
        return false;
    return w.inner ? put_group(s, all, w.inner, (size_t)(w.end - w.inner))
                   : put_run(s, w.type, all);
}

/* Whether a group has just these words. */
static bool group_of(const struct word *w, const struct signature *s)
{
    return w->inner && w->end - w->inner == s->length &&
           memcmp(w->inner, s->bytes, s->length) == 0;
}

bool signature_append(struct signature *s, const struct signature *other)
{
    const uint8_t *rest = other->bytes, *end = other->bytes + other->length;
    struct signature old = *s;
    struct word mine, first;
    uint8_t place;

    if (other->length == 0)
        return true;
    if (s->length == 0) {
        *s = *other;
        return true;
    }
    place = last(&old, &mine);
    read_word(rest, end, &first);
    s->length = place;
    if (!mine.inner && first.type == mine.type)
        return put_run(s, mine.type, mine.count + first.count) &&
               put_words(s, first.end, (size_t)(end - first.end));
    if (group_of(&mine, other))
        return put_group(s, mine.count + 1, other->bytes, other->length);
    s->length = old.length;
    if (old.length == other->length && memcmp(old.bytes, other->bytes, old.length) == 0)
        return signature_repeat(s, 2);
    return put_words(s, other->bytes, other->length);
}

dvm_type signature_only(const struct signature *s)
{
    struct word w;

    return single(s, &w) && !w.inner ? (dvm_type)w.type : -1;
}

/* ---- counting ------------------------------------------------------------------------ */

static bool add_times(size_t *sum, size_t value, uint64_t times)
{
    size_t product;

    return !__builtin_mul_overflow(value, times, &product) &&
           !__builtin_add_overflow(*sum, product, sum);
}

static bool count_words(const uint8_t *at, const uint8_t *end, uint32_t representation,
                        unsigned depth, size_t *elements, size_t *bytes)
{
    if (depth > SIGNATURE_DEPTH)
        return false;
    while (at < end) {
        size_t inner_elements = 1, size;
        struct word w;

        if (!read_word(at, end, &w))
            return false;
        if (w.inner) {
            inner_elements = size = 0;
            if (!count_words(w.inner, w.end, representation, depth + 1, &inner_elements, &size))
                return false;
        } else {
            size = type_wire_size(w.type | representation << 8);
            if (size == 0)
                return false;
        }
        if (!add_times(elements, inner_elements, w.count) || !add_times(bytes, size, w.count))
            return false;
        at = w.end;
    }
    return true;
}

bool signature_count(const struct signature_of *s, size_t *elements, size_t *bytes)
{
    *elements = *bytes = 0;
    return count_words(s->bytes, s->bytes + s->length, s->representation, 0, elements, bytes);
}

/* ---- walking ---------------------------------------------------------------------------- */

/* A place in words: what is open around it. */
struct walk {
    const struct signature_of *s;
    struct {
        const uint8_t *begin, *at, *end;
        uint64_t times; /* still, this one included */
    } level[SIGNATURE_DEPTH + 1];
    unsigned depth;
    uint32_t code;      /* of the run, */
    uint64_t left;      /* and what is left of it */
};

static void walk_enter(struct walk *w, const uint8_t *begin, const uint8_t *end, uint64_t times)
{
    w->level[w->depth].begin = w->level[w->depth].at = begin;
    w->level[w->depth].end = end;
    w->level[w->depth].times = times;
}

static void walk_start(struct walk *w, const struct signature_of *s)
{
    w->s = s;
    w->depth = 0;
    w->left = 0;
    walk_enter(w, s->bytes, s->bytes + s->length, 1);
}

/* Go to the next run, unless there is something left of this one. */
static void walk_next(struct walk *w)
{
    struct word word;

    while (w->left == 0) {
        while (w->level[w->depth].at == w->level[w->depth].end) {
            if (w->depth > 0 && --w->level[w->depth].times == 0)
                w->depth--;
            else
                w->level[w->depth].at = w->level[w->depth].begin;
        }
        read_word(w->level[w->depth].at, w->level[w->depth].end, &word);
        w->level[w->depth].at = word.end;
        if (word.inner) {
            w->depth++;
            walk_enter(w, word.inner, word.end, word.count);
        } else {
            w->code = word.type | w->s->representation << 8;
            w->left = word.count;
        }
    }
}

size_t signature_bytes(const struct signature_of *s, size_t elements)
{
    size_t bytes = 0, count;
    struct walk w;

    walk_start(&w, s);
    for (; elements > 0; elements -= count) {
        walk_next(&w);
        count = w.left < elements ? (size_t)w.left : elements;
        w.left -= count;
        bytes += count * type_wire_size(w.code);
    }
    return bytes;
}

/* The next run that both have alike; returns how many elements, at most most. */
static size_t walk_both(struct walk *a, struct walk *b, size_t most)
{
    uint64_t count;

    walk_next(a);
    walk_next(b);
    count = a->left < b->left ? a->left : b->left;
    if (count > most)
        count = most;
    a->left -= count;
    b->left -= count;
    return count;
}

static bool identical(const struct signature_of *a, const struct signature_of *b)
{
    return a->representation == b->representation && a->length == b->length &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
}

enum type_relation signature_relate(const struct signature_of *sent,
                                    const struct signature_of *wanted, size_t elements)
{
    enum type_relation all = TYPE_COPY;
    struct walk from, to;

    if (identical(sent, wanted))
        return TYPE_COPY;
    walk_start(&from, sent);
    walk_start(&to, wanted);
    while (elements > 0) {
        size_t count = walk_both(&from, &to, elements);
        enum type_relation one = type_relate(from.code, to.code);

        /* bytes fit to bytes only: there is no telling where an element begins */
        if ((TYPE_ID(from.code) == DVM_BYTE) != (TYPE_ID(to.code) == DVM_BYTE))
            return TYPE_DIFFERENT;
        if (one > all)
            all = one;
        if (all == TYPE_DIFFERENT)
            return all;
        elements -= count;
    }
    return all;
}

int signature_convert(void *out, const struct signature_of *wanted, const void *in,
                      const struct signature_of *sent, size_t elements, size_t *index)
{
    const char *read = in;
    struct walk from, to;
    char *write = out;
    size_t done = 0;

    walk_start(&from, sent);
    walk_start(&to, wanted);
    while (done < elements) {
        size_t count = walk_both(&from, &to, elements - done), place = 0;
        size_t bytes = count * type_wire_size(to.code);
        int rc = DVM_OK;

        if (type_relate(from.code, to.code) == TYPE_COPY)
            memcpy(write, read, bytes);
        else
            rc = type_convert(write, to.code, read, from.code, count, &place);
        if (rc != DVM_OK) {
            *index = done + place;
            return rc;
        }
        write += bytes;
        read += count * type_wire_size(from.code);
        done += count;
    }
    return DVM_OK;
}

/* ---- in words ------------------------------------------------------------------------------ */

/* Append to a text as snprintf; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void add_text(char *text, size_t size,
                                                           const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static void words_text(const struct signature_of *s, const uint8_t *at, const uint8_t *end,
                       char *text, size_t size)
{
    const uint8_t *begin = at;
    struct word w;

    for (; at < end && read_word(at, end, &w); at = w.end) {
        add_text(text, size, at > begin ? ", " : "{");
        if (w.count > 1)
            add_text(text, size, "%llu ", (unsigned long long)w.count);
        if (w.inner)
            words_text(s, w.inner, w.end, text, size);
        else
            add_text(text, size, "%s", type_word(w.type | s->representation << 8));
    }
    add_text(text, size, "}");
}

const char *signature_text(const struct signature_of *s, char *text, size_t size)
{
    text[0] = '\0';
    words_text(s, s->bytes, s->bytes + s->length, text, size);
    if (strlen(text) == size - 1 && size > 4)
        memcpy(text + size - 4, "...", 4);
    return text;
}
