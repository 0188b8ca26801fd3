/* keeper_order.c: the decoder of orders. Both sides are one program, but the keeper is the
 * last to hold a host's tasks: nothing that a broken dvmd says may break it (fuzzed:
 * tests/fuzz/keeper.c). */
#include "daemon/keeper/keeper_order.h"

#include <string.h>

#define WORDS_MAX (KEEPER_MESSAGE_MAX + 8) /* each string has a byte at least */

/* Cut strings with their NULs: count of them into list, and NULL behind them. Returns the
 * byte behind the last, or NULL when there are fewer. */
static char *cut(char *at, const char *end, char **list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *nul = memchr(at, '\0', (size_t)(end - at));

        if (!nul)
            return NULL;
        list[i] = at;
        at = nul + 1;
    }
    list[count] = NULL;
    return at;
}

bool keeper_order_start(const struct keeper_order *order, char *rest, size_t bytes,
                        struct keeper_plan *plan)
{
    static char *words[WORDS_MAX];
    const char *end = rest + bytes;
    char **argv = words + 3, **env, *at;

    if (bytes > KEEPER_MESSAGE_MAX || order->cpu_bytes > bytes || order->argc == 0 ||
        order->argc > bytes || order->envc > bytes - order->argc)
        return false;
    env = argv + order->argc + 1;
    at = cut(rest + order->cpu_bytes, end, words, 2);
    if (at)
        at = cut(at, end, argv, order->argc);
    if (at)
        at = cut(at, end, env, order->envc);
    if (at != end)
        return false;
    plan->cpus = order->cpu_bytes ? rest : NULL;
    plan->cpu_bytes = order->cpu_bytes;
    plan->path = words[0];
    plan->directory = words[1];
    plan->argv = argv;
    plan->env = env;
    return true;
}

const char *keeper_order_guard(const char *rest, size_t bytes)
{
    return memchr(rest, '\0', bytes) ? rest : NULL;
}
