/* layout.c: making layouts; see layout.h. Copying by them is in layout_copy.c.
 *
 * A use of a layout that is a single loop is no loop over a loop where one will do: blocks
 * that follow each other become one block, equal blocks at equal distances one loop. The
 * greedy joining keeps the order of the packed form, which is what a type is about.
 */
#include "type/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define NODES_MAX ((uint32_t)1 << 30)
#define ROOM_START 4

static struct layout_node *append(struct layout *l)
{
    if (l->count == l->room) {
        uint32_t room = l->room ? 2 * l->room : ROOM_START;
        struct layout_node *more = room <= NODES_MAX ? realloc(l->nodes, room * sizeof *more)
                                                     : NULL;

        if (!more)
            return NULL;
        l->nodes = more;
        l->room = room;
    }
    return &l->nodes[l->count++];
}

static int no_room(const struct layout *l)
{
    if (l->count >= NODES_MAX)
        return dvm_fail(DVM_ERR_LIMIT, "a type of more than %u blocks is too much; divide it",
                        NODES_MAX);
    return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a type of %u blocks", l->count);
}

int layout_block(struct layout *l, size_t bytes)
{
    struct layout_node *node;

    *l = (struct layout){.bytes = bytes};
    if (bytes == 0)
        return DVM_OK;
    node = append(l);
    if (!node)
        return no_room(l);
    *node = (struct layout_node){.count = 1, .bytes = bytes};
    l->children = 1;
    return DVM_OK;
}

void layout_free(struct layout *l)
{
    free(l->nodes);
    *l = (struct layout){.nodes = NULL};
}

static bool is_block(const struct layout_node *n)
{
    return n->children == 0 && n->count == 1;
}

bool layout_dense(const struct layout *l, ptrdiff_t *offset)
{
    *offset = l->children ? l->nodes[l->first].offset : 0;
    return l->children == 0 || (l->children == 1 && is_block(&l->nodes[l->first]));
}

/* The single node of a body that needs no other, or NULL. */
static const struct layout_node *alone(const struct layout *of)
{
    return of->children == 1 && of->nodes[of->first].children == 0 ? &of->nodes[of->first] : NULL;
}

/* Copy the nodes of another layout, whose numbers grow by what is here; *base: by how much. */
static bool adopt(struct layout *l, const struct layout *of, uint32_t *base)
{
    *base = l->count;
    for (uint32_t i = 0; i < of->count; i++) {
        struct layout_node *node = append(l);

        if (!node)
            return false;
        *node = of->nodes[i];
        node->first += *base;
    }
    return true;
}

/* Join a block or loop of blocks to the one before it, if the two are one. */
static bool join(struct layout_node *last, const struct layout_node *node)
{
    if (last->children || node->children)
        return false;
    if (last->count == 1 && node->count == 1 &&
        last->offset + (ptrdiff_t)last->bytes == node->offset) {
        last->bytes += node->bytes;
        return true;
    }
    if (last->bytes != node->bytes || (node->count > 1 && last->count > 1 &&
                                       node->stride != last->stride))
        return false;
    if (last->count == 1 && node->count == 1)
        last->stride = node->offset - last->offset;
    else if (last->count == 1)
        last->stride = node->stride;
    if (last->offset + (ptrdiff_t)last->count * last->stride != node->offset)
        return false;
    last->count += node->count;
    return true;
}

/* Put a node behind the others of the body that began at first. */
static bool put(struct layout *l, uint32_t first, const struct layout_node *node)
{
    struct layout_node *place;

    if (l->count > first && join(&l->nodes[l->count - 1], node))
        return true;
    place = append(l);
    if (place)
        *place = *node;
    return place;
}

/* A loop over a layout that is one loop of blocks: both in one, where they are. */
static bool fold(const struct layout_use *u, const struct layout_node *inner,
                 struct layout_node *node)
{
    *node = *inner;
    node->offset += u->offset;
    if (u->count == 1)
        return true;
    if (inner->count == 1 && u->stride == (ptrdiff_t)inner->bytes) {
        node->bytes *= u->count;
        return true;
    }
    if (inner->count > 1 && u->stride != (ptrdiff_t)inner->count * inner->stride)
        return false;
    node->count *= u->count;
    node->stride = inner->count > 1 ? inner->stride : u->stride;
    return true;
}

static bool use(struct layout *l, uint32_t first, const struct layout_use *u, uint32_t base)
{
    const struct layout_node *inner = alone(u->of);
    struct layout_node node;

    if (inner && fold(u, inner, &node))
        return put(l, first, &node);
    if (u->count == 1 && u->of->children == 1) {
        node = u->of->nodes[u->of->first];
        node.first += base;
        node.offset += u->offset;
        return put(l, first, &node);
    }
    node = (struct layout_node){.offset = u->offset, .stride = u->stride, .count = u->count,
                                .bytes = u->of->bytes, .first = u->of->first + base,
                                .children = u->of->children};
    return put(l, first, &node);
}

