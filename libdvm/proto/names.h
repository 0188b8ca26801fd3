/* names.h: what may be asked of the names that the machine keeps (NameCall.what). Numbers
 * are never given to another meaning.
 */
#ifndef DVM_PROTO_NAMES_H
#define DVM_PROTO_NAMES_H

#include <stdbool.h>

#include "dvm.h"

enum dvm_name_what {
    DVM_NAME_JOIN = 1,     /* name; answer: number, the instance */
    DVM_NAME_LEAVE = 2,    /* name */
    DVM_NAME_SIZE = 3,     /* name; answer: number */
    DVM_NAME_TID = 4,      /* name, number: an instance; answer: number, its tid */
    DVM_NAME_INSTANCE = 5, /* name, tid; answer: number, its instance */
    DVM_NAME_MEMBERS = 6,  /* name; answer: tids */
    DVM_NAME_MEET = 7,     /* name, number: for how many; answered when they are there */
    DVM_NAME_FREEZE = 8,   /* the same, and nobody joins or leaves from then on; answer: tids */
    DVM_NAME_GROUPS = 9,   /* answer: groups */
    DVM_NAME_PUT = 10,     /* name, number: index or -1, flags, data; answer: number */
    DVM_NAME_GET = 11,     /* name, number, flags, room; answer: values */
    DVM_NAME_TAKE = 12,    /* the same, and delete it */
    DVM_NAME_DELETE = 13,  /* name, number */
    DVM_NAME_AWAIT = 14,   /* name, number, flags; answered when there is such a value */
    DVM_NAME_VALUES = 15,  /* answer: values, without their data */
    DVM_NAME_TASK_END = 32, /* from daemons only: tid, text */
    DVM_NAME_HOST_END = 33, /* from the keeper itself only: number, its slot; text */
    DVM_NAME_END = 34
};

/* Whether a name may be given: 1 to DVM_NAMED_MAX - 1 bytes of UTF-8 without control
 * characters, so that it can be shown in a line. */
bool dvm_name_ok(const char *name);

#endif
