/* main.c: dvm, the console. */
#include <stdio.h>
#include <stdlib.h>

#include "console/command.h"

int main(int argc, char **argv)
{
    int r = command_main(argc, argv);

    /* data that could not be written is an error of its own */
    if (fflush(stdout) != 0 && r == EXIT_OK) {
        perror("dvm: stdout");
        return EXIT_GENERIC;
    }
    return r;
}
