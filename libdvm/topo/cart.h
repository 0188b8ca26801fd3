/* cart.h: ranks and coordinates of a grid. */
#ifndef DVM_TOPO_CART_H
#define DVM_TOPO_CART_H

#include "topo/topology.h"

/* The rank at a place, DVM_NULL outside of the grid; rings are gone around. */
int cart_rank(struct topology *t, const int *coords);

/* The place of a rank. */
void cart_coords(struct topology *t, int rank, int *coords);

#endif
