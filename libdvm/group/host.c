/* host.c: names by slot, in the order of their coming: they are few, seldom asked for, and
 * only where something has gone wrong. */
#include "group/host.h"

#include <stdlib.h>
#include <string.h>

struct named {
    int slot;
    char *name; /* owned */
};

static struct named *list; /* owned */
static size_t count, room;

static struct named *find(int slot)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].slot == slot)
            return &list[i];
    return NULL;
}

void host_learn(int slot, const char *name)
{
    struct named *known = find(slot), *more;
    char *copy = strdup(name);

    if (copy && !known && count == room) {
        more = realloc(list, (2 * room + 1) * sizeof *list);
        if (more) {
            list = more;
            room = 2 * room + 1;
        }
    }
    if (copy && !known && count < room) {
        known = &list[count++];
        *known = (struct named){.slot = slot};
    }
    if (!copy || !known) {
        free(copy);
        return;
    }
    free(known->name);
    known->name = copy;
}

const char *host_name(int slot)
{
    const struct named *known = find(slot);

    return known ? known->name : NULL;
}

void host_forget(void)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].name);
    free(list);
    list = NULL;
    count = room = 0;
}
