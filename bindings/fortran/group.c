/* group.c: groups and ranks, and how groups are made. */
#include "array.h"
#include "procedures.h"

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

void dvmf_group_tid(const void *rank, void *tid, const dvm_group *group, void *ierror)
{
    int value, rc;

    CALL_BEGIN(ierror);
    rc = dvm_group_tid(group_or_world(group), integer(rank), &value);
    if (rc == DVM_OK)
        integer_put(tid, value);
    call_end(rc, ierror);
}

void dvmf_group_tids(const CFI_cdesc_t *tids, const dvm_group *group, void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_group_tids", tids);
    if (rc == DVM_OK)
        rc = dvm_group_tids(group_or_world(group), list.at, list.count);
    if (rc == DVM_OK)
        ints_put(&list, tids);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_group_translate(const dvm_group *from, const CFI_cdesc_t *ranks, const dvm_group *to,
                          const CFI_cdesc_t *others, void *ierror)
{
    struct ints list, result = {.at = NULL};
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_group_translate", ranks);
    if (rc == DVM_OK)
        rc = ints_get(&result, "dvm_group_translate", others);
    if (rc == DVM_OK && result.count < list.count)
        rc = call_fail(DVM_ERR_ARG, "dvm_group_translate: others has %d places for %d ranks",
                       result.count, list.count);
    if (rc == DVM_OK)
        rc = dvm_group_translate(*from, list.at, list.count, *to, result.at);
    if (rc == DVM_OK)
        ints_put(&result, others);
    ints_free(&list);
    ints_free(&result);
    call_end(rc, ierror);
}

void dvmf_group_compare(const dvm_group *a, const dvm_group *b, void *result, void *ierror)
{
    int value, rc;

    CALL_BEGIN(ierror);
    rc = dvm_group_compare(*a, *b, &value);
    if (rc == DVM_OK)
        integer_put(result, value);
    call_end(rc, ierror);
}

void dvmf_group_create(const CFI_cdesc_t *tids, dvm_group *result, void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_group_create", tids);
    if (rc == DVM_OK)
        rc = dvm_group_create(list.at, list.count, result);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_group_subset(const CFI_cdesc_t *ranks, dvm_group *result, const dvm_group *group,
                       void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_group_subset", ranks);
    if (rc == DVM_OK)
        rc = dvm_group_subset(group_or_world(group), list.at, list.count, result);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_group_union(const dvm_group *a, const dvm_group *b, dvm_group *result, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_union(*a, *b, result), ierror);
}

void dvmf_group_intersection(const dvm_group *a, const dvm_group *b, dvm_group *result,
                             void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_intersection(*a, *b, result), ierror);
}

void dvmf_group_difference(const dvm_group *a, const dvm_group *b, dvm_group *result,
                           void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_difference(*a, *b, result), ierror);
}

void dvmf_group_dup(dvm_group *result, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_dup(group_or_world(group), result), ierror);
}

void dvmf_group_split(const void *colour, const void *key, dvm_group *result,
                      const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_split(group_or_world(group), integer(colour), integer(key), result),
             ierror);
}

void dvmf_group_free(dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_free(group), ierror);
}

void dvmf_group_family(dvm_group *result, const CFI_cdesc_t *children, void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_group_family", children);
    if (rc == DVM_OK)
        rc = dvm_group_family(list.at, list.count, result);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_group_joint(const void *other, dvm_group *result, const CFI_cdesc_t *last,
                      const dvm_group *group, void *ierror)
{
    int behind, rc;

    CALL_BEGIN(ierror);
    rc = logical_get(&behind, "dvm_group_joint", last);
    if (rc == DVM_OK)
        rc = dvm_group_joint(group_or_world(group), integer(other), behind, result);
    call_end(rc, ierror);
}

void dvmf_group_agree(void *flag, const dvm_group *group, void *ierror)
{
    int value = integer(flag), rc;

    CALL_BEGIN(ierror);
    rc = dvm_group_agree(group_or_world(group), &value);
    if (rc == DVM_OK)
        integer_put(flag, value);
    call_end(rc, ierror);
}

void dvmf_group_shrink(dvm_group *result, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_shrink(group_or_world(group), result), ierror);
}

void dvmf_group_revoke(const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_group_revoke(group_or_world(group)), ierror);
}
