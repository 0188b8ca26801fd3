/* route.c: groups, ranks and types that were used lately; see route.h. */
#include "group/route.h"

#include <string.h>

#include "type/type.h"

struct route route_table[ROUTE_PLACES];

void route_learn(const struct group *g, int rank, dvm_type type)
{
    const struct type *t = type_basic(type);
    int to = g->size > 0 ? g->send_tids[rank] : rank;
    int from = g->size > 0 ? g->receive_tids[rank] : rank;

    if (!t)
        return;
    *route_place(g->number, rank, type) = (struct route){
        .group = g->number, .rank = rank, .type = type, .code = type_code(type),
        .size = t->size, .context = g->context, .from = from, .to = match_way(to)};
}

void route_clear(void)
{
    memset(route_table, 0, sizeof route_table);
}
