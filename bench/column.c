/* column: sending a column of a matrix as a derived type, against packing it by hand into a
 * buffer and sending that. Rank 0 sends, rank 1 receives into one piece and answers with a
 * byte; the two ways are measured in turns, and the medians of each compared.
 *
 * usage: column [TURNS]        run it with 2 tasks
 *        column count WAY ROWS MESSAGES   without measuring: for callgrind; WAY is type or hand
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"

#define COLUMNS 64  /* doubles of a row: each element of a column lies on a line of its own */
#define BATCH 20    /* messages between two looks at the clock */
#define TURNS_MAX 1000

static const size_t rows_of[] = {16, 128, 2048, 16384, 131072};
#define SIZES (sizeof rows_of / sizeof rows_of[0])

static double *matrix, *line;
static int me;

static void by_type(size_t rows, dvm_type column)
{
    dvm_send(DVM_WORLD, 1, 1, matrix, 1, column);
}

static void by_hand(size_t rows, dvm_type column)
{
    for (size_t i = 0; i < rows; i++)
        line[i] = matrix[i * COLUMNS];
    dvm_send(DVM_WORLD, 1, 1, line, rows, DVM_DOUBLE);
}

static void messages(void (*way)(size_t, dvm_type), size_t rows, dvm_type column, int count)
{
    char answer = 0;

    for (int i = 0; i < count; i++) {
        if (me == 0) {
            way(rows, column);
            dvm_recv(DVM_WORLD, 1, 2, &answer, 1, DVM_BYTE, NULL);
        } else {
            dvm_recv(DVM_WORLD, 0, 1, line, rows, DVM_DOUBLE, NULL);
            dvm_send(DVM_WORLD, 0, 2, &answer, 1, DVM_BYTE);
        }
    }
}

static int order(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *list, int count)
{
    qsort(list, (size_t)count, sizeof *list, order);
    return list[count / 2];
}

static void measure(size_t rows, dvm_type column, int turns)
{
    static double type[TURNS_MAX], hand[TURNS_MAX];

    for (int t = 0; t < turns; t++) {
        double begin = dvm_wtime(), middle;

        messages(by_type, rows, column, BATCH);
        middle = dvm_wtime();
        messages(by_hand, rows, column, BATCH);
        type[t] = (middle - begin) / BATCH;
        hand[t] = (dvm_wtime() - middle) / BATCH;
    }
    if (me == 0) {
        double t = median(type, turns), h = median(hand, turns);

        printf("%8zu rows %10.2f us as a type %10.2f us by hand, ratio %.2f\n", rows, 1e6 * t,
               1e6 * h, t / h);
    }
}

int main(int argc, char **argv)
{
    size_t most = rows_of[SIZES - 1];
    dvm_type column;
    int turns = argc == 2 ? atoi(argv[1]) : 50;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    matrix = calloc(most * COLUMNS, sizeof *matrix);
    line = calloc(most, sizeof *line);
    if (turns < 1 || turns > TURNS_MAX || !matrix || !line)
        dvm_abort(DVM_WORLD, 1);
    for (size_t i = 0; i < SIZES; i++) {
        size_t rows = argc > 4 ? (size_t)atol(argv[3]) : rows_of[i];

        dvm_type_vector(rows, 1, COLUMNS, DVM_DOUBLE, &column);
        dvm_type_commit(column);
        if (argc > 4) {
            messages(strcmp(argv[2], "hand") == 0 ? by_hand : by_type, rows, column,
                     atoi(argv[4]));
            break;
        }
        measure(rows, column, turns);
        dvm_type_free(&column);
    }
    dvm_finalize();
    return 0;
}
