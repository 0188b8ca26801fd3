/* copy.c: reading the memory of another process, if it is the right one. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane/copy.h"

#define BYTES 100000

static uint8_t theirs[BYTES], mine[BYTES];

/* A child that stays until it is killed; its memory is a copy of ours. */
static pid_t make_child(struct dvm_ring *ring)
{
    int ready[2];
    char byte;
    pid_t pid;

    cr_assert_eq(pipe(ready), 0);
    memset(theirs, 7, sizeof theirs);
    copy_start();
    copy_tell(ring);
    pid = fork();
    if (pid == 0) {
        memset(theirs, 9, sizeof theirs);
        if (write(ready[1], "x", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    ring->pid = pid;
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(copy, reads_and_checks_whom)
{
    struct dvm_ring *ring = calloc(1, sizeof *ring);
    struct copy_source source = {0};
    pid_t pid = make_child(ring);
    bool read;

    cr_assert_not(copy_read(&source, (uintptr_t)theirs, mine, BYTES), "nothing was told");
    copy_learn(&source, ring);
    read = copy_read(&source, (uintptr_t)theirs, mine, BYTES);
    if (!read) {
        end_child(pid);
        free(ring);
        cr_skip_test("this system lets no process read another one");
    }
    cr_assert_eq(mine[0], 9);
    cr_assert_eq(mine[BYTES - 1], 9);

    /* another process than the one that told its number */
    ring->cookie++;
    copy_learn(&source, ring);
    cr_assert_not(copy_read(&source, (uintptr_t)theirs, mine, BYTES));
    cr_assert_eq(source.pid, 0, "a source that failed is not asked again");
    ring->cookie--;

    /* nonsense, and the end of the process */
    copy_learn(&source, ring);
    cr_assert_not(copy_read(&source, 16, mine, BYTES));
    end_child(pid);
    copy_learn(&source, ring);
    cr_assert_not(copy_read(&source, (uintptr_t)theirs, mine, BYTES));
    free(ring);
}
