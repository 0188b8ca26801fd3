/* value.c: values under names: the bytes of a variable, or of a section, which is copied. */
#include <stdlib.h>

#include "array.h"
#include "buffer.h"
#include "procedures.h"

/* Get the first count elements, or all, ready for the library. */
static int open(struct buffer *b, const char *name, const CFI_cdesc_t *data, const int64_t *count)
{
    int rc = buffer_look(b, name, data, NULL);

    if (rc == DVM_OK)
        rc = buffer_count(b, count, 1);
    return rc == DVM_OK ? buffer_open(b, b->count) : rc;
}

static size_t bytes_of(const struct buffer *b)
{
    return b->count * dvm_type_size(b->type);
}

void dvmf_value_put(const CFI_cdesc_t *data, const CFI_cdesc_t *name, const void *index,
                    const void *flags, void *place, const int64_t *count, void *ierror)
{
    struct buffer b = {.copied = 0};
    char *text = NULL;
    int at, rc;

    CALL_BEGIN(ierror);
    rc = open(&b, "dvm_value_put: data", data, count);
    if (rc == DVM_OK)
        text = text_get(&rc, "dvm_value_put", name);
    if (rc == DVM_OK)
        rc = dvm_value_put(text, integer_or(index, DVM_ANY), (unsigned)integer_or(flags, 0), b.at,
                           bytes_of(&b), &at);
    if (rc == DVM_OK)
        integer_put(place, at);
    buffer_close(&b, 0);
    free(text);
    call_end(rc, ierror);
}

void dvmf_value_get(const CFI_cdesc_t *data, const CFI_cdesc_t *name, const void *index,
                    const void *flags, void *place, void *owner, void *kept, int64_t *bytes,
                    const int64_t *count, void *ierror)
{
    struct buffer b = {.copied = 0};
    struct dvm_value what;
    char *text = NULL;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    if (data)
        rc = open(&b, "dvm_value_get: data", data, count);
    if (rc == DVM_OK)
        text = text_get(&rc, "dvm_value_get", name);
    if (rc == DVM_OK)
        rc = dvm_value_get(text, integer_or(index, 0), (unsigned)integer_or(flags, 0), b.at,
                           data ? bytes_of(&b) : 0, &what);
    buffer_close(&b, rc != DVM_OK || integer_or(flags, 0) & DVM_VALUE_LOOK ? 0 : what.bytes);
    if (rc == DVM_OK) {
        integer_put(place, what.index);
        integer_put(owner, what.owner);
        integer_put(kept, (int)what.flags);
        if (bytes)
            *bytes = (int64_t)what.bytes;
    }
    free(text);
    call_end(rc, ierror);
}

void dvmf_value_delete(const CFI_cdesc_t *name, const void *index, void *ierror)
{
    int rc = DVM_OK;
    char *text;

    CALL_BEGIN(ierror);
    text = text_get(&rc, "dvm_value_delete", name);
    if (rc == DVM_OK)
        rc = dvm_value_delete(text, integer_or(index, 0));
    free(text);
    call_end(rc, ierror);
}

/* For the module's dvm_values. *count receives how many there are, which may be more than
 * max. */
void dvmf_values(struct dvm_value *list, size_t max, size_t *count, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_values(list, max, count), ierror);
}
