/* endings.c HOW RANK NUMBER: one rank ends in some way; the others do what is said.
 *
 *   exit     after dvm_finalize, RANK ends with exit status NUMBER, others with 0
 *   early    RANK ends with exit status NUMBER without dvm_finalize; the others wait
 *            in a barrier that it never reaches
 *   signal   RANK raises signal NUMBER; the others wait likewise
 *   abort    RANK calls dvm_abort with NUMBER; the others wait likewise
 *   wait     RANK prints "ready"; all wait until somebody ends them
 *
 * All print a line before, so that a test sees that nothing was lost.
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end_early(const char *how, int number)
{
    if (strcmp(how, "early") == 0)
        _exit(number);
    if (strcmp(how, "abort") == 0)
        dvm_abort(DVM_WORLD, number);
    signal(number, SIG_DFL);
    raise(number);
}

int main(int argc, char **argv)
{
    const char *how = argc > 3 ? argv[1] : "exit";
    int rank = argc > 3 ? atoi(argv[2]) : 0;
    int number = argc > 3 ? atoi(argv[3]) : 0;
    int me;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    printf("rank %d is here\n", me);
    if (strcmp(how, "wait") == 0) {
        dvm_barrier(DVM_WORLD);
        if (me == rank)
            printf("ready\n");
        fflush(stdout); /* line by line only where the machine started it */
        for (;;)
            pause();
    }
    if (strcmp(how, "exit") != 0) {
        dvm_barrier(DVM_WORLD);
        if (me == rank)
            end_early(how, number);
        dvm_barrier(DVM_WORLD);
    }
    dvm_finalize();
    return me == rank ? number : 0;
}
