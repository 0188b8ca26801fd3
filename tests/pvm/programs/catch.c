/* catch.c: what children write comes to the master's file, whole, between BEGIN and EOF, and
 * pvm_exit waits for it. The same lines on PVM, but for the order of tasks.
 *
 * catch lost HOST: a child on that host ends with it only. */
#include <stdio.h>
#include <string.h>

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
    if (argc > 2 && strcmp(argv[1], "lost") == 0) {
        pvm_catchout(stdout);
        if (pvm_spawn("sleep", (char *[]){"1000", NULL}, PvmTaskHost, argv[2], 1, NULL) != 1)
            return 1;
        pvm_exit();
        printf("master: end\n");
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
