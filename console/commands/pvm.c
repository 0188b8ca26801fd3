/* pvm.c: dvm pvm: the console with PVM's commands.
 *
 * As PVM's, it starts the machine when none runs, and adds the hosts of a host file. It is
 * `pvm` itself when it is called by that name: so programs that start one find it.
 */
#include "console/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"
#include "console/pvm/pvm.h"
#include "console/run/run.h"

#define HOSTFILE_BYTES_MAX (1 << 20)
#define RC_FILE ".pvmrc"

struct settings {
    const char *name, *mask;
};

static const struct option_row rows[] = {
    {"name", 'n', OPTION_TEXT, offsetof(struct settings, name), "HOST",
     "name of this computer for others: PVM's; DVM finds its own", 0, 0},
    {"debug", 'd', OPTION_TEXT, offsetof(struct settings, mask), "N",
     "PVM's debugging mask: has no effect", 0, 0},
    OPTION_END};

static void wrong_line(void *arg, size_t line, const char *sentence)
{
    const struct pvm *p = arg;

    console_wrong(p->c, "host file, line %zu: %s", line, sentence);
}

/* Read a host file. Returns an exit code; lines that are wrong are told and left out. */
static int read_hosts(struct pvm *p, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(HOSTFILE_BYTES_MAX + 1) : NULL;
    size_t bytes = text ? fread(text, 1, HOSTFILE_BYTES_MAX, file) : 0;
    bool good = text && !ferror(file) && feof(file);

    if (good) {
        text[bytes] = '\0';
        hostfile_text(&p->hosts, text, wrong_line, p);
    } else {
        console_wrong(p->c, "the host file %s cannot be read: %s", path,
                      file && text && !ferror(file) ? "it is too large" : strerror(errno));
    }
    free(text);
    if (file)
        fclose(file);
    return good ? EXIT_OK : EXIT_GENERIC;
}

/* Connect to the machine, starting it where none runs. Returns an exit code. */
static int open_machine(struct pvm *p)
{
    char folder[RUNTIME_PATH_MAX], *start[] = {"start", NULL};
    int r = EXIT_OK;

    if (runtime_find(folder, sizeof folder, NULL) == DVM_ERR_NO_DAEMON)
        r = pvm_do(p, 1, start);
    else
        puts("pvmd already running.");
    if (!r)
        r = console_connect(p->c, &p->client);
    return r ? r : console_connect(p->c, &p->asker);
}

/* Do the lines of the user's own file, if there is one. */
static void do_rc(struct pvm *p)
{
    const char *home = getenv("HOME");
    char *path = NULL, *line = NULL;
    size_t size = 0;
    FILE *file = NULL;

    if (home && asprintf(&path, "%s/" RC_FILE, home) >= 0)
        file = fopen(path, "re");
    while (file && !p->leave && getline(&line, &size, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        pvm_line(p, line);
    }
    if (file)
        fclose(file);
    free(line);
    free(path);
}

static void close_all(struct pvm *p)
{
    while (p->jobs)
        pvm_job_remove(p, p->jobs);
    held_release(&p->early, NULL, NULL);
    client_close(p->client);
    client_close(p->asker);
    hostfile_free(&p->hosts);
    pvm_aliases_free(p);
    free(p->path);
}

static int pvm(struct console *c, const void *settings, int argc, char **argv)
{
    struct pvm p = {.c = c, .terminal = isatty(STDIN_FILENO)};
    int r = argc > 0 ? read_hosts(&p, argv[0]) : EXIT_OK;

    if (!r)
        r = open_machine(&p);
    if (!r) {
        if (run_pvm_environment())
            console_say(c, "dvm: %s", dvm_last_error());
        p.path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
        pvm_add_all(&p);
        pvm_path(&p);
        do_rc(&p);
        pvm_loop(&p);
        r = p.result;
    }
    close_all(&p);
    return r;
}

const struct command command_pvm = {
    .name = "pvm",
    .operands = "[FILE]",
    .summary = "a console with the commands of PVM 3.4",
    .text = "Lines of stdin are commands of PVM's console, with its options and output: add,\n"
            "alias, conf, delete, echo, export, getopt, halt, help, id, jobs, kill, mstat, names,\n"
            "ps, pstat, put, quit, reset, setenv, setopt, sig, spawn, trace, unalias, unexport,\n"
            "version. It starts the machine when none runs. FILE is a host file of PVM: its hosts\n"
            "are added. The commands in ~/.pvmrc come first. See dvm-pvm(7).\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .operands_max = 1,
    .function = pvm,
    .examples = "dvm pvm                             # pvm> spawn -4 -> spmd\n"
                "dvm pvm my.hosts                    # with the hosts of a host file\n"
                "printf 'conf\\nps -a\\n' | dvm pvm    # from a script\n",
};
