/* pending.c: see pending.h. Lists are short (WATCH_WAITING_MAX): plain ones. */
#include "daemon/watch/pending.h"

#include <stdlib.h>

#include "dvm.h"

int pending_add(struct pending_list *list, const struct pending *one)
{
    struct pending *p = malloc(sizeof *p);

    if (!p)
        return DVM_ERR_NO_MEMORY;
    *p = *one;
    p->next = NULL;
    if (list->last)
        list->last->next = p;
    else
        list->first = p;
    list->last = p;
    list->count++;
    return DVM_OK;
}

struct pending *pending_take(struct pending_list *list, pending_f *meant, const void *arg)
{
    struct pending *before = NULL, *p = list->first;

    while (p && meant && !meant(arg, p)) {
        before = p;
        p = p->next;
    }
    if (!p)
        return NULL;
    if (before)
        before->next = p->next;
    else
        list->first = p->next;
    if (list->last == p)
        list->last = before;
    list->count--;
    return p;
}

static bool came_from(const void *arg, const struct pending *p)
{
    int tid = *(const int *)arg;

    return DVM_TID_N(tid) ? p->request.src == tid
                          : DVM_TID_SLOT(p->request.src) == DVM_TID_SLOT(tid);
}

void pending_drop(struct pending_list *list, int tid)
{
    struct pending *p;

    while ((p = pending_take(list, came_from, &tid)))
        free(p);
}
