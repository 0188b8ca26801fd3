/* probe.c: messages that are looked at first; and the descriptor to poll. */
#include "array.h"
#include "buffer.h"
#include "procedures.h"

void dvmf_probe(const void *source, const void *tag, const dvm_group *group, void *status,
                void *ierror)
{
    struct dvm_status s;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_probe(group_or_world(group), integer(source), integer(tag), &s);
    if (rc == DVM_OK)
        status_put(status, &s);
    call_end(rc, ierror);
}

void dvmf_iprobe(const void *source, const void *tag, const CFI_cdesc_t *found,
                 const dvm_group *group, void *status, void *ierror)
{
    struct dvm_status s;
    int there = 0, rc;

    CALL_BEGIN(ierror);
    rc = logical_check("dvm_iprobe", found);
    if (rc == DVM_OK)
        rc = dvm_iprobe(group_or_world(group), integer(source), integer(tag), &there, &s);
    if (rc == DVM_OK)
        logical_put(found, there);
    if (rc == DVM_OK && there)
        status_put(status, &s);
    call_end(rc, ierror);
}

void dvmf_mprobe(const void *source, const void *tag, struct dvm_message **message,
                 const dvm_group *group, void *status, void *ierror)
{
    struct dvm_status s;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_mprobe(group_or_world(group), integer(source), integer(tag), message, &s);
    if (rc == DVM_OK)
        status_put(status, &s);
    call_end(rc, ierror);
}

void dvmf_improbe(const void *source, const void *tag, const CFI_cdesc_t *found,
                  struct dvm_message **message, const dvm_group *group, void *status,
                  void *ierror)
{
    struct dvm_status s;
    int there = 0, rc;

    CALL_BEGIN(ierror);
    rc = logical_check("dvm_improbe", found);
    if (rc == DVM_OK)
        rc = dvm_improbe(group_or_world(group), integer(source), integer(tag), &there, message, &s);
    if (rc == DVM_OK)
        logical_put(found, there);
    if (rc == DVM_OK && there)
        status_put(status, &s);
    call_end(rc, ierror);
}

void dvmf_mrecv(const CFI_cdesc_t *buf, struct dvm_message **message, const int64_t *count,
                const dvm_type *type, void *status, void *ierror)
{
    struct dvm_status came = {.source = DVM_NULL};
    struct buffer b;
    int rc;

    CALL_BEGIN(ierror);
    rc = buffer_look(&b, "dvm_mrecv: buf", buf, type);
    if (rc == DVM_OK)
        rc = buffer_count(&b, count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&b, b.count);
    if (rc == DVM_OK) {
        rc = dvm_mrecv(message, b.at, b.count, b.type, &came);
        buffer_close(&b, rc == DVM_OK ? buffer_came(&b, &came) : 0);
        status_put(status, &came);
    }
    call_end(rc, ierror);
}

void dvmf_fd(void *descriptor, void *ierror)
{
    int fd;

    CALL_BEGIN(ierror);
    fd = dvm_fd();
    if (fd >= 0)
        integer_put(descriptor, fd);
    call_end(fd < 0 ? fd : DVM_OK, ierror);
}
