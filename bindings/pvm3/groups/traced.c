/* traced.c: the calls about groups, traced. */
#include <pvm3.h>

#include "bindings/pvm3/trace/fields.h"

TRACED(joingroup, JOINGROUP, (char *group), (group), TEXT(GN, group), INT(CC, rc))
TRACED(lvgroup, LVGROUP, (char *group), (group), TEXT(GN, group), INT(CC, rc))
TRACED(gsize, GSIZE, (char *group), (group), TEXT(GN, group), INT(GS, rc))
TRACED(getinst, GETINST, (char *group, int tid), (group, tid), TEXT(GN, group) INT(GT, tid),
       INT(GI, rc))
TRACED(gettid, GETTID, (char *group, int inst), (group, inst), TEXT(GN, group) INT(GI, inst),
       INT(GT, rc))
TRACED(barrier, BARRIER, (char *group, int count), (group, count),
       TEXT(GN, group) INT(GBC, count), INT(CC, rc))
TRACED(bcast, BCAST, (char *group, int tag), (group, tag), TEXT(GN, group) INT(MC, tag),
       INT(CC, rc) INTS(MDL, (int *)NULL, 0))
TRACED(reduce, REDUCE,
       (void (*op)(int *type, void *into, void *data, int *count, int *info), void *data,
        int count, int type, int tag, char *group, int root),
       (op, data, count, type, tag, group, root), TEXT(GN, group) INT(MC, tag), INT(CC, rc))
TRACED(gather, GATHER,
       (void *result, void *data, int count, int type, int tag, char *group, int root),
       (result, data, count, type, tag, group, root), TEXT(GN, group) INT(MC, tag), INT(CC, rc))
TRACED(scatter, SCATTER,
       (void *result, void *data, int count, int type, int tag, char *group, int root),
       (result, data, count, type, tag, group, root), TEXT(GN, group) INT(MC, tag), INT(CC, rc))
