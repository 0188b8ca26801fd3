/* hoster.c: adding hosts by PVM's hoster, where the machine has one (docs/pvm.md, "Roles").
 *
 * The console is no task of PVM's kind, so a program beside PVM's libraries, pvmaddhost, asks the
 * hoster, and says what PVM's console would print.
 */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/pvm/pvm.h"
#include "console/run/run.h"

#define ADDER "lib/pvmaddhost"
#define ROLE "###_PVM_HOSTER_###" /* PVMHOSTERCLASS */
#define LINE_ROOM 2048
#define WORDS_ROOM 128

extern char **environ;

/* What it may say; the first stands for all else. */
static const char *const reasons[] = {
    "Pvmd system error", "Can't start pvmd", "Duplicate host",   "Permission denied",
    "No such host",      "No such file",     "Not implemented",  "Host failed",
    "Bad parameter",     "Out of resources", "Version mismatch", "Already in progress",
};

bool pvm_hoster_is_there(const struct pvm *p)
{
    return pvm_is_named(p, ROLE);
}

static void write_line(const struct hostfile_entry *e, char *line, size_t size)
{
    static const struct {
        enum hostfile_option option;
        const char *name;
    } told[] = {{HOSTFILE_LOGIN, "lo"}, {HOSTFILE_ADDRESS, "ip"}, {HOSTFILE_START, "so"},
                {HOSTFILE_DAEMON, "dx"}};
    size_t used = (size_t)snprintf(line, size, "%s", e->name);

    for (size_t i = 0; i < sizeof told / sizeof told[0] && used < size; i++)
        if (e->values[told[i].option])
            used += (size_t)snprintf(line + used, size - used, " %s=%s", told[i].name,
                                     e->values[told[i].option]);
}

/* Run it and take the first line that it prints. Returns whether it has added the host. */
static bool run_adder(const char *path, char *line, char *said, size_t size)
{
    char *const words[] = {(char *)(uintptr_t)path, line, NULL};
    posix_spawn_file_actions_t actions;
    int from[2], r, status = 1;
    FILE *in;
    pid_t pid;

    if (pipe2(from, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    r = posix_spawn(&pid, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(from[1]);
    in = fdopen(from[0], "r");
    if (in && fgets(said, (int)size, in))
        said[strcspn(said, "\n")] = '\0';
    if (in)
        fclose(in);
    else
        close(from[0]);
    return r == 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

const char *pvm_hoster_add(const struct pvm *p, const struct hostfile_entry *e)
{
    char path[PATH_MAX], line[LINE_ROOM], said[WORDS_ROOM] = "";

    if (run_pvm_file(ADDER, path, sizeof path)) {
        console_wrong(p->c, "pvmaddhost, which asks the hoster, is not there");
        return reasons[0];
    }
    write_line(e, line, sizeof line);
    if (run_adder(path, line, said, sizeof said))
        return NULL;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(said, reasons[i]) == 0)
            return reasons[i];
    return reasons[0];
}
