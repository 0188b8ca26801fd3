/* meet.c: start, meet at a barrier, end: the least that a parallel program does. */
#include <dvm.h>

int main(int argc, char **argv)
{
    dvm_init(&argc, &argv);
    dvm_barrier(DVM_WORLD);
    dvm_finalize();
    return 0;
}
