/* trace.c: the command trace, and spawn -@: what tasks are to tell, and who writes it down.
 *
 * The console is no task of PVM's kind: for each job that is traced it starts pvmtrace
 * (bindings/pvm3/tracefile), which receives the events and writes them, and tells the job's tasks
 * that they are to tell it, by the variable that pvm_spawn uses for that.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/pvm/pvm.h"
#include "console/run/run.h"

#define VARIABLE "DVM_PVM_TRACER" /* bindings/pvm3/trace/birth.c */
#define WRITER "lib/pvmtrace"
#define TAG 666   /* of events; pvmtrace's */
#define ANSWER 3  /* the descriptor on which pvmtrace says its tid */
#define LETTERS 35 /* of a mask, each for four events */
#define COLUMNS 4

/* By the numbers of pvmtev.h. */
static const char *const events[] = {
    "addhosts", "barrier", "bcast", "bufinfo", "config", "delete", "delhosts", "exit",
    "freebuf", "getfds", "getinst", "getopt", "getrbuf", "getsbuf", "gettid", "gsize", "halt",
    "initsend", "insert", "joingroup", "kill", "lookup", "lvgroup", "mcast", "mkbuf", "mstat",
    "mytid", "notify", "nrecv", "parent", "perror", "pkbyte", "pkcplx", "pkdcplx", "pkdouble",
    "pkfloat", "pkint", "pkuint", "pklong", "pkulong", "pkshort", "pkushort", "pkstr",
    "probe", "pstat", "recv", "recvf", "send", "sendsig", "setopt", "setrbuf", "setsbuf",
    "spawn", "start_pvmd", "tasks", "tickle", "tidtohost", "trecv", "upkbyte", "upkcplx",
    "upkdcplx", "upkdouble", "upkfloat", "upkint", "upkuint", "upklong", "upkulong",
    "upkshort", "upkushort", "upkstr", "version", "reg_hoster", "reg_rm", "reg_tasker",
    "reg_tracer", "newtask", "endtask", "spntask", "archcode", "catchout", "getmwid",
    "gettmask", "hostsync", "packf", "precv", "psend", "reduce", "setmwid", "settmask",
    "unpackf", "gather", "scatter", "putinfo", "getinfo", "delinfo", "getmboxinfo",
    "newcontext", "freecontext", "setcontext", "getcontext", "siblings", "getminfo",
    "setminfo", "addmhf", "delmhf", "mhf_invoke", "timing", "profiling", "user_defined",
};
#define EVENTS (sizeof events / sizeof events[0])

/* Told of unless trace says otherwise: what a display of tasks and messages wants. */
static const char *const usual[] = {
    "barrier", "bcast", "exit", "joingroup", "kill", "lvgroup", "mcast", "mytid", "nrecv",
    "parent", "probe", "recv", "recvf", "send", "sendsig", "spawn", "trecv", "precv", "psend",
    "siblings", "addmhf", "delmhf", "mhf_invoke", "user_defined",
};

/* Told of whatever the mask says, or by other means: not in the list. */
static const char *const unlisted[] = {"newtask", "endtask", "spntask", "timing", "profiling"};

static const char *const options[] = {NULL, "full", "time", "count"};

static bool chosen[EVENTS], begun;
static int buffer, option = 1;

static bool is_in(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static bool is_listed(size_t event)
{
    return !is_in(events[event], unlisted, sizeof unlisted / sizeof unlisted[0]);
}

static void choose_usual(void)
{
    for (size_t i = 0; i < EVENTS; i++)
        chosen[i] = is_in(events[i], usual, sizeof usual / sizeof usual[0]);
    begun = true;
}

/* ---- the command ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(events[*(const size_t *)a], events[*(const size_t *)b]);
}

/* In columns, each from top to bottom. */
static void show(void)
{
    size_t order[EVENTS], count = 0, rows;

    for (size_t i = 0; i < EVENTS; i++)
        if (is_listed(i))
            order[count++] = i;
    qsort(order, count, sizeof order[0], by_name);
    rows = (count + COLUMNS - 1) / COLUMNS;
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = row; at < count; at += rows)
            printf("%s %c %-15s", at > row ? " " : "", chosen[order[at]] ? '*' : ' ',
                   events[order[at]]);
        putchar('\n');
    }
}

