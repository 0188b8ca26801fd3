/* lines.c: the implementation of lines.h: from the end on, as the end is what is wanted. A
 * line begins behind the end of the one before, so one line end more is looked for. */
#include "daemon/watch/lines.h"

#include <string.h>

size_t lines_tail(const char *bytes, size_t size, uint32_t *lines)
{
    size_t at = size;

    while (at > 0) {
        const char *nl = memrchr(bytes, '\n', at);

        if (!nl)
            break;
        if (*lines == 0)
            return (size_t)(nl + 1 - bytes);
        (*lines)--;
        at = (size_t)(nl - bytes);
    }
    return 0;
}
