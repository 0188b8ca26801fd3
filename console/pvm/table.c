/* table.c: the commands of PVM's console, and help on them.
 *
 * Names are typed in full, as there.
 */
#include "console/pvm/pvm.h"

#include <stdio.h>
#include <string.h>

static const char spawn_text[] =
    "Options:  -(count)         number of tasks, default is 1\n"
    "          -(host)          on this host, default is any\n"
    "          -(host):(wd)     on this host, in directory 'wd'\n"
    "          --host=(IP)      on the host with this IP address\n"
    "          --host=(IP):(wd) on the host with this IP address, in 'wd'\n"
    "          -(ARCH)          on hosts of ARCH\n"
    "          -(ARCH):(wd)     on hosts of ARCH, in 'wd'\n"
    "          -:(wd)           in directory 'wd'\n"
    "          -~(host or ARCH) on all others\n"
    "          ->               output of the job to the console\n"
    "          ->(file)         output of the job to a new file\n"
    "          ->>(file)        output of the job to the end of a file\n"
    "          -@               what the tasks tell (see trace) to the console\n"
    "          -@(file)         the same to a new file, as SDDF\n"
    "          -?               debugging: see dvm run --gdb\n";
static const char trace_text[] =
    "         trace [+] name ...\n"
    "         trace - name ...\n"
    "         trace [+] *\n"
    "         trace - *\n"
    "         trace xpvm (those that are told of at first)\n"
    "         trace buf nbytes\n"
    "         trace buf\n"
    "         trace opt < full | time | count >\n"
    "         trace opt\n";
static const char ps_text[] =
    "Options:  -a       all hosts (default is this one)\n"
    "          -hhost   host with this tid\n"
    "          -nhost   host with this name\n"
    "          -l       long (with process ids)\n"
    "          -x       consoles, too\n"
    "FLAG values:\n"
    "  f   the machine has started the task\n"
    "  c   the task uses libdvm\n";
static const char kill_text[] = "Options:  -c   the children of these tasks\n";
static const char jobs_text[] = "Options:  -l   with their tasks\n";

static const struct pvm_command commands[] = {
    {"add", "Add hosts to the machine", "host ...", NULL, 1, -1, pvm_add},
    {"alias", "Define or list other names of commands", "[ name command [ arg ... ] ]", NULL, 0,
     -1, pvm_alias},
    {"conf", "List the hosts of the machine", "", NULL, 0, 0, pvm_conf},
    {"delete", "Delete hosts from the machine", "host ...", NULL, 1, -1, pvm_delete},
    {"echo", "Print the arguments", "[ arg ... ]", NULL, 0, -1, pvm_echo},
    {"export", "Add names to PVM_EXPORT, or show it", "[ var ... ]", NULL, 0, -1, pvm_export},
    {"getopt", "Show PVM options of this console", "[ what ]", NULL, 0, 1, pvm_getopt},
    {"halt", "End the machine", "", NULL, 0, 0, pvm_halt},
    {"help", "Explain a command", "[ command ]", NULL, 0, 1, pvm_help},
    {"id", "Print this console's task id", "", NULL, 0, 0, pvm_id},
    {"idump", NULL, "[ how ]", NULL, 0, 1, pvm_inside},
    {"jobs", "List jobs that run", "[ -l ]", jobs_text, 0, 1, pvm_jobs},
    {"kill", "End tasks", "[ -c ] tid ...", kill_text, 1, -1, pvm_kill},
    {"mstat", "Show the status of hosts", "host ...", NULL, 1, -1, pvm_mstat},
    {"names", "List the names of the mailbox", "[ pattern ]", NULL, 0, 1, pvm_names},
    {"ps", "List tasks", "[ -axh ]", ps_text, 0, -1, pvm_ps},
    {"pstat", "Show the status of tasks", "tid ...", NULL, 1, -1, pvm_pstat},
    {"put", "Put an empty message into the mailbox", "name [ flags ... ]", NULL, 1, -1, pvm_put},
    {"quit", "Leave; the machine goes on", "", NULL, 0, 0, pvm_quit},
    {"reset", "End all tasks, delete what they left in the mailbox", "[ info ]", NULL, 0, -1,
     pvm_reset},
    {"setenv", "Show or set variables of the environment", "[ name [ value ] ]", NULL, 0, 2,
     pvm_setenv},
    {"setopt", "Set PVM options of this console", "what value", NULL, 2, 2, pvm_setopt},
    {"sig", "Send a signal to tasks", "signum tid ...", NULL, 2, -1, pvm_sig},
    {"spawn", "Start tasks", "[ options ] file [ arg ... ]", spawn_text, 1, -1, pvm_spawn},
    {"tickle", NULL, "how [ arg ... ]", NULL, 1, -1, pvm_inside},
    {"trace", "Show or choose what tasks tell that spawn -@ starts", "", trace_text, 0, -1,
     pvm_trace},
    {"unalias", "Forget other names of commands", "name ...", NULL, 1, -1, pvm_unalias},
    {"unexport", "Remove names from PVM_EXPORT", "[ var ... ]", NULL, 0, -1, pvm_unexport},
    {"version", "Show PVM's version", "", NULL, 0, 0, pvm_version},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

const struct pvm_command *pvm_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static void explain(const struct pvm_command *k)
{
    printf("%-11s %s\nSyntax:  %s%s%s\n%s", k->name, k->summary, k->name, k->syntax[0] ? " " : "",
           k->syntax, k->text ? k->text : "");
}

void pvm_help(struct pvm *p, int argc, char **argv)
{
    const struct pvm_command *k = pvm_command_find(argc > 1 ? argv[1] : "help");

    if (!k || !k->summary)
        return;
    explain(k);
    if (argc > 1)
        return;
    puts("Commands are:");
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].summary)
            printf("  %-11s %s\n", commands[i].name, commands[i].summary);
}
