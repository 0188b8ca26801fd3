/* group.c: groups and ranks. */
#include "call.h"

void dvmf_group_rank(void *rank, const dvm_group *group, void *ierror)
{
    int value, rc;

    CALL_BEGIN(ierror);
    rc = dvm_group_rank(group_or_world(group), &value);
    if (rc == DVM_OK)
        integer_put(rank, value);
    call_end(rc, ierror);
}

void dvmf_group_size(void *size, const dvm_group *group, void *ierror)
{
    int value, rc;

    CALL_BEGIN(ierror);
    rc = dvm_group_size(group_or_world(group), &value);
    if (rc == DVM_OK)
        integer_put(size, value);
    call_end(rc, ierror);
}
