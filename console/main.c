/* main.c: dvm, the console. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/streams.h"
#include "console/command.h"

int main(int argc, char **argv)
{
    int r;

    streams_fill();
    r = command_main(argc, argv);
    /* data that could not be written is an error of its own */
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && r == EXIT_OK) {
        fprintf(stderr, "dvm: the output cannot be written%s%s\n", errno ? ": " : "",
                errno ? strerror(errno) : "");
        return EXIT_GENERIC;
    }
    return r;
}
