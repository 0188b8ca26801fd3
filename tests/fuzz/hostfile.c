/* A host file of PVM from anywhere: lines are refused in words, or their hosts are good. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/hostfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *arg, size_t line, const char *sentence)
{
    size_t *told = arg;

    if (line == 0 || !memchr(sentence, 0, HOSTFILE_SENTENCE_MAX))
        abort();
    ++*told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct hostfile hosts = {.count = 0};
    size_t told = 0;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (hostfile_text(&hosts, text, tell, &told) != told)
        abort();
    for (size_t i = 0; i < hosts.count; i++) {
        const char *name = hosts.entries[i].name;
        int speed = hostfile_speed(&hosts, name);

        if (!name[0] || !memchr(name, 0, DVM_NAME_MAX) || speed < 1 ||
            speed > HOSTFILE_SPEED_MAX)
            abort();
    }
    hostfile_free(&hosts);
    free(text);
    return 0;
}
