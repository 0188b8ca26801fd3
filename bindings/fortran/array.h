/* array.h: arrays of default integers and texts, as C wants them. */
#ifndef DVM_FORTRAN_ARRAY_H
#define DVM_FORTRAN_ARRAY_H

#include <ISO_Fortran_binding.h>

#include "call.h"

/* Integers (or logicals, as 0 and 1), one behind the other. */
struct ints {
    int *at;   /* NULL: the argument was left out, or there is no memory */
    int count;
};

/* A copy of an array; of none where it is left out. Errors: NO_MEMORY, ARG (too many). */
int ints_get(struct ints *list, const char *call, const CFI_cdesc_t *array);

/* The same for logicals of any kind. Further error: ARG (it is no array of logicals). */
int logicals_get(struct ints *list, const char *call, const CFI_cdesc_t *array);

/* Store them into an array of logicals, as many as it has. Error: ARG. */
int logicals_put(const struct ints *list, const char *call, const CFI_cdesc_t *array);

/* A logical; 0 where it is left out. Error: ARG (it is none). */
int logical_get(int *value, const char *call, const CFI_cdesc_t *at);

/* Whether a logical can be stored there; where not, the error ARG. */
int logical_check(const char *call, const CFI_cdesc_t *at);

/* Store it; at was checked. */
void logical_put(const CFI_cdesc_t *at, int value);

/* Store them into the array, as many as it has. Frees them. Accepts an array that is left out. */
void ints_put(struct ints *list, const CFI_cdesc_t *array);

/* Free them. */
void ints_free(struct ints *list);

/* A text without the blanks at its end, NULL where it is left out. To be freed. Without memory
 * *rc becomes NO_MEMORY; nothing is done when it is an error before. */
char *text_get(int *rc, const char *call, const CFI_cdesc_t *text);

/* An array of texts, with NULL at its end; likewise. To be freed by texts_free. */
char **texts_get(int *rc, const char *call, const CFI_cdesc_t *texts);

/* Free them. Accepts NULL. */
void texts_free(char **texts);

#endif
