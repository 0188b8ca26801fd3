/* array.c: arrays of default integers and texts; see array.h. Arrays may be sections. */
#include "array.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void *place(const CFI_cdesc_t *array, CFI_index_t i)
{
    return (char *)array->base_addr + i * array->dim[0].sm;
}

static int no_memory(const char *call)
{
    return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a copy of an argument", call);
}

int ints_get(struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    *list = (struct ints){.at = NULL};
    if (!array)
        return DVM_OK;
    if (array->dim[0].extent > INT_MAX)
        return call_fail(DVM_ERR_ARG, "%s: an array has more places than an int can count", call);
    list->count = (int)array->dim[0].extent;
    list->at = calloc((size_t)list->count + 1, sizeof *list->at);
    if (!list->at)
        return no_memory(call);
    for (int i = 0; i < list->count; i++)
        list->at[i] = integer(place(array, i));
    return DVM_OK;
}

int logicals_get(struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    int rc = ints_get(list, call, array);

    for (int i = 0; rc == DVM_OK && i < list->count; i++)
        list->at[i] = list->at[i] != 0;
    return rc;
}

void ints_put(struct ints *list, const CFI_cdesc_t *array)
{
    for (int i = 0; array && i < list->count && i < array->dim[0].extent; i++)
        integer_put(place(array, i), list->at[i]);
    ints_free(list);
}

void ints_free(struct ints *list)
{
    free(list->at);
    list->at = NULL;
}

static char *trimmed(const char *letters, size_t length)
{
    while (length > 0 && letters[length - 1] == ' ')
        length--;
    return strndup(letters, length);
}

char *text_get(int *rc, const char *call, const CFI_cdesc_t *text)
{
    char *copy;

    if (!text || *rc != DVM_OK)
        return NULL;
    copy = trimmed(text->base_addr, text->elem_len);
    if (!copy)
        *rc = no_memory(call);
    return copy;
}

char **texts_get(int *rc, const char *call, const CFI_cdesc_t *texts)
{
    CFI_index_t count;
    char **list;

    if (!texts || *rc != DVM_OK)
        return NULL;
    count = texts->dim[0].extent;
    list = calloc((size_t)count + 1, sizeof *list);
    for (CFI_index_t i = 0; list && i < count; i++) {
        list[i] = trimmed(place(texts, i), texts->elem_len);
        if (!list[i]) {
            texts_free(list);
            list = NULL;
        }
    }
    if (!list)
        *rc = no_memory(call);
    return list;
}

void texts_free(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}
