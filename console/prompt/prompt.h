/* prompt.h: the prompt: a line editor before a session. */
#ifndef DVM_CONSOLE_PROMPT_PROMPT_H
#define DVM_CONSOLE_PROMPT_PROMPT_H

#include "console/prompt/session.h"

/* Read lines from the terminal and do them, until the session or its input ends.
 * Returns the exit code of dvm. */
int prompt_run(struct session *s);

#endif
