/* verdict.c: judges a failed join by what the remote side said.
 *
 * dvmd says the code of its failure itself, at the end of its line. Else a table of
 * phrases, as ssh, shells and the loader of programs say them, names it. The first
 * row whose phrase occurs decides; what nobody knows is shown as it was said.
 */
#include "console/remote/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const struct {
    const char *phrase;
    enum join_code code;
} rows[] = {
    {"Could not resolve hostname", JOIN_NAME},
    {"Name or service not known", JOIN_NAME},
    {"Temporary failure in name resolution", JOIN_NAME},
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", JOIN_HOST_KEY_CHANGED},
    {"Host key verification failed", JOIN_HOST_KEY},
    {"Too many authentication failures", JOIN_LOGIN_TRIES},
    {"Permission denied (", JOIN_LOGIN},
    {"Connection refused", JOIN_CONNECT_REFUSED},
    {"Connection timed out", JOIN_CONNECT_TIMEOUT},
    {"timed out during banner exchange", JOIN_CONNECT_TIMEOUT},
    {"No route to host", JOIN_CONNECT_ROUTE},
    {"Network is unreachable", JOIN_CONNECT_ROUTE},
    {"Connection closed by", JOIN_CONNECT_CLOSED},
    {"Connection reset by", JOIN_CONNECT_CLOSED},
    {"kex_exchange_identification", JOIN_CONNECT_CLOSED},
    {"GLIBC_", JOIN_LIBC},
    {"error while loading shared libraries", JOIN_LIBRARY},
    {"Exec format error", JOIN_ARCH},
    {"command not found", JOIN_PROGRAM},
    {": not found", JOIN_PROGRAM},
    {"No such file or directory", JOIN_PROGRAM},
};

#define NOT_EXECUTABLE 126 /* as shells and ssh say it */
#define NOT_FOUND 127
#define SSH_FAILED 255

/* The line of what was said in which a phrase occurs. */
static void cause_line(struct verdict *v, const struct launch *l, const char *phrase)
{
    const char *begin = phrase, *end = phrase + strcspn(phrase, "\r\n");

    while (begin > l->said && begin[-1] != '\n')
        begin--;
    snprintf(v->cause, sizeof v->cause, "%.*s", (int)(end - begin), begin);
}

/* Whether it was the command here that could not be executed: launch.c says so. */
static bool local_missing(const struct launch *l)
{
    size_t length = strlen(l->argv[0]);

    return strncmp(l->said, l->argv[0], length) == 0 && l->said[length] == ':' &&
           strstr(l->said + length, strerror(ENOENT));
}

static enum join_code judge_status(const struct launch *l)
{
    int status = WIFEXITED(l->status) ? WEXITSTATUS(l->status) : -1;

    if (status == NOT_FOUND || status == NOT_EXECUTABLE)
        return JOIN_PROGRAM;
    return status == SSH_FAILED ? JOIN_CONNECT : JOIN_OTHER;
}

void verdict_make(struct verdict *v, const struct launch *l)
{
    const char *first_end = strchr(l->said, '\n'), *phrase = NULL;

    *v = (struct verdict){.code = JOIN_NONE};
    v->details = first_end && first_end[1];
    if (l->late)
        v->code = JOIN_LATE;
    else if (l->not_started || (!l->late && local_missing(l)))
        v->code = JOIN_COMMAND;
    else if (join_line_read(l->said, &v->code, v->cause, sizeof v->cause))
        return;
    for (size_t i = 0; v->code == JOIN_NONE && i < sizeof rows / sizeof rows[0]; i++) {
        phrase = strcasestr(l->said, rows[i].phrase);
        if (phrase) {
            v->code = rows[i].code;
            cause_line(v, l, phrase);
            return;
        }
    }
    if (v->code == JOIN_NONE)
        v->code = judge_status(l);
    launch_last_line(l, v->cause, sizeof v->cause);
}

void verdict_print(const struct console *c, const struct verdict *v, const char *host)
{
    char line[2 * JOIN_SENTENCE_MAX];

    join_line(v->code, v->cause, host, line, sizeof line);
    console_wrong(c, "%s did not join (%s): %s", host, join_fault(v->code)->step, line);
}

json_t *verdict_json(const struct verdict *v, const char *host, const char *said)
{
    char code[JOIN_CODE_BYTES], remedy[JOIN_SENTENCE_MAX];

    join_code_write(v->code, code);
    join_remedy(v->code, host, remedy, sizeof remedy);
    return json_pack("{s:s,s:b,s:s,s:s,s:o,s:s,s:o}", "name", host, "joined", 0, "code", code,
                     "step", join_fault(v->code)->step, "cause", console_text(v->cause), "remedy",
                     remedy, "said", console_text(said));
}

void verdict_show(const struct launch *l, const char *host)
{
    const char *line = l->said;

    while (*line) {
        size_t length = strcspn(line, "\n");

        fprintf(stderr, "    %s: %.*s\n", host, (int)length, line);
        line += length + (line[length] == '\n');
    }
}
