/* tasker.c: being the task that starts the tasks of this host; for bindings. What is to be started
 * comes as a message; the daemon is told of ends.
 */
#include "base/error.h"
#include "dvm_binding.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/vm.h"

int dvm_binding_tasker(int tag, int on)
{
    Dvm__Pb__Tasker m = DVM__PB__TASKER__INIT;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_NOTIFY, ENTRY_SITE(), 0);
    m.on = on != 0;
    m.tag = tag;
    return dvm_leave(vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_TASKER, &m.base, VM_ANSWER_SECONDS,
                            DVM_CTL_OK, NULL, NULL));
}

int dvm_binding_task_over(int tid, int status)
{
    Dvm__Pb__TaskOver m = DVM__PB__TASK_OVER__INIT;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_NOTIFY, ENTRY_SITE(), 0);
    m.tid = tid;
    m.status = status;
    return dvm_leave(vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_TASK_OVER, &m.base,
                            VM_ANSWER_SECONDS, DVM_CTL_OK, NULL, NULL));
}
