/* A board that says anything, the address of a call anywhere: what the daemon tells of it is
 * within bounds, and a look never harms. The first byte chooses an address of this process
 * in place of the one that is given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/board.h"
#include "proto/board.h"
#include "proto/frame.h"
#include "proto/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dvm_inbox inbox;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Dvm__Pb__Waiting *w = NULL;

    if (size != 1 + sizeof inbox.board)
        return 0;
    memcpy(&inbox.board, data + 1, sizeof inbox.board);
    if (data[0] % 2)
        inbox.board.site = (uintptr_t)LLVMFuzzerTestOneInput + 1;
    if (!board_look(&inbox, getpid(), &w) && w)
        abort();
    if (w && (w->call == 0 || w->call >= DVM_BOARD_CALL_END || w->why == 0 ||
              w->why >= DVM_BOARD_WHY_END || w->tag < -1 || w->seconds < 0 || w->threads == 0 ||
              (w->peer > 0 && !DVM_TID_OK(w->peer)) || (w->module[0] && w->module[0] != '/')))
        abort();
    if (w && data[0] % 2 && !w->module[0])
        abort();
    board_free(w);
    return 0;
}
