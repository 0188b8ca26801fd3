/* command.c: finds the command, reads its options, calls it.
 *
 * Everything that can be said about a command line is said here from the tables:
 * usage errors end with 2 and name the nearest right word and where help is.
 */
#include "console/command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "console/help/code.h"
#include "console/help/explain.h"
#include "console/help/topic.h"
#include "console/prompt/session.h"

#define NAME_COLUMN 12 /* width of the names in the list of commands */
#define USAGE_WIDTH 80 /* columns of a usage line */

const struct command *const command_list[] = {
    &command_start,
    &command_add,
    &command_rm,
    &command_invite,
    &command_hosts,
    &command_run,
    &command_spawn,
    &command_pvm,
    &command_ps,
    &command_groups,
    &command_why,
    &command_top,
    &command_kill,
    &command_signal,
    &command_wait,
    &command_events,
    &command_logs,
    &command_halt,
    &command_doctor,
    &command_config,
    &command_version,
    &command_help,
    &command_completion,
    &command_complete,
    NULL,
};

bool command_next_alias(const char **at, char name[VALUE_NAME_MAX])
{
    size_t length;

    if (!*at || !**at)
        return false;
    length = strcspn(*at, " ");
    snprintf(name, VALUE_NAME_MAX, "%.*s", (int)length, *at);
    *at += length + strspn(*at + length, " ");
    return true;
}

static bool is_called(const struct command *k, const char *name)
{
    const char *at = k->alias;
    char alias[VALUE_NAME_MAX];

    if (!strcmp(name, k->name))
        return true;
    while (command_next_alias(&at, alias))
        if (!strcmp(name, alias))
            return true;
    return false;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_list[i]; i++)
        if (is_called(command_list[i], name))
            return command_list[i];
    return NULL;
}

void command_overview(FILE *out)
{
    fputs("dvm: build, watch and stop a virtual machine of many computers\n\n"
          "usage: dvm [OPTIONS] COMMAND ...\n"
          "       dvm [OPTIONS]                 the prompt, or a script on stdin\n\ncommands:\n",
          out);
    for (size_t i = 0; command_list[i]; i++)
        if (!command_list[i]->hidden)
            fprintf(out, "  %-*s%s\n", NAME_COLUMN, command_list[i]->name,
                    command_list[i]->summary);
    fputs("\noptions of every command:\n", out);
    options_help(out, console_options);
    fputs("\nMore on a command: dvm help COMMAND; and on:\n", out);
    topic_overview(out);
}

/* A word of the usage line, on a new line where it would be too long. */
static void usage_word(FILE *out, const char *word, size_t *column, size_t indent)
{
    if (*column + 1 + strlen(word) > USAGE_WIDTH) {
        fprintf(out, "\n%*s", (int)indent, "");
        *column = indent;
    }
    *column += (size_t)fprintf(out, " %s", word);
}

static void usage_line(FILE *out, const struct command *k)
{
    size_t column = (size_t)fprintf(out, "usage: dvm %s", k->name), indent = column;
    char word[USAGE_WIDTH];

    for (const struct option_row *r = k->options; r && r->name; r++) {
        const char *value = r->value ? r->value : "";

        if (r->letter)
            snprintf(word, sizeof word, "[-%c%s%s]", r->letter, r->value ? " " : "", value);
        else
            snprintf(word, sizeof word, "[--%s%s%s]", r->name, r->value ? " " : "", value);
        usage_word(out, word, &column, indent);
    }
    if (k->operands[0])
        usage_word(out, k->operands, &column, indent);
    fputc('\n', out);
}

static void explain_alias(FILE *out, const char *at)
{
    char alias[VALUE_NAME_MAX];
    const char *before = "\nAlso called: ";

    for (; command_next_alias(&at, alias); before = ", ")
        fprintf(out, "%s%s", before, alias);
    fputc('\n', out);
}

void command_explain(FILE *out, const struct command *k)
{
    usage_line(out, k);
    fprintf(out, "\n%s\n", k->summary);
    if (k->text[0])
        fprintf(out, "\n%s", k->text);
    if (k->alias)
        explain_alias(out, k->alias);
    if (k->options) {
        fputs("\noptions:\n", out);
        options_help(out, k->options);
    }
    if (k->examples)
        fprintf(out, "\nexamples:\n%s", k->examples);
    fputs("\noptions of every command:\n", out);
    options_help(out, console_options);
}

static int usage_error(const struct console *c, const struct command *k, const char *sentence)
{
    console_wrong(c, "%s: %s (dvm %s --help explains it)", k->name, sentence, k->name);
    return EXIT_USAGE;
}

static int check_operands(const struct console *c, const struct command *k, int operands,
                          char **argv)
{
    char sentence[OPTIONS_SENTENCE_MAX];

    if (operands < k->operands_min) {
        snprintf(sentence, sizeof sentence, "something is missing: dvm %s %s", k->name,
                 k->operands);
        return usage_error(c, k, sentence);
    }
    if (k->operands_max != COMMAND_ANY && operands > k->operands_max) {
        snprintf(sentence, sizeof sentence, "\"%.80s\" is one argument too many",
                 argv[k->operands_max]);
        return usage_error(c, k, sentence);
    }
    return EXIT_OK;
}

/* The commands and their aliases that may have been meant. */
static void offer_commands(struct nearest *near)
{
    for (size_t i = 0; command_list[i]; i++) {
        const char *at = command_list[i]->alias;
        char alias[VALUE_NAME_MAX];

        if (command_list[i]->hidden)
            continue;
        nearest_offer(near, "", command_list[i]->name);
        while (command_next_alias(&at, alias))
            nearest_offer(near, "", alias);
    }
}

