/* complete.c: dvm complete: what may come next, for the scripts of dvm completion.
 *
 * Each word is a line "WORD<tab>MEANING". A line that begins with a colon says what
 * the shell knows better: ":files", ":folders" or ":programs" fit, too; and the first
 * line is ":word", a tab and the word under way, as dvm has understood the line.
 */
#include "console/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "console/complete/complete.h"
#include "console/prompt/split.h"

#define SECONDS_MAX 3 /* until an answer must be there */

struct settings {
    bool line;
};

static const struct option_row rows[] = {
    {"line", 0, OPTION_FLAG, offsetof(struct settings, line), NULL,
     "the operand is the command line up to the cursor, dvm itself included", 0, 0},
    OPTION_END};

static const char *const path_words[] = {
    [COMPLETE_FILES] = ":files",
    [COMPLETE_FOLDERS] = ":folders",
    [COMPLETE_PROGRAMS] = ":programs",
};

/* The machine does not answer: what is known without it is lost, too, and nobody waits. */
static void too_late(int number)
{
    _exit(EXIT_TIMEOUT);
}

static void print(const struct complete *c)
{
    printf(":word\t%s\n", c->partial);
    for (size_t i = 0; i < c->count; i++)
        printf("%s\t%s\n", c->items[i].word, c->items[i].meaning);
    if (c->paths != COMPLETE_NOTHING)
        printf("%s\t%s\n", path_words[c->paths], c->path);
}

static int complete_operands(int argc, char **argv)
{
    struct complete c = {.partial = argv[argc - 1]};

    complete_words(&c, argc - 1, argv);
    print(&c);
    complete_free(&c);
    return EXIT_OK;
}

static int complete_line(struct console *k, const char *line)
{
    struct complete c = {.partial = ""};
    struct split words;
    int r = split_line(&words, line);

    if (r)
        return console_failed(k, r);
    if (!words.between && words.count > 1)
        c.partial = words.words[--words.count];
    if (!words.comment && words.count > 0) {
        complete_words(&c, (int)words.count - 1, words.words + 1);
        print(&c);
    }
    complete_free(&c);
    split_free(&words);
    return EXIT_OK;
}

static int complete(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;

    signal(SIGALRM, too_late);
    alarm(SECONDS_MAX);
    return s->line ? complete_line(c, argv[0]) : complete_operands(argc, argv);
}

const struct command command_complete = {
    .name = "complete",
    .operands = "[--] WORD...",
    .summary = "print what may come next in a command line, for a shell's completion",
    .text = "The words are those before the cursor without dvm itself, the last one as far as it\n"
            "is typed.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .stops = true,
    .hidden = true,
    .function = complete,
};
