/* values.c: values that tasks put under a name for others to find, PVM's mailbox.
 *
 * They stand in one array, in order of names and indexes. Who put a value owns it, and
 * others may change or delete it only if it is open or its owner has ended. It goes with
 * its owner unless it is to be kept. Who waits for a value is only told that it is there, and
 * asks for it then: so what the book keeps for those who wait does not grow with the value.
 */
#include "daemon/names/values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "dvm_binding.h"
#include "proto/frame.h"

#define ROOM_FIRST 16

/* ---- the array ----------------------------------------------------------------------------- */

static int order(const struct value *v, const char *name, int index)
{
    int by_name = strcmp(v->name, name);

    return by_name ? by_name : (v->index > index) - (v->index < index);
}

/* The place of the first value that is not before name and index. */
static size_t place_of(const struct book *b, const char *name, int index)
{
    size_t low = 0, high = b->value_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order(b->values[middle], name, index) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The value that is asked for; first: or the next of the same name. NULL: none. */
static struct value *find(const struct book *b, const char *name, int index, bool first)
{
    size_t at = place_of(b, name, index);
    struct value *v = at < b->value_count ? b->values[at] : NULL;

    return v && !strcmp(v->name, name) && (first || v->index == index) ? v : NULL;
}

static void value_free(struct value *v)
{
    free(v->name);
    free(v->data);
    free(v);
}

static void drop(struct book *b, struct value *v)
{
    size_t at = place_of(b, v->name, v->index);

    b->value_bytes -= values_cost(v->name, v->size);
    b->value_count--;
    memmove(b->values + at, b->values + at + 1, (b->value_count - at) * sizeof(struct value *));
    value_free(v);
}

static bool make_room(struct book *b)
{
    size_t room = b->value_room ? b->value_room * 2 : ROOM_FIRST;
    struct value **more;

    if (b->value_count < b->value_room)
        return true;
    more = realloc(b->values, room * sizeof(struct value *));
    if (!more)
        return false;
    b->values = more;
    b->value_room = room;
    return true;
}

size_t values_cost(const char *name, size_t size)
{
    return BOOK_VALUE_COST + strlen(name) + size;
}

bool values_add(struct book *b, const struct value *one)
{
    size_t at = place_of(b, one->name, one->index);
    struct value *v = make_room(b) ? malloc(sizeof *v) : NULL;

    if (!v)
        return false;
    *v = *one;
    v->name = strdup(one->name);
    v->data = malloc(one->size + 1);
    if (!v->name || !v->data) {
        value_free(v);
        return false;
    }
    if (one->size)
        memcpy(v->data, one->data, one->size);
    memmove(b->values + at + 1, b->values + at, (b->value_count - at) * sizeof(struct value *));
    b->values[at] = v;
    b->value_count++;
    b->value_bytes += values_cost(v->name, v->size);
    return true;
}

void values_free(struct book *b)
{
    for (size_t i = 0; i < b->value_count; i++)
        value_free(b->values[i]);
    free(b->values);
}

void values_bury(struct book *b, int tid, int slot)
{
    for (size_t i = 0; i < b->value_count;) {
        struct value *v = b->values[i];

        if (v->owner == 0 || (tid ? v->owner != tid : DVM_TID_SLOT(v->owner) != slot)) {
            i++;
        } else if (v->flags & DVM_VALUE_KEEP) {
            v->owner = 0;
            i++;
        } else {
            drop(b, v); /* the next one is in its place */
        }
    }
}

/* ---- putting ----------------------------------------------------------------------------- */

static bool may_change(const struct act *a, const struct value *v)
{
    bool closed = v->flags & DVM_BINDING_VALUE_CLOSED;

    /* who deletes with that flag is a console */
    if (v->owner == 0)
        return !closed || (v->flags & DVM_VALUE_OPEN) ||
               (a->call->what == DVM_NAME_DELETE && (a->call->flags & DVM_BINDING_VALUE_CLOSED));
    return v->owner == a->ask->from || (v->flags & DVM_VALUE_OPEN);
}

/* The index for a new value; -1: none is free. */
static int choose_index(const struct act *a)
{
    const struct book *b = a->b;
    int index = 0;

    if (a->call->number >= 0)
        return a->call->number;
    if (!(a->call->flags & DVM_VALUE_MANY))
        return 0;
    for (size_t at = place_of(b, a->call->name, 0);
         at < b->value_count && !strcmp(b->values[at]->name, a->call->name) &&
         b->values[at]->index == index; at++)
        index++;
    return index;
}

/* A name has either one value or may have many. */
static bool check_put(struct act *a, const struct value *old, const struct value *any)
{
    size_t others = a->b->value_bytes - (old ? values_cost(old->name, old->size) : 0);
    size_t cost = values_cost(a->call->name, a->call->data.len);

    if (any && (any->flags ^ a->call->flags) & DVM_VALUE_MANY && any != old &&
        !(a->call->flags & DVM_BINDING_VALUE_CLOSED))
        book_fail(a, a->ask, DVM_ERR_EXISTS, "there is a value \"%s\" that was put %s", any->name,
                  any->flags & DVM_VALUE_MANY ? "as one of many" : "as the only one");
    else if (old && !may_change(a, old))
        book_fail(a, a->ask, DVM_ERR_EXISTS, "there is a value \"%s\" (index %d) of task "
                  "0x%x, which is not open to others", old->name, old->index, (unsigned)old->owner);
    else if (cost > BOOK_VALUE_BYTES - others || (!old && a->b->value_count == BOOK_VALUES_MAX))
        book_fail(a, a->ask, DVM_ERR_LIMIT, "no room for %zu bytes: the machine keeps %d values of "
                  "%d MiB in all, with their names", a->call->data.len, BOOK_VALUES_MAX,
                  BOOK_VALUE_BYTES >> 20);
    else
        return true;
    return false;
}

/* Those who wait for this value ask for it now. */
static void tell_waiting(struct act *a, const char *name, int index)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;
    struct held *ask, *next;

    for (ask = a->b->awaiting; ask; ask = next) {
        bool first = ask->flags & DVM_VALUE_FIRST;

        next = ask->next_waiting;
        if (!strcmp(ask->name, name) && (first ? index >= ask->number : index == ask->number))
            book_answer(a, ask, &answer);
    }
}

