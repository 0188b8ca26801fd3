/* run_input.c: the console's stdin goes to rank 0, a piece at a time.
 *
 * The next piece is read when the daemon has said OK to the last, so that a task
 * that does not read makes the console wait and nothing grows. A console in the
 * background does not touch its terminal.
 */
#include "console/run/run.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/control.pb-c.h"

#define PIECE_BYTES 32768 /* read at once */

/* Whether a terminal gives its input to this process now. */
static bool is_mine(const struct run *r)
{
    return !r->input.terminal || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void run_input_begin(struct run *r)
{
    struct stat st, null;

    if (fstat(STDIN_FILENO, &st) < 0)
        return;
    /* the null device has nothing to carry */
    r->input.open = stat("/dev/null", &null) < 0 || !S_ISCHR(st.st_mode) ||
                    st.st_rdev != null.st_rdev;
    r->input.terminal = isatty(STDIN_FILENO);
}

bool run_input_wanted(const struct run *r)
{
    if (!r->input.open || r->input.waiting || !r->started || r->tasks[0].ended)
        return false;
    return is_mine(r);
}

void run_input_ready(struct run *r)
{
    Dvm__Pb__Stdin message = DVM__PB__STDIN__INIT;
    uint8_t bytes[PIECE_BYTES];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    int tid = r->tasks[0].tid;

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    message.tid = tid;
    message.end = got <= 0; /* what cannot be read has ended, too */
    message.data.data = bytes;
    message.data.len = got > 0 ? (size_t)got : 0;
    r->input.open = got > 0;
    if (client_send(r->client, DVM_TID_DAEMON(tid >> DVM_TID_N_BITS), DVM_CTL_STDIN,
                    &message.base, &r->input.ref))
        r->input.open = false;
    else
        r->input.waiting = true;
}

bool run_input_answer(struct run *r, uint64_t ref, bool good)
{
    if (!r->input.waiting || ref != r->input.ref)
        return false;
    r->input.waiting = false;
    if (!good)
        r->input.open = false; /* rank 0 reads no more: as when a pipe's reader is gone */
    return true;
}
