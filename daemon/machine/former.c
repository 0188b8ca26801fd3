/* former.c: the implementation of former.h: an array in order of loss, as there are few. */
#include "daemon/machine/former.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t until, incarnation;
    int slot;
    char name[DVM_NAME_MAX];
    uint8_t key[MACHINE_KEY_BYTES];
};

struct former {
    size_t count;
    struct entry entries[FORMER_KEPT];
};

struct former *former_create(void)
{
    return calloc(1, sizeof(struct former));
}

void former_destroy(struct former *f)
{
    free(f);
}

static void drop(struct former *f, size_t i)
{
    f->count--;
    memmove(&f->entries[i], &f->entries[i + 1], (f->count - i) * sizeof f->entries[0]);
}

void former_add(struct former *f, const struct machine_host *host, uint64_t until)
{
    struct entry *e;

    if (f->count == FORMER_KEPT)
        drop(f, 0);
    e = &f->entries[f->count++];
    *e = (struct entry){.until = until, .incarnation = host->incarnation, .slot = host->slot};
    memcpy(e->name, host->name, sizeof e->name);
    memcpy(e->key, host->key, sizeof e->key);
}

bool former_take(struct former *f, uint64_t now, int slot, uint64_t incarnation,
                 const uint8_t key[MACHINE_KEY_BYTES])
{
    for (size_t i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];

        if (now >= e->until || e->slot != slot || e->incarnation != incarnation ||
            memcmp(e->key, key, MACHINE_KEY_BYTES) != 0)
            continue;
        drop(f, i);
        return true;
    }
    return false;
}

bool former_forget(struct former *f, uint64_t now, const char *name)
{
    bool found = false;

    for (size_t i = f->count; i-- > 0;)
        if (now < f->entries[i].until && strcmp(f->entries[i].name, name) == 0) {
            drop(f, i);
            found = true;
        }
    return found;
}
