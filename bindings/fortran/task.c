/* task.c: life of a task, and what errors do. */
#include <string.h>

#include "call.h"
#include "procedures.h"

void dvmf_init(void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_init(NULL, NULL), ierror);
}

void dvmf_init_thread(const void *required, void *provided, void *ierror)
{
    int level = DVM_THREAD_SINGLE, rc;

    CALL_BEGIN(ierror);
    rc = dvm_init_thread(NULL, NULL, integer(required), &level);
    if (rc == DVM_OK)
        integer_put(provided, level);
    call_end(rc, ierror);
}

void dvmf_finalize(void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_finalize(), ierror);
}

void dvmf_abort(const void *status, const dvm_group *group)
{
    dvm_abort(group_or_world(group), integer(status));
}

int dvmf_self(void)
{
    int tid;

    CALL_BEGIN(NULL);
    tid = dvm_self();
    call_end(DVM_OK, NULL);
    return tid;
}

void dvmf_parent(void *tid, void *ierror)
{
    int found;

    CALL_BEGIN(ierror);
    found = dvm_parent();
    if (found >= 0)
        integer_put(tid, found);
    call_end(found < 0 ? found : DVM_OK, ierror);
}

void dvmf_host_name(const CFI_cdesc_t *name, void *ierror)
{
    char text[DVM_NAME_MAX];
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_host_name(text, sizeof text);
    if (rc == DVM_OK && strlen(text) > name->elem_len)
        rc = call_fail(DVM_ERR_ARG, "dvm_host_name: the name has %zu letters, and there is room "
                       "for %zu; DVM_NAME_MAX are always enough", strlen(text), name->elem_len);
    if (rc == DVM_OK) {
        memset(name->base_addr, ' ', name->elem_len);
        memcpy(name->base_addr, text, strlen(text));
    }
    call_end(rc, ierror);
}

void dvmf_errors(const void *mode, void *before, void *ierror)
{
    int old;

    CALL_BEGIN(ierror);
    old = dvm_errors(integer(mode));
    if (old >= 0)
        integer_put(before, old);
    else
        call_fail(old, "dvm_errors: %d is no mode: DVM_FATAL, DVM_RETURN or DVM_SILENT",
                  integer(mode));
    call_end(old < 0 ? old : DVM_OK, ierror);
}
