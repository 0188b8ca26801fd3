/* verdict.c: judges a failed join by what the remote side said.
 *
 * A table of phrases, as ssh, shells and dvmd say them, names the step that
 * failed and the remedy. The first row whose phrase occurs decides; what nobody
 * knows is shown as it was said.
 */
#include "console/verdict.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

/* In a remedy %s is the host. */
static const struct {
    const char *phrase, *step, *remedy;
} rows[] = {
    {"Could not resolve hostname", "resolve", "check the name: getent hosts %s"},
    {"Name or service not known", "resolve", "check the name: getent hosts %s"},
    {"Host key verification failed", "host key", "log in once to accept it: ssh %s true"},
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", "host key", "ssh-keygen -R %s, if you know why"},
    {"Permission denied (", "login", "give it your key: ssh-copy-id %s"},
    {"Too many authentication failures", "login", "give ssh one key: ssh -o IdentitiesOnly=yes %s"},
    {"Connection refused", "connect", "is sshd running there? try: ssh %s true"},
    {"Connection timed out", "connect", "is it on, and port 22 open? try: ssh %s true"},
    {"No route to host", "connect", "is it on, and in your network? try: ping %s"},
    {"Network is unreachable", "connect", "try: ping %s"},
    {"Connection closed by", "connect", "try: ssh -v %s true"},
    {"error while loading shared libraries", "program", "install the same packages on %s as here"},
    {"GLIBC_", "program", "%s has an older system: build dvm there"},
    {"Exec format error", "program", "%s has another processor: build dvm there"},
    {"command not found", "program", "install dvm on %s, or put dvmd into its PATH"},
    {"dvmd: No such file", "program", "install dvm on %s, or put dvmd into its PATH"},
    {"dvmd: not found", "program", "install dvm on %s, or put dvmd into its PATH"},
    {"version", "version", "install the same version of dvm on %s as here (dvm version)"},
    {"ticket", "register", ""},
    {"runs already", "register", "end it there first, or use it: ssh %s dvm hosts"},
    {"cannot be reached", "dial back",
     "%s must be able to connect to this computer; see dvm start --bind and --port"},
};

#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define SSH_FAILED 255

static void set(struct verdict *v, const char *step, const char *remedy, const char *host)
{
    const char *mark = strstr(remedy, "%s");

    v->step = step;
    if (mark)
        snprintf(v->remedy, sizeof v->remedy, "%.*s%s%s", (int)(mark - remedy), remedy, host,
                 mark + 2);
    else
        snprintf(v->remedy, sizeof v->remedy, "%s", remedy);
}

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

static void judge_status(struct verdict *v, const struct launch *l, const char *host)
{
    int status = WIFEXITED(l->status) ? WEXITSTATUS(l->status) : -1;

    if (l->not_started)
        set(v, "start", "is the command of --ssh right?", host);
    else if (l->late)
        set(v, "time", "does it work by hand? try: ssh %s true", host);
    else if (status == NOT_FOUND && local_missing(l))
        set(v, "start", "is the command of --ssh right?", host);
    else if (status == NOT_FOUND || status == NOT_EXECUTABLE)
        set(v, "program", "install dvm on %s, or put dvmd into its PATH", host);
    else if (status == SSH_FAILED)
        set(v, "connect", "try: ssh -v %s true", host);
    else
        set(v, "join", "", host);
}

void verdict_make(struct verdict *v, const struct launch *l, const char *host)
{
    const char *first_end = strchr(l->said, '\n');

    *v = (struct verdict){.step = "join"};
    v->details = first_end && first_end[1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *phrase = strcasestr(l->said, rows[i].phrase);

        if (phrase) {
            set(v, rows[i].step, rows[i].remedy, host);
            cause_line(v, l, phrase);
            return;
        }
    }
    judge_status(v, l, host);
    launch_last_line(l, v->cause, sizeof v->cause);
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

bool verdict_plain_words(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._-+,:@%=";

    return text[0] && text[strspn(text, plain)] == '\0';
}
