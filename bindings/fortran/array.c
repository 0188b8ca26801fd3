/* array.c: arrays of default integers and texts; see array.h. They may be sections. */
#include "array.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "step.h"

static int no_memory(const char *call)
{
    return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a copy of an argument", call);
}

/* Places for as many as the array has. */
static int ints_room(struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    if (array->dim[0].extent > INT_MAX)
        return call_fail(DVM_ERR_ARG, "%s: an array has more places than an int can count", call);
    list->count = (int)array->dim[0].extent;
    list->at = calloc((size_t)list->count + 1, sizeof *list->at);
    return list->at ? DVM_OK : no_memory(call);
}

int ints_get(struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    int rc = DVM_OK;

    *list = (struct ints){.at = NULL};
    if (array)
        rc = ints_room(list, call, array);
    for (int i = 0; rc == DVM_OK && i < list->count; i++)
        list->at[i] = integer(step_to(array, (size_t)i));
    return rc;
}

/* Whether the elements are logicals. */
static bool is_logical(const CFI_cdesc_t *d)
{
#ifdef CFI_type_kind_shift /* gfortran */
    return (d->type & CFI_type_mask) == CFI_type_Logical;
#else /* flang has a code for the kind that C knows, and takes codes of C's for the others */
    return d->type == CFI_type_Bool || d->type == CFI_type_int_least8_t ||
           d->type == CFI_type_int_least16_t || d->type == CFI_type_int_least32_t ||
           d->type == CFI_type_int_least64_t;
#endif
}

int logical_check(const char *call, const CFI_cdesc_t *at)
{
    if (at && (at->rank != 0 || !is_logical(at)))
        return call_fail(DVM_ERR_ARG, "%s: an argument must be a logical variable and is none",
                         call);
    return DVM_OK;
}

/* Truth is where a bit is. */
static int truth(const unsigned char *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (at[i])
            return 1;
    return 0;
}

static void store_truth(void *at, size_t bytes, int value)
{
    switch (bytes) {
    case sizeof(int8_t):
        *(int8_t *)at = (int8_t)value;
        break;
    case sizeof(int16_t):
        *(int16_t *)at = (int16_t)value;
        break;
    case sizeof(int32_t):
        *(int32_t *)at = value;
        break;
    default:
        *(int64_t *)at = value;
    }
}

int logical_get(int *value, const char *call, const CFI_cdesc_t *at)
{
    int rc = logical_check(call, at);

    *value = rc == DVM_OK && at && truth(at->base_addr, at->elem_len);
    return rc;
}

void logical_put(const CFI_cdesc_t *at, int value)
{
    store_truth(at->base_addr, at->elem_len, value != 0);
}

static int check_logicals(const char *call, const CFI_cdesc_t *array)
{
    if (array->rank != 1 || !is_logical(array) || array->dim[0].extent < 0)
        return call_fail(DVM_ERR_ARG, "%s: an argument must be an array of logicals and is none",
                         call);
    return DVM_OK;
}

int logicals_get(struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    int rc = array ? check_logicals(call, array) : DVM_OK;

    *list = (struct ints){.at = NULL};
    if (rc != DVM_OK || !array)
        return rc;
    rc = ints_room(list, call, array);
    for (int i = 0; rc == DVM_OK && i < list->count; i++)
        list->at[i] = truth(step_to(array, (size_t)i), array->elem_len);
    return rc;
}

int logicals_put(const struct ints *list, const char *call, const CFI_cdesc_t *array)
{
    int rc = array ? check_logicals(call, array) : DVM_OK;

    for (int i = 0; rc == DVM_OK && array && i < list->count && i < array->dim[0].extent; i++)
        store_truth(step_to(array, (size_t)i), array->elem_len, list->at[i] != 0);
    return rc;
}

void ints_put(struct ints *list, const CFI_cdesc_t *array)
{
    for (int i = 0; array && i < list->count && i < array->dim[0].extent; i++)
        integer_put(step_to(array, (size_t)i), list->at[i]);
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
        list[i] = trimmed(step_to(texts, (size_t)i), texts->elem_len);
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
