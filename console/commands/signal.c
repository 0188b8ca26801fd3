/* signal.c: dvm signal: any signal to any tasks: kill(1) with the signal first. */
#include "console/command.h"

#include "console/watch/signals.h"
#include "console/watch/targets.h"

static int signal_tasks(struct console *c, const void *settings, int argc, char **argv)
{
    int number, r = signals_read(c, argv[0], &number);

    return r ? r : signals_send(c, "signal/1", number, argc - 1, argv + 1);
}

const struct command command_signal = {
    .name = "signal",
    .operands = "SIGNAL " TARGETS_OPERANDS,
    .summary = "send a signal to tasks: USR1, STOP, CONT, 9, ...",
    .text = "SIGNAL is a name, with or without SIG, or a number.\n" TARGETS_TEXT
            "What a task has started gets the signal, too.\n",
    .operands_min = 2,
    .operands_max = COMMAND_ANY,
    .function = signal_tasks,
    .examples = "dvm signal USR1 0x40001       # one task\n"
                "dvm signal STOP 0x40001:2-5   # four ranks of a run; CONT lets them go on\n"
                "dvm signal INT node[3-4]      # all tasks of two hosts\n",
};
