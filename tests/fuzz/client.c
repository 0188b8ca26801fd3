/* What a daemon says to a console, from anywhere: all packets are in the socket before
 * the console reads, and EOF behind them, so nothing waits. The console says HELLO
 * (request 1), then asks (request 2), then reads what is left. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/client.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ASKED_REF 2
#define ANSWER_SECONDS 5.0

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    return 0;
}

static void queue_all(int socket, struct input *in)
{
    static struct input_packet p;

    while (in->left > 0) {
        struct dvm_frame f;

        if (input_packet(in, &p, &f, DVM_TID_DAEMON(1), DVM_TID_MAKE(1, 1)) &&
            (p.repairs & REPAIR_REF)) {
            f.ref = ASKED_REF;
            f.flags |= DVM_FLAG_REPLY;
            dvm_frame_encode(p.bytes, &f);
        }
        input_send(socket, p.bytes, p.size, &socket, p.repairs >> 7);
    }
    shutdown(socket, SHUT_WR);
}

/* Every byte of a payload can be read. */
static void look(const struct dvm_frame *f, const uint8_t *payload)
{
    volatile uint8_t sum = 0;

    for (uint32_t i = 0; i < f->length; i++)
        sum = (uint8_t)(sum + payload[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct client *c;
    struct dvm_frame f;
    const uint8_t *payload;
    int ends[2], want = (int)input_int(&in, 1);

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return 0;
    queue_all(ends[1], &in);
    if (client_open(&c, ends[0], "fuzz", false) == 0) {
        const struct client_info *info = client_info(c);

        if (!DVM_TID_OK(info->tid) || info->slot < 1 || info->slot > DVM_SLOT_MAX ||
            info->coordinator < 1 || info->coordinator > DVM_SLOT_MAX)
            abort(); /* these become parts of addresses */
        if (client_call(c, DVM_TID_DAEMON(info->slot), DVM_CTL_HOSTS, NULL, want, &f, &payload,
                        ANSWER_SECONDS) == 0)
            look(&f, payload);
        for (int r = 0; r == DVM_OK || r == DVM_ERR_PROTOCOL;) {
            r = client_receive(c, &f, &payload, 0);
            if (r == DVM_OK)
                look(&f, payload);
        }
        client_close(c);
    }
    close(ends[1]);
    return 0;
}
