/* peer.h: the other side of a call: group, rank and tag checked and resolved. */
#ifndef DVM_GROUP_PEER_H
#define DVM_GROUP_PEER_H

#include <stdint.h>

#include "group/group.h"
#include "match/match.h"

struct peer {
    struct group *group;
    int tid;     /* DVM_ANY for a receive from anybody; DVM_NULL for nobody */
    bool nobody; /* the rank was DVM_NULL */
};

/* Resolve whom to send to. Errors: GROUP, RANK, TAG, NO_TASK. */
int peer_to(struct peer *p, const char *call, dvm_group group, int rank, int tag);

/* Resolve whom to receive from into a filter. Errors as above. */
int peer_from(struct peer *p, struct match_filter *filter, const char *call, dvm_group group,
              int rank, int tag);

#endif
