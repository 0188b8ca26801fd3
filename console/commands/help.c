/* help.c: dvm help [COMMAND|TOPIC|CODE].
 *
 * What can be explained are the rows of a table: each tries whether the word is
 * one of its own. Of what is in none the nearest word of them is told.
 */
#include "console/command.h"

#include <stdio.h>

#include "console/help/code.h"
#include "console/help/explain.h"
#include "console/help/topic.h"

/* A kind of thing that can be explained: for people, and for programs under a name. */
struct kind {
    const char *name;
    bool (*print)(FILE *out, const char *word); /* false: the word is none of these */
    json_t *(*json)(const char *word);          /* NULL: likewise */
};

static bool print_command(FILE *out, const char *word)
{
    const struct command *k = command_find(word);

    if (k)
        command_explain(out, k);
    return k != NULL;
}

static json_t *command_json(const char *word)
{
    const struct command *k = command_find(word);

    return k ? explain_command(k) : NULL;
}

static bool print_topic(FILE *out, const char *word)
{
    const struct topic *t = topic_find(word);

    if (t)
        topic_explain(out, t);
    return t != NULL;
}

static json_t *topic_json(const char *word)
{
    const struct topic *t = topic_find(word);

    return t ? explain_topic(t) : NULL;
}

static const struct kind kinds[] = {{"command", print_command, command_json},
                                    {"topic", print_topic, topic_json},
                                    {"codes", code_explain, code_json}};

static bool explain(const struct console *c, const struct kind *k, const char *word)
{
    json_t *about;

    if (!c->json)
        return k->print(stdout, word);
    about = k->json(word);
    if (about)
        console_json(json_pack("{s:s,s:o}", "schema", "help/1", k->name, about));
    return about != NULL;
}

static int help(struct console *c, const void *settings, int argc, char **argv)
{
    if (argc == 0 && c->json) {
        console_json(explain_overview());
        return EXIT_OK;
    }
    if (argc == 0) {
        command_overview(stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (explain(c, &kinds[i], argv[0]))
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
