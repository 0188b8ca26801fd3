/* pair.h: the input and the output of a collective. */
#ifndef DVM_FORTRAN_PAIR_H
#define DVM_FORTRAN_PAIR_H

#include "buffer.h"
#include "request.h"

/* What a collective is given. Of each side: the argument, its name for sentences, whether it
 * has a part for each task of the group, and whether this task has it to give. */
struct pair_shape {
    const CFI_cdesc_t *in, *out;
    const char *in_name, *out_name;
    bool in_all, out_all;
    bool in_unused, out_unused;
    bool grows; /* with DVM_IN_PLACE out has a part for each task */
    const int64_t *count;
    const dvm_type *type;
    const dvm_group *group;
};

struct pair {
    struct buffer in, out;
    dvm_group group;
    size_t count;  /* units of one part */
    dvm_type type;
};

/* Make both sides ready for the library. Errors: those of buffer_open; ARG (two types). What
 * was made is given back by pair_close or pair_hold in any case. */
int pair_open(struct pair *p, const struct pair_shape *s);

/* The collective is over: rc is its result, which is returned. */
int pair_close(struct pair *p, int rc);

/* It was started, with this result: keep what it needs with the request. Returns rc, or
 * NO_MEMORY. */
int pair_hold(struct pair *p, int rc, struct request *request, struct dvm_request *handle);

/* Whether this task is the root. */
bool pair_is_root(const dvm_group *group, const void *root);

#endif