static void choose(const char *name, bool on)
{
    bool all = strcmp(name, "*") == 0, found = all;

    for (size_t i = 0; i < EVENTS; i++)
        if (all || strcmp(events[i], name) == 0) {
            chosen[i] = on;
            found = true;
        }
    if (!found)
        printf("no such event \"%s\"\n", name);
}

static void set_option(const char *name)
{
    for (int i = 1; i < (int)(sizeof options / sizeof options[0]); i++)
        if (strcmp(options[i], name) == 0) {
            option = i;
            return;
        }
    printf("\nError:  Unknown Trace Option \"%s\"\n\n", name);
}

void pvm_trace(struct pvm *p, int argc, char **argv)
{
    bool on = argc < 2 || strcmp(argv[1], "-") != 0;
    int first = argc > 1 && (!on || strcmp(argv[1], "+") == 0) ? 2 : 1;

    if (!begun)
        choose_usual();
    if (argc == 1)
        show();
    else if (strcmp(argv[1], "xpvm") == 0)
        choose_usual();
    else if (strcmp(argv[1], "buf") == 0 && argc > 2)
        buffer = atoi(argv[2]);
    else if (strcmp(argv[1], "buf") == 0)
        printf("\nTrace Buffering set to %d bytes\n\n", buffer);
    else if (strcmp(argv[1], "opt") == 0 && argc > 2)
        set_option(argv[2]);
    else if (strcmp(argv[1], "opt") == 0)
        printf("\nTrace Options set to \"%s\"\n\n", options[option]);
    else
        for (int i = first; i < argc; i++)
            choose(argv[i], on);
}

/* ---- spawn -@ ---- */

/* "tid context tag buffer options mask", as tasks read it. */
static void set_variable(int tid)
{
    char text[128], mask[LETTERS + 1];

    if (!begun)
        choose_usual();
    for (size_t i = 0; i < LETTERS; i++) {
        mask[i] = '@';
        for (size_t k = 0; k < 4 && 4 * i + k < EVENTS; k++)
            mask[i] = (char)(mask[i] | (chosen[4 * i + k] ? 1 << k : 0));
    }
    mask[LETTERS] = '\0';
    snprintf(text, sizeof text, "%d 0 %d %d %d %s", tid, TAG, buffer, option, mask);
    setenv(VARIABLE, text, 1);
}

/* Start it with two pipes. Returns whether it runs; it says its tid on *answer, and reads the
 * tasks' from *tids. */
static bool start_writer(unsigned job, const char *file, bool ends, int *answer, int *tids)
{
    char path[4096], number[16];
    char *words[] = {path, number, (char *)(uintptr_t)file, ends ? "ends" : NULL, NULL};
    int from[2], to[2], r;
    posix_spawn_file_actions_t actions;
    pid_t pid;
    extern char **environ;

    snprintf(number, sizeof number, "%u", job);
    if (run_pvm_file(WRITER, path, sizeof path) || pipe2(from, O_CLOEXEC) != 0)
        return false;
    if (pipe2(to, O_CLOEXEC) != 0) {
        close(from[0]);
        close(from[1]);
        return false;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], ANSWER);
    r = posix_spawn(&pid, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(from[1]);
    close(to[0]);
    *answer = from[0];
    *tids = to[1];
    return r == 0;
}

int pvm_trace_begin(unsigned job, const char *file, bool ends)
{
    int answer = -1, tids = -1, tid = 0;
    char text[32] = "";

    fflush(stdout);
    if (start_writer(job, file ? file : "-", ends, &answer, &tids) &&
        read(answer, text, sizeof text - 1) > 0)
        tid = atoi(text);
    close(answer);
    if (tid > 0) {
        set_variable(tid);
        return tids;
    }
    close(tids);
    return -1;
}

void pvm_trace_end(int tids, const Dvm__Pb__SpawnReply *reply)
{
    unsetenv(VARIABLE);
    if (tids < 0)
        return;
    for (size_t i = 0; reply && i < reply->n_tids; i++)
        if (reply->tids[i] > 0)
            dprintf(tids, "%d ", reply->tids[i]);
    dprintf(tids, "\n");
    close(tids);
}
