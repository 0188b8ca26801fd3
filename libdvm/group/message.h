/* message.h: sending the user's data, for layers above. */
#ifndef DVM_GROUP_MESSAGE_H
#define DVM_GROUP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "dvm.h"

/* Send to each of these tasks as dvm_bsend does in DVM_UNIVERSE, for the public function call
 * at site. One that has ended meanwhile is left out. Errors: those of dvm_bsend. */
int message_to_each(const char *call, uintptr_t site, const int *tids, size_t tid_count, int tag,
                    const void *buf, size_t count, dvm_type type);

#endif
