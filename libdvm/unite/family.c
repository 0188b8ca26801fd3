/* family.c: a group of a task and those that it has spawned: dvm_group_family. Each side knows
 * the other's tids already, the parent from dvm_spawn, the children from their start; so both
 * come to the same list.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "coll/group_make.h"
#include "group/entry.h"
#include "vm/vm.h"

static const char call_name[] = "dvm_group_family";

/* The list: the parent, then its children in order of their ranks. */
static int make(int parent, const int *children, int count, uintptr_t site, dvm_group *result)
{
    int *all = malloc(((size_t)count + 1) * sizeof *all);
    int rc;

    if (!all)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a list of %d tasks",
                        call_name, count);
    all[0] = parent;
    memcpy(all + 1, children, (size_t)count * sizeof *all);
    rc = group_make_listed(call_name, site, all, count + 1, result);
    free(all);
    return rc;
}

static int family(const int *children, int count, uintptr_t site, dvm_group *result)
{
    const struct group *world = group_find(DVM_WORLD, call_name);

    if (!result)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", call_name);
    if (children && count > 0)
        return make(vm.self, children, count, site, result);
    if (count != 0)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d children", call_name, count);
    if (!vm.parent)
        return dvm_fail(DVM_ERR_NO_PARENT, "%s: this task was not spawned by a task; a parent "
                        "gives the tids of its children", call_name);
    return make(vm.parent, world->send_tids, world->size, site, result);
}

int dvm_group_family(const int *children, int count, dvm_group *result)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(family(children, count, site, result));
}
