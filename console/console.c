/* console.c: the implementation of console.h. */
#include "console/console.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"
#include "console/machines.h"

#define RED "\033[31m"
#define PLAIN "\033[0m"
#define JSON_INDENT_TTY 2

const struct option_row console_options[] = {
    {"json", 0, OPTION_FLAG, offsetof(struct console, json), NULL,
     "print one JSON object on stdout (docs/json.md)", 0, 0},
    {"machine", 0, OPTION_TEXT, offsetof(struct console, machine), "MACHINE",
     "the machine that is meant (default: $DVM_MACHINE, else your user name)", 0, 0},
    {"color", 0, OPTION_COLOR, offsetof(struct console, color), "WHEN",
     "colours: auto, always or never (NO_COLOR is obeyed)", 0, 0},
    {"quiet", 'q', OPTION_FLAG, offsetof(struct console, quiet), NULL,
     "no talk on stderr, errors only", 0, 0},
    {"help", 'h', OPTION_FLAG, offsetof(struct console, help), NULL,
     "explain the command and end", 0, 0},
    OPTION_END};

static const struct {
    int code, exit;
} exits[] = {
    {DVM_ERR_NO_DAEMON, EXIT_NOT_CONNECTED}, {DVM_ERR_LOST_DAEMON, EXIT_NOT_CONNECTED},
    {DVM_ERR_TIMEOUT, EXIT_TIMEOUT},         {DVM_ERR_REFUSED, EXIT_REFUSED},
    {DVM_ERR_ARG, EXIT_USAGE},               {DVM_ERR_LIMIT, EXIT_REFUSED},
};

int console_exit_code(int code)
{
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if (exits[i].code == code)
            return exits[i].exit;
    return code ? EXIT_GENERIC : EXIT_OK;
}

int console_exit_some(size_t failed, size_t count, int code)
{
    if (failed == 0)
        return EXIT_OK;
    return failed < count ? EXIT_PARTIAL : console_exit_code(code);
}

bool console_colored(const struct console *c, int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    if (c->color != COLOR_AUTO)
        return c->color == COLOR_ALWAYS;
    return !(no && no[0]) && isatty(fd) && !(term && !strcmp(term, "dumb"));
}

void console_say(const struct console *c, const char *format, ...)
{
    va_list ap;

    if (c->quiet)
        return;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void console_wrong(const struct console *c, const char *format, ...)
{
    bool red = console_colored(c, STDERR_FILENO);
    va_list ap;

    fprintf(stderr, "%sdvm: %s", red ? RED : "", red ? PLAIN : "");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int console_failed(const struct console *c, int code)
{
    const char *sentence = dvm_last_error();

    console_wrong(c, "%s", sentence[0] ? sentence : dvm_error_text(code));
    return console_exit_code(code);
}

static int output_error; /* errno of the first write to stdout that failed */

/* For json_dump_callback. */
static int put_json(const char *bytes, size_t size, void *arg)
{
    (void)arg;
    errno = 0;
    if (fwrite(bytes, 1, size, stdout) != size && !output_error)
        output_error = errno;
    return 0;
}

void console_flush(void)
{
    errno = 0;
    if (fflush(stdout) != 0 && !output_error)
        output_error = errno;
}

int console_end(int status)
{
    console_flush();
    if (status != EXIT_OK || (!ferror(stdout) && !output_error))
        return status; /* that is told already */
    fprintf(stderr, "dvm: the output cannot be written%s%s\n", output_error ? ": " : "",
            output_error ? strerror(output_error) : "");
    return EXIT_GENERIC;
}

void console_json(json_t *object)
{
    size_t flags = isatty(STDOUT_FILENO) ? JSON_INDENT(JSON_INDENT_TTY) : 0;

    json_dump_callback(object, put_json, NULL, flags);
    put_json("\n", 1, NULL);
    console_flush();
    json_decref(object);
}

json_t *console_text(const char *text)
{
    json_t *made = json_string(text);
    char *copy = made ? NULL : strdup(text);

    if (!copy)
        return made;
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    made = json_string(copy);
    free(copy);
    return made;
}

int console_apply_machine(const struct console *c)
{
    if (!c->machine)
        return EXIT_OK;
    if (!runtime_name_ok(c->machine)) {
        console_wrong(c,
                      "\"%.80s\" cannot be a machine's name: use letters, digits, '.', '-' and "
                      "'_', fewer than %d of them, no '.' first",
                      c->machine, DVM_NAME_MAX);
        return EXIT_USAGE;
    }
    setenv("DVM_MACHINE", c->machine, 1);
    /* DVM_DIR names one host's folder, whatever its machine: the option is nearer */
    unsetenv("DVM_DIR");
    return EXIT_OK;
}

struct client *console_look(void)
{
    char folder[RUNTIME_PATH_MAX];
    struct client *client = NULL;
    int fd;

    if (runtime_find(folder, sizeof folder, NULL) || runtime_connect(folder, &fd) ||
        client_open(&client, fd, "dvm", false))
        return NULL;
    return client;
}

char *console_who(const struct console *c, const struct client *client,
                  char text[CONSOLE_WHO_MAX])
{
    snprintf(text, CONSOLE_WHO_MAX, "dvm %s (process %d on host %s)", c->command, (int)getpid(),
             client_info(client)->host);
    return text;
}

/* Who has several machines, or looks at a program that hangs in a private one from another
 * terminal, is told here first which there are. Returns an exit code. */
static int no_machine(const struct console *c, const char *name)
{
    char others[MACHINES_TEXT_MAX + CONSOLE_WHO_MAX] = "", start[DVM_NAME_MAX + 16] = "";
    char hidden[DVM_NAME_MAX + CONSOLE_WHO_MAX] = "";
    struct machines named, programs;

    machines_running(&named, false);
    machines_running(&programs, true);
    if (named.count)
        /* not the command that was given: that could be halt */
        snprintf(others, sizeof others, ", but of other machines (%s; to look at one: dvm hosts "
                 "--machine %s)", named.text, named.first);
    if (programs.count)
        snprintf(hidden, sizeof hidden, ", %s %d private machine%s of a program without one; to "
                 "ask %s: dvm %s --machine %s", named.count ? "and" : "but", programs.count,
                 programs.count == 1 ? "" : "s", programs.count == 1 ? "it" : "the first",
                 c->command, programs.first);
    if (c->machine)
        snprintf(start, sizeof start, " --machine %s", name);
    console_wrong(c, "no daemon of the machine \"%s\" runs on this computer%s%s; %s: dvm%s start",
                  name, others, hidden, programs.count ? "to start one that stays" : "start one",
                  start);
    return EXIT_NOT_CONNECTED;
}

int console_connect(const struct console *c, struct client **out)
{
    char folder[RUNTIME_PATH_MAX], name[DVM_NAME_MAX];
    int fd, r = runtime_find(folder, sizeof folder, NULL);

    if (!r)
        r = runtime_connect(folder, &fd);
    if (r == DVM_ERR_NO_DAEMON && !getenv("DVM_DIR") && !runtime_machine(name, sizeof name))
        return no_machine(c, name);
    if (!r)
        r = client_open(out, fd, "dvm", false);
    return r ? console_failed(c, r) : EXIT_OK;
}
