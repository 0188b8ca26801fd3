/* site.h: where in the program a call was made, for sentences. */
#ifndef DVM_GROUP_SITE_H
#define DVM_GROUP_SITE_H

#include <stdint.h>

/* " at main.c:77" for the return address of a call, " at program+0x1234" where the line is
 * not known, "" for 0. Looked up in a process of its own, which may take a moment; once for
 * each address. Valid until the next call. */
const char *site_text(uintptr_t site);

/* Add to the last sentence where the call was made that has failed with rc, and how long it
 * had waited for a task that is gone; nothing where the sentence has the place already, where the
 * place does not matter, or where nobody reads it (DVM_SILENT). */
void site_failed(int rc, uintptr_t site);

/* A call was refused with rc, since this process is no task or its daemon is gone: tell which
 * and where, before what the last sentence says. Returns rc. */
int site_refused(int rc, const char *call, uintptr_t site);

#endif
