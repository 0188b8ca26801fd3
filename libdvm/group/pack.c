/* pack.c: dvm_pack, dvm_unpack, dvm_pack_size.
 *
 * What is packed begins with 4 bytes: "DV", the version of this form, and the representation
 * of who packed it (type/type.h). Elements follow without gaps as that task stores them; their
 * types are those of the types that are given to unpack them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/entry.h"
#include "type/derived.h"

#define HEAD_BYTES ((size_t)4)
#define FORM_VERSION 1

static int check_buffer(const char *call, const void *buffer, size_t count)
{
    if (!buffer && count > 0)
        return dvm_fail(DVM_ERR_ARG, "%s: the buffer is NULL, but the count is %zu", call, count);
    return DVM_OK;
}

static int too_many(const char *call, size_t count)
{
    return dvm_fail(DVM_ERR_ARG, "%s: %zu elements are more than memory can hold", call, count);
}

static int check_place(const char *call, const void *packed, const size_t *position)
{
    if (!packed || !position)
        return dvm_fail(DVM_ERR_ARG, "%s: %s is NULL", call,
                        position ? "what is packed" : "the position");
    if (*position > 0 && *position < HEAD_BYTES)
        return dvm_fail(DVM_ERR_ARG, "%s: position %zu is none; begin with 0", call, *position);
    return DVM_OK;
}

static int pack(const char *call, const void *buf, size_t count, dvm_type type, void *out,
                size_t size, size_t *position)
{
    const struct derived *d = derived_usable(call, type);
    const uint8_t head[HEAD_BYTES] = {'D', 'V', FORM_VERSION, (uint8_t)type_here()};
    size_t bytes, at;
    int rc = d ? check_place(call, out, position) : DVM_ERR_TYPE;

    if (rc == DVM_OK)
        rc = check_buffer(call, buf, count);
    if (rc != DVM_OK)
        return rc;
    if (__builtin_mul_overflow(count, d->size, &bytes))
        return too_many(call, count);
    at = *position ? *position : HEAD_BYTES;
    if (at > size || bytes > size - at)
        return dvm_fail(DVM_ERR_TRUNCATE, "%s: %zu bytes from %zu on do not fit into %zu; "
                                          "dvm_pack_size tells how much is needed",
                        call, bytes, at, size);
    if (*position == 0)
        memcpy(out, head, sizeof head);
    layout_pack(&d->layout, derived_extent(d), buf, 0, (char *)out + at, bytes);
    *position = at + bytes;
    return DVM_OK;
}

int dvm_pack(const void *buf, size_t count, dvm_type type, void *out, size_t size,
             size_t *position)
{
    ENTRY_BEGIN();
    return dvm_leave(pack("dvm_pack", buf, count, type, out, size, position));
}

/* Elements as another host stores them. */
static int unpack_foreign(const char *call, const struct derived *d,
                          const struct signature_of *sent, const void *in, void *buf,
                          size_t count)
{
    const struct signature_of here = derived_signature(d);
    size_t elements = count * d->elements, index = 0;
    void *turned;
    int rc;

    if (elements == 0)
        return DVM_OK;
    if (signature_relate(sent, &here, d->elements) == TYPE_IMPOSSIBLE)
        return dvm_fail(DVM_ERR_UNSUPPORTED, "%s: the host that packed this stores one of the "
                                             "types in a way that cannot be converted; use "
                                             "another type, such as DVM_DOUBLE", call);
    turned = malloc(count * d->size);
    if (!turned)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for %zu bytes", call, count * d->size);
    rc = signature_convert(turned, &here, in, sent, elements, &index);
    if (rc == DVM_OK)
        layout_unpack(&d->layout, derived_extent(d), buf, 0, turned, count * d->size);
    else
        dvm_fail(rc, "%s: element %zu is a number that does not fit into this host's type", call,
                 index);
    free(turned);
    return rc;
}

static int unpack(const char *call, const uint8_t *in, size_t size, size_t *position, void *buf,
                  size_t count, dvm_type type)
{
    struct derived *d = derived_usable(call, type);
    struct signature_of sent;
    size_t elements, each, bytes, unused, at;
    int rc = d ? check_place(call, in, position) : DVM_ERR_TYPE;

    if (rc == DVM_OK)
        rc = check_buffer(call, buf, count);
    if (rc == DVM_OK)
        rc = derived_check_into(call, d);
    if (rc != DVM_OK)
        return rc;
    if (size < HEAD_BYTES || in[0] != 'D' || in[1] != 'V' || in[2] != FORM_VERSION)
        return dvm_fail(DVM_ERR_PROTOCOL, "%s: these %zu bytes were not made by dvm_pack", call,
                        size);
    sent = derived_signature(d);
    sent.representation = in[3];
    if (!signature_count(&sent, &elements, &each))
        return dvm_fail(DVM_ERR_UNSUPPORTED, "%s: the host that packed this stores one of the "
                                             "types in a way that is not known here", call);
    if (__builtin_mul_overflow(count, each, &bytes) ||
        __builtin_mul_overflow(count, d->size, &unused))
        return too_many(call, count);
    at = *position ? *position : HEAD_BYTES;
    if (at > size || bytes > size - at)
        return dvm_fail(DVM_ERR_TRUNCATE, "%s: %zu bytes from %zu on are more than was packed "
                                          "(%zu)", call, bytes, at, size);
    if (sent.representation == type_here())
        layout_unpack(&d->layout, derived_extent(d), buf, 0, in + at, bytes);
    else
        rc = unpack_foreign(call, d, &sent, in + at, buf, count);
    if (rc == DVM_OK)
        *position = at + bytes;
    return rc;
}

int dvm_unpack(const void *in, size_t size, size_t *position, void *buf, size_t count,
               dvm_type type)
{
    ENTRY_BEGIN();
    return dvm_leave(unpack("dvm_unpack", in, size, position, buf, count, type));
}

static int pack_size(const char *call, size_t count, dvm_type type, size_t *size)
{
    const struct derived *d = derived_find(call, type);
    size_t bytes;

    if (!d)
        return DVM_ERR_TYPE;
    if (!size)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", call);
    if (__builtin_mul_overflow(count, d->size, &bytes) ||
        __builtin_add_overflow(bytes, HEAD_BYTES, &bytes))
        return too_many(call, count);
    *size = bytes;
    return DVM_OK;
}

int dvm_pack_size(size_t count, dvm_type type, size_t *size)
{
    ENTRY_BEGIN();
    return dvm_leave(pack_size("dvm_pack_size", count, type, size));
}
