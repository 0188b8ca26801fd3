/* plate.h: the metal plate of the heat2d example. */
#ifndef EXAMPLES_PLATE_H
#define EXAMPLES_PLATE_H

#include <stdint.h>

#include "picture.h"

/* How much of the difference to its four neighbours a cell takes over in a step;
 * up to 1/4 is stable. */
#define PLATE_RATE 0.2

enum { PLATE_COLOURS = 6 };
extern const struct picture_stop plate_palette[PLATE_COLOURS];

/* The temperature of a cell at the start, 0 or 1, on a plate of rows x columns:
 * three glowing letters on cold metal, and a hot strip below them. */
double plate_start(int64_t row, int64_t column, int64_t rows, int64_t columns);

/* Let a whole plate go through steps in one task, without cutting it up. field:
 * rows x columns, row by row; receives the last state. Beyond the edges it is
 * always 0. Returns 0, or -1 when there is no memory. */
int plate_run(double *field, int64_t rows, int64_t columns, long steps);

#endif
