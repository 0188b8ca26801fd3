/* message.c: sends and receives that return when they are over. */
#include "buffer.h"
#include "procedures.h"

typedef int send_function(dvm_group, int, int, const void *, size_t, dvm_type);

/* The arguments that all sends have. */
struct outgoing {
    const CFI_cdesc_t *buf;
    const void *dest, *tag;
    const int64_t *count;
    const dvm_type *type;
    const dvm_group *group;
};

static int out(const char *name, send_function *function, const struct outgoing *o)
{
    struct buffer b;
    int rc = buffer_look(&b, name, o->buf, o->type);

    if (rc == DVM_OK)
        rc = buffer_count(&b, o->count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&b, b.count);
    if (rc != DVM_OK)
        return rc;
    rc = function(group_or_world(o->group), integer(o->dest), integer(o->tag), b.at, b.count,
                  b.type);
    buffer_close(&b, 0);
    return rc;
}

void dvmf_send(const CFI_cdesc_t *buf, const void *dest, const void *tag, const int64_t *count,
               const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(out("dvm_send: buf", dvm_send,
                 &(struct outgoing){buf, dest, tag, count, type, group}), ierror);
}

void dvmf_bsend(const CFI_cdesc_t *buf, const void *dest, const void *tag, const int64_t *count,
                const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(out("dvm_bsend: buf", dvm_bsend,
                 &(struct outgoing){buf, dest, tag, count, type, group}), ierror);
}

void dvmf_ssend(const CFI_cdesc_t *buf, const void *dest, const void *tag, const int64_t *count,
                const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(out("dvm_ssend: buf", dvm_ssend,
                 &(struct outgoing){buf, dest, tag, count, type, group}), ierror);
}

void dvmf_recv(const CFI_cdesc_t *buf, const void *source, const void *tag,
               const int64_t *count, const dvm_type *type, const dvm_group *group, void *status,
               void *ierror)
{
    struct dvm_status came = {.source = DVM_NULL};
    struct buffer b;
    int rc;

    CALL_BEGIN(ierror);
    rc = buffer_look(&b, "dvm_recv: buf", buf, type);
    if (rc == DVM_OK)
        rc = buffer_count(&b, count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&b, b.count);
    if (rc == DVM_OK) {
        rc = dvm_recv(group_or_world(group), integer(source), integer(tag), b.at, b.count, b.type,
                      &came);
        buffer_close(&b, rc == DVM_OK ? buffer_came(&b, &came) : 0);
        status_put(status, &came);
    }
    call_end(rc, ierror);
}

void dvmf_sendrecv(const CFI_cdesc_t *sendbuf, const void *dest, const void *sendtag,
                   const CFI_cdesc_t *recvbuf, const void *source, const void *recvtag,
                   const int64_t *sendcount, const dvm_type *sendtype,
                   const int64_t *recvcount, const dvm_type *recvtype, const dvm_group *group,
                   void *status, void *ierror)
{
    struct dvm_status came = {.source = DVM_NULL};
    struct buffer s = {.copied = 0}, r = {.copied = 0};
    int rc;

    CALL_BEGIN(ierror);
    rc = buffer_look(&s, "dvm_sendrecv: sendbuf", sendbuf, sendtype);
    if (rc == DVM_OK)
        rc = buffer_look(&r, "dvm_sendrecv: recvbuf", recvbuf, recvtype);
    if (rc == DVM_OK)
        rc = buffer_count(&s, sendcount, 1);
    if (rc == DVM_OK)
        rc = buffer_count(&r, recvcount, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&s, s.count);
    if (rc == DVM_OK)
        rc = buffer_open(&r, r.count);
    if (rc == DVM_OK) {
        rc = dvm_sendrecv(group_or_world(group), integer(dest), integer(sendtag), s.at, s.count,
                          s.type, integer(source), integer(recvtag), r.at, r.count, r.type, &came);
        status_put(status, &came);
    }
    buffer_close(&s, 0);
    buffer_close(&r, rc == DVM_OK ? buffer_came(&r, &came) : 0);
    call_end(rc, ierror);
}
