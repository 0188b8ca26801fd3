/* A link message from anywhere: refused, or the same bytes when written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/links/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[LINK_HEADER_BYTES];
    struct link_header h;
    struct dvm_frame frame;

    if (link_header_decode(&h, data, size) != 0)
        return 0;
    link_header_encode(again, &h);
    if (data[1] == LINK_VERSION && memcmp(again, data, sizeof again) != 0)
        abort();
    if (dvm_frame_decode(&frame, data + LINK_HEADER_BYTES, size - LINK_HEADER_BYTES) == 0 &&
        frame.length != size - LINK_HEADER_BYTES - DVM_FRAME_BYTES)
        abort();
    return 0;
}
