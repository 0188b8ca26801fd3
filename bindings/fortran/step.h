/* step.h: the steps between elements of an array. */
#ifndef DVM_FORTRAN_STEP_H
#define DVM_FORTRAN_STEP_H

#include <ISO_Fortran_binding.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether the steps of an array are no steps, and its elements lie in one piece: a fault of a
 * compiler; see step.c. */
bool step_unset(const CFI_cdesc_t *array);

/* An element of an array of one dimension, from 0. */
void *step_to(const CFI_cdesc_t *array, size_t i);

#endif
