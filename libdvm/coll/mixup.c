/* mixup.c: see mixup.h.
 *
 * All members call the same collectives in the same order, so a message in the group's
 * collective context is for the present call, for one that this task will come to (its
 * sender is ahead), for one that is under way beside it, or it is a mistake: a call that is
 * over has received all that it asked for.
 */
#include "coll/mixup.h"

#include "coll/start.h"
#include "coll/tag.h"
#include "match/match.h"

#define AHEAD_MAX (TAG_SEQUENCE_MASK / 2) /* how far a sender may be ahead, in calls */

static bool is_wrong(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    const struct schedule *s = arg;
    uint32_t ahead = (tag_sequence(tag) - tag_sequence(s->tag)) & TAG_SEQUENCE_MASK;

    return ahead == 0 ? tag != s->tag : ahead > AHEAD_MAX && !start_expects(s->coll, tag);
}

static bool find(struct schedule *s, struct match_result *result)
{
    const struct match_filter filter = {.context = s->coll->context, .source = DVM_ANY,
                                        .tag = DVM_ANY, .accept = is_wrong, .accept_arg = s};

    return match_peek(&filter, result);
}

bool mixup_seen(struct schedule *s)
{
    struct match_result result;
    uint64_t came = match_kept();

    if (came == s->looked)
        return false;
    s->looked = came;
    return find(s, &result);
}

int mixup_tell(struct schedule *s)
{
    const struct group *g = s->coll->group;
    struct match_result m = {0};
    char who[GROUP_MEMBER_TEXT_MAX];
    bool found = find(s, &m);
    const char *theirs = coll_call(tag_kind(m.tag)), *mine = coll_call(s->kind);

    if (found && tag_sequence(m.tag) == tag_sequence(s->tag) && theirs == mine)
        return dvm_fail(DVM_ERR_ARG,
                        "%s of %s called %s as collective number %u with another root or "
                        "operator than rank %d; all tasks of a group must give the same",
                        group_member_text(g, m.source, who, sizeof who), group_name(g), theirs,
                        tag_sequence(m.tag), s->rank);
    return dvm_fail(DVM_ERR_ARG,
                    "%s of %s is in %s (its collective number %u), rank %d in %s (number %u); all "
                    "tasks of a group must call the same collectives in the same order",
                    group_member_text(g, m.source, who, sizeof who), group_name(g), theirs,
                    tag_sequence(m.tag), s->rank, mine, tag_sequence(s->tag));
}
