/* words.c: see words.h. All is XDR, whatever the program packs. */
#include "bindings/pvm3/words.h"

#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"

void pvm3_put_anew(struct pvm3_buffer *b)
{
    b->encoding = PvmDataDefault;
    b->bytes = b->next = 0;
    b->packed = PVM3_PACKED;
}

void pvm3_put_ints(struct pvm3_buffer *b, const int *values, size_t count)
{
    pvm3_encode(b, pvm3_type_find(PVM_INT), values, count, 1);
}

void pvm3_put_int(struct pvm3_buffer *b, int value)
{
    pvm3_put_ints(b, &value, 1);
}

void pvm3_put_text(struct pvm3_buffer *b, const char *text)
{
    const size_t length = strlen(text) + 1;

    pvm3_put_int(b, (int)length);
    pvm3_encode(b, pvm3_type_find(PVM_BYTE), text, length, 1);
}

bool pvm3_put_message(struct pvm3_buffer *b, const struct pvm3_buffer *from)
{
    unsigned char *place = pvm3_buffer_add(b, from->bytes);

    if (place && from->bytes)
        memcpy(place, pvm3_buffer_data(from), from->bytes);
    return place;
}

int pvm3_get_int(struct pvm3_buffer *b)
{
    int value = 0;

    pvm3_decode(b, pvm3_type_find(PVM_INT), &value, 1, 1);
    return value;
}

char *pvm3_get_text(struct pvm3_buffer *b)
{
    int length = pvm3_get_int(b);
    size_t left = b->bytes - b->next;
    char *text;

    if (length < 1 || (size_t)length > left)
        return strdup("");
    text = malloc((size_t)length + 1);
    if (text && pvm3_decode(b, pvm3_type_find(PVM_BYTE), text, (size_t)length, 1) != PvmOk)
        length = 0;
    if (text)
        text[length] = '\0';
    return text;
}
