/* plate.c: the metal plate of the heat2d example: its start, its colours, and
 * its cooling in one task.
 *
 * plate_run is what heat2d compares itself with. It is written in another way
 * (no border of extra cells: at the edges it asks), but each cell is computed
 * by the same operations in the same order, so the results are equal bit by bit
 * as long as the compiler does not fuse multiplications and additions; the
 * examples are compiled with -ffp-contract=off.
 */
#include "plate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct picture_stop plate_palette[PLATE_COLOURS] = {
    { 0.00, { 6, 6, 24 } },    { 0.10, { 60, 15, 110 } },  { 0.35, { 180, 40, 90 } },
    { 0.60, { 240, 100, 30 } }, { 0.85, { 255, 205, 70 } }, { 1.00, { 255, 255, 225 } },
};

double plate_start(int64_t row, int64_t column, int64_t rows, int64_t columns)
{
    /* D, V, M, each 5 x 7; a space before and after each. */
    static const char *const letters[7] = {
        " ####  #   # #   # ", " #   # #   # ## ## ", " #   # #   # # # # ",
        " #   # #   # # # # ", " #   # #   # #   # ", " #   #  # #  #   # ",
        " ####    #   #   # ",
    };
    const int64_t line = row * 15 / rows - 3; /* 15 lines, the letters from line 3 */
    const int64_t place = column * 19 / columns;

    assert(row >= 0 && row < rows && column >= 0 && column < columns);
    if (line == 8)
        return place >= 1 && place <= 17 ? 1 : 0;
    return line >= 0 && line < 7 && letters[line][place] == '#' ? 1 : 0;
}

/* The neighbour of a cell, or the cold beyond the edge. */
static double beside(const double *field, int64_t rows, int64_t columns, int64_t row,
                     int64_t column)
{
    if (row < 0 || row >= rows || column < 0 || column >= columns)
        return 0;
    return field[row * columns + column];
}

static void step(const double *old, double *new, int64_t rows, int64_t columns)
{
    int64_t i, j;

    for (i = 0; i < rows; i++)
        for (j = 0; j < columns; j++) {
            double here = old[i * columns + j];
            double vertical = beside(old, rows, columns, i - 1, j) +
                              beside(old, rows, columns, i + 1, j);
            double horizontal = beside(old, rows, columns, i, j - 1) +
                                beside(old, rows, columns, i, j + 1);

            new[i * columns + j] = here + PLATE_RATE * (vertical + horizontal - 4 * here);
        }
}

int plate_run(double *field, int64_t rows, int64_t columns, long steps)
{
    const size_t bytes = (size_t)(rows * columns) * sizeof(double);
    double *other = malloc(bytes);
    long i;

    if (!other)
        return -1;
    for (i = 0; i < steps; i++) {
        step(field, other, rows, columns);
        memcpy(field, other, bytes);
    }
    free(other);
    return 0;
}
