/* picture.h: colours, and pictures as PNG files. */
#ifndef EXAMPLES_PICTURE_H
#define EXAMPLES_PICTURE_H

#include <stddef.h>

/* One colour of a palette, at a place between 0 and 1. */
struct picture_stop {
    double at;
    unsigned char rgb[3];
};

/* The colour of value (cut to 0..1) in a palette of count stops, the first at 0
 * and the last at 1; between two stops colours are mixed. */
void picture_colour(const struct picture_stop *palette, size_t count, double value,
                    unsigned char rgb[3]);

/* Write width x height pixels, three bytes each, row by row from the top, as a
 * PNG file. Returns 0, or -1 with one sentence in error (size bytes); what was
 * written until then stays: path may be a device, so nothing is removed. */
int picture_write(const char *path, int width, int height, const unsigned char *rgb,
                  char *error, size_t size);

#endif
