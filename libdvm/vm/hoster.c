/* hoster.c: hosts that another program starts: what it is to run, and letting in what it started;
 * for bindings. Both are requests to the coordinator: an offer, and a key.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "dvm_binding.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/hosts.h"
#include "vm/vm.h"

#define KEY_BYTES 32

/* Send INVITE. *reply is to be freed by the caller. */
static int ask(const Dvm__Pb__Invite *m, Dvm__Pb__InviteReply **reply)
{
    uint8_t *payload;
    size_t length;
    int slot, rc = hosts_coordinator(&slot);

    if (rc == DVM_OK)
        rc = vm_ask(DVM_TID_DAEMON(slot), DVM_CTL_INVITE, &m->base, VM_ANSWER_SECONDS,
                    DVM_CTL_INVITE_REPLY, &payload, &length);
    if (rc != DVM_OK)
        return rc;
    *reply = dvm__pb__invite_reply__unpack(NULL, length, payload);
    free(payload);
    return *reply ? DVM_OK : vm_bad_answer(DVM_CTL_INVITE_REPLY);
}

int dvm_binding_offer(char *command, size_t size)
{
    Dvm__Pb__Invite m = DVM__PB__INVITE__INIT;
    Dvm__Pb__InviteReply *reply;
    char path[PATH_MAX];
    int rc, length;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_HOSTS, ENTRY_SITE(), 0);
    if (!program_find("dvmd", "DVM_DAEMON", "daemon", path, sizeof path))
        return dvm_leave(dvm_fail(DVM_ERR_NO_PROGRAM, "the program dvmd was found neither beside "
                                  "the library nor in PATH"));
    m.offer = true;
    rc = ask(&m, &reply);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    length = snprintf(command, size, "%s --hosted %s", path, reply->ticket);
    dvm__pb__invite_reply__free_unpacked(reply, NULL);
    return dvm_leave(length < 0 || (size_t)length >= size
                         ? dvm_fail(DVM_ERR_ARG, "a command of %d bytes has no place", length)
                         : DVM_OK);
}

int dvm_binding_admit(const void *key, double seconds)
{
    Dvm__Pb__Invite m = DVM__PB__INVITE__INIT;
    Dvm__Pb__InviteReply *reply;
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_HOSTS, ENTRY_SITE(), 0);
    m.key = (ProtobufCBinaryData){KEY_BYTES, (uint8_t *)(uintptr_t)key};
    m.seconds = seconds;
    m.uses = 1;
    rc = ask(&m, &reply);
    if (rc == DVM_OK)
        dvm__pb__invite_reply__free_unpacked(reply, NULL);
    return dvm_leave(rc);
}
