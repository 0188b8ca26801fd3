/* frozen.c: see frozen.h. A task freezes few groups: a list. Groups of an earlier life of
 * this process, before its dvm_finalize, are another task's.
 */
#include "unite/frozen.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vm/vm.h"

static struct {
    struct frozen *first;
    int self; /* whose they are */
} list;

static void forget_old(void)
{
    if (list.self == vm.self)
        return;
    list.self = vm.self;
    while (list.first) {
        struct frozen *f = list.first;

        list.first = f->next;
        free(f->name);
        free(f->tids);
        free(f);
    }
}

struct frozen *frozen_find(const char *name)
{
    struct frozen *f;

    forget_old();
    for (f = list.first; f && strcmp(f->name, name) != 0; f = f->next)
        ;
    return f;
}

int frozen_add(const char *call, const char *name, const int *tids, size_t size)
{
    struct frozen *f = calloc(1, sizeof *f);

    forget_old();
    if (f) {
        f->name = strdup(name);
        f->tids = malloc(size * sizeof *f->tids);
    }
    if (!f || !f->name || !f->tids) {
        if (f) {
            free(f->name);
            free(f->tids);
        }
        free(f);
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for the group \"%s\"", call,
                        name);
    }
    memcpy(f->tids, tids, size * sizeof *tids);
    f->size = (int)size;
    f->group = DVM_GROUP_NONE;
    f->next = list.first;
    list.first = f;
    return DVM_OK;
}
