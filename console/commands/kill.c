/* kill.c: dvm kill: a signal to tasks, by default the one that asks them to end. */
#include "console/command.h"

#include "console/watch/signals.h"
#include "console/watch/targets.h"

struct settings {
    const char *signal;
};

static const struct settings defaults = {.signal = "TERM"};

static const struct option_row rows[] = {
    {"signal", 's', OPTION_TEXT, offsetof(struct settings, signal), "SIGNAL",
     "name or number (default: TERM)", 0, 0},
    OPTION_END};

static int kill_tasks(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    int number, r = signals_read(c, s->signal, &number);

    return r ? r : signals_send(c, "kill/1", number, argc, argv);
}

const struct command command_kill = {
    .name = "kill",
    .operands = TARGETS_OPERANDS,
    .summary = "end tasks, or send them another signal",
    .text = TARGETS_TEXT "What a task has started gets the signal, too.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = kill_tasks,
    .examples = "dvm kill 0x40001                   # asks it to end\n"
                "dvm kill -s KILL 0x40001 0x80001   # ends both\n"
                "dvm kill node3                     # all tasks on node3\n",
};
