/* main.c: dvm-manual FOLDER HEADER MODULE VERSION DATE: writes all manual pages below FOLDER,
 * from the public header and the source of the Fortran module. It runs when DVM is built, and
 * is not installed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manual/pages.h"

#define HEADER_MAX (1 << 20) /* bytes of the header, or the module, with its NUL */

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text = malloc(HEADER_MAX);
    size_t got = in && text ? fread(text, 1, HEADER_MAX, in) : 0;

    if (got == 0 || got == HEADER_MAX || ferror(in)) {
        fprintf(stderr, "dvm-manual: cannot read %s: %s\n", path,
                got == HEADER_MAX ? "it is too long" : strerror(errno));
        exit(EXIT_FAILURE);
    }
    text[got] = '\0';
    fclose(in);
    return text;
}

int main(int argc, char **argv)
{
    struct book b = {0};
    char *header, *module;

    if (argc != 6) {
        fputs("usage: dvm-manual FOLDER HEADER MODULE VERSION DATE\n", stderr);
        return 2;
    }
    b.folder = argv[1];
    b.version = argv[4];
    b.date = argv[5];
    header = read_file(argv[2]);
    module = read_file(argv[3]);
    pages_console(&b);
    pages_daemon(&b);
    pages_pvm(&b);
    pages_library(&b, header);
    pages_fortran(&b, module);
    free(header);
    free(module);
    return EXIT_SUCCESS;
}
