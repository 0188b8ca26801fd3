/* traffic.c COUNT BYTES: rank 0 sends COUNT messages of BYTES bytes to rank 1, which answers
 * with an empty one when it has all; then both wait in a receive until they are ended.
 */
#include <dvm.h>
#include <stdlib.h>

enum { TAG = 1, TAG_ALL = 2, TAG_NEVER = 3 };

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 1, me, i;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 0;
    char *buffer = calloc(bytes + 1, 1);
    struct dvm_status status;

    if (!buffer)
        return 1;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    for (i = 0; i < count; i++)
        if (me == 0)
            dvm_send(DVM_WORLD, 1, TAG, buffer, bytes, DVM_BYTE);
        else
            dvm_recv(DVM_WORLD, 0, TAG, buffer, bytes, DVM_BYTE, &status);
    if (me == 0)
        dvm_recv(DVM_WORLD, 1, TAG_ALL, buffer, 0, DVM_BYTE, &status);
    else
        dvm_send(DVM_WORLD, 0, TAG_ALL, buffer, 0, DVM_BYTE);
    dvm_recv(DVM_WORLD, 1 - me, TAG_NEVER, buffer, 0, DVM_BYTE, &status);
    free(buffer);
    dvm_finalize();
    return 0;
}
