/* A frame header from anywhere: refused, or what was read can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[DVM_FRAME_BYTES];
    struct dvm_frame f;

    if (dvm_frame_decode(&f, data, size))
        return 0;
    if (f.length != size - DVM_FRAME_BYTES || f.src < 0 || f.dst < 0)
        abort();
    dvm_frame_encode(again, &f);
    if (memcmp(again, data, sizeof again) != 0)
        abort();
    return 0;
}
