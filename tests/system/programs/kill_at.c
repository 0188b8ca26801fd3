/* kill_at.c NAME CALL REPORT COMMAND...: run COMMAND and all that it starts under ptrace,
 * and kill with SIGKILL the process that makes system call number CALL of those that
 * processes called NAME make, before it is carried out.
 *
 * So "at any point" is a number that can be repeated, as far as the order in which the
 * processes run repeats. NAME is a program's name as in /proc/PID/comm: "dvmd",
 * "dvmd-keeper", "dvm", that of a task. After the kill everybody is let go. The file
 * REPORT receives lines:
 *
 *   killed NAME PID at call CALL, number N   N: of the system call, as in asm/unistd.h
 *   calls NAME COUNT                         for each name, until all were let go
 *   process PID                              for each process that was seen
 *
 * It ends when all processes have ended or been let go, with the status of COMMAND, or
 * 128 and its signal.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_MAX_COMM 16
#define THREADS_MAX 4096
#define NAMES_MAX 64
#define PROCESSES_MAX 8192
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
                 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)
#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

struct thread {
    pid_t tid, process;
    char name[NAME_MAX_COMM + 1]; /* of its process; empty: to be read anew */
    bool renames;                 /* it is in a call that may change the name */
};

static struct thread threads[THREADS_MAX];
static size_t thread_count;
static struct {
    char name[NAME_MAX_COMM + 1];
    long calls;
} names[NAMES_MAX];
static pid_t processes[PROCESSES_MAX];
static size_t process_count;
static const char *victim;
static long wanted;
static FILE *report;
static bool letting_go;
static pid_t command;
static int command_status;

static pid_t process_of(pid_t tid)
{
    char path[64], line[128];
    int process = tid;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Tgid: %d", &process) == 1)
            break;
    if (f)
        fclose(f);
    return process;
}

static struct thread *find(pid_t tid)
{
    for (size_t i = 0; i < thread_count; i++)
        if (threads[i].tid == tid)
            return &threads[i];
    if (thread_count == THREADS_MAX) {
        fprintf(stderr, "kill_at: more than %d threads\n", THREADS_MAX);
        exit(2);
    }
    threads[thread_count] = (struct thread){.tid = tid, .process = process_of(tid)};
    if (threads[thread_count].process == tid && process_count < PROCESSES_MAX)
        processes[process_count++] = tid;
    return &threads[thread_count++];
}

static void forget(pid_t tid)
{
    for (size_t i = 0; i < thread_count; i++)
        if (threads[i].tid == tid)
            threads[i--] = threads[--thread_count];
}

/* The name of a process: that of its first thread. */
static void read_name(pid_t process, char comm[NAME_MAX_COMM + 1])
{
    char path[64];
    FILE *f;

    comm[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/comm", (int)process);
    f = fopen(path, "re");
    if (f && fgets(comm, NAME_MAX_COMM + 1, f))
        comm[strcspn(comm, "\n")] = '\0';
    if (f)
        fclose(f);
}

/* From now on the process may have another name: of its threads it is read anew. */
static void forget_name(pid_t process)
{
    for (size_t i = 0; i < thread_count; i++)
        if (threads[i].process == process)
            threads[i].name[0] = '\0';
}

/* Whether the calls of this thread count: not if it has another name than the victim, and none
 * that it may still give itself (a keeper begins as "dvmd") or take by exec, which is told. */
static bool counts(struct thread *t)
{
    if (!t->name[0])
        read_name(t->process, t->name);
    return wanted == 0 || strncmp(t->name, victim, strlen(t->name)) == 0;
}

/* Count a system call of a process with this name: how many they are by now. */
static long count_call(const char *comm)
{
    size_t i = 0;

    while (i < NAMES_MAX - 1 && names[i].name[0] && strcmp(names[i].name, comm) != 0)
        i++;
    strcpy(names[i].name, comm);
    return ++names[i].calls;
}

static void let_all_go(void)
{
    letting_go = true;
    for (size_t i = 0; i < thread_count; i++)
        ptrace(PTRACE_INTERRUPT, threads[i].tid, 0, 0);
}

/* A thread stands before a system call or behind it. */
static void at_call(struct thread *t)
{
    struct __ptrace_syscall_info info = {0};
    long call;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof info, &info) <= 0)
        return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
        if (t->renames)
            forget_name(t->process);
        t->renames = false;
        return;
    }
    t->renames = info.entry.nr == SYS_prctl;
    if (!t->name[0])
        read_name(t->process, t->name);
    call = count_call(t->name);
    if (call != wanted || strcmp(t->name, victim) != 0)
        return;
    kill(t->process, SIGKILL);
    fprintf(report, "killed %s %d at call %ld, number %lld\n", t->name, (int)t->process, call,
            (long long)info.entry.nr);
    fflush(report);
    let_all_go();
}

/* One stop of a thread: look at it and have it go on. */
static void handle_stop(pid_t tid, int status)
{
    struct thread *t = find(tid);
    int stop = WSTOPSIG(status), event = status >> 16;
    long deliver = 0;

    if (event == PTRACE_EVENT_EXEC)
        forget_name(t->process);
    if (stop == SYSCALL_STOP && !letting_go)
        at_call(t);
    else if (event == PTRACE_EVENT_STOP && stop != SIGTRAP && !letting_go) {
        ptrace(PTRACE_LISTEN, tid, 0, 0); /* stopped for good, by a signal */
        return;
    } else if (!event && stop != SYSCALL_STOP)
        deliver = stop;
    if (letting_go) {
        ptrace(PTRACE_DETACH, tid, 0, deliver);
        forget(tid);
    } else
        ptrace(counts(t) ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, deliver);
}

static void watch(void)
{
    int status;
    pid_t tid;

    for (;;) {
        tid = waitpid(-1, &status, __WALL);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0)
            return;
        if (WIFSTOPPED(status)) {
            handle_stop(tid, status);
            continue;
        }
        forget(tid);
        if (tid == command)
            command_status = status;
    }
}

/* Start the command; it waits until it is traced. */
static void start(char **argv)
{
    int go[2];
    char byte = 0;

    if (pipe(go))
        exit(2);
    command = fork();
    if (command == 0) {
        close(go[1]);
        if (read(go[0], &byte, 1) != 1)
            _exit(2);
        close(go[0]);
        execvp(argv[0], argv);
        fprintf(stderr, "kill_at: %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (ptrace(PTRACE_SEIZE, command, 0, OPTIONS) || ptrace(PTRACE_INTERRUPT, command, 0, 0)) {
        fprintf(stderr, "kill_at: ptrace: %s\n", strerror(errno));
        kill(command, SIGKILL);
        exit(2);
    }
    if (write(go[1], &byte, 1) != 1)
        exit(2);
    close(go[0]);
    close(go[1]);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: kill_at NAME CALL REPORT COMMAND...\n");
        return 2;
    }
    victim = argv[1];
    wanted = atol(argv[2]);
    report = fopen(argv[3], "we");
    if (!report) {
        fprintf(stderr, "kill_at: %s: %s\n", argv[3], strerror(errno));
        return 2;
    }
    start(argv + 4);
    watch();
    for (size_t i = 0; i < NAMES_MAX && names[i].name[0]; i++)
        fprintf(report, "calls %s %ld\n", names[i].name, names[i].calls);
    for (size_t i = 0; i < process_count; i++)
        fprintf(report, "process %d\n", (int)processes[i]);
    fclose(report);
    return WIFSIGNALED(command_status) ? 128 + WTERMSIG(command_status)
                                       : WEXITSTATUS(command_status);
}
