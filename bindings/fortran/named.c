/* named.c: groups that tasks join and leave by name. */
#include <stdlib.h>

#include "array.h"
#include "buffer.h"
#include "procedures.h"

/* What a procedure asks of a name; value is given, or received. */
typedef int named_function(const char *name, int *value);

/* Ask it, and store the value unless it is to be left alone (NULL). */
static void ask(named_function *function, const char *call, const CFI_cdesc_t *name, int value,
                void *result, void *ierror)
{
    int rc = DVM_OK;
    char *text = text_get(&rc, call, name);

    if (rc == DVM_OK)
        rc = function(text, &value);
    if (rc == DVM_OK)
        integer_put(result, value);
    free(text);
    call_end(rc, ierror);
}

static int leave(const char *name, int *value)
{
    (void)value;
    return dvm_named_leave(name);
}

static int tid_of(const char *name, int *value)
{
    return dvm_named_tid(name, *value, value);
}

static int instance_of(const char *name, int *value)
{
    return dvm_named_instance(name, *value, value);
}

static int barrier(const char *name, int *value)
{
    return dvm_named_barrier(name, *value);
}

void dvmf_named_join(const CFI_cdesc_t *name, void *instance, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(dvm_named_join, "dvm_named_join", name, 0, instance, ierror);
}

void dvmf_named_leave(const CFI_cdesc_t *name, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(leave, "dvm_named_leave", name, 0, NULL, ierror);
}

void dvmf_named_size(const CFI_cdesc_t *name, void *size, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(dvm_named_size, "dvm_named_size", name, 0, size, ierror);
}

void dvmf_named_tid(const CFI_cdesc_t *name, const void *instance, void *tid, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(tid_of, "dvm_named_tid", name, integer(instance), tid, ierror);
}

void dvmf_named_instance(const CFI_cdesc_t *name, const void *tid, void *instance, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(instance_of, "dvm_named_instance", name, integer(tid), instance, ierror);
}

void dvmf_named_barrier(const CFI_cdesc_t *name, const void *count, void *ierror)
{
    CALL_BEGIN(ierror);
    ask(barrier, "dvm_named_barrier", name, integer(count), NULL, ierror);
}

void dvmf_named_tids(const CFI_cdesc_t *name, const CFI_cdesc_t *tids, int64_t *count,
                     void *ierror)
{
    struct ints list;
    size_t members;
    char *text;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_named_tids", tids);
    text = text_get(&rc, "dvm_named_tids", name);
    if (rc == DVM_OK)
        rc = dvm_named_tids(text, list.at, (size_t)list.count, &members);
    if (rc == DVM_OK) {
        *count = (int64_t)members;
        ints_put(&list, tids);
    }
    ints_free(&list);
    free(text);
    call_end(rc, ierror);
}

void dvmf_named_bcast(const CFI_cdesc_t *buf, const CFI_cdesc_t *name, const void *tag,
                      const int64_t *count, const dvm_type *type, void *ierror)
{
    struct buffer b = {.copied = 0};
    char *text;
    int rc;

    CALL_BEGIN(ierror);
    rc = buffer_look(&b, "dvm_named_bcast: buf", buf, type);
    text = text_get(&rc, "dvm_named_bcast", name);
    if (rc == DVM_OK)
        rc = buffer_count(&b, count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&b, b.count);
    if (rc == DVM_OK)
        rc = dvm_named_bcast(text, integer(tag), b.at, b.count, b.type);
    buffer_close(&b, 0);
    free(text);
    call_end(rc, ierror);
}

void dvmf_named_freeze(const CFI_cdesc_t *name, const void *count, dvm_group *result,
                       void *ierror)
{
    int rc = DVM_OK;
    char *text;

    CALL_BEGIN(ierror);
    text = text_get(&rc, "dvm_named_freeze", name);
    if (rc == DVM_OK)
        rc = dvm_named_freeze(text, integer(count), result);
    free(text);
    call_end(rc, ierror);
}
