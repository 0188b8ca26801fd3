/* tasker.c: a tasker of PVM's kind, and what it starts; on PVM and on DVM.
 *
 *     tasker serve         start the host's tasks until a message with tag 1 comes
 *     tasker ask PROGRAM   spawn two of PROGRAM, then one that fails, and hear of their ends
 *     tasker second        register while another has the role
 *     tasker stop          end the one that serves
 *     tasker child         say hello to the parent, and end when it says so
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmproto.h>

#include "holder.h"

#define TEXT 65536
#define MOST 4096
#define POLL_SECONDS 0.05

struct child {
    pid_t pid;
    int tid;
};

static struct child children[MOST];
static int child_count;

static int get_int(void)
{
    int value = 0;

    pvm_upkint(&value, 1, 1);
    return value;
}

static char **get_list(int *count)
{
    static char text[TEXT];
    char **list;

    *count = get_int();
    list = calloc((size_t)*count + 1, sizeof *list);
    for (int i = 0; i < *count; i++) {
        pvm_upkstr(text);
        list[i] = strdup(text);
    }
    return list;
}

static void free_list(char **list)
{
    for (char **at = list; *at; at++)
        free(*at);
    free(list);
}

/* What SM_STTASK asks for. */
static void start(void)
{
    static char path[TEXT];
    int tid = get_int(), flags = get_int(), argc, envc, places[3];
    char **argv, **env;
    pid_t pid;

    pvm_upkstr(path);
    argv = get_list(&argc);
    env = get_list(&envc);
    pvm_upkint(places, 3, 1);
    printf("tasker: STTASK flags %d argc %d, argv[0] %s, environment %s, %d of %d of %d\n", flags,
           argc, strcmp(argv[0], path) == 0 ? "is the path" : "differs",
           envc > 0 ? "there" : "none", places[0], places[1], places[2]);
    pid = fork();
    if (pid == 0) {
        execve(path, argv, env);
        _exit(127);
    }
    children[child_count++] = (struct child){pid, tid};
    free_list(argv);
    free_list(env);
}

/* Tell the daemon of those that have ended. */
static void reap(int daemon)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < child_count; i++)
            if (children[i].pid == pid) {
                int words[6] = {children[i].tid, status, 0, 0, 0, 0};

                printf("tasker: one ended with %d\n", WEXITSTATUS(status));
                pvm_initsend(PvmDataDefault);
                pvm_pkint(words, 6, 1);
                pvm_send(daemon, SM_TASKX);
            }
}

static int serve(void)
{
    struct timeval often = {0, (int)(POLL_SECONDS * 1e6)};
    int daemon = 0;

    pvm_setopt(PvmResvTids, 1);
    printf("tasker: registered: %d\n", pvm_reg_tasker());
    for (;;) {
        struct pvmminfo m;
        int buf = pvm_trecv(-1, -1, &often);

        if (buf > 0) {
            pvm_getminfo(buf, &m);
            if (m.tag == 1)
                break;
            if (m.tag == SM_STTASK) {
                daemon = m.src;
                start();
            }
        }
        reap(daemon);
    }
    printf("tasker: left: %d\n", pvm_reg_tasker());
    return 0;
}

static int ask(char *program)
{
    char *args[] = {"child", NULL};
    int tids[2], n, tid;

    n = pvm_spawn(program, args, PvmTaskHost, ".", 2, tids);
    printf("ask: spawn %d\n", n);
    pvm_notify(PvmTaskExit, 9, n, tids);
    for (int i = 0; i < n; i++) {
        pvm_recv(tids[i], 5);
        printf("ask: a child whose parent %s\n", get_int() == pvm_mytid() ? "is me" : "is another");
    }
    pvm_initsend(PvmDataDefault); /* both have been started before one ends */
    pvm_mcast(tids, n, 6);
    for (int i = 0; i < n; i++) {
        pvm_recv(-1, 9);
        tid = get_int();
        printf("ask: told of the end of %s\n", tid == tids[0] || tid == tids[1] ? "one" : "none");
    }
    n = pvm_spawn("/bin/false", NULL, PvmTaskHost, ".", 1, tids);
    printf("ask: spawn of one that fails %d\n", n);
    pvm_notify(PvmTaskExit, 9, n, tids);
    pvm_recv(-1, 9);
    printf("ask: told of its end\n");
    printf("ask: it is gone: %d\n", pvm_pstat(tids[0]) == PvmNoTask);
    return 0;
}

static int child(void)
{
    int parent = pvm_parent();

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&parent, 1, 1);
    pvm_send(parent, 5);
    pvm_recv(parent, 6);
    pvm_exit();
    return 3;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "serve";
    int rc = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    pvm_mytid();
    if (strcmp(mode, "serve") == 0)
        rc = serve();
    else if (strcmp(mode, "ask") == 0)
        rc = ask(argv[2]);
    else if (strcmp(mode, "child") == 0)
        return child();
    else if (strcmp(mode, "second") == 0)
        printf("second: %d\n", pvm_reg_tasker());
    else if (strcmp(mode, "there") == 0)
        printf("there: %d\n", holder(PVMTASKERCLASS) != 0);
    else {
        pvm_initsend(PvmDataDefault);
        pvm_send(holder(PVMTASKERCLASS), 1);
    }
    pvm_exit();
    return rc;
}
