/* progress.h: one line on a terminal that tells how far something is, and goes again.
 *
 * On stderr, when that is a terminal and --quiet was not given; else nothing is shown.
 */
#ifndef DVM_CONSOLE_PROGRESS_H
#define DVM_CONSOLE_PROGRESS_H

#include "console/console.h"

/* Show a line in the place of the last one; what does not fit the terminal is cut. */
void progress_show(const struct console *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove it, before anything else is printed. */
void progress_clear(const struct console *c);

#endif