/* Whether a use needs the nodes of what it uses. */
static bool needs(const struct layout_use *u)
{
    struct layout_node node;
    const struct layout_node *inner = alone(u->of);

    return u->count > 0 && u->of->bytes > 0 && !(inner && fold(u, inner, &node));
}

static bool adopt_all(struct layout *l, const struct layout_use *uses, size_t count,
                      uint32_t *bases)
{
    const struct layout *last = NULL;
    uint32_t base = 0;

    for (size_t i = 0; i < count; i++) {
        if (!needs(&uses[i]))
            continue;
        if (uses[i].of != last && !adopt(l, uses[i].of, &base))
            return false;
        last = uses[i].of;
        bases[i] = base;
    }
    return true;
}

static bool body(struct layout *l, const struct layout_use *uses, size_t count,
                 const uint32_t *bases)
{
    l->first = l->count;
    for (size_t i = 0; i < count; i++)
        if (uses[i].count > 0 && uses[i].of->bytes > 0 && !use(l, l->first, &uses[i], bases[i]))
            return false;
    l->children = l->count - l->first;
    for (uint32_t i = l->first; i < l->count; i++) {
        l->nodes[i].at = l->bytes;
        l->bytes += l->nodes[i].count * l->nodes[i].bytes;
    }
    return true;
}

int layout_make(struct layout *l, const struct layout_use *uses, size_t count)
{
    uint32_t *bases = calloc(count + 1, sizeof *bases);
    int rc = DVM_OK;

    *l = (struct layout){.nodes = NULL};
    if (!bases || !adopt_all(l, uses, count, bases) || !body(l, uses, count, bases)) {
        rc = no_room(l);
        layout_free(l);
    }
    free(bases);
    return rc;
}

/* ---- blocks that lie over each other ------------------------------------------- */

struct range {
    ptrdiff_t from, to;
};

struct ranges {
    struct range *list;
    size_t count, room;
    ptrdiff_t last;                   /* end of the block before */
    bool listing, ascending, memory;
};

static void range_add(struct ranges *r, ptrdiff_t from, size_t bytes)
{
    if (r->count > 0 && from < r->last)
        r->ascending = false;
    r->last = from + (ptrdiff_t)bytes;
    if (!r->listing) {
        r->count++;
        return;
    }
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : ROOM_START;
        struct range *more = realloc(r->list, room * sizeof *more);

        if (!more) {
            r->memory = false;
            return;
        }
        r->list = more;
        r->room = room;
    }
    r->list[r->count++] = (struct range){from, r->last};
}

static void ranges_of(struct ranges *r, const struct layout *l, uint32_t first, uint32_t children,
                      ptrdiff_t base)
{
    for (const struct layout_node *n = &l->nodes[first]; children > 0; n++, children--)
        for (size_t i = 0; i < n->count; i++) {
            if (!r->memory || (!r->listing && !r->ascending))
                return;
            if (n->children)
                ranges_of(r, l, n->first, n->children,
                          base + n->offset + (ptrdiff_t)i * n->stride);
            else
                range_add(r, base + n->offset + (ptrdiff_t)i * n->stride, n->bytes);
        }
}

static int range_order(const void *a, const void *b)
{
    const struct range *left = a, *right = b;

    return (left->from > right->from) - (left->from < right->from);
}

/* One loop of blocks needs no list. */
static bool loop_overlaps(const struct layout_node *n)
{
    size_t distance = n->stride < 0 ? 0 - (size_t)n->stride : (size_t)n->stride;

    return n->count > 1 && distance < n->bytes;
}

int layout_overlaps(const struct layout *l, bool *overlaps)
{
    struct ranges r = {.ascending = true, .memory = true};
    const struct layout_node *inner = alone(l);

    *overlaps = false;
    if (l->children == 0 || inner) {
        *overlaps = inner && loop_overlaps(inner);
        return DVM_OK;
    }
    ranges_of(&r, l, l->first, l->children, 0);
    if (r.ascending)
        return DVM_OK;
    r = (struct ranges){.listing = true, .memory = true};
    ranges_of(&r, l, l->first, l->children, 0);
    if (r.memory) {
        qsort(r.list, r.count, sizeof *r.list, range_order);
        for (size_t i = 1; i < r.count; i++)
            *overlaps |= r.list[i].from < r.list[i - 1].to;
    }
    free(r.list);
    return r.memory ? DVM_OK
                    : dvm_fail(DVM_ERR_NO_MEMORY, "no memory to look at %zu blocks of a type",
                               r.count);
}
