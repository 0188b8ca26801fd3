/* layout_copy.c: bytes from where a layout says into the packed form, and back.
 *
 * A copy may begin and end anywhere, also inside a block, since messages are cut where lanes
 * end a frame. Only its first and last blocks are looked at with care: between them run
 * loops whose block length the compiler knows, which is as fast as a loop by hand.
 */
#include <assert.h>
#include <string.h>

#include "type/layout.h"

/* A copy under way. */
struct cursor {
    const struct layout *layout;
    char *packed;  /* where the next byte of the packed form is */
    size_t skip;   /* of the packed form, before the copy begins */
    size_t left;   /* still to be copied */
    bool in;       /* out of the packed form, into the element */
};

static void block(struct cursor *c, char *place, size_t bytes)
{
    if (c->in)
        memcpy(place, c->packed, bytes);
    else
        memcpy(c->packed, place, bytes);
    c->packed += bytes;
    c->left -= bytes;
}

/* Loops over whole blocks of a length that is known, and of any. */
#define RUN(length)                                                                        \
    do {                                                                                   \
        if (c->in)                                                                         \
            for (size_t i = 0; i < count; i++, place += stride, packed += (length))        \
                memcpy(place, packed, (length));                                           \
        else                                                                               \
            for (size_t i = 0; i < count; i++, place += stride, packed += (length))        \
                memcpy(packed, place, (length));                                           \
    } while (0)

static void run(struct cursor *c, char *place, ptrdiff_t stride, size_t bytes, size_t count)
{
    char *packed = c->packed;

    switch (bytes) {
    case 1:
        RUN(1);
        break;
    case 2:
        RUN(2);
        break;
    case 4:
        RUN(4);
        break;
    case 8:
        RUN(8);
        break;
    case 16:
        RUN(16);
        break;
    case 24:
        RUN(24);
        break;
    case 32:
        RUN(32);
        break;
    default:
        RUN(bytes);
    }
    c->packed += count * bytes;
    c->left -= count * bytes;
}

/* The turns of a loop of blocks that the copy touches. */
static void blocks(struct cursor *c, const struct layout_node *n, char *base)
{
    size_t turn = c->skip / n->bytes, whole;
    char *place = base + n->offset + (ptrdiff_t)turn * n->stride;

    c->skip -= turn * n->bytes;
    if (c->skip > 0) {
        size_t rest = n->bytes - c->skip;
        size_t bytes = rest < c->left ? rest : c->left;

        block(c, place + c->skip, bytes);
        c->skip = 0;
        turn++;
        place += n->stride;
    }
    whole = c->left / n->bytes;
    if (whole > n->count - turn)
        whole = n->count - turn;
    run(c, place, n->stride, n->bytes, whole);
    if (turn + whole < n->count && c->left > 0)
        block(c, place + (ptrdiff_t)whole * n->stride, c->left);
}

/* The first node that the copy touches. */
static uint32_t seek(const struct layout_node *nodes, uint32_t children, size_t skip)
{
    uint32_t low = 0, high = children;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (nodes[middle].at <= skip)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void body(struct cursor *c, uint32_t first, uint32_t children, char *base)
{
    const struct layout_node *nodes = &c->layout->nodes[first];
    uint32_t i = 0;

    if (c->skip > 0) {
        i = seek(nodes, children, c->skip);
        c->skip -= nodes[i].at;
    }
    for (; i < children && c->left > 0; i++) {
        const struct layout_node *n = &nodes[i];
        size_t turn;

        if (!n->children && n->count == 1 && c->skip == 0 && c->left >= n->bytes) {
            block(c, base + n->offset, n->bytes);
        } else if (!n->children) {
            blocks(c, n, base);
        } else {
            turn = c->skip / n->bytes;
            c->skip -= turn * n->bytes;
            for (; turn < n->count && c->left > 0; turn++)
                body(c, n->first, n->children,
                     base + n->offset + (ptrdiff_t)turn * n->stride);
        }
    }
}

/* As many elements as the copy touches: a loop of blocks is the same loop over them. */
static void elements(struct cursor *c, ptrdiff_t extent, char *base)
{
    const struct layout *l = c->layout;
    size_t turn = l->bytes ? c->skip / l->bytes : 0;
    const struct layout_node *n = &l->nodes[l->first];

    if (l->children == 1 && n->children == 0 && n->count == 1) {
        struct layout_node all = *n;

        all.stride = extent;
        all.count = (c->skip + c->left + n->bytes - 1) / n->bytes;
        blocks(c, &all, base);
        return;
    }
    c->skip -= turn * l->bytes;
    for (; c->left > 0; turn++)
        body(c, l->first, l->children, base + (ptrdiff_t)turn * extent);
}

void layout_pack(const struct layout *l, ptrdiff_t extent, const void *base, size_t at, void *to,
                 size_t bytes)
{
    struct cursor c = {.layout = l, .packed = to, .skip = at, .left = bytes};

    if (bytes > 0 && l->children > 0)
        elements(&c, extent, (char *)(uintptr_t)base);
}

void layout_unpack(const struct layout *l, ptrdiff_t extent, void *base, size_t at,
                   const void *from, size_t bytes)
{
    struct cursor c = {.layout = l, .packed = (char *)(uintptr_t)from, .skip = at,
                       .left = bytes, .in = true};

    if (bytes > 0 && l->children > 0)
        elements(&c, extent, base);
}
