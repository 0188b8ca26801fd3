/* text.c: Fortran's strings have a length and blanks at the end, C's a NUL. */
#include "bindings/pvm3/fortran/text.h"

#include <stdlib.h>
#include <string.h>

char *f_text(const char *fortran, f_length length)
{
    char *text;

    while (length > 0 && (fortran[length - 1] == ' ' || fortran[length - 1] == '\0'))
        length--;
    text = malloc((size_t)(length > 0 ? length : 0) + 1);
    if (!text)
        return NULL;
    if (length > 0)
        memcpy(text, fortran, (size_t)length);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

void f_put(const char *text, char *fortran, f_length length)
{
    size_t used = strlen(text), room = length > 0 ? (size_t)length : 0;

    used = used < room ? used : room;
    memcpy(fortran, text, used);
    memset(fortran + used, ' ', room - used);
}
