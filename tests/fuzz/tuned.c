/* A table of algorithms from anywhere: it is refused with file and line, or each of its rows is
 * one that the library has, and can be written down and read again as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "coll/tuned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tuned t;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    if (tuned_text(&t, "file", text, size) != DVM_OK) {
        if (strncmp(dvm_last_error(), "file:", 5) != 0 || t.count != 0)
            abort();
    }
    for (size_t i = 0; i < t.count; i++)
        if (t.rows[i].kind >= COLL_KIND_COUNT || t.rows[i].algorithm >= ALGORITHM_COUNT ||
            t.rows[i].tasks == 0 || t.rows[i].bytes == 0)
            abort();
    free(text);
    return 0;
}
