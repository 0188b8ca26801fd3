/* former.h: the names of hosts that have left or were lost, by slot, and why: a sentence about a
 * task there names its host as people know it. */
#ifndef DVMD_FORMER_H
#define DVMD_FORMER_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"
#include "proto/frame.h"

#define FORMER_TEXT_MAX (DVM_NAME_MAX + 32) /* bytes of a host in a sentence with the NUL */

/* All zero is an empty one. */
struct former {
    char *names[DVM_SLOT_MAX + 1]; /* owned; NULL: none of that slot is known */
    char *fates[DVM_SLOT_MAX + 1]; /* likewise: "was lost: silent for 3 s" */
};

/* The host of a slot has gone: it was lost, or left. why: as the others were told. Without
 * memory it stays unknown. */
void former_note(struct former *f, int slot, const char *name, bool lost, const char *why);

/* What became of the last host of a slot, behind its name; NULL: not known. */
const char *former_fate(const struct former *f, int slot);

/* Forget and free all names; it is empty then. */
void former_clear(struct former *f);

/* "host node3 (slot 3)", or "the host of slot 3", into text, of FORMER_TEXT_MAX bytes; returns
 * that. */
const char *former_text(const struct former *f, int slot, char *text);

#endif
