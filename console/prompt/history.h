/* history.h: the file in which the prompt keeps its lines: plain text, the oldest
 * first, 0600, shared by prompts at the same time. */
#ifndef DVM_CONSOLE_PROMPT_HISTORY_H
#define DVM_CONSOLE_PROMPT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_LINES 1000 /* lines that are kept */
#define HISTORY_PATH_MAX 1024 /* bytes of its path with the NUL */

/* Find the file: $DVM_HISTORY, else dvm/history in $XDG_STATE_HOME, else in
 * ~/.local/state. Returns false when none is to be kept: DVM_HISTORY is empty, or
 * there is no home. path: HISTORY_PATH_MAX bytes. */
bool history_path(char *path);

/* Call each for every line, the oldest first; a file that has grown too long is cut
 * to its newest lines. Returns false, with errno, when the file cannot be read; that
 * there is none is no error. */
bool history_load(const char *path, void (*each)(void *arg, const char *line), void *arg);

/* Add a line, making the file and its folder if need be. Returns false with errno. */
bool history_add(const char *path, const char *line);

#endif
