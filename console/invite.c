/* invite.c: the implementation of invite.h. */
#include "console/invite.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "console/ask.h"

int invite_ticket(struct client *client, unsigned uses, double seconds, char **ticket)
{
    Dvm__Pb__Invite message = DVM__PB__INVITE__INIT;
    Dvm__Pb__InviteReply *reply;
    struct dvm_frame f;
    const uint8_t *payload;
    int r;

    message.uses = uses;
    message.seconds = seconds;
    r = client_call(client, DVM_TID_DAEMON(client_info(client)->coordinator), DVM_CTL_INVITE,
                    &message.base, DVM_CTL_INVITE_REPLY, &f, &payload, ASK_SECONDS);
    if (r)
        return r;
    reply = dvm__pb__invite_reply__unpack(NULL, f.length, payload);
    if (!reply || !reply->ticket[0]) {
        r = dvm_fail(DVM_ERR_PROTOCOL, "the coordinator's ticket cannot be read; do dvm and dvmd "
                                       "have the same version? (dvm version)");
    } else {
        *ticket = strdup(reply->ticket);
        if (!*ticket)
            r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a ticket");
        else
            (*ticket)[strcspn(*ticket, "\n")] = '\0';
    }
    if (reply)
        dvm__pb__invite_reply__free_unpacked(reply, NULL);
    return r;
}

void invite_free(char *ticket)
{
    if (!ticket)
        return;
    explicit_bzero(ticket, strlen(ticket));
    free(ticket);
}
