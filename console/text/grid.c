/* grid.c: grid.h over libsmartcols. */
#include "console/text/grid.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CELL_MAX 512 /* bytes of a cell's text with its NUL */

struct grid {
    struct libscols_table *scols;
    struct libscols_line *line;
    size_t next; /* column of the next cell */
    bool broken; /* memory ran out */
};

static void column_create(struct grid *t, const struct grid_column *column)
{
    int flags = (column->right ? SCOLS_FL_RIGHT : 0) | (column->wrap ? SCOLS_FL_TRUNC : 0);

    if (!scols_table_new_column(t->scols, column->title, 0, flags))
        t->broken = true;
}

struct grid *grid_create(const struct console *c, const struct grid_column *columns, int count)
{
    struct grid *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->scols = scols_new_table();
    if (!t->scols) {
        free(t);
        return NULL;
    }
    scols_table_enable_colors(t->scols, console_colored(c, STDOUT_FILENO));
    if (!isatty(STDOUT_FILENO))
        scols_table_set_termforce(t->scols, SCOLS_TERMFORCE_NEVER);
    scols_table_set_column_separator(t->scols, "  ");
    for (int i = 0; i < count; i++)
        column_create(t, &columns[i]);
    return t;
}

void grid_line(struct grid *t)
{
    if (!t || t->broken)
        return;
    t->line = scols_table_new_line(t->scols, NULL);
    t->next = 0;
    t->broken = !t->line;
}

void grid_cell(struct grid *t, const char *format, ...)
{
    char text[CELL_MAX];
    va_list ap;

    if (!t || t->broken)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (scols_line_set_data(t->line, t->next++, text[0] ? text : "-"))
        t->broken = true;
}

void grid_color(struct grid *t, const char *color)
{
    struct libscols_cell *cell;

    if (!t || t->broken || t->next == 0)
        return;
    cell = scols_line_get_cell(t->line, t->next - 1);
    if (cell)
        scols_cell_set_color(cell, color);
}

int grid_print(struct grid *t)
{
    bool broken = !t || t->broken;

    if (!broken)
        broken = scols_print_table(t->scols) != 0;
    if (t) {
        scols_unref_table(t->scols);
        free(t);
    }
    if (!broken)
        return EXIT_OK;
    fputs("dvm: no memory for the table; try --json\n", stderr);
    return EXIT_GENERIC;
}
