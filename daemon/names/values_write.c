/* values_write.c: values as parts of messages: of the book, and of the list for those who
 * look; and out of a book, of which every number is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "daemon/names/values.h"
#include "proto/frame.h"

static Dvm__Pb__NameValue *write_one(const struct value *v, bool with_data)
{
    Dvm__Pb__NameValue *m = malloc(sizeof *m);

    if (!m)
        return NULL;
    dvm__pb__name_value__init(m);
    m->index = v->index;
    m->owner = v->owner;
    m->flags = v->flags;
    m->size = v->size;
    m->name = strdup(v->name);
    if (with_data && v->size > 0) {
        m->data.data = malloc(v->size);
        m->data.len = m->data.data ? v->size : 0;
        if (m->data.data)
            memcpy(m->data.data, v->data, v->size);
    }
    if (m->name && (!with_data || m->data.len == v->size))
        return m;
    dvm__pb__name_value__free_unpacked(m, NULL);
    return NULL;
}

/* All values; *count receives how many; less than there are: no memory. */
static Dvm__Pb__NameValue **write_all(const struct book *b, bool with_data, size_t *count)
{
    Dvm__Pb__NameValue **list = calloc(b->value_count + 1, sizeof(Dvm__Pb__NameValue *));

    *count = 0;
    while (list && *count < b->value_count &&
           (list[*count] = write_one(b->values[*count], with_data)))
        ++*count;
    return list;
}

bool values_write(const struct book *b, Dvm__Pb__NameBook *m)
{
    m->values = write_all(b, true, &m->n_values);
    return m->values && m->n_values == b->value_count;
}

void book_values(struct act *a)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;

    answer.values = write_all(a->b, false, &answer.n_values);
    if (answer.values && answer.n_values == a->b->value_count)
        book_answer(a, a->ask, &answer);
    else
        book_fail(a, a->ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
    for (size_t i = 0; i < answer.n_values; i++)
        dvm__pb__name_value__free_unpacked(answer.values[i], NULL);
    free(answer.values);
}

/* They come in order, so none is there twice. */
static bool follows(const struct book *b, const Dvm__Pb__NameValue *m)
{
    const struct value *last = b->value_count ? b->values[b->value_count - 1] : NULL;
    int by_name = last ? strcmp(last->name, m->name) : -1;

    return by_name < 0 || (by_name == 0 && last->index < m->index);
}

bool values_read(struct book *b, const Dvm__Pb__NameBook *m)
{
    for (size_t i = 0; i < m->n_values; i++) {
        const Dvm__Pb__NameValue *from = m->values[i];
        const struct value v = {.name = from->name, .index = from->index, .owner = from->owner,
                                .flags = from->flags, .data = from->data.data,
                                .size = from->data.len};

        if (!dvm_name_ok(from->name) || from->index < 0 || from->owner < 0 || !follows(b, from) ||
            b->value_count == BOOK_VALUES_MAX ||
            values_cost(from->name, from->data.len) > BOOK_VALUE_BYTES - b->value_bytes ||
            !values_add(b, &v))
            return false;
    }
    return true;
}
