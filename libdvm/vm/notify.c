/* notify.c: dvm_notify: asking for messages about ends and beginnings.
 *
 * The own daemon keeps the wish, also for tasks of other hosts, because the other
 * daemon may be lost together with its task. The messages come as any others, in
 * DVM_UNIVERSE (frames of kind NOTIFY).
 */
#include "base/error.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/vm.h"

#define FOR_EVER (-1)

/* Check the tids: tasks only, or tasks and hosts. */
static int check_tids(const int *tids, int count, bool hosts)
{
    if (count < 0 || (count > 0 && !tids))
        return dvm_fail(DVM_ERR_ARG, "dvm_notify: %d tids%s", count,
                        count > 0 ? ", but the list is NULL" : "");
    for (int i = 0; i < count; i++)
        if (!DVM_TID_OK(tids[i]) || (!hosts && DVM_TID_N(tids[i]) == 0))
            return dvm_fail(DVM_ERR_ARG, "dvm_notify: number %d of the list, %d (0x%x), is no %s",
                            i, tids[i], (unsigned)tids[i], hosts ? "tid" : "task's tid");
    return DVM_OK;
}

static int check(int what, const int *tids, int count, int tag)
{
    if (tag < 0)
        return dvm_fail(DVM_ERR_TAG, "dvm_notify: tag %d is out of range; tags are 0 to %d", tag,
                        DVM_TAG_MAX);
    switch (what) {
    case DVM_TASK_EXIT:
    case DVM_HOST_DOWN:
        return check_tids(tids, count, what == DVM_HOST_DOWN);
    case DVM_HOST_NEW:
        return count >= FOR_EVER ? DVM_OK
                                 : dvm_fail(DVM_ERR_ARG, "dvm_notify: %d messages; it can be -1 "
                                                         "(for ever) or more", count);
    default:
        return dvm_fail(DVM_ERR_ARG, "dvm_notify: %d is no event; see dvm.h", what);
    }
}

int dvm_notify(int what, const int *tids, int count, int tag)
{
    Dvm__Pb__Notify m = DVM__PB__NOTIFY__INIT;
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_NOTIFY, ENTRY_SITE(), 0);
    rc = check(what, tids, count, tag);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    m.what = (uint32_t)what;
    m.tag = tag;
    m.count = count;
    if (what != DVM_HOST_NEW) {
        m.n_tids = (size_t)count;
        m.tids = (int32_t *)(uintptr_t)tids;
    }
    return dvm_leave(vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_NOTIFY, &m.base, VM_ANSWER_SECONDS,
                            DVM_CTL_OK, NULL, NULL));
}
