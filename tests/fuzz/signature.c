/* The words that say what a message of several types has: what is counted can be walked,
 * compared, told and converted without a step beside the bytes that were counted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "type/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536   /* of elements that are converted */
#define ELEMENTS_MAX 5000 /* that are compared */

/* Words as a message has them: at their end nothing may be read. */
static bool take(struct input *in, struct signature_of *s, size_t *elements, size_t *bytes)
{
    uint8_t *words;

    s->representation = (uint32_t)input_int(in, 1);
    s->length = (size_t)input_int(in, 1) % (SHAPE_HEAD_MAX + 1);
    if (s->length > in->left)
        s->length = in->left;
    words = malloc(s->length + (s->length == 0));
    memcpy(words, in->at, s->length);
    s->bytes = words;
    in->at += s->length;
    in->left -= s->length;
    return signature_count(s, elements, bytes) && *bytes > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t sent_elements, sent_bytes, elements, bytes, index;
    struct signature_of sent, wanted;
    struct input in = {data, size};
    char text[40];

    bool good = take(&in, &sent, &sent_elements, &sent_bytes);

    if (take(&in, &wanted, &elements, &bytes) && good) {
        size_t most = sent_elements < ELEMENTS_MAX ? sent_elements : ELEMENTS_MAX;
        enum type_relation relation = signature_relate(&sent, &wanted, most);

        if (strlen(signature_text(&sent, text, sizeof text)) >= sizeof text)
            abort();
        if (relation < TYPE_DIFFERENT && most > 0 &&
            signature_bytes(&sent, most) <= BYTES_MAX) {
            void *from = calloc(1, signature_bytes(&sent, most));
            void *to = malloc(signature_bytes(&wanted, most));

            signature_convert(to, &wanted, from, &sent, most, &index);
            free(from);
            free(to);
        }
    }
    free((void *)(uintptr_t)sent.bytes);
    free((void *)(uintptr_t)wanted.bytes);
    return 0;
}
