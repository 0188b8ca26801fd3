/* main.c: pvmaddhost: adds a host to the machine by its hoster, for the console dvm pvm: that is no
 * task of PVM's kind, and so cannot be answered by one.
 *
 *     pvmaddhost LINE      LINE as in PVM's host files
 *
 * Prints why it was not added, in PVM's words, to stdout, and DVM's sentence to stderr.
 */
#include <stdio.h>
#include <stdlib.h>

#include <pvm3.h>

extern char *pvm_errlist[];
extern int pvm_nerr;

int main(int argc, char **argv)
{
    int info = PvmBadParam;

    if (argc != 2) {
        fputs("usage: pvmaddhost LINE\n", stderr);
        return 2;
    }
    if (pvm_addhosts(&argv[1], 1, &info) < 0 && info >= 0)
        info = PvmSysErr;
    if (info < 0 && -info < pvm_nerr)
        puts(pvm_errlist[-info]);
    pvm_exit();
    return info < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
