/* help.c: dvm help [COMMAND]. */
#include "console/command.h"

#include <stdio.h>

static int help(struct console *c, const void *settings, int argc, char **argv)
{
    const struct command *k;

    if (argc == 0) {
        command_overview(stdout);
        return EXIT_OK;
    }
    k = command_find(argv[0]);
    if (!k) {
        char *line[] = {argv[0], NULL};

        return command_run_line(c, 1, line); /* says which command was meant */
    }
    command_explain(stdout, k);
    return EXIT_OK;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "explain the console, or one command",
    .text = "",
    .operands_max = 1,
    .function = help,
};
