/* types_use.c: what can be done with a type besides moving data: commit, free, ask. */
#include "base/error.h"
#include "group/entry.h"
#include "type/derived.h"

int dvm_type_commit(dvm_type type)
{
    struct derived *d;

    ENTRY_BEGIN();
    d = derived_find("dvm_type_commit", type);
    if (!d)
        return dvm_leave(DVM_ERR_TYPE);
    d->committed = true;
    return dvm_leave(DVM_OK);
}

int dvm_type_free(dvm_type *type)
{
    const char *call = "dvm_type_free";
    struct derived *d;

    ENTRY_BEGIN();
    if (!type)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: the place of the type is NULL", call));
    if (*type == DVM_TYPE_NONE)
        return dvm_leave(DVM_OK);
    d = derived_find(call, *type);
    if (!d)
        return dvm_leave(DVM_ERR_TYPE);
    if (d->freed || d->info.kind == DVM_KIND_BASIC)
        return dvm_leave(dvm_fail(DVM_ERR_TYPE, "%s: %d is %s", call, *type,
                                  d->freed ? "a type that was freed before"
                                           : "a basic type, which always is"));
    derived_free(d);
    *type = DVM_TYPE_NONE;
    return dvm_leave(DVM_OK);
}

size_t dvm_type_size(dvm_type type)
{
    const struct type *t = type_basic(type);
    size_t size = t ? t->size : 0;

    if (t || dvm_enter() != DVM_OK)
        return size;
    t = type_find(type);
    size = t ? t->size : 0;
    dvm_leave(DVM_OK);
    return size;
}

static int extent(const char *call, dvm_type type, bool true_one, ptrdiff_t *lower,
                  ptrdiff_t *extent_)
{
    const struct derived *d = derived_find(call, type);
    const struct bounds *b;

    if (!d)
        return DVM_ERR_TYPE;
    b = true_one ? &d->bytes : &d->bounds;
    if (lower)
        *lower = b->lower;
    if (extent_)
        *extent_ = b->upper - b->lower;
    return DVM_OK;
}

int dvm_type_extent(dvm_type type, ptrdiff_t *lower, ptrdiff_t *extent_)
{
    ENTRY_BEGIN();
    return dvm_leave(extent("dvm_type_extent", type, false, lower, extent_));
}

int dvm_type_true_extent(dvm_type type, ptrdiff_t *lower, ptrdiff_t *extent_)
{
    ENTRY_BEGIN();
    return dvm_leave(extent("dvm_type_true_extent", type, true, lower, extent_));
}

int dvm_type_count(const struct dvm_status *status, dvm_type type, size_t *count, size_t *rest)
{
    const char *call = "dvm_type_count";
    const struct derived *d;
    size_t all, each;

    ENTRY_BEGIN();
    d = derived_find(call, type);
    if (!d)
        return dvm_leave(DVM_ERR_TYPE);
    if (!status || !count)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: status and count must be given", call));
    /* bytes fit to every type, so there they count */
    all = status->type == DVM_BYTE ? status->bytes : status->count;
    each = status->type == DVM_BYTE ? d->size : d->elements;
    *count = each ? all / each : 0;
    if (rest)
        *rest = all - *count * each;
    return dvm_leave(DVM_OK);
}

int dvm_type_describe(dvm_type type, struct dvm_type_info *info)
{
    const struct derived *d;

    ENTRY_BEGIN();
    d = derived_find("dvm_type_describe", type);
    if (!d)
        return dvm_leave(DVM_ERR_TYPE);
    if (!info)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_type_describe: there is no place for it"));
    *info = d->info;
    return dvm_leave(DVM_OK);
}
