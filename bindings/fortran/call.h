/* call.h: what all procedures of the module have in common: how they begin and end, and
 * arguments that are integers of the default kind.
 *
 * A procedure is a C function that Fortran calls itself, so its return address is the line
 * of the program. Arguments that the program has left out are NULL.
 */
#ifndef DVM_FORTRAN_CALL_H
#define DVM_FORTRAN_CALL_H

#include <dvm.h>
#include <dvm_binding.h>
#include <stdint.h>

/* Begin a procedure: calls of the library are now made for the program's line, and errors
 * are for ierror where it is given, else they end the program. */
#define CALL_BEGIN(ierror) call_begin(__builtin_return_address(0), ierror)
void call_begin(const void *site, const void *ierror);

/* End it with the result of what it did. */
void call_end(int rc, void *ierror);

/* An error of the binding's own: print or keep the sentence. Returns code. */
int call_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of a default integer; one that no int can hold becomes the nearest that can. */
int integer(const void *at);

/* The same, or what is meant when it is left out. */
int integer_or(const void *at, int otherwise);

/* Store a default integer, or a logical as 0 or 1; not where the argument is left out. */
void integer_put(void *at, int value);

/* Bytes of a default integer or logical. */
extern const int dvmf_integer_kind;

/* The number of a group; DVM_WORLD where it is left out. */
static inline dvm_group group_or_world(const dvm_group *group)
{
    return group ? *group : DVM_WORLD;
}

/* Store a status; not where it is left out. */
void status_put(void *at, const struct dvm_status *status);

/* Take a status back. */
void status_get(struct dvm_status *status, const void *at);

/* What the module's own procedures call. count receives how many there are, which may be more
 * than max. */
void dvmf_abort(const void *status, const dvm_group *group);
int dvmf_self(void);
void dvmf_hosts(struct dvm_host *list, size_t max, size_t *count, void *ierror);
void dvmf_tasks(struct dvm_task *list, size_t max, size_t *count, void *ierror);
void dvmf_values(struct dvm_value *list, size_t max, size_t *count, void *ierror);
void dvmf_type_describe(const dvm_type *type, struct dvm_type_info *info, void *ierror);

#endif
