/* commons_make.c: memory in common is made, joined, widened and given back.
 *
 * It lies in the pool of the member with rank 0, which gives it back when all have left: until then
 * what a task has given up is kept (parting). Wide memory is made when a group first needs it.
 */
#include <stdlib.h>

#include "lane/shared.h"
#include "match/commons_own.h"
#include "match/match.h"
#include "match/request.h"
#include "match/settle.h"

/* Made by this task and given up, but not given back. */
static struct commons *parting;

/* Wide memories that this task has made and not given back. */
static unsigned wides;

static struct commons *use(void *map, const int *tids, int size, int rank)
{
    struct commons *c = map ? calloc(1, sizeof *c + (size_t)size * sizeof c->tids[0]) : NULL;

    if (!c)
        return NULL;
    c->bytes = dvm_commons_bytes(size);
    c->head = map;
    c->members = (struct dvm_commons_member *)(c->head + 1);
    c->cells = (struct dvm_commons_cell *)(c->members + size);
    c->rows = dvm_commons_rows(size);
    c->block_rows = dvm_commons_block_rows(size);
    c->blocks = (uint8_t *)(c->cells + (size_t)size * c->rows);
    memcpy(c->tids, tids, (size_t)size * sizeof c->tids[0]);
    c->size = size;
    c->rank = rank;
    return c;
}

/* Whether nobody else touches it any more. Who has died or is in dvm_finalize does not. */
static bool all_left(const struct commons *c)
{
    for (int r = 0; r < c->size; r++)
        if (r != c->rank && !atomic_load(&c->members[r].left) &&
            !match_task_gone(c->tids[r], NULL))
            return false;
    return true;
}

static void drop_wide(struct commons *c, bool stopped)
{
    if (!c->wide)
        return;
    shared_leave(c->wide, c->wide_bytes);
    if (c->wide_at && !stopped)
        shared_give_back(c->wide_at, c->wide_bytes);
    if (c->wide_at)
        wides--;
    c->wide = NULL;
    c->wide_bytes = 0;
}

static void drop(struct commons *c, bool stopped)
{
    settle_forget(c);
    drop_wide(c, stopped);
    shared_leave(c->head, c->bytes);
    if (c->at && !stopped)
        shared_give_back(c->at, c->bytes);
    free(c);
}

/* Give back what the others have left by now. */
static void drop_parting(void)
{
    struct commons **at = &parting;

    while (*at) {
        struct commons *c = *at;

        if (all_left(c)) {
            *at = c->next;
            drop(c, false);
        } else {
            at = &c->next;
        }
    }
}

struct commons *commons_make(const int *tids, int size, int rank, uint64_t *at)
{
    void *map;
    struct commons *c;

    drop_parting();
    map = wait_threaded() ? NULL : shared_make(dvm_commons_bytes(size), size, at);
    c = use(map, tids, size, rank);
    if (!c && map) {
        shared_leave(map, dvm_commons_bytes(size));
        shared_give_back(*at, dvm_commons_bytes(size));
    }
    if (!c) {
        *at = 0;
        return NULL;
    }
    c->at = *at;
    for (int r = 0; r < size; r++)
        if (r != rank)
            shared_offer(tids[r]);
    return c;
}

struct commons *commons_join(const int *tids, int size, int rank, uint64_t at)
{
    void *map = wait_threaded() ? NULL : shared_join(tids[0], at, dvm_commons_bytes(size));
    struct commons *c = use(map, tids, size, rank);

    if (!c && map)
        shared_leave(map, dvm_commons_bytes(size));
    return c;
}

bool commons_widen(struct commons *c, uint64_t *at, uint64_t *bytes)
{
    size_t most = dvm_commons_wide(c->size);

    /* what one more group of few would gain by more, another might lack */
    if (c->size <= DVM_COMMONS_FEW && wides > 0)
        most = DVM_COMMONS_WIDE_FEW;
    for (; !c->wide && most >= DVM_COMMONS_WIDE_LEAST; most /= 2) {
        c->wide = shared_make(most, c->size, at);
        c->wide_at = *at;
        c->wide_bytes = *bytes = c->wide ? most : 0;
    }
    wides += c->wide != NULL;
    return c->wide;
}

bool commons_widen_join(struct commons *c, uint64_t at, uint64_t bytes)
{
    if (dvm_commons_wide_fits(c->size, bytes))
        c->wide = shared_join(c->tids[0], at, bytes);
    c->wide_bytes = c->wide ? bytes : 0;
    return c->wide;
}

size_t commons_wide(const struct commons *c)
{
    return c->wide_bytes;
}

void commons_narrow(struct commons *c)
{
    drop_wide(c, false);
}

void commons_free(struct commons *c, bool stopped)
{
    if (!c)
        return;
    /* behind dvm_finalize its maker may use the memory for something else */
    if (!stopped)
        atomic_store(&c->members[c->rank].left, 1);
    if (stopped || !c->at) {
        drop(c, stopped);
        return;
    }
    c->next = parting;
    parting = c;
    drop_parting();
}

void commons_refuse(struct commons *c)
{
    if (c)
        drop(c, false);
}

void commons_stop(void)
{
    while (parting) {
        struct commons *c = parting;

        parting = c->next;
        drop(c, true);
    }
}