void book_put(struct act *a)
{
    struct value v = {.name = a->call->name, .index = choose_index(a), .owner = a->ask->from,
                      .flags = a->call->flags, .data = a->call->data.data,
                      .size = a->call->data.len};
    struct value *old = find(a->b, v.name, v.index, false);

    if (!check_put(a, old, find(a->b, v.name, 0, true)))
        return;
    if (old)
        drop(a->b, old);
    if (!values_add(a->b, &v)) {
        book_fail(a, a->ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
        return;
    }
    book_ok(a, v.index);
    tell_waiting(a, v.name, v.index);
}

/* ---- getting -------------------------------------------------------------------------------- */

/* The value that the ask is about; NULL: it has been answered. */
static struct value *find_asked(struct act *a)
{
    struct value *v = find(a->b, a->call->name, a->call->number,
                           a->call->flags & DVM_VALUE_FIRST);

    if (!v)
        book_fail(a, a->ask, DVM_ERR_NO_VALUE, "there is no value \"%s\" with index %d%s",
                  a->call->name, a->call->number,
                  a->call->flags & DVM_VALUE_FIRST ? " or above" : "");
    return v;
}

static bool give(struct act *a, const struct value *v, bool with_data)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;
    Dvm__Pb__NameValue m = DVM__PB__NAME_VALUE__INIT;
    Dvm__Pb__NameValue *list[] = {&m};

    if (with_data && v->size > a->call->room) {
        book_fail(a, a->ask, DVM_ERR_TRUNCATE, "the value \"%s\" (index %d) has %zu bytes, and "
                  "there is room for %llu", v->name, v->index, v->size,
                  (unsigned long long)a->call->room);
        return false;
    }
    m.name = v->name;
    m.index = v->index;
    m.owner = v->owner;
    m.flags = v->flags;
    m.size = v->size;
    if (with_data)
        m.data = (ProtobufCBinaryData){v->size, v->data};
    answer.values = list;
    answer.n_values = 1;
    book_answer(a, a->ask, &answer);
    return true;
}

void book_get(struct act *a)
{
    const struct value *v = find_asked(a);

    if (v)
        give(a, v, !(a->call->flags & DVM_VALUE_LOOK));
}

/* Whether the ask may delete or take a value; if not it has been answered. */
static bool check_change(struct act *a, const struct value *v)
{
    if (!v || may_change(a, v))
        return v;
    book_fail(a, a->ask, DVM_ERR_REFUSED, "the value \"%s\" (index %d) is task 0x%x's, and not "
              "open to others", v->name, v->index, (unsigned)v->owner);
    return false;
}

void book_take(struct act *a)
{
    struct value *v = find_asked(a);

    if (check_change(a, v) && give(a, v, true))
        drop(a->b, v);
}

void book_delete(struct act *a)
{
    struct value *v = find_asked(a);

    if (!check_change(a, v))
        return;
    drop(a->b, v);
    book_ok(a, 0);
}

void book_await(struct act *a)
{
    struct held *ask = a->ask;

    if (find(a->b, a->call->name, a->call->number, a->call->flags & DVM_VALUE_FIRST)) {
        book_ok(a, 0);
        return;
    }
    ask->name = strdup(a->call->name);
    ask->number = a->call->number;
    ask->flags = a->call->flags;
    if (ask->name)
        values_await(a->b, ask);
    else
        book_fail(a, ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
}

/* ---- who waits ---------------------------------------------------------------------------- */

void values_await(struct book *b, struct held *ask)
{
    struct held **at = &b->awaiting;

    while (*at)
        at = &(*at)->next_waiting;
    *at = ask;
}

void values_unwait(struct book *b, struct held *ask)
{
    struct held **at = &b->awaiting;

    while (*at && *at != ask)
        at = &(*at)->next_waiting;
    if (!*at)
        return;
    *at = ask->next_waiting;
    ask->next_waiting = NULL;
    free(ask->name);
    ask->name = NULL;
}
