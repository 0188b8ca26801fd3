/* site.c: lines of calls for sentences about errors; see site.h.
 *
 * A program may live on with such errors and meet one again and again at the same place:
 * the last places are kept. Used with the library's lock held.
 */
#include "group/site.h"

#include <stdio.h>

#include "base/source.h"

#define KEPT 16
#define SECONDS 2.0 /* that a sentence may be late by */

static struct {
    uintptr_t site;
    char text[SOURCE_TEXT_MAX + sizeof " at "];
} kept[KEPT];
static unsigned next;

const char *site_text(uintptr_t site)
{
    char text[SOURCE_TEXT_MAX];
    unsigned i;

    if (!site)
        return "";
    for (i = 0; i < KEPT; i++)
        if (kept[i].site == site)
            return kept[i].text;
    i = next++ % KEPT;
    kept[i].site = site;
    /* the line of the call, not of what comes behind it */
    source_here(site - 1, SECONDS, text);
    snprintf(kept[i].text, sizeof kept[i].text, "%s%s", text[0] ? " at " : "", text);
    return kept[i].text;
}
