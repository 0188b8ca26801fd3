/* binding.c: what bindings say about the calls that they make; see dvm_binding.h. It is the
 * thread's, so that threads of a program may use a binding at the same time.
 */
#include "base/binding.h"

#include "base/error.h"
#include "dvm_binding.h"

_Thread_local struct binding binding;

void dvm_binding_begin(const void *site, int mode)
{
    binding = (struct binding){.site = (uintptr_t)site, .decides = true, .errors = mode};
}

void dvm_binding_end(void)
{
    binding = (struct binding){.decides = false};
}

int dvm_binding_errors(void)
{
    return error_chosen();
}
