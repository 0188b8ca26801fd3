/* abort.c: ending a group of tasks, on purpose or by a fatal error.
 *
 * One ABORT goes to the own daemon, which tells those of the other members at once,
 * before news of any death it causes. This task is not in it: it ends itself, with
 * its own status, which so becomes the first cause that a console shows.
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

#define CAUSE_MAX 128    /* bytes of "it called dvm_abort(...)" with its NUL */
#define STATUS_MASK 0xff /* exit statuses have 8 bits */

/* text: why, said of the members; cause: said of this task */
static void abort_members(const struct group *g, int status, const char *text, const char *cause)
{
    Dvm__Pb__Abort message = DVM__PB__ABORT__INIT;
    int32_t *tids = malloc(sizeof *tids * (size_t)g->size);
    uint8_t *packed;
    size_t size;

    if (!tids)
        return;
    for (int i = 0; i < g->size; i++)
        if (g->receive_tids[i] != vm.self)
            tids[message.n_tids++] = g->receive_tids[i];
    message.tids = tids;
    message.status = status;
    message.text = (char *)(uintptr_t)text;
    message.cause = (char *)(uintptr_t)cause;
    size = dvm__pb__abort__get_packed_size(&message);
    packed = malloc(size);
    if (packed) {
        dvm__pb__abort__pack(&message, packed);
        /* the answer is not waited for: this process ends now */
        daemon_link_control(DVM_TID_DAEMON(DVM_TID_SLOT(vm.self)), DVM_CTL_ABORT, 0, packed,
                            size, NULL, 0);
    }
    free(packed);
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
    if (g) {
        snprintf(text, sizeof text, "rank %d: %s: %s", g->rank, dvm_error_name(code), sentence);
        /* the sentence stands on its stderr already */
        abort_members(g, EXIT_FAILURE, text, dvm_error_name(code));
    }
    end_process(EXIT_FAILURE);
}

void dvm_abort(dvm_group group, int status)
{
    char text[DVM_SENTENCE_MAX], cause[CAUSE_MAX];
    const struct group *g;

    status &= STATUS_MASK;
    if (!dvm_initialized() || dvm_enter() != DVM_OK)
        end_process(status);
    g = group_find(group == DVM_UNIVERSE ? DVM_SELF : group, "dvm_abort");
    if (g) {
        snprintf(cause, sizeof cause, "it called dvm_abort(%s, %d)", group_name(g), status);
        snprintf(text, sizeof text, "rank %d (tid 0x%x, host %s) called dvm_abort(%s, %d)",
                 g->rank, (unsigned)vm.self, vm.host, group_name(g), status);
        abort_members(g, status, text, cause);
    }
    end_process(status);
}
