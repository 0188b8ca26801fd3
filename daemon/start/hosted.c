/* hosted.c: see hosted.h. The line is that of a pvmd which a hoster has started, since hosters look
 * for such a line: the version of the protocol, architecture, address, size of packets, and
 * how data are stored; the key is behind these.
 */
#include "daemon/start/hosted.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/join.h"
#include "daemon/links/ticket.h"

#define LINE_BEGIN "ddpro<2316> arch<LINUX64> ip<00000000:0000> mtu<4080> dsig<4230209>"

static void print_line(const struct key_pair *key)
{
    printf(LINE_BEGIN " key<");
    for (int i = 0; i < KEY_BYTES; i++)
        printf("%02x", key->public[i]);
    printf(">\n");
    fflush(stdout);
}

int hosted_ticket(const char *offer, char *ticket, size_t size)
{
    char error[DVM_SENTENCE_MAX];
    struct ticket t;
    int code = ticket_decode(offer, &t, error, sizeof error);

    if (code)
        return dvm_fail(code, "%s", error);
    if (!ticket_is_offer(&t)) {
        key_wipe(&t.key);
        join_mark(JOIN_TICKET_ALTERED);
        return dvm_fail(DVM_ERR_TICKET, "--hosted takes an offer, not a ticket, which all who list "
                        "processes would see now: it should be used up");
    }
    code = key_create(&t.key);
    if (!code)
        code = ticket_encode(&t, ticket, size);
    if (code)
        dvm_fail(code, "no key can be made");
    else
        print_line(&t.key);
    key_wipe(&t.key);
    return code;
}
