/* topic.c: the topics of dvm help and the sections of dvm(7), one table each.
 *
 * What programs and people rely on without looking into a command: so it stands
 * here once, and help, manual and completion follow. The values' words are those
 * of value.c.
 */
#include "console/help/topic.h"

#include <string.h>

#include "console/help/code.h"
#include "console/value.h"

#define TERM_COLUMN 20 /* width of the terms */
#define NAME_COLUMN 14 /* width of the names in the list of topics */
#define LINE_WIDTH 80  /* where a meaning is broken */

static const struct topic_row words[] = {
    {"machine", "the virtual machine: all hosts that joined, under one name"},
    {"host", "one member, run by one dvmd; one computer may carry several (simulated hosts)"},
    {"coordinator", "the daemon that at this moment orders changes of the machine"},
    {"task", "a process of the machine; its tid is its number, such as 0x40001"},
    {"group, rank", "an ordered set of tasks; a task's place in it, from 0 on"},
    {"DVM_WORLD", "the group of the tasks that were started together"},
    {"message", "typed data with a tag, from one rank to another"},
    {"lane", "a way for bytes from one task to another: shm, direct, relay"},
    {"ticket", "one line of text that lets a new host join; it is a secret"},
    {"private machine", "one of this computer alone, that ends with the program or run that made "
                        "it, when no machine is running"},
    {NULL, NULL}};

static const struct topic_row environment[] = {
    {"DVM_MACHINE", "the machine that is meant (default: the user's name)"},
    {"DVM_HOST", "name of this host (default: the host name up to its first dot); where a "
                 "computer carries several hosts, the one whose daemon is asked; none of that "
                 "name is an error"},
    {"DVM_DIR", "runtime folder of one host; goes before DVM_MACHINE and DVM_HOST"},
    {"DVM_DAEMON", "path of dvmd for those that start it (default: beside dvm, then PATH)"},
    {"DVM_SINGLE", "1: a program that another launcher started (srun, mpirun) may be a world of "
                   "its own"},
    {"DVM_SINGLE_COPY", "how large messages of a host go: auto (the faster way), always, never"},
    {"DVM_LANES", "lanes that a task may open, a list of names (default: all); for finding faults"},
    {"DVM_LANES_TALK", "1: tasks say which connections between hosts they have, or why not"},
    {"DVM_COLL", "algorithms of collectives, such as allreduce=star,bcast=binomial, the same for "
                 "all tasks; for measuring and finding faults"},
    {"DVM_COLL_TABLE", "a file that says which algorithm a collective uses for which sizes, as "
                       "bench/tune writes it; the same for all tasks"},
    {"DVM_BSEND_BYTES", "how much dvm_bsend may keep in a task, bytes (default: 512 MiB)"},
    {"DVM_CREDIT_BYTES", "how many unreceived bytes a task takes in (default: 64 MiB)"},
    {"DVM_SOCKET, DVM_TOKEN", "set by the machine for a task that it starts: its daemon's "
                              "socket, and the proof that it is this task"},
    {"DVM_CONF", "one more file of settings, read after the others: dvmd.conf(5)"},
    {"DVM_HOST_TASKS, ...", "settings of dvmd.conf by name, for daemons that are started from "
                            "here: dvm config --keys"},
    {"DVM_WATCH", "dvm run: time without output before a look for a deadlock (default: 5s; 0: "
                  "none); --watch goes before it"},
    {"DVM_HOSTER_SECONDS", "pvm_addhosts: for so long a hoster, and a daemon that it has started, "
                           "are waited for (default: 300, 30)"},
    {"DVM_BACKTRACE", "0: a task that crashes does not say where"},
    {"DVM_LINE_SECONDS", "how long lines of source may be looked for (default: 1 to 3, by what "
                         "they are for)"},
    {"DVM_HISTORY", "file of the prompt's history; empty: none is kept"},
    {"NO_COLOR", "not empty: no colours, unless --color=always"},
    {NULL, NULL}};

static const struct topic_row files[] = {
    {"/tmp/dvm-UID/MACHINE/HOST/", "runtime folder of a host, 0700; DVM_DIR replaces it"},
    {"  lock", "held while the daemon lives; the file alone means nothing"},
    {"  socket", "where tasks and consoles of this computer connect"},
    {"  log, log.old", "the daemon's log, and the one before when it has reached its size"},
    {"  pushed/", "copies of dvmd and of programs (dvm add, dvm run --push), until the host "
                  "leaves"},
    {"/etc/dvm/dvmd.conf", "settings of the computer: dvmd.conf(5)"},
    {"~/.config/dvm/dvmd.conf", "settings of the user; below $XDG_CONFIG_HOME if set"},
    {"~/.local/state/dvm/history", "the prompt's history, 0600; below $XDG_STATE_HOME if set"},
    {"~/.editrc", "keys of the prompt: editrc(5)"},
    {NULL, NULL}};

