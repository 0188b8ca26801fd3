/* catch.c: what children write comes to the master's file, whole, between BEGIN and EOF, and
 * pvm_exit waits for it. The same lines on PVM, but for the order of tasks. */
#include <stdio.h>

#include <pvm3.h>

int main(int argc, char **argv)
{
    if (pvm_parent() > 0) {
        printf("one\n");
        fflush(stdout);
        printf("no end of line");
        fflush(stdout);
        pvm_exit();
        return 0;
    }
    if (pvm_catchout(stdout) != 0 || pvm_spawn(argv[0], NULL, 0, NULL, 3, NULL) != 3)
        return 1;
    if (argc > 1)
        pvm_setopt(PvmShowTids, 0);
    pvm_exit();
    printf("master: end\n");
    return 0;
}
