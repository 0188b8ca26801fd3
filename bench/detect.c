/* detect.c: a task that waits for one that is about to be lost, for bench/detect: rank 0
 * says when its receive from rank 1 has failed; rank 1 says its pid and waits. Times are
 * microseconds of the real-time clock, as the script's own.
 */
#include <dvm.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec now;
    int me, word = 0, code;

    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    dvm_group_rank(DVM_WORLD, &me);
    printf("rank %d pid %d\n", me, (int)getpid());
    fflush(stdout);
    if (me == 1)
        dvm_send(DVM_WORLD, 0, 1, &word, 1, DVM_INT); /* so that their way is made */
    code = dvm_recv(DVM_WORLD, !me, 1, &word, 1, DVM_INT, NULL);
    if (me == 0 && code == DVM_OK) {
        printf("ready\n");
        fflush(stdout);
        code = dvm_recv(DVM_WORLD, 1, 2, &word, 1, DVM_INT, NULL);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    printf("heard %lld code %d: %s\n", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000, code,
           dvm_last_error());
    fflush(stdout);
    return 0;
}