static const struct topic_row exits[] = {
    {"0", "done"},
    {"1", "failed; the sentence on stderr says why"},
    {"2", "the command line is wrong; nothing was done"},
    {"3", "some of several things failed"},
    {"4", "no machine runs, or the daemon was lost"},
    {"5", "no answer in time"},
    {"7", "refused: it is not allowed, or is more than a limit lets"},
    {"124", "dvm run: the time of --timeout was over"},
    {"126", "dvm run, dvm spawn: the program is there, but cannot be executed"},
    {"127", "dvm run, dvm spawn: the program was not found"},
    {"128 + N", "dvm run: signal N ended the first task that failed; else dvm run ends with that "
                "task's own status"},
    {"141", "dvm run: nobody reads its output any more"},
    {NULL, NULL}};

static const struct topic_row prompt[] = {
    {"quit, exit, ^D", "leave; the machine goes on"},
    {"halt", "stop the machine and leave"},
    {"^C", "while a line is edited: give it up; while a command runs: as in the shell"},
    {"Tab", "complete a command, option, value, host, task, file or program"},
    {"up, down, ^R", "lines from before; a line that begins with a blank is not kept"},
    {NULL, NULL}};

const struct topic topic_list[] = {
    {.name = "words",
     .summary = "what the words mean that messages and pages use",
     .text = "",
     .rows = words},
    {.name = "values",
     .summary = "what the words in capital letters in usage lines stand for",
     .text = ""},
    {.name = "prompt",
     .summary = "dvm without arguments: the prompt, and scripts",
     .text = "dvm without a command reads commands, one a line, in the grammar of the shell's\n"
             "command line: words, quotes ('...', \"...\", \\), and # before a comment. There are\n"
             "no variables and patterns. The dvm before a command may be left out.\n"
             "\n"
             "On a terminal it is a prompt. It keeps no machine alive. When stdin is no terminal,\n"
             "it is a script: commands run in turn with an empty stdin, also after one that\n"
             "failed; the exit status is that of the last one that failed, else 0.\n",
     .rows = prompt,
     .also = "quit exit"},
    {.name = "environment",
     .summary = "environment variables",
     .text = "",
     .rows = environment},
    {.name = "files",
     .summary = "files and folders",
     .text = "",
     .rows = files},
    {.name = "exit-status",
     .summary = "how commands end",
     .text = "Results are written to stdout; talk and errors to stderr. With --json a command\n"
             "prints one object on stdout, whose form docs/json.md defines.\n",
     .rows = exits},
    {.name = NULL},
};

/* Whether the word is one of words, which are parted by blanks. */
static bool is_among(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; at && *at && length > 0; at += strspn(at, " ")) {
        size_t one = strcspn(at, " ");

        if (one == length && !memcmp(at, word, length))
            return true;
        at += one;
    }
    return false;
}

const struct topic *topic_find(const char *name)
{
    for (const struct topic *t = topic_list; t->name; t++)
        if (!strcmp(t->name, name) || is_among(t->also, name))
            return t;
    return NULL;
}

void topic_overview(FILE *out)
{
    for (const struct topic *t = topic_list; t->name; t++)
        fprintf(out, "  %-*s%s\n", NAME_COLUMN, t->name, t->summary);
    fprintf(out, "  %-*s%s\n", NAME_COLUMN, CODE_ALL, CODE_SUMMARY);
}

/* Print the meaning beside its term, broken between words. */
static void row(FILE *out, const char *term, const char *meaning)
{
    size_t at = TERM_COLUMN;

    if (strlen(term) + 2 >= TERM_COLUMN)
        fprintf(out, "  %s\n%*s", term, TERM_COLUMN, "");
    else
        fprintf(out, "  %-*s", TERM_COLUMN - 2, term);
    while (*meaning) {
        size_t length = strcspn(meaning, " ");

        if (at > TERM_COLUMN && at + 1 + length > LINE_WIDTH) {
            fprintf(out, "\n%*s", TERM_COLUMN, "");
            at = TERM_COLUMN;
        } else if (at > TERM_COLUMN) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", (int)length, meaning);
        at += length;
        meaning += length + strspn(meaning + length, " ");
    }
    fputc('\n', out);
}

void topic_explain(FILE *out, const struct topic *t)
{
    fprintf(out, "%s\n\n", t->summary);
    if (t->text[0])
        fprintf(out, "%s%s", t->text, t->rows ? "\n" : "");
    for (const struct topic_row *r = t->rows; r && r->term; r++)
        row(out, r->term, r->meaning);
    for (const struct value *v = value_list; !strcmp(t->name, "values") && v->name; v++)
        row(out, v->name, v->meaning);
}
