/* pack.c: messages that a program packs itself. Both sides may be sections, which are copied. */
#include "buffer.h"
#include "procedures.h"

/* Buffers of a call: the variable, and the packed bytes. */
struct packing {
    struct buffer buf, packed;
    size_t position;
};

static int open(struct packing *p, const char *const names[2], const CFI_cdesc_t *buf,
                const CFI_cdesc_t *packed, const int64_t *position, const int64_t *count,
                const dvm_type *type)
{
    const dvm_type bytes = DVM_BYTE;
    int rc = buffer_look(&p->buf, names[0], buf, type);

    if (rc == DVM_OK)
        rc = buffer_count(&p->buf, count, 1);
    if (rc == DVM_OK)
        rc = buffer_look(&p->packed, names[1], packed, &bytes);
    if (rc == DVM_OK)
        rc = buffer_count(&p->packed, NULL, 1);
    if (rc == DVM_OK && (*position < 0 || (uint64_t)*position > p->packed.count))
        rc = call_fail(DVM_ERR_ARG, "%s: position %lld is outside of its %zu bytes", names[1],
                       (long long)*position, p->packed.count);
    if (rc == DVM_OK)
        rc = buffer_open(&p->buf, p->buf.count);
    if (rc == DVM_OK)
        rc = buffer_open(&p->packed, p->packed.count);
    p->position = rc == DVM_OK ? (size_t)*position : 0;
    return rc;
}

void dvmf_pack(const CFI_cdesc_t *buf, const CFI_cdesc_t *out, int64_t *position,
               const int64_t *count, const dvm_type *type, void *ierror)
{
    static const char *const names[] = {"dvm_pack: buf", "dvm_pack: out"};
    struct packing p = {.position = 0};
    int rc;

    CALL_BEGIN(ierror);
    rc = open(&p, names, buf, out, position, count, type);
    if (rc == DVM_OK)
        rc = dvm_pack(p.buf.at, p.buf.count, p.buf.type, p.packed.at, p.packed.count,
                      &p.position);
    if (rc == DVM_OK)
        *position = (int64_t)p.position;
    buffer_close(&p.buf, 0);
    buffer_close(&p.packed, rc == DVM_OK ? BUFFER_UNKNOWN : 0);
    call_end(rc, ierror);
}

void dvmf_unpack(const CFI_cdesc_t *in, int64_t *position, const CFI_cdesc_t *buf,
                 const int64_t *count, const dvm_type *type, void *ierror)
{
    static const char *const names[] = {"dvm_unpack: buf", "dvm_unpack: in"};
    struct packing p = {.position = 0};
    int rc;

    CALL_BEGIN(ierror);
    rc = open(&p, names, buf, in, position, count, type);
    if (rc == DVM_OK)
        rc = dvm_unpack(p.packed.at, p.packed.count, &p.position, p.buf.at, p.buf.count,
                        p.buf.type);
    if (rc == DVM_OK)
        *position = (int64_t)p.position;
    buffer_close(&p.buf, rc == DVM_OK ? BUFFER_UNKNOWN : 0);
    buffer_close(&p.packed, 0);
    call_end(rc, ierror);
}

void dvmf_pack_size(const int64_t *count, const dvm_type *type, int64_t *bytes, void *ierror)
{
    size_t size;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_pack_size((size_t)*count, *type, &size);
    if (rc == DVM_OK)
        *bytes = (int64_t)size;
    call_end(rc, ierror);
}
