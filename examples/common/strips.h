/* strips.h: pi as the area under 4 / (1 + x^2) between 0 and 1, cut into strips. */
#ifndef EXAMPLES_STRIPS_H
#define EXAMPLES_STRIPS_H

#include <stdint.h>

/* M_PI is not in C11. */
static const double PI = 3.14159265358979323846;

/* The area of strips first up to last of steps, each as high as the curve in its middle. */
static inline double area(int64_t first, int64_t last, int64_t steps)
{
    const double width = 1.0 / (double)steps;
    double sum = 0;
    int64_t i;

    for (i = first; i < last; i++) {
        double x = ((double)i + 0.5) * width;

        sum += 4 / (1 + x * x);
    }
    return sum * width;
}

#endif
