/* former.c: the implementation of former.h.
 *
 * A slot that is used again has the name of its last host, as slots
 * wait ten minutes for that. */
#include "daemon/former.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void former_note(struct former *f, int slot, const char *name, bool lost, const char *why)
{
    if (slot <= 0 || slot > DVM_SLOT_MAX)
        return;
    free(f->names[slot]);
    free(f->fates[slot]);
    f->names[slot] = strdup(name);
    if (asprintf(&f->fates[slot], "%s%s%s", lost ? "was lost" : "has left the machine",
                 why[0] ? ": " : "", why) < 0)
        f->fates[slot] = NULL;
}

const char *former_fate(const struct former *f, int slot)
{
    return slot > 0 && slot <= DVM_SLOT_MAX ? f->fates[slot] : NULL;
}

void former_clear(struct former *f)
{
    for (int slot = 0; slot <= DVM_SLOT_MAX; slot++) {
        free(f->names[slot]);
        free(f->fates[slot]);
        f->names[slot] = f->fates[slot] = NULL;
    }
}

const char *former_text(const struct former *f, int slot, char *text)
{
    if (slot > 0 && slot <= DVM_SLOT_MAX && f->names[slot])
        snprintf(text, FORMER_TEXT_MAX, "host %s (slot %d)", f->names[slot], slot);
    else
        snprintf(text, FORMER_TEXT_MAX, "the host of slot %d", slot);
    return text;
}
