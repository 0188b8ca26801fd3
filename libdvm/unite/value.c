/* value.c: values that the machine keeps under a name: dvm_value_put and its kin.
 *
 * Who waits is told by the keeper that a value is there, and then asks for it; another may
 * have taken it by then, so that is done until it is had.
 */
#include <stdio.h>
#include <string.h>

#include "dvm_binding.h"
#include "base/error.h"
#include "group/entry.h"
#include "proto/control.h"
#include "unite/ask.h"

#define PUT_FLAGS                                              \
    (DVM_VALUE_KEEP | DVM_VALUE_MANY | DVM_VALUE_OPEN | DVM_BINDING_VALUE_CLOSED)
#define GET_FLAGS (DVM_VALUE_FIRST | DVM_VALUE_TAKE | DVM_VALUE_WAIT | DVM_VALUE_LOOK)

#define ASK(function, number_of, what_is)                                                   \
    {.call = #function, .board = DVM_BOARD_##number_of, .site = ENTRY_SITE(),              \
     .what = DVM_NAME_##what_is, .name = name}

static int no_place(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", call);
}

static int put(const struct named_ask *ask, int *place)
{
    Dvm__Pb__NameAnswer *answer;
    int rc;

    if (ask->flags & ~(unsigned)PUT_FLAGS)
        return dvm_fail(DVM_ERR_ARG, "%s: 0x%x has flags that are not for it", ask->call,
                        ask->flags);
    if (ask->number < 0 && ask->number != DVM_ANY)
        return dvm_fail(DVM_ERR_ARG, "%s: %d is no index; it is 0 or more, or DVM_ANY",
                        ask->call, ask->number);
    if (!ask->data && ask->bytes > 0)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no value of %zu bytes", ask->call, ask->bytes);
    rc = named_ask(ask, &answer);
    if (rc != DVM_OK)
        return rc;
    if (place)
        *place = answer->number;
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return DVM_OK;
}

int dvm_value_put(const char *name, int index, unsigned flags, const void *data, size_t bytes,
                  int *place)
{
    struct named_ask ask = ASK(dvm_value_put, VALUE_PUT, PUT);

    ENTRY_BEGIN();
    ask.number = index;
    ask.flags = flags;
    ask.data = data;
    ask.bytes = bytes;
    return dvm_leave(put(&ask, place));
}

static void fill(struct dvm_value *to, const Dvm__Pb__NameValue *from)
{
    memset(to, 0, sizeof *to);
    snprintf(to->name, sizeof to->name, "%s", from->name);
    to->index = from->index;
    to->owner = from->owner;
    to->flags = from->flags;
    to->bytes = from->size;
}

/* Ask for a value that may be there. */
static int get_now(const struct named_ask *ask, void *data, struct dvm_value *what)
{
    Dvm__Pb__NameAnswer *answer;
    const Dvm__Pb__NameValue *v;
    int rc = named_ask(ask, &answer);

    if (rc != DVM_OK)
        return rc;
    v = answer->n_values == 1 ? answer->values[0] : NULL;
    if (!v || v->data.len > ask->room) {
        rc = vm_bad_answer(DVM_CTL_NAMES_REPLY);
    } else {
        if (v->data.len > 0)
            memcpy(data, v->data.data, v->data.len);
        if (what)
            fill(what, v);
    }
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return rc;
}

static int get(struct named_ask *ask, void *data, struct dvm_value *what)
{
    enum dvm_name_what once = ask->flags & DVM_VALUE_TAKE ? DVM_NAME_TAKE : DVM_NAME_GET;
    bool look = ask->flags & DVM_VALUE_LOOK;
    int rc;

    if (ask->flags & ~(unsigned)GET_FLAGS || (look && ask->flags & DVM_VALUE_TAKE))
        return dvm_fail(DVM_ERR_ARG, "%s: 0x%x has flags that are not for it, or that do not go "
                        "together", ask->call, ask->flags);
    if (ask->number < 0)
        return dvm_fail(DVM_ERR_ARG, "%s: %d is no index; it is 0 or more", ask->call,
                        ask->number);
    if (look ? !what : !data && ask->room > 0)
        return no_place(ask->call);
    do {
        rc = DVM_OK;
        ask->what = DVM_NAME_AWAIT;
        if (ask->flags & DVM_VALUE_WAIT)
            rc = named_ask(ask, NULL);
        ask->what = once;
        if (rc == DVM_OK)
            rc = get_now(ask, data, what);
    } while (rc == DVM_ERR_NO_VALUE && (ask->flags & DVM_VALUE_WAIT));
    return rc;
}

int dvm_value_get(const char *name, int index, unsigned flags, void *data, size_t max,
                  struct dvm_value *what)
{
    struct named_ask ask = ASK(dvm_value_get, VALUE_GET, GET);

    ENTRY_BEGIN();
    ask.number = index;
    ask.flags = flags;
    ask.room = max;
    return dvm_leave(get(&ask, data, what));
}

int dvm_value_delete(const char *name, int index)
{
    struct named_ask ask = ASK(dvm_value_delete, VALUE_DELETE, DELETE);

    ENTRY_BEGIN();
    ask.number = index;
    return dvm_leave(named_ask(&ask, NULL));
}

int dvm_values(struct dvm_value *list, size_t max, size_t *count)
{
    const char *name = NULL;
    const struct named_ask ask = ASK(dvm_values, VALUES, VALUES);
    Dvm__Pb__NameAnswer *answer;
    int rc;

    ENTRY_BEGIN();
    if (!count || (max > 0 && !list))
        return dvm_leave(no_place(ask.call));
    rc = named_ask(&ask, &answer);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    for (size_t i = 0; i < answer->n_values && i < max; i++)
        fill(&list[i], answer->values[i]);
    *count = answer->n_values;
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return dvm_leave(DVM_OK);
}
