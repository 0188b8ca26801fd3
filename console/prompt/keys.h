/* keys.h: what the line editor reads: keys, and signals as if they were keys. */
#ifndef DVM_CONSOLE_PROMPT_KEYS_H
#define DVM_CONSOLE_PROMPT_KEYS_H

#include <histedit.h>
#include <stdbool.h>

#define KEYS_GIVE_UP 3 /* ^C: what SIGINT is read as */

/* From now on the editor reads by this file, and the signals that it takes are blocked
 * outside its reading. Returns false with errno. */
bool keys_begin(EditLine *editor);

/* In a child that is to be an ordinary process: undo what keys_begin has done to signals.
 * Does nothing where it was not called. */
void keys_release(void);

#endif
