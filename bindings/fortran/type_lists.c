/* type_lists.c: types that are made with lists: indexed ones, structs, distributed arrays. The
 * numbers of a list are integer(int64); they are copied, since the arrays may be sections.
 */
#include <stdlib.h>

#include "array.h"
#include "procedures.h"
#include "step.h"

_Static_assert(sizeof(size_t) == sizeof(ptrdiff_t), "one copy serves for lengths and offsets");

/* Copies of lists; all have the same length. */
struct lists {
    const char *call;
    size_t count;
    void *copies[3];
    int used;
};

/* The places of an array, as size_t or ptrdiff_t; NULL, with *rc an error, when it has another
 * length than those before. Nothing is done when *rc is an error before. */
static void *copy(int *rc, struct lists *l, const CFI_cdesc_t *array)
{
    size_t count = (size_t)array->dim[0].extent;
    ptrdiff_t *list;

    if (*rc != DVM_OK)
        return NULL;
    if (l->used > 0 && count != l->count) {
        *rc = call_fail(DVM_ERR_ARG, "%s: the lists have %zu and %zu places; they need the same",
                        l->call, l->count, count);
        return NULL;
    }
    list = calloc(count + 1, sizeof *list);
    if (!list) {
        *rc = call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for lists", l->call);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = (ptrdiff_t)*(const int64_t *)step_to(array, i);
    l->count = count;
    l->copies[l->used++] = list;
    return list;
}

static void lists_free(struct lists *l)
{
    for (int i = 0; i < l->used; i++)
        free(l->copies[i]);
}

typedef int list_function(size_t, const size_t *, const ptrdiff_t *, dvm_type, dvm_type *);

static void make_indexed(list_function *function, const char *call, const CFI_cdesc_t *lengths,
                         const CFI_cdesc_t *offsets, const dvm_type *old, dvm_type *new,
                         void *ierror)
{
    struct lists l = {.call = call};
    int rc = DVM_OK;
    const size_t *length_list = copy(&rc, &l, lengths);
    const ptrdiff_t *offset_list = copy(&rc, &l, offsets);

    if (rc == DVM_OK)
        rc = function(l.count, length_list, offset_list, *old, new);
    lists_free(&l);
    call_end(rc, ierror);
}

typedef int block_function(size_t, size_t, const ptrdiff_t *, dvm_type, dvm_type *);

static void make_blocks(block_function *function, const char *call, const int64_t *length,
                        const CFI_cdesc_t *offsets, const dvm_type *old, dvm_type *new,
                        void *ierror)
{
    struct lists l = {.call = call};
    int rc = DVM_OK;
    const ptrdiff_t *offset_list = copy(&rc, &l, offsets);

    if (rc == DVM_OK)
        rc = function(l.count, (size_t)*length, offset_list, *old, new);
    lists_free(&l);
    call_end(rc, ierror);
}

void dvmf_type_indexed(const CFI_cdesc_t *lengths, const CFI_cdesc_t *offsets,
                       const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    make_indexed(dvm_type_indexed, "dvm_type_indexed", lengths, offsets, old, new, ierror);
}

void dvmf_type_hindexed(const CFI_cdesc_t *lengths, const CFI_cdesc_t *offsets,
                        const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    make_indexed(dvm_type_hindexed, "dvm_type_hindexed", lengths, offsets, old, new, ierror);
}

void dvmf_type_indexed_block(const int64_t *length, const CFI_cdesc_t *offsets,
                             const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    make_blocks(dvm_type_indexed_block, "dvm_type_indexed_block", length, offsets, old, new,
                ierror);
}

void dvmf_type_hindexed_block(const int64_t *length, const CFI_cdesc_t *offsets,
                              const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    make_blocks(dvm_type_hindexed_block, "dvm_type_hindexed_block", length, offsets, old, new,
                ierror);
}

void dvmf_type_struct(const CFI_cdesc_t *lengths, const CFI_cdesc_t *offsets,
                      const CFI_cdesc_t *types, dvm_type *new, void *ierror)
{
    struct lists l = {.call = "dvm_type_struct"};
    const size_t *length_list;
    const ptrdiff_t *offset_list;
    dvm_type *list = NULL;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    length_list = copy(&rc, &l, lengths);
    offset_list = copy(&rc, &l, offsets);
    if (rc == DVM_OK && (size_t)types->dim[0].extent != l.count)
        rc = call_fail(DVM_ERR_ARG, "dvm_type_struct: %zu lengths, but %td types", l.count,
                       (ptrdiff_t)types->dim[0].extent);
    if (rc == DVM_OK && !(list = calloc(l.count + 1, sizeof *list)))
        rc = call_fail(DVM_ERR_NO_MEMORY, "dvm_type_struct: no memory for lists");
    for (size_t i = 0; rc == DVM_OK && i < l.count; i++)
        list[i] = *(const dvm_type *)step_to(types, i);
    if (rc == DVM_OK)
        rc = dvm_type_struct(l.count, length_list, offset_list, list, new);
    free(list);
    lists_free(&l);
    call_end(rc, ierror);
}

void dvmf_type_darray(const void *tasks, const void *rank, const CFI_cdesc_t *sizes,
                      const CFI_cdesc_t *distributions, const CFI_cdesc_t *arguments,
                      const CFI_cdesc_t *processes, const dvm_type *old, dvm_type *new,
                      void *ierror)
{
    static const char call[] = "dvm_type_darray";
    struct lists l = {.call = call};
    struct ints how = {.at = NULL}, along = {.at = NULL};
    const size_t *size_list, *argument_list;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    size_list = copy(&rc, &l, sizes);
    argument_list = copy(&rc, &l, arguments);
    if (rc == DVM_OK)
        rc = ints_get(&how, call, distributions);
    if (rc == DVM_OK)
        rc = ints_get(&along, call, processes);
    if (rc == DVM_OK && ((size_t)how.count != l.count || (size_t)along.count != l.count))
        rc = call_fail(DVM_ERR_ARG, "%s: all lists need a place for each of %zu dimensions", call,
                       l.count);
    if (rc == DVM_OK)
        rc = dvm_type_darray(integer(tasks), integer(rank), (int)l.count, size_list, how.at,
                             argument_list, along.at, DVM_ORDER_FORTRAN, *old, new);
    ints_free(&how);
    ints_free(&along);
    lists_free(&l);
    call_end(rc, ierror);
}
