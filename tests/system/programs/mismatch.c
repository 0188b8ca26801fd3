/* mismatch.c: rank 3 sends 200 doubles, rank 0 first asks for 100, then receives all (the
 * message is still there), then asks for another type, which ends the run. */
#include <dvm.h>
#include <stdio.h>

enum { SENT = 200, ASKED = 100, TAG = 7, FROM = 3 };

int main(int argc, char **argv)
{
    static double x[SENT];
    int me, i;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    if (me == FROM) {
        x[SENT - 1] = 42;
        dvm_send(DVM_WORLD, 0, TAG, x, SENT, DVM_DOUBLE);
        dvm_send(DVM_WORLD, 0, TAG, x, 1, DVM_DOUBLE);
    }
    if (me == 0) {
        dvm_errors(DVM_RETURN);
        i = dvm_recv(DVM_WORLD, FROM, TAG, x, ASKED, DVM_DOUBLE, NULL); /* small */
        if (i != DVM_ERR_TRUNCATE)
            return 3;
        dvm_errors(DVM_FATAL);
        dvm_recv(DVM_WORLD, FROM, TAG, x, SENT, DVM_DOUBLE, NULL);
        printf("got %g\n", x[SENT - 1]);
        dvm_recv(DVM_WORLD, FROM, TAG, &i, 1, DVM_INT, NULL); /* type */
    }
    dvm_finalize();
    return 0;
}
