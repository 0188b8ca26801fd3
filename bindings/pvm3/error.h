/* error.h: how calls of PVM's interface end. */
#ifndef PVM3_ERROR_H
#define PVM3_ERROR_H

#include <stdbool.h>

/* Begin a call: enrol this process if it is no task yet. call: such as "pvm_send". Returns
 * PvmOk or PvmSysErr, told already. */
int pvm3_enter(const char *call);

/* End a call with an error: keep the code, tell it as PvmAutoErr says, with a sentence of why
 * (which may be NULL). Returns the code. */
int pvm3_fail(const char *call, int code, const char *why, ...)
    __attribute__((format(printf, 3, 4)));

/* End a call with an error of DVM, whose sentence is the thread's last one. */
int pvm3_fail_dvm(const char *call, int rc);

/* PVM's code for an error of DVM. */
int pvm3_code(int rc);

/* PVM's own names for the last error and for the list of texts, by -code; and for a call's
 * end with an error, which returns the code. Used by old programs. */
extern int pvm_errno;
extern char *pvm_errlist[];
extern int pvm_nerr;
int lpvmerr(const char *call, int code);

#endif
