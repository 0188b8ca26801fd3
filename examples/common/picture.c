/* picture.c: colours, and pictures as PNG files, by libpng.
 *
 * libpng reports errors by longjmp unless one uses its simplified interface
 * (png_image_...), which returns. That interface takes a whole picture in
 * memory, which the callers have anyway, so it is the one used here. It writes
 * through a FILE that is opened and closed here, because a full disk shows only
 * when the file is closed.
 */
#include "picture.h"

#include <assert.h>
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

void picture_colour(const struct picture_stop *palette, size_t count, double value,
                    unsigned char rgb[3])
{
    size_t i = 1;
    double part;
    int k;

    assert(count >= 2);
    if (!(value > 0)) /* this way NaN becomes 0 */
        value = 0;
    if (value > 1)
        value = 1;
    while (i + 1 < count && palette[i].at < value)
        i++;
    part = (value - palette[i - 1].at) / (palette[i].at - palette[i - 1].at);
    for (k = 0; k < 3; k++) {
        double from = palette[i - 1].rgb[k];
        double to = palette[i].rgb[k];

        rgb[k] = (unsigned char)(from + (to - from) * part + 0.5);
    }
}

int picture_write(const char *path, int width, int height, const unsigned char *rgb,
                  char *error, size_t size)
{
    png_image image;
    FILE *file = fopen(path, "wb");
    int written;

    if (!file) {
        snprintf(error, size, "cannot write %s: %s", path, strerror(errno));
        return -1;
    }
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)width;
    image.height = (png_uint_32)height;
    image.format = PNG_FORMAT_RGB;
    written = png_image_write_to_stdio(&image, file, 0, rgb, 0, NULL);
    if (!written)
        snprintf(error, size, "cannot write %s: %s", path, image.message);
    if (fclose(file) != 0 && written) {
        snprintf(error, size, "cannot write %s: %s", path, strerror(errno));
        written = 0;
    }
    return written ? 0 : -1;
}
