/* column.c: a column of a matrix as one message: as a derived type, and packed by hand into a
 * buffer that is sent. Rank 0 sends, rank 1 receives it in one piece and answers.
 */
#include <stddef.h>

#include "measure.h"

enum { COLUMNS = 64 }; /* doubles of a row: each element lies on a line of its own */

static double element(size_t row, unsigned salt)
{
    return (double)(row * 3 + salt);
}

static void prepare(size_t bytes, unsigned salt)
{
    double *matrix = (double *)(void *)out;
    size_t rows = bytes / sizeof *matrix, row;

    if (bytes * COLUMNS > LARGEST)
        wrong("column: too long for the buffers");
    number = sum = 0;
    for (row = 0; row < rows; row++)
        matrix[row * COLUMNS] = element(row, salt);
    memset(in, 0x5a, bytes);
}

/* The element of row 0 is the message's number. */
static int right(size_t bytes, unsigned salt, int calls)
{
    const double *column = (const double *)(const void *)in;
    size_t row;

    if (rank != 1)
        return 1;
    for (row = 1; row < bytes / sizeof *column; row++)
        if (column[row] != element(row, salt))
            return 0;
    return sum == numbers_until((uint64_t)calls);
}

static void by_type_once(size_t bytes)
{
    double *matrix = (double *)(void *)out;

    if (rank == 0) {
        put_number(out);
        api.send_column(1, TAG_WORK, matrix, bytes / sizeof *matrix, COLUMNS);
        api.receive(1, TAG_ANSWER, in, sizeof number);
    } else if (rank == 1) {
        api.receive_column(0, TAG_WORK, (double *)(void *)in, bytes / sizeof *matrix);
        take_number(in);
        api.send(0, TAG_ANSWER, spare, sizeof number);
    }
}

static void by_hand_once(size_t bytes)
{
    const double *matrix = (const double *)(const void *)out;
    double *line = (double *)(void *)spare;
    size_t rows = bytes / sizeof *matrix, row;

    if (rank == 0) {
        put_number(out);
        for (row = 0; row < rows; row++)
            line[row] = matrix[row * COLUMNS];
        api.send(1, TAG_WORK, line, bytes);
        api.receive(1, TAG_ANSWER, in, sizeof number);
    } else if (rank == 1) {
        api.receive(0, TAG_WORK, in, bytes);
        take_number(in);
        api.send(0, TAG_ANSWER, spare, sizeof number);
    }
}

const struct kind column = { prepare, by_type_once, right, offsetof(struct api, send_column) };
const struct kind hand_column = { prepare, by_hand_once, right, 0 };
