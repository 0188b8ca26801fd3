/* help.c: dvm help [COMMAND|TOPIC|CODE].
 *
 * What can be explained are the rows of a table: each tries whether the word is
 * one of its own. Of what is in none the nearest word of them is told.
 */
#include "console/command.h"

#include <stdio.h>

#include "console/code.h"
#include "console/topic.h"

static bool explain_command(FILE *out, const char *word)
{
    const struct command *k = command_find(word);

    if (k)
        command_explain(out, k);
    return k != NULL;
}

static bool explain_topic(FILE *out, const char *word)
{
    const struct topic *t = topic_find(word);

    if (t)
        topic_explain(out, t);
    return t != NULL;
}

/* Each explains the word and returns true, or does not know it. */
static bool (*const explainers[])(FILE *out, const char *word) = {explain_command, explain_topic,
                                                             code_explain};

static int help(struct console *c, const void *settings, int argc, char **argv)
{
    json_t *codes;

    if (argc == 0) {
        command_overview(stdout);
        return EXIT_OK;
    }
    if (c->json && (codes = code_json(argv[0]))) {
        console_json(json_pack("{s:s,s:o}", "schema", "help/1", "codes", codes));
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof explainers / sizeof explainers[0]; i++)
        if (explainers[i](stdout, argv[0]))
            return EXIT_OK;
    return command_unknown_word(c, argv[0]);
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND|TOPIC|CODE]",
    .summary = "explain the console, a command, a topic or a code",
    .text = "Without a word: the lists of commands and topics. CODE is what stands in brackets\n"
            "behind the verdict of a host that did not join, or behind what dvm doctor finds;\n"
            "dvm help codes lists all.\n",
    .operands_max = 1,
    .function = help,
    .examples = "dvm help run            # as dvm run --help and man dvm-run\n"
                "dvm help J303           # why a host did not join, and what to do\n"
                "dvm help exit-status    # what the numbers mean\n",
};
