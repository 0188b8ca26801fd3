/* grid.h: a table on stdout: columns that fit the terminal, never cut when
 * stdout is none. */
#ifndef DVM_CONSOLE_GRID_H
#define DVM_CONSOLE_GRID_H

#include <stdbool.h>

#include "console/console.h"

struct grid; /* opaque */

struct grid_column {
    const char *title;
    bool right; /* numbers stand at the right */
    bool wrap;  /* may be cut when the terminal is narrow */
};

/* Make a table with count columns. Returns NULL when there is no memory. */
struct grid *grid_create(const struct console *c, const struct grid_column *columns,
                           int count);

/* Begin a line; then put its cells in order, each as printf does. An empty cell
 * is shown as "-", so that every line has the same number of words. */
void grid_line(struct grid *t);
void grid_cell(struct grid *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Colour the cell that was put last: "green", "red", "yellow". */
void grid_color(struct grid *t, const char *color);

/* Print and free. Accepts NULL: then says that there was no memory. */
int grid_print(struct grid *t);

#endif
