/* binding.h: on whose behalf this thread is in the library; see dvm_binding.h. */
#ifndef DVM_BASE_BINDING_H
#define DVM_BASE_BINDING_H

#include <stdbool.h>
#include <stdint.h>

/* One of each thread; all zero: nobody's. */
struct binding {
    uintptr_t site; /* where the program called the binding; 0: the call's own place */
    bool decides;   /* errors do what errors says */
    int errors;     /* DVM_FATAL, DVM_RETURN or DVM_SILENT */
};

/* Read by every call: its place is known without a call when the library is loaded. */
extern _Thread_local struct binding binding __attribute__((tls_model("initial-exec")));

#endif
