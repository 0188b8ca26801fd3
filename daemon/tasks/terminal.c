/* terminal.c: see terminal.h. The task becomes the leader of a session, and the
 * keeper makes its stdin, when it is a terminal, the one of that session: then ^C
 * and the like go to whatever runs in its foreground.
 */
#include "daemon/tasks/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_resize(int own, unsigned short rows, unsigned short columns)
{
    const struct winsize size = {.ws_row = rows, .ws_col = columns};

    ioctl(own, TIOCSWINSZ, &size);
}

static int open_slave(int own)
{
    if (grantpt(own) || unlockpt(own))
        return -1;
    return ioctl(own, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int terminal_open(int *own, int *task_end, unsigned short rows, unsigned short columns)
{
    int error;

    *own = posix_openpt(O_RDWR | O_NOCTTY);
    if (*own < 0)
        return -1;
    *task_end = open_slave(*own);
    if (*task_end >= 0 && fcntl(*own, F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(*own, F_SETFL, O_NONBLOCK) == 0) {
        terminal_resize(*own, rows, columns);
        return 0;
    }
    error = errno;
    if (*task_end >= 0)
        close(*task_end);
    close(*own);
    *own = *task_end = -1;
    errno = error;
    return -1;
}
