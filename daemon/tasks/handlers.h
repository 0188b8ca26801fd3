/* handlers.h: inside tasks/: the handlers of its control messages, each in the
 * file of its subject. */
#ifndef DVMD_TASKS_HANDLERS_H
#define DVMD_TASKS_HANDLERS_H

#include "daemon/tasks/tasks.h"

/* spawn.c */
handler_f handle_spawn;
/* push.c */
handler_f handle_stage, handle_stage_data;
/* reserve.c */
handler_f handle_reserve, handle_release;
/* launch.c */
handler_f handle_launch;
/* kill.c */
handler_f handle_kill, handle_abort;
/* notify.c */
handler_f handle_watch, handle_task_wait, handle_notify, handle_gone;
/* list.c */
handler_f handle_tasks;
/* What is told of a task, but for its cpus; all borrowed. */
void list_fill(const struct daemon *d, const struct task *task, Dvm__Pb__Task *m);
/* usage.c */
handler_f handle_usage;
/* tasker.c */
handler_f handle_tasker, handle_task_over;
/* stdio.c */
handler_f handle_stdio_ack, handle_stdin;

#endif
