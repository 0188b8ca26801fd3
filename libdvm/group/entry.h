/* entry.h: how every public function that needs a task begins. */
#ifndef DVM_GROUP_ENTRY_H
#define DVM_GROUP_ENTRY_H

#include <stdint.h>

#include "base/binding.h"
#include "base/error.h"
#include "group/site.h"
#include "match/match.h"

/* Enter the library, or return the error from the calling function, whose name and caller it
 * tells. Each return behind it goes through dvm_leave. */
#define ENTRY_BEGIN()                                                                      \
    do {                                                                                   \
        int entry_rc = dvm_enter();                                                        \
                                                                                           \
        if (__builtin_expect(entry_rc != DVM_OK, 0))                                       \
            return dvm_report(site_refused(entry_rc, __func__, ENTRY_SITE()));             \
    } while (0)

/* The return address of the user's call: where in the program we were called, or where the
 * binding was that calls us. */
#define ENTRY_SITE() (binding.site ? binding.site : (uintptr_t)__builtin_return_address(0))

/* dvm_leave in a public function: its error is told with the line of the call. Always inline, so
 * that the return address is that of the public function. */
static inline __attribute__((always_inline)) int entry_leave(int rc)
{
    if (__builtin_expect(rc < 0, 0))
        site_failed(rc, ENTRY_SITE());
    return dvm_leave(rc);
}
#define dvm_leave(rc) entry_leave(rc)

#endif
