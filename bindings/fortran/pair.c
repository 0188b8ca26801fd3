/* pair.c: input and output of a collective; see pair.h. How many elements there are is taken
 * from the side of which this task has one part; the other must then be large enough.
 */
#include "pair.h"

#include <string.h>

bool pair_is_root(const dvm_group *group, const void *root)
{
    int me;

    return dvm_group_rank(group_or_world(group), &me) == DVM_OK && me == integer(root);
}

static int look(struct pair *p, const struct pair_shape *s)
{
    int rc = DVM_OK;

    if (!s->in_unused)
        rc = buffer_look(&p->in, s->in_name, s->in, s->type);
    if (rc == DVM_OK && !s->out_unused)
        rc = buffer_look(&p->out, s->out_name, s->out, s->type);
    return rc;
}

/* The side that tells how many, and the parts that it has. */
static struct buffer *basis(struct pair *p, const struct pair_shape *s, bool in, bool out,
                            size_t tasks, size_t *parts)
{
    bool out_all = s->out_all || (s->grows && !in);
    bool take_in = in && (!out || !s->in_all || out_all);

    *parts = (take_in ? s->in_all : out_all) ? tasks : 1;
    return take_in ? &p->in : &p->out;
}

int pair_open(struct pair *p, const struct pair_shape *s)
{
    struct buffer *from;
    size_t parts, tasks;
    bool in, out;
    int rc, size;

    *p = (struct pair){.group = group_or_world(s->group)};
    rc = dvm_group_size(p->group, &size);
    if (rc == DVM_OK)
        rc = look(p, s);
    if (rc != DVM_OK)
        return rc;
    tasks = (size_t)size;
    in = !s->in_unused && !buffer_in_place(&p->in);
    out = !s->out_unused && !buffer_in_place(&p->out);
    if (in && out && p->in.type != p->out.type)
        return call_fail(DVM_ERR_ARG, "%s and %s are of different types; they must be the same",
                         s->in_name, s->out_name);
    from = basis(p, s, in, out, tasks, &parts);
    rc = buffer_count(from, s->count, parts);
    p->count = from->count;
    p->type = from->type;
    if (rc == DVM_OK && !s->in_unused)
        rc = buffer_open(&p->in, p->count * (s->in_all ? tasks : 1));
    if (rc == DVM_OK && !s->out_unused)
        rc = buffer_open(&p->out, p->count * (s->out_all || (s->grows && !in) ? tasks : 1));
    return rc;
}

int pair_close(struct pair *p, int rc)
{
    buffer_close(&p->in, 0);
    buffer_close(&p->out, rc == DVM_OK ? BUFFER_UNKNOWN : 0);
    return rc;
}

int pair_hold(struct pair *p, int rc, struct request *request, struct dvm_request *handle)
{
    if (rc != DVM_OK)
        return pair_close(p, rc);
    return request_hold(request, handle, &p->in, &p->out);
}
