/* board.c: one task's board as a message; see daemon/board.h.
 *
 * The source line is not looked up here: the daemon tells file and place, and who shows
 * them runs addr2line, so that the daemon neither starts processes for those who look nor
 * reads what a task's author has put into a file.
 */
#include "daemon/board.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "daemon/board/maps.h"
#include "proto/board.h"
#include "proto/segment.h"

/* The message and what it points to. */
struct row {
    Dvm__Pb__Waiting waiting; /* first */
    struct maps_place place;
};

static void fill_site(struct row *row, pid_t pid, uint64_t site)
{
    struct stat st;

    if (!site || !maps_find(pid, site, &row->place))
        return;
    row->waiting.module = row->place.file;
    row->waiting.offset = row->place.offset;
    if (stat(row->place.file, &st) == 0 && S_ISREG(st.st_mode)) {
        row->waiting.module_bytes = (uint64_t)st.st_size;
        row->waiting.module_time = st.st_mtim.tv_sec;
    }
}

bool board_look(const struct dvm_inbox *inbox, pid_t pid, Dvm__Pb__Waiting **waiting)
{
    struct dvm_wait w;
    struct row *row;
    uint64_t now;

    *waiting = NULL;
    if (!dvm_board_read(&inbox->board, &w))
        return false;
    row = w.call == DVM_BOARD_NOTHING ? NULL : malloc(sizeof *row);
    if (!row)
        return w.call == DVM_BOARD_NOTHING;
    now = clock_ns(); /* behind the read: a wait may have begun just before it */
    dvm__pb__waiting__init(&row->waiting);
    row->waiting.call = w.call;
    row->waiting.why = w.why;
    row->waiting.peer = w.peer;
    row->waiting.tag = w.tag;
    row->waiting.context = w.context;
    row->waiting.bytes = w.bytes;
    row->waiting.seconds = now > w.since ? (double)(now - w.since) / CLOCK_NS_PER_SECOND : 0;
    row->waiting.requests = w.requests;
    row->waiting.threads = w.threads;
    row->waiting.timed = w.timed;
    fill_site(row, pid, w.site);
    *waiting = &row->waiting;
    return true;
}

void board_free(Dvm__Pb__Waiting *waiting)
{
    free(waiting); /* the first of its row */
}
