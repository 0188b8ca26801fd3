/* tasker.c: see tasker.h. The daemon of the host is the one that knows who its tasker is; the entry
 * in the mailbox, at the host's place, is for those who look.
 */
#include "bindings/pvm3/roles/tasker.h"

#include <string.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/roles/roles.h"

enum { TID, PLACE, HERE, ALL, ARGC, ENVC, HEAD_INTS };
#define INT_BYTES 4

int pvm_reg_tasker(void)
{
    static const char call[] = "pvm_reg_tasker";
    int rc = pvm3_enter(call);
    bool mine = rc == PvmOk && pvm3_role_is_mine(PVMTASKERCLASS);

    if (rc != PvmOk)
        return rc;
    rc = dvm_binding_tasker(PVM3_START_TAG, !mine);
    if (rc == DVM_ERR_EXISTS)
        return pvm3_fail(call, PvmAlready, "%s", dvm_last_error());
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    return pvm3_role_switch(call, PVMTASKERCLASS, (pvm3_self() >> 18) - 1);
}

static int read_int(const unsigned char *place)
{
    return (int)((unsigned)place[0] | (unsigned)place[1] << 8 | (unsigned)place[2] << 16 |
                 (unsigned)place[3] << 24);
}

/* Put the next strings into a message; returns where the one behind them is. */
static const char *put_texts(struct pvm3_buffer *made, const char *at, const char *end, int count)
{
    for (int i = 0; i < count && at < end; i++) {
        size_t length = strnlen(at, (size_t)(end - at));

        if (at + length == end)
            return end;
        pvm3_put_text(made, at);
        at += length + 1;
    }
    return at;
}

void pvm3_tasker_translate(struct pvm3_buffer *b)
{
    struct pvm3_buffer *made = pvm3_buffer_make(PvmDataDefault, 0), old = *b;
    const unsigned char *data = pvm3_buffer_data(b);
    const char *at = (const char *)data + HEAD_INTS * INT_BYTES;
    const char *end = (const char *)data + b->bytes;
    int head[HEAD_INTS];

    if (!made || b->bytes < HEAD_INTS * INT_BYTES) {
        pvm3_buffer_free(made);
        return;
    }
    for (int i = 0; i < HEAD_INTS; i++)
        head[i] = read_int(data + i * INT_BYTES);
    pvm3_put_int(made, head[TID]);
    pvm3_put_int(made, 0);
    at = put_texts(made, at, end, 1);
    pvm3_put_int(made, head[ARGC]);
    at = put_texts(made, at, end, head[ARGC]);
    pvm3_put_int(made, head[ENVC]);
    put_texts(made, at, end, head[ENVC]);
    pvm3_put_ints(made, &head[PLACE], 3);
    b->data = made->data; /* the bytes change owners */
    b->bytes = made->bytes;
    b->room = made->room;
    b->encoding = PvmDataDefault;
    b->packed = 1;
    b->next = 0;
    b->tag = SM_STTASK;
    b->wid = head[TID];
    b->ctx = PvmBaseContext;
    b->src = PVM3_DAEMON;
    made->data = old.data;
    made->bytes = old.bytes;
    made->room = old.room;
    pvm3_buffer_free(made);
}

int pvm3_tasker_over(const char *call, int tid, struct pvm3_buffer *b)
{
    int about = pvm3_get_int(b), status = pvm3_get_int(b);
    int rc = dvm_binding_task_over(about, status);

    return rc == DVM_OK || rc == DVM_ERR_REFUSED ? PvmOk : pvm3_fail_dvm(call, rc);
}
