/* keeper_order.h: what an order of dvmd to its keeper says (keeper_wire.h). */
#ifndef DVMD_KEEPER_ORDER_H
#define DVMD_KEEPER_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/keeper/keeper_exec.h"
#include "daemon/keeper/keeper_wire.h"

/* Read what follows a START: rest, of so many bytes, which the plan points into. Sets all
 * of *plan but its descriptors and limits; its lists stay until the next call. False when
 * the order is none. */
bool keeper_order_start(const struct keeper_order *order, char *rest, size_t bytes,
                        struct keeper_plan *plan);

/* Read what follows a GUARD: the folder, or NULL when there is no such text. */
const char *keeper_order_guard(const char *rest, size_t bytes);

#endif
