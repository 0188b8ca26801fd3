/* abort.c: ending a group of tasks, on purpose or by a fatal error.
 *
 * One ABORT goes to each host that has members of the group. This task is not in
 * it: it ends itself, with its own status, which so becomes the first cause that
 * a console shows.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "group/group.h"
#include "match/match.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/vm.h"

#define STATUS_MASK 0xff /* exit statuses have 8 bits */

/* Send ABORT for the members of the group on one slot. tids: room for the group. */
static void abort_slot(const struct group *g, int slot, int32_t *tids, int status,
                       const char *text)
{
    Dvm__Pb__Abort message = DVM__PB__ABORT__INIT;
    size_t count = 0, size;
    uint8_t *packed;

    for (int i = 0; i < g->size; i++)
        if (DVM_TID_SLOT(g->receive_tids[i]) == slot && g->receive_tids[i] != vm.self)
            tids[count++] = g->receive_tids[i];
    if (count == 0)
        return;
    message.n_tids = count;
    message.tids = tids;
    message.status = status;
    message.text = (char *)(uintptr_t)text;
    size = dvm__pb__abort__get_packed_size(&message);
    packed = malloc(size);
    if (!packed)
        return;
    dvm__pb__abort__pack(&message, packed);
    /* the answer is not waited for: this process ends now */
    daemon_link_control(DVM_TID_DAEMON(slot), DVM_CTL_ABORT, 0, packed, size, NULL, 0);
    free(packed);
}

static void abort_members(const struct group *g, int status, const char *text)
{
    int32_t *tids = malloc(sizeof *tids * (size_t)(g->size + 1));
    bool *seen = calloc(DVM_SLOT_MAX + 1, sizeof *seen);

    for (int i = 0; tids && seen && i < g->size; i++) {
        int slot = DVM_TID_SLOT(g->receive_tids[i]);

        if (!seen[slot])
            abort_slot(g, slot, tids, status, text);
        seen[slot] = true;
    }
    free(seen);
    free(tids);
}

static _Noreturn void end_process(int status)
{
    fflush(NULL);
    _exit(status);
}

void abort_on_error(int code, const char *sentence)
{
    char text[DVM_SENTENCE_MAX + DVM_NAME_MAX];
    const struct group *g;

    if (dvm_enter() != DVM_OK) /* forked, or the daemon is gone: nobody to tell */
        end_process(EXIT_FAILURE);
    g = group_find(DVM_WORLD, "abort");
    if (g && g->size > 1) {
        snprintf(text, sizeof text, "rank %d: %s: %s", g->rank, dvm_error_name(code), sentence);
        abort_members(g, EXIT_FAILURE, text);
    }
    end_process(EXIT_FAILURE);
}

void dvm_abort(dvm_group group, int status)
{
    char text[DVM_SENTENCE_MAX];
    const struct group *g;

    status &= STATUS_MASK;
    if (!dvm_initialized() || dvm_enter() != DVM_OK)
        end_process(status);
    g = group_find(group == DVM_UNIVERSE ? DVM_SELF : group, "dvm_abort");
    if (g && g->size > 1) {
        snprintf(text, sizeof text, "rank %d (tid 0x%x, host %s) called dvm_abort(%s, %d)",
                 g->rank, (unsigned)vm.self, vm.host, group_name(g), status);
        abort_members(g, status, text);
    }
    end_process(status);
}
