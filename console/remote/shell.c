/* shell.c: see shell.h. Words are parted by blanks alone: who needs quotes writes a script. */
#include "console/remote/shell.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/runtime.h"
#include "console/remote/remote.h"

int shell_open(struct shell *s, const struct console *c, const char *command)
{
    char *rest;

    *s = (struct shell){.text = strdup(command ? command : SHELL_DEFAULT)};
    if (!s->text)
        return console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for --ssh"));
    for (char *w = strtok_r(s->text, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (s->count == SHELL_WORDS) {
            console_wrong(c, "--ssh has more than %d words; put them into a script and name that",
                          SHELL_WORDS);
            return EXIT_USAGE;
        }
        s->words[s->count++] = w;
    }
    if (s->count > 0)
        return EXIT_OK;
    console_wrong(c, "--ssh needs a command, such as --ssh \"ssh -p 2222\"");
    return EXIT_USAGE;
}

void shell_close(struct shell *s)
{
    free(s->text);
    *s = (struct shell){NULL, {NULL}, 0};
}

void shell_line(const struct shell *s, const char *host, struct launch *l)
{
    const char **word = l->argv;

    for (size_t i = 0; i < s->count; i++)
        *word++ = s->words[i];
    *word++ = host;
    *word++ = REMOTE_SHELL;
    *word = NULL;
}

void shell_host_name(char *out, const char *called)
{
    const char *at = strrchr(called, '@');

    at = at ? at + 1 : called;
    out[0] = '\0';
    if (runtime_name_ok(at))
        strcpy(out, at);
}
