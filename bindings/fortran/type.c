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

void dvmf_type_extent(const dvm_type *type, int64_t *lower, int64_t *extent, void *ierror)
{
    ptrdiff_t low, size;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_type_extent(*type, &low, &size);
    if (rc == DVM_OK) {
        *lower = (int64_t)low;
        *extent = (int64_t)size;
    }
    call_end(rc, ierror);
}
