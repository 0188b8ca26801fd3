/* echo_stdin.c: rank 0 prints each line of its standard input with a prefix, and how
 * many bytes there were; the others find their standard input empty and say so.
 */
#include <dvm.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[4096];
    size_t bytes = 0;
    int me;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    while (fgets(line, sizeof line, stdin)) {
        bytes += strlen(line);
        if (argc > 1)
            printf("%d got: %s", me, line);
    }
    printf("%d read %zu bytes\n", me, bytes);
    dvm_finalize();
    return 0;
}
