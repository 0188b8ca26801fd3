/* peer.c: group, rank and tag of a call, checked with sentences that name them. */
#include "group/peer.h"

#include "base/error.h"
#include "proto/frame.h"

static int bad_tag(const char *call, int tag, const char *allowed)
{
    if (tag == DVM_ANY)
        return dvm_fail(DVM_ERR_TAG, "%s: tag -1 is DVM_ANY, which only receives take; a message "
                                     "has one of 0 to %d", call, DVM_TAG_MAX);
    return dvm_fail(DVM_ERR_TAG, "%s: tag %d is out of range; tags are 0 to %d%s", call, tag,
                    DVM_TAG_MAX, allowed);
}

int peer_to(struct peer *p, const char *call, dvm_group group, int rank, int tag)
{
    p->group = group_find(group, call);
    if (!p->group || !group_is_mine(p->group, call))
        return DVM_ERR_GROUP;
    if (tag < 0)
        return bad_tag(call, tag, "");
    p->nobody = rank == DVM_NULL;
    p->tid = DVM_NULL;
    return p->nobody ? DVM_OK : group_peer(p->group, call, rank, &p->tid);
}

/* News of a host comes from the tid of its daemon, which is no task's. */
static bool is_host(const struct group *g, int rank)
{
    return g->size == 0 && DVM_TID_OK(rank) && DVM_TID_N(rank) == 0;
}

int peer_from(struct peer *p, struct match_filter *filter, const char *call, dvm_group group,
              int rank, int tag)
{
    int rc;

    p->group = group_find(group, call);
    if (!p->group || !group_is_mine(p->group, call))
        return DVM_ERR_GROUP;
    if (tag < 0 && tag != DVM_ANY)
        return bad_tag(call, tag, ", or DVM_ANY");
    p->nobody = rank == DVM_NULL;
    p->tid = rank;
    if (rank != DVM_ANY && rank != DVM_NULL && !is_host(p->group, rank)) {
        rc = group_peer(p->group, call, rank, &p->tid);
        if (rc != DVM_OK)
            return rc;
        if (p->group->size > 0)
            p->tid = p->group->receive_tids[rank];
    }
    *filter = (struct match_filter){
        .context = p->group->context, .source = p->tid, .tag = tag};
    return DVM_OK;
}
