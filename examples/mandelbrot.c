/* mandelbrot.c: a farm: a master hands out work, workers come back for more.
 *
 * A point c belongs to the Mandelbrot set when z = z^2 + c, from z = 0, stays
 * small for ever. Some pixels need one step and some need all --iterations, so
 * equal shares would leave tasks idle. Instead rank 0, the master, cuts the
 * picture into blocks of --rows rows, gives each worker one, and whoever returns
 * a block gets the next: fast hosts do more, without anybody planning it. The
 * master receives with wildcards, as it cannot know who will be ready first; the
 * tag of a result is the number of its block. Alone, the master does it all.
 *
 * Messages: to a worker, the number of a block (or -1: go home); to the master,
 * one number for each pixel: how many steps it took to get away.
 */
#include <dvm.h>
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/picture.h"

enum { TAG_WORK = 1, GO_HOME = -1 };

/* The picture, as given by the options: the same in all tasks. */
struct view {
    long width, height, iterations;
    long rows;       /* rows of a block; the last block may have fewer */
    double re, im;   /* centre of the picture */
    double span;     /* its width in the plane */
    const char *png; /* file to write, or "none" */
    int check;
};

static long block_count(const struct view *v)
{
    return (v->height + v->rows - 1) / v->rows;
}

/* Rows of a block. */
static long block_rows(const struct view *v, long block)
{
    long left = v->height - block * v->rows;

    return left < v->rows ? left : v->rows;
}

/* Steps until the point is away, with a fraction so that colours run smoothly;
 * 0 for a point that never gets away. */
static float escape(double re, double im, long iterations)
{
    double x = 0, y = 0, xx = 0, yy = 0;
    long i;

    for (i = 0; i < iterations; i++) {
        y = 2 * x * y + im;
        x = xx - yy + re;
        xx = x * x;
        yy = y * y;
        if (xx + yy > 1024) /* 4 would do; further out the fraction is smoother */
            return (float)((double)i + 6 - log2(log2(xx + yy)));
    }
    return 0;
}

/* Compute the pixels of a block, row by row. */
static void compute(const struct view *v, long block, float *steps)
{
    const double pixel = v->span / (double)v->width;
    const long first = block * v->rows;
    long row, column;

    for (row = first; row < first + block_rows(v, block); row++)
        for (column = 0; column < v->width; column++) {
            double re = v->re + ((double)column - (double)(v->width - 1) / 2) * pixel;
            double im = v->im - ((double)row - (double)(v->height - 1) / 2) * pixel;

            *steps++ = escape(re, im, v->iterations);
        }
}

/* Worker: do blocks until told to go home. */
static void work(const struct view *v, float *buffer)
{
    for (;;) {
        long block;

        dvm_recv(DVM_WORLD, 0, TAG_WORK, &block, 1, DVM_LONG, NULL);
        if (block == GO_HOME)
            return;
        compute(v, block, buffer);
        dvm_send(DVM_WORLD, 0, (int)block, buffer, (size_t)(block_rows(v, block) * v->width),
                 DVM_FLOAT);
    }
}

/* Master: give the worker the next block, or send it home when there is none. */
static void hand_out(int worker, long *next, long blocks)
{
    long block = *next < blocks ? (*next)++ : GO_HOME;

    dvm_send(DVM_WORLD, worker, TAG_WORK, &block, 1, DVM_LONG);
}

/* Master: have all blocks computed. done[r] counts the blocks of rank r. */
static void farm(const struct view *v, int n, float *buffer, float *picture, long *done)
{
    const long blocks = block_count(v);
    const size_t most = (size_t)(v->rows * v->width);
    long next = 0, ready;
    int worker;

    for (worker = 1; worker < n; worker++)
        hand_out(worker, &next, blocks);
    for (ready = 0; ready < blocks; ready++) {
        struct dvm_status from = { .source = 0, .tag = (int)ready };

        if (n > 1) /* whichever block, from whoever is first */
            dvm_recv(DVM_WORLD, DVM_ANY, DVM_ANY, buffer, most, DVM_FLOAT, &from);
        else
            compute(v, from.tag, buffer);
        memcpy(picture + from.tag * v->rows * v->width, buffer,
               (size_t)(block_rows(v, from.tag) * v->width) * sizeof *buffer);
        done[from.source]++;
        if (n > 1)
            hand_out(from.source, &next, blocks);
    }
    assert(n == 1 || next == blocks);
}

/* Compute the picture once more without messages, and compare every pixel bit by
 * bit: the arithmetic is the same. Returns 1 when all are equal. */
