/* type.c: types of the program's own. Sizes and steps are numbers of 8 bytes, as in the module;
 * where a count may not be negative, the library refuses what it becomes.
 */
#include "array.h"
#include "procedures.h"
#include "step.h"

void dvmf_type_contiguous(const int64_t *count, const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_contiguous((size_t)*count, *old, new), ierror);
}

void dvmf_type_vector(const int64_t *count, const int64_t *length, const int64_t *stride,
                      const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_vector((size_t)*count, (size_t)*length, (ptrdiff_t)*stride, *old, new),
             ierror);
}

void dvmf_type_hvector(const int64_t *count, const int64_t *length, const int64_t *stride,
                       const dvm_type *old, dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_hvector((size_t)*count, (size_t)*length, (ptrdiff_t)*stride, *old, new),
             ierror);
}

/* Sizes of dimensions. */
static void sizes_get(size_t *list, const CFI_cdesc_t *array, int dims)
{
    for (int i = 0; i < dims; i++)
        list[i] = (size_t)*(const int64_t *)step_to(array, (size_t)i);
}

void dvmf_type_subarray(const CFI_cdesc_t *sizes, const CFI_cdesc_t *subsizes,
                        const CFI_cdesc_t *starts, const dvm_type *old, dvm_type *new,
                        void *ierror)
{
    size_t whole[CFI_MAX_RANK], part[CFI_MAX_RANK], from[CFI_MAX_RANK];
    CFI_index_t dims = sizes->dim[0].extent;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    if (dims > CFI_MAX_RANK || subsizes->dim[0].extent != dims || starts->dim[0].extent != dims)
        rc = call_fail(DVM_ERR_ARG, "dvm_type_subarray: sizes, subsizes and starts must have a "
                       "place for each dimension, and at most %d", CFI_MAX_RANK);
    if (rc == DVM_OK) {
        sizes_get(whole, sizes, (int)dims);
        sizes_get(part, subsizes, (int)dims);
        sizes_get(from, starts, (int)dims);
        rc = dvm_type_subarray((int)dims, whole, part, from, DVM_ORDER_FORTRAN, *old, new);
    }
    call_end(rc, ierror);
}

void dvmf_type_resized(const dvm_type *old, const int64_t *lower, const int64_t *extent,
                       dvm_type *new, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_resized(*old, (ptrdiff_t)*lower, (ptrdiff_t)*extent, new), ierror);
}

void dvmf_type_commit(const dvm_type *type, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_commit(*type), ierror);
}

void dvmf_type_free(dvm_type *type, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_free(type), ierror);
}

/* Ask for bounds and store them. */
static void bounds(int (*function)(dvm_type, ptrdiff_t *, ptrdiff_t *), const dvm_type *type,
                   int64_t *lower, int64_t *extent, void *ierror)
{
    ptrdiff_t low, size;
    int rc = function(*type, &low, &size);

    if (rc == DVM_OK) {
        *lower = (int64_t)low;
        *extent = (int64_t)size;
    }
    call_end(rc, ierror);
}

void dvmf_type_extent(const dvm_type *type, int64_t *lower, int64_t *extent, void *ierror)
{
    CALL_BEGIN(ierror);
    bounds(dvm_type_extent, type, lower, extent, ierror);
}

void dvmf_type_true_extent(const dvm_type *type, int64_t *lower, int64_t *extent, void *ierror)
{
    CALL_BEGIN(ierror);
    bounds(dvm_type_true_extent, type, lower, extent, ierror);
}

void dvmf_type_count(const void *status, const dvm_type *type, int64_t *count, int64_t *rest,
                     void *ierror)
{
    struct dvm_status s;
    size_t elements, left;
    int rc;

    CALL_BEGIN(ierror);
    status_get(&s, status);
    rc = dvm_type_count(&s, *type, &elements, &left);
    if (rc == DVM_OK) {
        *count = (int64_t)elements;
        if (rest)
            *rest = (int64_t)left;
    }
    call_end(rc, ierror);
}

/* For the module's dvm_type_describe, which takes the lists apart. */
void dvmf_type_describe(const dvm_type *type, struct dvm_type_info *info, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_type_describe(*type, info), ierror);
}

void dvmf_address(const CFI_cdesc_t *buf, int64_t *at, void *ierror)
{
    CALL_BEGIN(ierror);
    *at = (int64_t)(intptr_t)buf->base_addr;
    call_end(DVM_OK, ierror);
}
