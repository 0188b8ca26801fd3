/* prompt.c: the implementation of prompt.h, on libedit.
 *
 * A line is edited only while no command runs, so nothing else writes to the terminal
 * meanwhile; what a command left without a line end is marked and ended before the
 * next line. After each command the terminal is as it was before, whatever the command
 * did to it. ^C in a line is a key and no signal (keys.h).
 */
#include "console/prompt/prompt.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/runtime.h"
#include "console/prompt/history.h"
#include "console/prompt/keys.h"
#include "console/prompt/tab.h"

#define PROMPT_MAX (DVM_NAME_MAX + 32) /* bytes of the prompt with its NUL */
#define WIDTH_MAX 1000                 /* columns of a terminal that is believed */

struct editor {
    struct session *session;
    EditLine *line;
    History *history;
    char path[HISTORY_PATH_MAX]; /* of the history's file */
    bool keep;                   /* whether there is one */
    bool given_up;               /* ^C was pressed in this line */
    char prompt[PROMPT_MAX];
    struct termios terminal;     /* as it is while commands run */
};

/* Keys besides libedit's own: what terminals send, and what shells do. */
static const struct {
    const char *key, *function;
} keys[] = {
    {"^R", "em-inc-search-prev"},    {"^W", "ed-delete-prev-word"},
    {"\\e[3~", "ed-delete-next-char"},
    {"\\e[1~", "ed-move-to-beg"},    {"\\e[H", "ed-move-to-beg"},
    {"\\e[4~", "ed-move-to-end"},    {"\\e[F", "ed-move-to-end"},
    {"\\e[1;5C", "em-next-word"},    {"\\e[1;5D", "ed-prev-word"},
};

static unsigned char give_up(EditLine *line, int letter)
{
    struct editor *e;

    el_get(line, EL_CLIENTDATA, &e);
    e->given_up = true;
    return CC_EOF;
}

static char *prompt_text(EditLine *line)
{
    struct editor *e;

    el_get(line, EL_CLIENTDATA, &e);
    return e->prompt;
}

/* The prompt says which machine is meant, and that none runs. */
static bool update_prompt(struct editor *e)
{
    char machine[DVM_NAME_MAX];
    bool runs = session_machine(machine);

    snprintf(e->prompt, sizeof e->prompt, "dvm%s%s%s> ", getenv("DVM_MACHINE") ? " " : "",
             getenv("DVM_MACHINE") ? machine : "", runs ? "" : " (no machine)");
    return runs;
}

static void greet(struct editor *e)
{
    char machine[DVM_NAME_MAX];
    bool runs = session_machine(machine);

    if (runs)
        console_say(e->session->base,
                    "Machine %s runs. hosts and ps show what is in it, help explains, quit leaves.",
                    machine);
    else
        console_say(e->session->base,
                    "No machine %s runs on this computer. start starts one, help explains, quit "
                    "leaves.",
                    machine);
}

/* Who leaves by quit should know that this stops nothing. */
static void take_leave(const struct editor *e)
{
    char machine[DVM_NAME_MAX];

    if (session_machine(machine))
        console_say(e->session->base, "Machine %s goes on; dvm halt ends it.", machine);
}

static void remember(void *arg, const char *line)
{
    struct editor *e = arg;
    HistEvent event;

    history(e->history, &event, H_ENTER, line);
}

static void load_history(struct editor *e)
{
    HistEvent event;

    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    history(e->history, &event, H_SETUNIQUE, 1);
    e->keep = history_path(e->path);
    if (e->keep && !history_load(e->path, remember, e)) {
        console_say(e->session->base, "dvm: lines are not kept: %s: %s", e->path,
                    strerror(errno));
        e->keep = false;
    }
}

