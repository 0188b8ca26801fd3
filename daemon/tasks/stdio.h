/* stdio.h: the standard streams of spawned tasks.
 *
 * Output is forwarded line by line to the task's sink (a console), which says
 * how much it has written out: past a limit of bytes that it has not (STDIO_AHEAD, and
 * less in a large world, whose tasks share STDIO_AHEAD_ALL), the pipe
 * is not read any more, so the task waits. The last of it is kept (watch.h), whether
 * there is a sink or not. In a private machine, output without a sink goes straight to
 * where the daemon's own output goes.
 */
#ifndef DVMD_TASKS_STDIO_H
#define DVMD_TASKS_STDIO_H

#include "daemon/tasks/tasks.h"

#define STDIO_LINE_MAX (32 * 1024)  /* a longer line goes in pieces, bytes */
#define STDIO_AHEAD (256 * 1024)    /* of a task, that the sink has not acknowledged, bytes */
#define STDIO_AHEAD_ALL (32 << 20)  /* of all tasks of a world, that wait for its sink, bytes */
#define STDIO_AHEAD_MIN (4 * 1024)  /* of a task in however large a world, bytes */
#define STDIO_IN_MAX (256 * 1024)   /* that wait for a task's stdin, bytes */

/* What a task's streams shall be. */
struct stdio_wish {
    bool input;    /* a pipe for stdin, else /dev/null */
    bool raw;      /* output is forwarded as it is read */
    bool terminal; /* all three are one terminal of this size */
    unsigned short rows, columns;
};

/* Make the pipes of a task that is about to be started. ends: what the task gets
 * as stdin, stdout and stderr, to be closed by the caller. Errors: SYSTEM, NO_MEMORY
 * (dvm_fail). */
int stdio_open(struct tasks *t, struct task *task, const struct stdio_wish *wish, int ends[3]);

/* The task has ended: forward all that is in its pipes, then close them. */
void stdio_finish(struct tasks *t, struct task *task);

/* Close the pipes and forget what they held. Nothing happens without. */
void stdio_close(struct tasks *t, struct task *task);

/* The sink is gone: what follows is only kept. */
void stdio_sink_gone(struct tasks *t, struct task *task);

#endif
