/* list.h: lists that the machine gives, of whatever length they are. */
#ifndef PVM3_LIST_H
#define PVM3_LIST_H

#include <stddef.h>

/* Gives what there is of a list: room items of it, and in count how many there are; as
 * dvm_hosts. */
typedef int pvm3_list_f(void *list, size_t room, size_t *count);

/* All of a list of items of size bytes, the caller's to free; NULL after an error. *rc is
 * DVM_OK, NO_MEMORY or what give returns. */
void *pvm3_whole_list(pvm3_list_f *give, size_t size, size_t *count, int *rc);

#endif
