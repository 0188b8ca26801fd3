/* hosts.c: see hosts.h. One block of memory for all lists; the nodes are found from the leaves
 * of the tree up: two neighbouring blocks that are whole on one host become one.
 */
#include "group/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"

/* Number the hosts in the order of their first ranks, and count their tasks in begin. */
static void number(struct hosts *h, const int *tids, int size, int *slots)
{
    for (int r = 0; r < size; r++) {
        int slot = tids[r] >> DVM_TID_N_BITS;
        int host = r > 0 && slots[h->of[r - 1]] == slot ? h->of[r - 1] : 0;

        while (host < h->count && slots[host] != slot)
            host++;
        if (host == h->count)
            slots[h->count++] = slot;
        h->of[r] = host;
        h->begin[host + 1]++;
    }
}

/* From counts in begin[host + 1] to where each host begins. */
static void sum_up(int *begin, int hosts)
{
    for (int i = 0; i < hosts; i++)
        begin[i + 1] += begin[i];
}

static void list_ranks(struct hosts *h, int size, int *at)
{
    memcpy(at, h->begin, (size_t)h->count * sizeof *at);
    h->blocks = true;
    for (int r = 0; r < size; r++) {
        h->ranks[at[h->of[r]]++] = r;
        h->blocks = h->blocks && (r == 0 || h->of[r] >= h->of[r - 1]);
    }
    h->least = size;
    for (int i = 0; i < h->count; i++) {
        int count = h->begin[i + 1] - h->begin[i];

        h->most = count > h->most ? count : h->most;
        h->least = count < h->least ? count : h->least;
    }
}

/* spans[r]: ranks of the node that begins with r; 0: it is inside another. */
static void find_spans(const struct hosts *h, int size, int *spans)
{
    for (int r = 0; r < size; r++)
        spans[r] = 1;
    for (int bit = 1; bit < size; bit *= 2)
        for (int r = 0; r + bit < size; r += 2 * bit) {
            int rights = size - r - bit < bit ? size - r - bit : bit;

            if (h->of[r] == h->of[r + bit] && spans[r] == bit && spans[r + bit] == rights) {
                spans[r] += rights;
                spans[r + bit] = 0;
            }
        }
}

static void list_nodes(struct hosts *h, int size, const int *spans, int *at)
{
    for (int r = 0; r < size; r++)
        h->node_begin[h->of[r] + 1] += spans[r] > 0;
    sum_up(h->node_begin, h->count);
    memcpy(at, h->node_begin, (size_t)h->count * sizeof *at);
    for (int r = 0; r < size; r++)
        if (spans[r] > 0)
            h->nodes[at[h->of[r]]++] = (struct hosts_node){r, spans[r], h->of[r]};
    for (int i = 0; i < h->count; i++)
        if (h->node_begin[i + 1] - h->node_begin[i] > h->nodes_most)
            h->nodes_most = h->node_begin[i + 1] - h->node_begin[i];
    h->whole = h->nodes_most == 1;
    for (int i = 1; i < h->count; i++)
        h->whole = h->whole && (h->nodes[i].count == h->nodes[0].count ||
                                (i == h->count - 1 && h->nodes[i].count < h->nodes[0].count));
}

struct hosts *hosts_make(const int *tids, int size, int rank)
{
    size_t n = (size_t)size;
    struct hosts *h = calloc(1, sizeof *h + n * sizeof *h->nodes + (4 * n + 2) * sizeof(int));
    int *work = calloc(2 * n, sizeof *work);

    if (!h || !work) {
        free(h);
        free(work);
        return NULL;
    }
    h->nodes = (struct hosts_node *)(h + 1);
    h->of = (int *)(h->nodes + n);
    h->ranks = h->of + n;
    h->begin = h->ranks + n;
    h->node_begin = h->begin + n + 1;
    number(h, tids, size, work);
    sum_up(h->begin, h->count);
    list_ranks(h, size, work);
    find_spans(h, size, work + n);
    list_nodes(h, size, work + n, work);
    free(work);
    h->mine = h->of[rank];
    while (h->ranks[h->begin[h->mine] + h->place] != rank)
        h->place++;
    return h;
}

void hosts_free(struct hosts *h)
{
    free(h);
}