/* Keep a line, unless it is empty, begins with a blank, or is that from before. */
static void keep_line(struct editor *e, const char *line)
{
    HistEvent event;

    if (line[0] == ' ' || line[strspn(line, " \t")] == '\0' ||
        (history(e->history, &event, H_FIRST) == 0 && !strcmp(event.str, line)))
        return;
    remember(e, line);
    if (e->keep && !history_add(e->path, line)) {
        console_say(e->session->base, "dvm: lines are not kept: %s: %s", e->path,
                    strerror(errno));
        e->keep = false;
    }
}

static bool open_editor(struct editor *e)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) /* letters beyond ASCII would be lost in the plain locale C */
        setlocale(LC_CTYPE, "C.UTF-8");
    e->history = history_init();
    e->line = el_init("dvm", stdin, stdout, stderr);
    if (!e->history || !e->line)
        return false;
    load_history(e);
    el_set(e->line, EL_CLIENTDATA, e);
    el_set(e->line, EL_PROMPT, prompt_text);
    el_set(e->line, EL_EDITOR, "emacs");
    el_set(e->line, EL_HIST, history, e->history);
    /* in wide letters: libedit never frees the copies that it makes of others */
    el_wset(e->line, EL_ADDFN, L"dvm-complete", L"Complete a word", tab_complete);
    el_wset(e->line, EL_ADDFN, L"dvm-give-up", L"Give up the line", give_up);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        el_set(e->line, EL_BIND, keys[i].key, keys[i].function, NULL);
    el_source(e->line, NULL);
    /* whatever the user has chosen, vi's keys perhaps */
    el_set(e->line, EL_BIND, "^C", "dvm-give-up", NULL);
    el_set(e->line, EL_BIND, "-a", "^C", "dvm-give-up", NULL);
    el_set(e->line, EL_BIND, "^I", "dvm-complete", NULL);
    el_set(e->line, EL_SETTY, "-d", "-isig", NULL);
    tcgetattr(STDIN_FILENO, &e->terminal);
    return keys_begin(e->line);
}

static void close_editor(struct editor *e)
{
    if (e->line)
        el_end(e->line);
    if (e->history)
        history_end(e->history);
}

/* Begin a new line if a command's output has not: fill the line, so that the cursor
 * moves to the next one unless it stood at a line's beginning; what is left there is
 * overwritten. */
static void begin_line(void)
{
    const char *term = getenv("TERM");
    struct winsize size;

    if (!term || !strcmp(term, "dumb") || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
        size.ws_col < 2 || size.ws_col > WIDTH_MAX)
        return;
    printf("\033[7m~\033[0m%*s\r \r", size.ws_col - 1, "");
    fflush(stdout);
}

/* Returns the next line, borrowed, or NULL at the end of input. */
static const char *read_line(struct editor *e)
{
    for (;;) {
        int length;
        const char *line;

        e->given_up = false;
        /* else the prompt would show before its keys are read as such */
        el_set(e->line, EL_PREP_TERM, 1);
        line = el_gets(e->line, &length);
        if (line)
            return line;
        printf("%s\n", e->given_up ? "^C" : "");
        if (!e->given_up)
            return NULL;
    }
}

/* Take blanks and the line end from the end of a line, but for one that \ keeps. */
static void trim(char *line)
{
    size_t length = strcspn(line, "\n");

    while (length > 0 && strchr(" \t", line[length - 1]) &&
           (length < 2 || line[length - 2] != '\\'))
        length--;
    line[length] = '\0';
}

int prompt_run(struct session *s)
{
    struct editor e = {.session = s};
    const char *line;
    char *copy;

    if (!open_editor(&e)) {
        close_editor(&e);
        console_wrong(s->base, "the terminal cannot be used for a prompt; give a command: "
                               "dvm help");
        return EXIT_GENERIC;
    }
    greet(&e);
    update_prompt(&e);
    while (!s->leave && (line = read_line(&e)) && (copy = strdup(line))) {
        trim(copy);
        keep_line(&e, copy);
        session_line(s, copy);
        free(copy);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &e.terminal);
        if (!s->leave)
            begin_line();
        update_prompt(&e);
    }
    close_editor(&e);
    take_leave(&e);
    return EXIT_OK;
}
