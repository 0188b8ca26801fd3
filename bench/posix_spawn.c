/* posix_spawn.c COUNT TIMES: the measure for spawn.c: what it costs to start COUNT
 * programs with the same libraries by posix_spawn alone, each heard from through a pipe.
 * Prints milliseconds, one line "STARTED ALL" for each time: when the last had been
 * started, when the last was heard from. Those of one time have ended before the next.
 */
#include <dvm.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT_MAX = 100000 };

extern char **environ;

/* Say who speaks, through the pipe that is standard output. */
static int child(void)
{
    pid_t me = getpid();

    return write(STDOUT_FILENO, &me, sizeof me) == (ssize_t)sizeof me ? 0 : 1;
}

static int once(char *program, int count)
{
    char *const argv[] = { program, (char *)"child", NULL };
    posix_spawn_file_actions_t actions;
    double start = dvm_wtime(), started;
    int ends[2], i;
    pid_t who;

    if (pipe(ends))
        return 1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    for (i = 0; i < count; i++) {
        errno = posix_spawn(&who, program, &actions, NULL, argv, environ);
        if (errno) {
            fprintf(stderr, "posix_spawn: program %d: %s\n", i, strerror(errno));
            return 1;
        }
    }
    started = dvm_wtime();
    for (i = 0; i < count; i++)
        if (read(ends[0], &who, sizeof who) != (ssize_t)sizeof who)
            return 1;
    printf("%.3f %.3f\n", (started - start) * 1e3, (dvm_wtime() - start) * 1e3);
    fflush(stdout);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    close(ends[1]);
    while (wait(NULL) > 0)
        continue;
    return 0;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 64;
    int times = argc > 2 ? atoi(argv[2]) : 1;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    if (count < 1 || count > COUNT_MAX)
        return 2;
    for (int i = 0; i < times; i++)
        if (once(argv[0], count))
            return 1;
    return 0;
}
