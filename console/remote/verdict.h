/* verdict.h: at which step a host failed to join, why, and what to do about it. */
#ifndef DVM_CONSOLE_VERDICT_H
#define DVM_CONSOLE_VERDICT_H

#include "base/join.h"
#include "console/console.h"
#include "console/remote/launch.h"

struct verdict {
    enum join_code code;
    char cause[JOIN_SENTENCE_MAX]; /* in the words of the other side, where it had any */
    bool details;                  /* the other side said more than the cause */
};

/* Judge a launch that failed. */
void verdict_make(struct verdict *v, const struct launch *l);

/* Print "dvm: HOST did not join (STEP): CAUSE -> REMEDY [CODE]". host: as the user called
 * it. */
void verdict_print(const struct console *c, const struct verdict *v, const char *host);

/* The verdict as an object of add/1; said: everything that the other side said. */
json_t *verdict_json(const struct verdict *v, const char *host, const char *said);

/* Print everything that the other side said, on stderr, each line with the host. */
void verdict_show(const struct launch *l, const char *host);

#endif
