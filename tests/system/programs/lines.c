/* lines.c COUNT [LENGTH [SIGNAL]]: print COUNT lines "RANK NUMBER xxx..." of LENGTH
 * bytes, every tenth on stderr, and then die by SIGNAL, without a word to anybody.
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 10;
    int length = argc > 2 ? atoi(argv[2]) : 40;
    int number = argc > 3 ? atoi(argv[3]) : 0;
    char *line = calloc(1, (size_t)length + 64);
    long i;
    int me;

    if (!line)
        return 1;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    for (i = 0; i < count; i++) {
        int start = sprintf(line, "%d %ld ", me, i);

        if (start < length)
            memset(line + start, 'x', (size_t)(length - start));
        line[start < length ? length : start] = '\0';
        fprintf(i % 10 == 9 ? stderr : stdout, "%s\n", line);
    }
    free(line);
    if (number) {
        signal(number, SIG_DFL);
        raise(number);
    }
    dvm_finalize();
    return 0;
}
