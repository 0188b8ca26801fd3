/* verdict.h: at which step a host failed to join, why, and what to do about it. */
#ifndef DVM_CONSOLE_VERDICT_H
#define DVM_CONSOLE_VERDICT_H

#include "console/launch.h"

#define VERDICT_MAX 512 /* bytes of a sentence with its NUL */

struct verdict {
    const char *step;         /* "resolve", "connect", "host key", "login", ... */
    char cause[VERDICT_MAX];  /* what the other side said */
    char remedy[VERDICT_MAX]; /* what to do; may be empty */
    bool details;             /* the other side said more than the cause */
};

/* Judge a launch that failed; host: as the user called it. */
void verdict_make(struct verdict *v, const struct launch *l, const char *host);

/* Print everything that the other side said, on stderr, each line with the host. */
void verdict_show(const struct launch *l, const char *host);

/* Whether a text means the same to a shell as it stands. */
bool verdict_plain_words(const char *text);

#endif
