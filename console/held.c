/* held.c: see held.h.
 *
 * News of a task may come before what tells whose task it is: the answer to a spawn comes on
 * another flow than the ends of tasks, and what a task has spawned is told from its own host.
 */
#include "console/held.h"

#include <stdlib.h>
#include <string.h>

struct held {
    struct held *next;
    struct dvm_frame frame;
    uint8_t payload[];
};

bool held_keep(struct held_list *list, const struct dvm_frame *f, const uint8_t *payload)
{
    struct held *h = malloc(sizeof *h + f->length);

    if (!h)
        return false;
    h->next = NULL;
    h->frame = *f;
    if (f->length)
        memcpy(h->payload, payload, f->length);
    if (list->first)
        list->last->next = h;
    else
        list->first = h;
    list->last = h;
    return true;
}

void held_release(struct held_list *list,
                  void (*take)(void *arg, const struct dvm_frame *f, const uint8_t *payload),
                  void *arg)
{
    struct held *h = list->first, *next;

    *list = (struct held_list){0};
    for (; h; h = next) {
        next = h->next;
        if (take)
            take(arg, &h->frame, h->payload);
        free(h);
    }
}