static int unknown_command(const struct console *c, const char *name)
{
    struct nearest near;

    nearest_begin(&near, name, strlen(name));
    offer_commands(&near);
    console_wrong(c, "there is no command \"%.60s\"%s%s%s (dvm help lists them)", name,
                  near.best[0] ? "; did you mean " : "", near.best, near.best[0] ? "?" : "");
    return EXIT_USAGE;
}

int command_unknown_word(const struct console *c, const char *word)
{
    struct nearest near;

    nearest_begin(&near, word, strlen(word));
    offer_commands(&near);
    for (const struct topic *t = topic_list; t->name; t++)
        nearest_offer(&near, "", t->name);
    nearest_offer(&near, "", CODE_ALL);
    console_wrong(c, "\"%.60s\" is no command, topic or code%s%s%s (dvm help lists them)", word,
                  near.best[0] ? "; did you mean " : "", near.best, near.best[0] ? "?" : "");
    return EXIT_USAGE;
}

int command_run_line(struct console *c, int argc, char **argv)
{
    const struct command *k = command_find(argv[0]);
    _Alignas(max_align_t) unsigned char settings[COMMAND_SETTINGS_MAX] = {0};
    char error[OPTIONS_SENTENCE_MAX];
    struct options o = {.settings = settings, .common = console_options, .common_settings = c};
    int operands, r;

    if (!k)
        return unknown_command(c, argv[0]);
    assert(k->settings_size <= sizeof settings);
    if (k->defaults)
        memcpy(settings, k->defaults, k->settings_size);
    c->command = k->name;
    o.rows = k->options;
    o.hints = k->hints;
    o.stop = k->stops;
    operands = options_read(&o, argc, argv, error);
    if (operands < 0)
        return usage_error(c, k, error);
    if (c->help && c->json)
        console_json(json_pack("{s:s,s:o}", "schema", "help/1", "command", explain_command(k)));
    else if (c->help)
        command_explain(stdout, k);
    if (c->help)
        return EXIT_OK;
    r = check_operands(c, k, operands, argv);
    if (!r)
        r = console_apply_machine(c);
    return r ? r : k->function(c, settings, operands, argv);
}

/* How many arguments from argv[1] on belong to dvm itself, before the command. */
static int leading_options(int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--"); i++) {
        const struct option_row *row = options_find(console_options, argv[i]);
        bool separate = row && row->kind != OPTION_FLAG &&
                        (argv[i][1] == '-' ? !strchr(argv[i], '=') : !argv[i][2]);

        if (separate && i + 1 < argc)
            i++;
    }
    return i - 1;
}

/* Read the options before the command into c. Returns the index of the command in argv, which
 * is argc when there is none; or -1 after a usage error was printed. argv[0] is none. */
static int read_leading(struct console *c, int argc, char **argv)
{
    struct options o = {.common = console_options, .common_settings = c};
    char error[OPTIONS_SENTENCE_MAX], *saved;
    int leading = leading_options(argc, argv), r;

    saved = argv[leading + 1];
    r = options_read(&o, leading + 1, argv, error);
    argv[leading + 1] = saved;
    if (r < 0) {
        console_wrong(c, "%s (dvm --help explains them)", error);
        return -1;
    }
    return leading + 1 + (leading + 1 < argc && !strcmp(argv[leading + 1], "--"));
}

/* Do the line argv[1..argc-1], if it names a command; else *bare is set and c read. */
static int run_words(struct console *c, int argc, char **argv, bool *bare)
{
    int first;

    if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
        argv[1] = (char *)"version";
    first = read_leading(c, argc, argv);
    if (first < 0)
        return EXIT_USAGE;
    if (first < argc)
        return command_run_line(c, argc - first, argv + first);
    if (c->help)
        command_overview(stdout);
    *bare = !c->help;
    return EXIT_OK;
}

int command_words(const struct console *base, int argc, char **argv)
{
    struct console c = *base;
    bool bare = false;
    int r;
    char **words = calloc((size_t)argc + 2, sizeof *words); /* behind a program's name */

    if (!words)
        return console_failed(base, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a command"));
    words[0] = (char *)"dvm";
    memcpy(words + 1, argv, (size_t)argc * sizeof *argv);
    r = run_words(&c, argc + 1, words, &bare);
    if (bare) {
        console_wrong(&c, "a command is missing behind the options (dvm help lists them)");
        r = EXIT_USAGE;
    }
    free(words);
    return r;
}

/* dvm pvm, called by the name pvm: its words, with the command's name in front. */
static int run_as(const char *name, int argc, char **argv)
{
    struct console c = {.color = COLOR_AUTO};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    int r;

    if (!words)
        return console_failed(&c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a command"));
    memcpy(words, argv, (size_t)argc * sizeof *words);
    words[0] = (char *)(uintptr_t)name;
    r = command_run_line(&c, argc, words);
    free(words);
    return r;
}

int command_main(int argc, char **argv)
{
    struct console c = {.color = COLOR_AUTO};
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    bool bare = false;
    int r;

    if (argc > 0 && !strcmp(slash ? slash + 1 : argv[0], command_pvm.name))
        return run_as(command_pvm.name, argc, argv);
    r = run_words(&c, argc, argv, &bare);
    if (bare)
        r = console_apply_machine(&c);
    return bare && !r ? session_main(&c) : r;
}
