/* catch.c [NAME STATUS]: print a line for each signal that comes, such as "got INT", and
 * go on; end with STATUS when the signal NAME comes.
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    sigset_t set;
    int me, number;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    dvm_barrier(DVM_WORLD);
    printf("rank %d is ready\n", me);
    while (sigwait(&set, &number) == 0) {
        printf("rank %d got %s\n", me, sigabbrev_np(number));
        if (argc > 2 && strcmp(sigabbrev_np(number), argv[1]) == 0)
            break;
    }
    dvm_finalize();
    return argc > 2 ? atoi(argv[2]) : 0;
}
