/* operands.c: the implementation of operands.h. */
#include "console/operands.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int operands_hosts(const struct console *c, struct hostlist *out, int argc, char **argv)
{
    size_t size = 1;
    char *text, *at;
    int r;

    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + 1;
    text = at = malloc(size);
    if (!text)
        return console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of hosts"));
    for (int i = 0; i < argc; i++) {
        if (i > 0)
            *at++ = ',';
        at = stpcpy(at, argv[i]);
    }
    r = hostlist_parse(out, text);
    free(text);
    return r ? console_failed(c, r) : EXIT_OK;
}
