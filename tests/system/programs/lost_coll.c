/* lost_coll.c: one collective of all tasks but the last, which only waits, until that is lost.
 *
 *   lost_coll CALL [i|w [in]]  i: the form that does not wait, then dvm_wait
 *                              in: the last one is in the collective, again and again
 *
 * Each prints "ready", and when the call has ended "RANK ended code N: SENTENCE"; then the
 * survivors talk by messages, and rank 0 prints "all talk".
 */
#include <dvm.h>
#include <stdio.h>
#include <string.h>

enum { TAG = 7, MANY = 64 };

static int in[MANY], out[MANY];
static struct dvm_request *request;

/* Start or make the call. */
static int make(const char *call, int starts, int last)
{
    if (!strcmp(call, "barrier"))
        return starts ? dvm_ibarrier(DVM_WORLD, &request) : dvm_barrier(DVM_WORLD);
    if (!strcmp(call, "bcast"))
        return starts ? dvm_ibcast(DVM_WORLD, last, in, 1, DVM_INT, &request)
                      : dvm_bcast(DVM_WORLD, last, in, 1, DVM_INT);
    if (!strcmp(call, "allreduce"))
        return starts ? dvm_iallreduce(DVM_WORLD, in, out, 1, DVM_INT, DVM_SUM, &request)
                      : dvm_allreduce(DVM_WORLD, in, out, 1, DVM_INT, DVM_SUM);
    if (!strcmp(call, "alltoall"))
        return starts ? dvm_ialltoall(DVM_WORLD, in, out, 1, DVM_INT, &request)
                      : dvm_alltoall(DVM_WORLD, in, out, 1, DVM_INT);
    if (!strcmp(call, "allgather"))
        return starts ? dvm_iallgather(DVM_WORLD, in, out, 1, DVM_INT, &request)
                      : dvm_allgather(DVM_WORLD, in, out, 1, DVM_INT);
    return DVM_OK;
}

int main(int argc, char **argv)
{
    int me, n, x = 0, code;

    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    dvm_barrier(DVM_WORLD);
    printf("ready\n");
    fflush(stdout);
    if (me == n - 1 && argc < 4)
        return dvm_recv(DVM_WORLD, 0, TAG, &x, 1, DVM_INT, NULL); /* until it is lost */
    do { /* some calls do not need the last one */
        code = make(argv[1], argc > 2 && !strcmp(argv[2], "i"), n - 1);
        if (code == DVM_OK && request)
            code = dvm_wait(&request, NULL);
    } while (code == DVM_OK);
    if (me == n - 1)
        return 0;
    printf("%d ended code %d: %s\n", me, code, dvm_last_error());
    fflush(stdout);
    for (int r = 1; me == 0 && r < n - 1; r++)
        dvm_recv(DVM_WORLD, r, TAG + 1, &x, 1, DVM_INT, NULL);
    if (me != 0)
        dvm_send(DVM_WORLD, 0, TAG + 1, &me, 1, DVM_INT);
    else if (x == n - 2)
        printf("all talk\n");
    dvm_finalize();
    return 0;
}
