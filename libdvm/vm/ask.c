/* ask.c: requests to daemons: pack, send, wait, check the answer's type. */
#include <stdlib.h>

#include "base/error.h"
#include "proto/control.h"
#include "proto/frame.h"
#include "vm/vm.h"

int vm_bad_answer(int type)
{
    return dvm_fail(DVM_ERR_PROTOCOL, "a daemon's %s cannot be read", dvm_control_name(type));
}

int vm_check_tid(const char *call, int tid)
{
    if (DVM_TID_OK(tid) && DVM_TID_N(tid) != 0)
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_TASK, "%s: %d (0x%x) is no task's tid", call, tid, (unsigned)tid);
}

int vm_ask(int dst, int type, const ProtobufCMessage *message, double timeout, int want,
           uint8_t **payload, size_t *length)
{
    size_t size = message ? protobuf_c_message_get_packed_size(message) : 0;
    uint8_t *packed = malloc(size ? size : 1);
    struct daemon_answer answer = {0};
    int rc;

    if (!packed)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a request of %zu bytes", size);
    if (message)
        protobuf_c_message_pack(message, packed);
    rc = daemon_link_request(dst, type, packed, size, timeout, &answer);
    free(packed);
    if (rc != DVM_OK)
        return rc;
    if (answer.type != want) {
        free(answer.payload);
        return dvm_fail(DVM_ERR_PROTOCOL, "a daemon answered %s with %s instead of %s",
                        dvm_control_name(type), dvm_control_name(answer.type),
                        dvm_control_name(want));
    }
    if (payload) {
        *payload = answer.payload;
        *length = answer.length;
    } else {
        free(answer.payload);
    }
    return DVM_OK;
}
