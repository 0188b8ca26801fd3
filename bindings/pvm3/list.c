/* list.c: lists that the machine gives, of whatever length they are.
 *
 * What is in the machine changes while it is asked for, so a list is asked for again until all
 * of it has found room.
 */
#include "bindings/pvm3/list.h"

#include <stdlib.h>

#include "dvm.h"

#define ITEMS_FEW 64 /* room of the first try */

void *pvm3_whole_list(pvm3_list_f *give, size_t size, size_t *count, int *rc)
{
    void *list = NULL;

    for (size_t room = ITEMS_FEW;; room = *count) {
        void *larger = realloc(list, room * size);

        if (larger)
            list = larger;
        *rc = larger ? give(larger, room, count) : DVM_ERR_NO_MEMORY;
        if (*rc != DVM_OK || *count <= room)
            break;
    }
    if (*rc == DVM_OK)
        return list;
    free(list);
    return NULL;
}
