/* terminal.h: a pseudo-terminal as the streams of a task. */
#ifndef DVMD_TASKS_TERMINAL_H
#define DVMD_TASKS_TERMINAL_H

/* Make one. *own: the daemon's end, nonblocking; *task_end: the terminal. Returns 0, or
 * -1 with errno. */
int terminal_open(int *own, int *task_end, unsigned short rows, unsigned short columns);

/* Give it another size: the programs in it are told by SIGWINCH. */
void terminal_resize(int own, unsigned short rows, unsigned short columns);

#endif
