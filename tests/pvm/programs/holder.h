/* holder.h: who has one of PVM's roles, from its entry in the mailbox. 0: nobody. */
#ifndef HOLDER_H
#define HOLDER_H

#include <pvm3.h>

static int holder(char *class)
{
    struct pvmmboxinfo *classes;
    int n = 0;

    return pvm_getmboxinfo(class, &n, &classes) == 0 && n > 0 ? classes[0].mi_owners[0] : 0;
}

#endif
