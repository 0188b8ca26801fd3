/* list.h: lists that the machine gives, of whatever length they are. */
#ifndef PVM3_LIST_H
#define PVM3_LIST_H

#include <stddef.h>

/* Gives what there is of a list: room items of it, and in count how many there are; as
 * dvm_hosts. */
typedef int pvm3_list_f(void *list, size_t room, size_t *count);

/* All of a list of items of size bytes; *list is the caller's to free, and NULL after an error.
 * Returns DVM_OK, NO_MEMORY or what give does. */
int pvm3_whole_list(pvm3_list_f *give, size_t size, void **list, size_t *count);

#endif
