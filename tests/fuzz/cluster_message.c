/* A message between daemons from anywhere. The first byte chooses which; the rest is
 * its payload. What can be read must fit its bounds and can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cluster/cluster_state.h"
#include "proto/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop_part(void *arg, int type, const void *payload, size_t length)
{
    (void)arg, (void)type, (void)payload, (void)length;
}

static void check_host(const struct machine_host *h)
{
    if (h->slot < 0 || h->slot > DVM_SLOT_MAX || h->addresses > MACHINE_ADDRESSES ||
        !memchr(h->name, 0, sizeof h->name) || !memchr(h->arch, 0, sizeof h->arch))
        abort();
}

static void try_message(int type, const uint8_t *data, size_t size)
{
    struct machine_message msg;
    bool more;

    if (!cluster_message_read(type, data, size, &msg, &more))
        return;
    for (size_t i = 0; i < msg.entry_count; i++)
        check_host(&msg.entries[i].host);
    for (size_t i = 0; i < msg.snapshot_count; i++)
        check_host(&msg.snapshot[i]);
    cluster_message_write(&msg, drop_part, NULL);
    machine_message_free(&msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int types[] = {DVM_CTL_PING, DVM_CTL_PONG, DVM_CTL_MEMBERS, DVM_CTL_GOODBYE};
    struct cluster_register asked;
    struct cluster_registered told;
    char text[64];
    int code;

    if (size == 0)
        return 0;
    if (data[0] < sizeof types / sizeof types[0])
        try_message(types[data[0]], data + 1, size - 1);
    else if (data[0] == DVM_CTL_REGISTER && cluster_register_read(data + 1, size - 1, &asked))
        check_host(&asked.host);
    else if (data[0] == DVM_CTL_REGISTERED && cluster_registered_read(data + 1, size - 1, &told))
        free(told.hosts);
    else
        cluster_refuse_read(data + 1, size - 1, &code, text, sizeof text);
    return 0;
}
