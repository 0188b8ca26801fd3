/* option.c: getopt and setopt: PVM's options of the console's own task. They are kept and
 * change nothing: the console packs and routes no messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/pvm.h"

static struct {
    const char *name;
    int value;
} options[] = {
    {"PvmRoute", 1},          {"PvmDebugMask", 0},        {"PvmAutoErr", 1},
    {"PvmOutputTid", -1},     {"PvmOutputCode", 0},       {"PvmTraceTid", -1},
    {"PvmTraceCode", 0},      {"PvmTraceBuffer", 0},      {"PvmTraceOptions", 1},
    {"PvmFragSize", 4080},    {"PvmResvTids", 1},         {"PvmSelfOutputTid", -1},
    {"PvmSelfOutputCode", 0}, {"PvmSelfTraceTid", -1},    {"PvmSelfTraceCode", 0},
    {"PvmSelfTraceBuffer", 0}, {"PvmSelfTraceOptions", 0}, {"PvmShowTids", 1},
    {"PvmOutputContext", 0},  {"PvmTraceContext", 0},     {"PvmSelfOutputContext", 0},
    {"PvmSelfTraceContext", 0}, {"PvmNoReset", 1},
};
#define OPTIONS (sizeof options / sizeof options[0])

/* The place of an option; OPTIONS, told, when there is none. */
static size_t find(const char *name)
{
    size_t i = 0;

    while (i < OPTIONS && strcmp(options[i].name, name) != 0)
        i++;
    if (i == OPTIONS)
        printf("PVM Option \"%s\" Unknown.\n", name);
    return i;
}

void pvm_getopt(struct pvm *p, int argc, char **argv)
{
    size_t only = argc > 1 ? find(argv[1]) : 0;

    for (size_t i = only; i < OPTIONS && (argc == 1 || i == only); i++)
        printf("%s Currently Set to %d\n", options[i].name, options[i].value);
}

void pvm_setopt(struct pvm *p, int argc, char **argv)
{
    size_t i = find(argv[1]);
    int value = atoi(argv[2]);

    if (i == OPTIONS)
        return;
    printf("%s Changed from %d to %d\n", options[i].name, options[i].value, value);
    options[i].value = value;
}
