/* Orders of dvmd to its keeper, from anywhere: an order's head, then what follows it.
 * What is taken as a START points into the packet only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/keeper/keeper_order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(char *const *list, const char *begin, const char *end, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] < begin || list[i] + strlen(list[i]) >= end)
            abort();
    if (list[count])
        abort();
}

static void check_plan(const struct keeper_plan *p, const struct keeper_order *order,
                       const char *rest, size_t bytes)
{
    char *const two[] = {(char *)(uintptr_t)p->path, (char *)(uintptr_t)p->directory, NULL};

    check_list(two, rest + p->cpu_bytes, rest + bytes, 2);
    check_list(p->argv, rest, rest + bytes, order->argc);
    check_list(p->env, rest, rest + bytes, order->envc);
    if (p->cpu_bytes > bytes || (p->cpu_bytes > 0 && p->cpus != rest))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keeper_order order;
    struct keeper_plan plan = {0};
    const char *folder;
    size_t bytes;
    char *rest; /* of exactly these bytes: what reads further is seen */

    if (size < sizeof order)
        return 0;
    memcpy(&order, data, sizeof order);
    bytes = size - sizeof order;
    rest = malloc(bytes);
    if (!rest)
        return 0;
    memcpy(rest, data + sizeof order, bytes);
    if (keeper_order_start(&order, rest, bytes, &plan))
        check_plan(&plan, &order, rest, bytes);
    folder = keeper_order_guard(rest, bytes);
    if (folder && strlen(folder) >= bytes)
        abort();
    free(rest);
    return 0;
}