static int compare(const struct view *v, const float *picture, float *buffer)
{
    long wrong = 0;
    long block, i;

    for (block = 0; block < block_count(v); block++) {
        const float *theirs = picture + block * v->rows * v->width;

        compute(v, block, buffer);
        for (i = 0; i < block_rows(v, block) * v->width; i++)
            wrong += memcmp(&buffer[i], &theirs[i], sizeof *buffer) != 0;
    }
    printf("check: %s %ld of %ld pixels are as computed in one task\n",
           wrong ? "FAILED" : "ok", v->width * v->height - wrong, v->width * v->height);
    return wrong == 0;
}

/* Colour the picture and write it. Returns 1 on success. */
static int paint(const struct view *v, const float *picture)
{
    static const struct picture_stop palette[] = {
        { 0.00, { 0, 7, 100 } },     { 0.16, { 32, 107, 203 } }, { 0.42, { 237, 255, 255 } },
        { 0.64, { 255, 170, 0 } },   { 0.86, { 70, 10, 20 } },   { 1.00, { 0, 7, 100 } },
    };
    const size_t pixels = (size_t)(v->width * v->height);
    unsigned char *rgb = calloc(pixels, 3); /* points of the set stay black */
    char error[200] = "no memory for the picture";
    int written = -1;
    size_t i;

    for (i = 0; rgb && i < pixels; i++) {
        /* By the logarithm: near the set one step in a hundred is little. */
        double turn = picture[i] > 0 ? 0.55 * log2(picture[i] + 1) + 0.5 : 0;

        if (picture[i] > 0)
            picture_colour(palette, 6, turn - floor(turn), rgb + 3 * i);
    }
    if (rgb)
        written = picture_write(v->png, (int)v->width, (int)v->height, rgb, error,
                                sizeof error);
    if (written != 0)
        fprintf(stderr, "mandelbrot: %s\n", error);
    free(rgb);
    return written == 0;
}

/* What rank 0 does: farm out, report, and whatever the options ask for. Returns
 * the exit status. */
static int master(const struct view *v, int n, float *buffer)
{
    float *picture = calloc((size_t)(v->width * v->height), sizeof *picture);
    long *done = calloc((size_t)n, sizeof *done);
    long least, most = 0;
    double start = dvm_wtime();
    int good = 1;
    int i;

    if (!picture || !done) {
        fprintf(stderr, "mandelbrot: no memory for the picture\n");
        dvm_abort(DVM_WORLD, 1);
    }
    farm(v, n, buffer, picture, done);
    least = block_count(v);
    for (i = n > 1; i < n; i++) {
        least = done[i] < least ? done[i] : least;
        most = done[i] > most ? done[i] : most;
    }
    printf("mandelbrot: %ldx%ld, %d tasks, %.3f s; %ld to %ld of %ld blocks a worker\n",
           v->width, v->height, n, dvm_wtime() - start, least, most, block_count(v));
    if (strcmp(v->png, "none") != 0)
        good = paint(v, picture);
    if (v->check)
        good = compare(v, picture, buffer) && good;
    free(done);
    free(picture);
    return good ? 0 : 1;
}

static int read_options(int argc, char **argv, struct view *v, int speak)
{
    const struct option table[] = {
        { "width", OPTION_INT, &v->width, 1, 32768, "columns of the picture (1600)" },
        { "height", OPTION_INT, &v->height, 1, 32768, "rows of the picture (1000)" },
        { "iterations", OPTION_INT, &v->iterations, 1, 1e7, "most steps of a point (1000)" },
        { "rows", OPTION_INT, &v->rows, 1, 32768, "rows of a block (8)" },
        { "re", OPTION_REAL, &v->re, -4, 4, "centre, real part (-0.7)" },
        { "im", OPTION_REAL, &v->im, -4, 4, "centre, imaginary part (0)" },
        { "span", OPTION_REAL, &v->span, 1e-13, 8, "width in the plane (3.6)" },
        { "png", OPTION_TEXT, &v->png, 0, 0, "file to write, or none (mandelbrot.png)" },
        { "check", OPTION_FLAG, &v->check, 0, 0, "compare every pixel with one task's" },
        { .name = NULL },
    };

    return options_read(argc, argv, table, speak);
}

int main(int argc, char **argv)
{
    struct view v = { .width = 1600, .height = 1000, .iterations = 1000, .rows = 8,
                      .re = -0.7, .span = 3.6, .png = "mandelbrot.png" };
    float *buffer;
    int me, n, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    status = read_options(argc, argv, &v, me == 0);
    if (status != OPTION_GO_ON) {
        dvm_finalize();
        return status;
    }
    v.rows = v.rows < v.height ? v.rows : v.height;
    buffer = malloc((size_t)(v.rows * v.width) * sizeof *buffer);
    if (!buffer) {
        fprintf(stderr, "mandelbrot: rank %d has no memory for a block\n", me);
        dvm_abort(DVM_WORLD, 1);
    }
    status = 0;
    if (me == 0)
        status = master(&v, n, buffer);
    else
        work(&v, buffer);
    free(buffer);
    dvm_finalize();
    return status;
}
