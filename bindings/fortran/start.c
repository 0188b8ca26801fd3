/* start.c: sends and receives that go on while the program does, and those that are described
 * once and started often.
 */
#include "procedures.h"
#include "request.h"

typedef int start_function(dvm_group, int, int, const void *, size_t, dvm_type,
                           struct dvm_request **);

static int receive(dvm_group group, int source, int tag, const void *buf, size_t count,
                   dvm_type type, struct dvm_request **handle)
{
    return dvm_irecv(group, source, tag, (void *)buf, count, type, handle);
}

static int describe_receive(dvm_group group, int source, int tag, const void *buf, size_t count,
                            dvm_type type, struct dvm_request **handle)
{
    return dvm_recv_init(group, source, tag, (void *)buf, count, type, handle);
}

/* What all have. */
struct start {
    start_function *function;
    enum { SENDS, RECEIVES, DESCRIBES_SEND, DESCRIBES_RECEIVE } does;
    const CFI_cdesc_t *buf;
    const void *rank, *tag;
    struct request *request;
    const int64_t *count;
    const dvm_type *type;
    const dvm_group *group;
};

/* Keep what was started or described; b is its buffer. */
static int keep(const struct start *s, struct dvm_request *handle, struct buffer *b)
{
    int rc = DVM_OK;

    switch (s->does) {
    case SENDS:
        return request_hold(s->request, handle, b, NULL);
    case RECEIVES:
        return request_hold(s->request, handle, NULL, b);
    case DESCRIBES_SEND:
        rc = request_describe(s->request, handle, b, NULL);
        break;
    case DESCRIBES_RECEIVE:
        rc = request_describe(s->request, handle, NULL, b);
        break;
    }
    if (rc != DVM_OK)
        buffer_close(b, 0);
    return rc;
}

static int start(const char *name, const struct start *s)
{
    struct dvm_request *handle = NULL;
    struct buffer b;
    int rc = buffer_look(&b, name, s->buf, s->type);

    if (rc == DVM_OK)
        rc = buffer_count(&b, s->count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&b, b.count);
    if (rc != DVM_OK)
        return rc;
    rc = s->function(group_or_world(s->group), integer(s->rank), integer(s->tag), b.at, b.count,
                     b.type, &handle);
    if (rc == DVM_OK)
        return keep(s, handle, &b);
    buffer_close(&b, 0);
    return rc;
}

void dvmf_isend(const CFI_cdesc_t *buf, const void *dest, const void *tag,
                struct request *request, const int64_t *count, const dvm_type *type,
                const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_isend: buf", &(struct start){dvm_isend, SENDS, buf, dest, tag, request,
                                                     count, type, group}), ierror);
}

void dvmf_issend(const CFI_cdesc_t *buf, const void *dest, const void *tag,
                 struct request *request, const int64_t *count, const dvm_type *type,
                 const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_issend: buf", &(struct start){dvm_issend, SENDS, buf, dest, tag, request,
                                                      count, type, group}), ierror);
}

void dvmf_irecv(const CFI_cdesc_t *buf, const void *source, const void *tag,
                struct request *request, const int64_t *count, const dvm_type *type,
                const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_irecv: buf", &(struct start){receive, RECEIVES, buf, source, tag, request,
                                                     count, type, group}), ierror);
}

void dvmf_send_init(const CFI_cdesc_t *buf, const void *dest, const void *tag,
                    struct request *request, const int64_t *count, const dvm_type *type,
                    const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_send_init: buf",
                   &(struct start){dvm_send_init, DESCRIBES_SEND, buf, dest, tag, request, count,
                                   type, group}), ierror);
}

void dvmf_bsend_init(const CFI_cdesc_t *buf, const void *dest, const void *tag,
                     struct request *request, const int64_t *count, const dvm_type *type,
                     const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_bsend_init: buf",
                   &(struct start){dvm_bsend_init, DESCRIBES_SEND, buf, dest, tag, request, count,
                                   type, group}), ierror);
}

void dvmf_ssend_init(const CFI_cdesc_t *buf, const void *dest, const void *tag,
                     struct request *request, const int64_t *count, const dvm_type *type,
                     const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_ssend_init: buf",
                   &(struct start){dvm_ssend_init, DESCRIBES_SEND, buf, dest, tag, request, count,
                                   type, group}), ierror);
}

void dvmf_recv_init(const CFI_cdesc_t *buf, const void *source, const void *tag,
                    struct request *request, const int64_t *count, const dvm_type *type,
                    const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start("dvm_recv_init: buf",
                   &(struct start){describe_receive, DESCRIBES_RECEIVE, buf, source, tag, request,
                                   count, type, group}), ierror);
}
