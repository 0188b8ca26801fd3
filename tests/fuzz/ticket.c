/* A ticket from anywhere: it is refused in words, or says the same when written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/links/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), again[TICKET_TEXT_BYTES], error[256] = "";
    struct ticket t, u;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (ticket_decode(text, &t, error, sizeof error) == 0) {
        if (ticket_encode(&t, again, sizeof again) != 0 ||
            ticket_decode(again, &u, error, sizeof error) != 0 || memcmp(&t, &u, sizeof t) != 0)
            abort();
    } else if (!error[0]) {
        abort();
    }
    free(text);
    return 0;
}
