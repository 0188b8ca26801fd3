/* dvm_binding.h: what a library that has another interface over DVM needs besides dvm.h.
 *
 * For such libraries (bindings/), not for programs. Their own code stands between the
 * program and the library: what DVM says about a call (its place in the source, what happens
 * when it fails) should be about the program, not about that code.
 */
#ifndef DVM_BINDING_H
#define DVM_BINDING_H

#include "dvm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Until dvm_binding_end, calls of this thread are made for the program's call that returns
 * to site (__builtin_return_address(0) in the function that the program has called; NULL:
 * each call's own), and errors do what mode says (DVM_FATAL, DVM_RETURN or DVM_SILENT)
 * instead of what dvm_errors() chose. */
DVM_API void dvm_binding_begin(const void *site, int mode);

/* End that. */
DVM_API void dvm_binding_end(void);

/* What dvm_errors() chose. */
DVM_API int dvm_binding_errors(void);

/* An error that the binding has found: keep the sentence for dvm_last_error(), and do what
 * errors do now. Returns code. */
DVM_API int dvm_binding_fail(int code, const char *sentence);

#ifdef __cplusplus
}
#endif

#endif
