/* meet.c: start, meet at a barrier, end. With arguments: print "RANK of SIZE on
 * HOST" as well. */
#include <dvm.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char host[DVM_NAME_MAX];
    int me, n;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    dvm_barrier(DVM_WORLD);
    if (argc > 1) {
        dvm_host_name(host, sizeof host);
        printf("%d of %d on %s\n", me, n, host);
    }
    dvm_finalize();
    return 0;
}
