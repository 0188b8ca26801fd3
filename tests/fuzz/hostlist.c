/* A host list from anywhere: it is refused in words, or all its names are good. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct hostlist list;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (hostlist_parse(&list, text) == DVM_OK) {
        if (list.count == 0 || list.count > HOSTLIST_NAMES_MAX)
            abort();
        for (size_t i = 0; i < list.count; i++)
            if (!list.names[i][0] || !memchr(list.names[i], 0, DVM_NAME_MAX))
                abort();
        hostlist_free(&list);
    }
    free(text);
    return 0;
}
