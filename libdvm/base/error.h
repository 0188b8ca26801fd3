/* error.h: making, keeping and reporting errors.
 *
 * The function that first decides that something failed calls dvm_fail with the
 * full sentence; everybody above passes the code on. The public entry points
 * call dvm_report on their way out, which does what dvm_errors() chose.
 */
#ifndef DVM_BASE_ERROR_H
#define DVM_BASE_ERROR_H

#include <stddef.h>

#include "dvm.h"

#define DVM_SENTENCE_MAX 512 /* bytes of an error sentence with its NUL */

/* Keep a sentence as the calling thread's last error. Returns code. */
int dvm_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As dvm_fail, with ": " and the text of errno behind the sentence; for EMFILE also the
 * limit and how to raise it. Returns code; errno is kept. */
int dvm_fail_errno(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copy the calling thread's last sentence into text (DVM_SENTENCE_MAX bytes). */
void error_save(char *text);

/* What dvm_errors() chose: DVM_FATAL, DVM_RETURN or DVM_SILENT. */
int error_chosen(void);

/* What errors of this thread do now: that, or what a binding has asked for. */
int error_mode(void);

/* What to do in mode DVM_FATAL after the sentence was printed: ends the task's
 * group with a status and does not return. Set by the layer that knows groups. */
extern void (*dvm_fatal_hook)(int code, const char *sentence);

/* Who speaks in the sentences that dvm_report prints, such as "rank 2 (host b)";
 * "" for nobody in particular. */
void error_speaker(const char *who);

/* Print a sentence about something that is no error of a call, in the same form, unless errors are
 * silent. */
void error_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Act on the result of a public function: DVM_OK passes; an error is printed
 * and is fatal or returned as dvm_errors() chose. Returns code. */
int dvm_report(int code);

#endif
