/* site.c: lines of calls for sentences about errors; see site.h.
 *
 * A program may live on with such errors and meet one again and again at the same place:
 * the last places are kept. Used with the library's lock held.
 */
#include "group/site.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/source.h"
#include "match/match.h"
#include "proto/board.h"

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

/* Whether the call was wrong, or asked for what there is not. */
static bool is_wrong(int rc)
{
    return rc == DVM_ERR_ARG || rc == DVM_ERR_RANK || rc == DVM_ERR_TAG || rc == DVM_ERR_TYPE ||
           rc == DVM_ERR_OP || rc == DVM_ERR_GROUP || rc == DVM_ERR_REQUEST ||
           rc == DVM_ERR_TRUNCATE || rc == DVM_ERR_MEMBER || rc == DVM_ERR_EXISTS ||
           rc == DVM_ERR_NO_PARENT || rc == DVM_ERR_UNSUPPORTED || rc == DVM_ERR_NO_PROGRAM ||
           rc == DVM_ERR_NO_HOST || rc == DVM_ERR_SPAWN || rc == DVM_ERR_NO_VALUE ||
           rc == DVM_ERR_REFUSED || rc == DVM_ERR_LIMIT || rc == DVM_ERR_TIMEOUT ||
           rc == DVM_ERR_PROTOCOL || rc == DVM_ERR_BUFFER_FULL;
}

static bool is_loss(int rc)
{
    return rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE || rc == DVM_ERR_REVOKED ||
           rc == DVM_ERR_NO_TASK;
}

void site_failed(int rc, uintptr_t site)
{
    char sentence[DVM_SENTENCE_MAX];
    struct match_waited waited;
    const char *where;

    if ((!is_wrong(rc) && !is_loss(rc)) || error_mode() == DVM_SILENT)
        return;
    error_save(sentence);
    where = site_text(site);
    if (!where[0] || strstr(sentence, where))
        return;
    if (is_loss(rc) && match_waited(site, &waited))
        dvm_fail(rc, "%s (dvm_%s%s had waited %.1f s)", sentence, dvm_board_call_name(waited.call),
                 where, waited.seconds);
    else
        dvm_fail(rc, "%s (called%s)", sentence, where);
}

int site_refused(int rc, const char *call, uintptr_t site)
{
    char sentence[DVM_SENTENCE_MAX];
    const char *where;

    if (error_mode() == DVM_SILENT)
        return rc;
    error_save(sentence);
    where = site_text(site);
    return dvm_fail(rc, "%s: %s%s%s%s", call, sentence, where[0] ? " (called" : "", where,
                    where[0] ? ")" : "");
}
