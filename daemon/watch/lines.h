/* lines.h: the last lines of a text, for those who ask for so many. Pure. */
#ifndef DVMD_WATCH_LINES_H
#define DVMD_WATCH_LINES_H

#include <stddef.h>
#include <stdint.h>

/* Where the last `*lines` lines begin that have their end in these bytes; *lines is lowered
 * by those found. 0 when there are no more than those. What stands behind the last line end
 * does not count as a line: who wants it counted asks for one less. */
size_t lines_tail(const char *bytes, size_t size, uint32_t *lines);

#endif
