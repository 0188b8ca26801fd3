/* groups.c: pvmf routines about groups. An operator in Fortran has the arguments of one in C. */
#include <stdlib.h>

#include <pvm3.h>

#include "bindings/pvm3/fortran/text.h"

F(pvmfjoingroup, char *group, int *instance, f_length length)
{
    char *name = f_text(group, length);

    *instance = name ? pvm_joingroup(name) : PvmNoMem;
    free(name);
}

F(pvmflvgroup, char *group, int *info, f_length length)
{
    char *name = f_text(group, length);

    *info = name ? pvm_lvgroup(name) : PvmNoMem;
    free(name);
}

F(pvmfgsize, char *group, int *size, f_length length)
{
    char *name = f_text(group, length);

    *size = name ? pvm_gsize(name) : PvmNoMem;
    free(name);
}

/* A call with a name and an int. */
static void with_name(const char *group, f_length length, int (*call)(char *, int), int value,
                      int *result)
{
    char *name = f_text(group, length);

    *result = name ? call(name, value) : PvmNoMem;
    free(name);
}

F(pvmfgetinst, char *group, int *tid, int *instance, f_length length)
{
    with_name(group, length, pvm_getinst, *tid, instance);
}

F(pvmfgettid, char *group, int *instance, int *tid, f_length length)
{
    with_name(group, length, pvm_gettid, *instance, tid);
}

F(pvmfbarrier, char *group, int *count, int *info, f_length length)
{
    with_name(group, length, pvm_barrier, *count, info);
}

F(pvmfbcast, char *group, int *tag, int *info, f_length length)
{
    with_name(group, length, pvm_bcast, *tag, info);
}

F(pvmffreezegroup, char *group, int *size, int *info, f_length length)
{
    with_name(group, length, pvm_freezegroup, *size, info);
}

F(pvmfreduce, void (*op)(int *, void *, void *, int *, int *), void *data, int *count, int *type,
  int *tag, char *group, int *root, int *info, f_length length)
{
    char *name = f_text(group, length);

    *info = name ? pvm_reduce(op, data, *count, *type, *tag, name, *root) : PvmNoMem;
    free(name);
}

F(pvmfgather, void *result, void *data, int *count, int *type, int *tag, char *group, int *root,
  int *info, f_length length)
{
    char *name = f_text(group, length);

    *info = name ? pvm_gather(result, data, *count, *type, *tag, name, *root) : PvmNoMem;
    free(name);
}

F(pvmfscatter, void *result, void *data, int *count, int *type, int *tag, char *group, int *root,
  int *info, f_length length)
{
    char *name = f_text(group, length);

    *info = name ? pvm_scatter(result, data, *count, *type, *tag, name, *root) : PvmNoMem;
    free(name);
}

F(pvmmax, int *type, void *into, void *data, int *count, int *info)
{
    PvmMax(type, into, data, count, info);
}

F(pvmmin, int *type, void *into, void *data, int *count, int *info)
{
    PvmMin(type, into, data, count, info);
}

F(pvmsum, int *type, void *into, void *data, int *count, int *info)
{
    PvmSum(type, into, data, count, info);
}

F(pvmproduct, int *type, void *into, void *data, int *count, int *info)
{
    PvmProduct(type, into, data, count, info);
}
