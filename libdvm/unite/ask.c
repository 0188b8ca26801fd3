/* ask.c: see ask.h. The own daemon is asked, and knows whom to ask. */
#include "unite/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/control.h"
#include "proto/frame.h"

static int check(const struct named_ask *ask)
{
    if (ask->what == DVM_NAME_VALUES || (ask->name && dvm_name_ok(ask->name)))
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG, "%s: %s; a name is 1 to %d bytes of UTF-8 without control "
                    "characters", ask->call, ask->name ? "this cannot be a name" : "there is no "
                    "name", DVM_NAMED_MAX - 1);
}

/* A barrier takes as long as it takes. */
static double patience(const struct named_ask *ask)
{
    bool waits = ask->what == DVM_NAME_MEET || ask->what == DVM_NAME_FREEZE ||
                 ask->what == DVM_NAME_AWAIT;

    return waits ? -1.0 : VM_ANSWER_SECONDS;
}

int named_ask(const struct named_ask *ask, Dvm__Pb__NameAnswer **answer)
{
    Dvm__Pb__NameCall m = DVM__PB__NAME_CALL__INIT;
    char sentence[DVM_SENTENCE_MAX];
    Dvm__Pb__NameAnswer *got;
    uint8_t *payload;
    size_t length;
    int rc = check(ask);

    if (rc != DVM_OK)
        return rc;
    m.what = ask->what;
    m.name = ask->name ? (char *)(uintptr_t)ask->name : m.name;
    m.tid = ask->tid;
    m.number = ask->number;
    m.flags = ask->flags;
    m.data = (ProtobufCBinaryData){ask->bytes, (uint8_t *)(uintptr_t)ask->data};
    m.room = ask->room;
    daemon_link_asker(ask->board, ask->site, 0);
    rc = vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_NAMES, &m.base, patience(ask),
                DVM_CTL_NAMES_REPLY, &payload, &length);
    if (rc != DVM_OK) {
        error_save(sentence);
        return dvm_fail(rc, "%s: %s", ask->call, sentence);
    }
    got = dvm__pb__name_answer__unpack(NULL, length, payload);
    free(payload);
    if (!got)
        return vm_bad_answer(DVM_CTL_NAMES_REPLY);
    if (answer)
        *answer = got;
    else
        dvm__pb__name_answer__free_unpacked(got, NULL);
    return DVM_OK;
}
