/* dims.c: dvm_dims_create: a number of tasks as a product of extents that are near each other.
 *
 * Balanced means here: the largest extent is as small as possible; among those products the
 * second largest is, and so on. That is one product for each number, and what the standard
 * asks for in words; that libraries which multiply prime factors together miss it often is
 * shown in J. L. Traeff, F. D. Luebbe, "Specification Guideline Violations by
 * MPI_Dims_create", EuroMPI 2015. MPI 4.0, section 8.5.2, is the source of the interface.
 *
 * The search tries the divisors for the largest extent upward from the root, then the
 * same for what is left with no extent above that: the first product found is the one.
 */
#include <assert.h>
#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "group/entry.h"

#define DIVISORS_MAX 1600 /* of 2,095,133,040; no int has more */

/* Divisors of the number, upward. */
struct divisors {
    int list[DIVISORS_MAX];
    int count;
};

static void find_divisors(int number, struct divisors *d)
{
    int large;

    d->count = 0;
    for (long i = 1; i * i <= number; i++)
        if (number % i == 0)
            d->list[d->count++] = (int)i;
    large = d->count;
    for (int i = large - 1; i >= 0; i--)
        if (number / d->list[i] != d->list[large - 1])
            d->list[d->count++] = number / d->list[i];
    assert(d->count <= DIVISORS_MAX);
}

/* Whether so many extents, none above most, can reach the number. */
static bool reaches(int number, int extents, int most)
{
    long product = 1;

    for (int i = 0; i < extents && product < number; i++)
        product *= most;
    return product >= number;
}

/* Cut number into extents, none above most, largest first. */
static bool cut(const struct divisors *d, int number, int extents, int most, int *out)
{
    if (extents == 0)
        return number == 1;
    for (int i = 0; i < d->count && d->list[i] <= most; i++) {
        if (number % d->list[i] != 0 || !reaches(number, extents, d->list[i]))
            continue;
        out[0] = d->list[i];
        if (cut(d, number / d->list[i], extents - 1, d->list[i], out + 1))
            return true;
    }
    return false;
}

static int check(int tasks, int ndims, const int *dims, int *rest, int *open)
{
    static const char call[] = "dvm_dims_create";
    long fixed = 1;

    if (tasks < 1)
        return dvm_fail(DVM_ERR_ARG, "%s: there must be a task at least, not %d", call, tasks);
    if (ndims < 1 || ndims > DVM_DIMS_MAX)
        return dvm_fail(DVM_ERR_ARG, "%s: there must be 1 to %d dimensions, not %d", call,
                        DVM_DIMS_MAX, ndims);
    if (!dims)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d extents", call, ndims);
    *open = 0;
    for (int i = 0; i < ndims; i++) {
        if (dims[i] < 0)
            return dvm_fail(DVM_ERR_ARG, "%s: dimension %d has extent %d; give 0 for one that is "
                                         "to be found, else at least 1", call, i, dims[i]);
        *open += dims[i] == 0;
        if (dims[i] > 0 && fixed <= INT_MAX)
            fixed *= dims[i];
    }
    if (tasks % fixed != 0 || (*open == 0 && fixed != tasks))
        return dvm_fail(DVM_ERR_ARG, "%s: %d tasks cannot be a grid whose given extents multiply "
                                     "to %ld%s", call, tasks, fixed,
                        *open ? "" : "; no extent is 0, to be found");
    *rest = (int)(tasks / fixed);
    return DVM_OK;
}

int dvm_dims_create(int tasks, int ndims, int *dims)
{
    int found[DVM_DIMS_MAX], rest = 1, open = 0, rc;
    struct divisors divisors;

    ENTRY_BEGIN();
    rc = check(tasks, ndims, dims, &rest, &open);
    if (rc != DVM_OK || open == 0)
        return dvm_leave(rc);
    find_divisors(rest, &divisors);
    cut(&divisors, rest, open, rest, found);
    for (int i = 0, next = 0; i < ndims; i++)
        if (dims[i] == 0)
            dims[i] = found[next++];
    return dvm_leave(DVM_OK);
}
