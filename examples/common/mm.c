/* mm.c: reads sparse matrices in Matrix Market format.
 *
 * A file is untrusted: it may promise 10^9 entries and hold none. So nothing is
 * allocated by what the size line says; the lists grow by doubling while entries
 * really come, and the numbers of the size line only limit what is accepted.
 * Lines are read into a fixed buffer (the format allows 1,024 characters; only
 * comments may be longer) and taken apart by three small functions, each of
 * which moves a cursor and says whether it found what it was looking for.
 *
 * The format: a banner, comments that open with %, a line "rows columns entries",
 * then one line "row column [value]" for each entry, numbered from 1.
 */
#include "mm.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1026 }; /* 1,024 characters, the line's end, the final NUL */

enum field { FIELD_REAL, FIELD_INTEGER, FIELD_PATTERN };

struct reader {
    FILE *file;         /* borrowed */
    struct mm matrix;   /* what has been read so far */
    size_t room;        /* places in its lists */
    uint64_t promised;  /* entries, by the size line */
    enum field field;
    unsigned long line; /* number of the line in text, from 1 */
    char text[LINE_SIZE];
    char *error;        /* borrowed */
    size_t error_size;
};

/* Store "line N: sentence" (without the line when there is none yet). */
__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *format,
                                                      ...)
{
    char sentence[200];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (r->line)
        snprintf(r->error, r->error_size, "line %lu: %s", r->line, sentence);
    else
        snprintf(r->error, r->error_size, "%s", sentence);
    return -1;
}

/* Read the next line without its end. Returns 1, 0 at the end of the file, -1 on
 * an error. The tail of a comment that is too long is skipped. */
static int next_line(struct reader *r)
{
    size_t length = 0;
    int c = getc(r->file);

    if (c == EOF)
        return ferror(r->file) ? fail(r, "cannot read on: %s", strerror(errno)) : 0;
    r->line++;
    for (; c != EOF && c != '\n'; c = getc(r->file)) {
        if (length < LINE_SIZE - 1)
            r->text[length++] = (char)c;
        else if (r->text[0] != '%')
            return fail(r, "longer than 1024 characters");
        if (c == '\0')
            return fail(r, "a NUL byte: this is no text file");
    }
    if (ferror(r->file))
        return fail(r, "cannot read on: %s", strerror(errno));
    r->text[length] = '\0';
    return 1;
}

static void skip_blanks(char **at)
{
    *at += strspn(*at, " \t\r\f\v");
}

/* As next_line, but passes over comments and empty lines. */
static int next_content(struct reader *r)
{
    for (;;) {
        char *at = r->text;
        int got = next_line(r);

        if (got <= 0)
            return got;
        skip_blanks(&at);
        if (*at != '\0' && *at != '%')
            return 1;
    }
}

/* Take a word, in lower case: the banner's may be written in any. Returns 1 if
 * there is one that fits. */
static int take_word(char **at, char *word, size_t size)
{
    size_t length, i;

    skip_blanks(at);
    length = strcspn(*at, " \t\r\f\v");
    if (length == 0 || length >= size)
        return 0;
    for (i = 0; i < length; i++)
        word[i] = (char)tolower((unsigned char)(*at)[i]);
    word[length] = '\0';
    *at += length;
    return 1;
}

/* Take a whole number from 0 to limit that ends at a blank or the line's end. */
static int take_count(char **at, uint64_t limit, uint64_t *number)
{
    uint64_t n = 0;
    char *first;

    skip_blanks(at);
    for (first = *at; **at >= '0' && **at <= '9'; ++*at) {
        uint64_t digit = (uint64_t)(**at - '0');

        if (n > limit / 10 || digit > limit - n * 10)
            return 0;
        n = n * 10 + digit;
    }
    *number = n;
    return *at != first && strchr(" \t\r\f\v", **at) != NULL; /* finds the NUL, too */
}

/* Take a finite decimal number (strtod alone would take "inf" and "0x1p3"). */
static int take_value(char **at, enum field field, double *value)
{
    char *first;
    char *end;
    size_t length;

    skip_blanks(at);
    first = *at;
    length = strspn(first, field == FIELD_INTEGER ? "+-0123456789" : "+-.0123456789eEdD");
    if (length == 0 || !strchr(" \t\r\f\v", first[length]))
        return 0;
    for (end = first; end < first + length; end++)
        if (*end == 'd' || *end == 'D') /* Fortran programs write 1.0D+00 */
            *end = 'e';
    *value = strtod(first, &end);
    *at = first + length;
    return end == *at && isfinite(*value);
}

static int at_line_end(char **at)
{
    skip_blanks(at);
    return **at == '\0';
}

/* The banner: %%MatrixMarket matrix coordinate FIELD SYMMETRY */
static int read_banner(struct reader *r)
{
    char word[5][32];
    char *at = r->text;
    int got = next_line(r);
    int i;

    if (got <= 0)
        return got < 0 ? -1 : fail(r, "the file is empty");
    for (i = 0; i < 5; i++)
        if (!take_word(&at, word[i], sizeof word[i]))
            break;
    if (i == 0 || strcmp(word[0], "%%matrixmarket") != 0)
        return fail(r, "no Matrix Market file: it does not open with %%%%MatrixMarket");
    if (i < 5 || !at_line_end(&at))
        return fail(r, "the banner should have five words");
    if (strcmp(word[1], "matrix") != 0)
        return fail(r, "the file holds a '%s', not a matrix", word[1]);
    if (strcmp(word[2], "coordinate") != 0)
        return fail(r, "the format '%s' is not read, only coordinate is", word[2]);
    if (strcmp(word[3], "real") == 0 || strcmp(word[3], "double") == 0)
        r->field = FIELD_REAL;
    else if (strcmp(word[3], "integer") == 0)
        r->field = FIELD_INTEGER;
    else if (strcmp(word[3], "pattern") == 0)
        r->field = FIELD_PATTERN;
    else
        return fail(r, "'%s' entries are not read, only real, integer and pattern", word[3]);
    r->matrix.symmetric = strcmp(word[4], "symmetric") == 0;
    if (!r->matrix.symmetric && strcmp(word[4], "general") != 0)
        return fail(r, "'%s' is not read, only general and symmetric are", word[4]);
    return 0;
}

/* The size line: rows columns entries */
static int read_size(struct reader *r)
{
    uint64_t rows, columns;
    char *at = r->text;
    int got = next_content(r);

    if (got <= 0)
        return got < 0 ? -1 : fail(r, "the file ends before the line with its size");
    if (!take_count(&at, INT_MAX, &rows) || !take_count(&at, INT_MAX, &columns) ||
        !take_count(&at, SIZE_MAX / 64, &r->promised) || !at_line_end(&at))
        return fail(r, "expected rows, columns and entries, the first two up to %d", INT_MAX);
    if (r->matrix.symmetric && rows != columns)
        return fail(r, "a symmetric matrix is square, this one is not");
    if (r->promised > rows * columns) /* below 2^62 */
        return fail(r, "more entries than places in the matrix");
    r->matrix.rows = (int)rows;
    r->matrix.columns = (int)columns;
    return 0;
}

/* Make the lists longer; on failure the old ones stay for mm_free. */
static int grow(struct reader *r)
{
    size_t room = r->room ? r->room * 2 : 256;
    int *row = realloc(r->matrix.row, room * sizeof *row);
    int *column;
    double *value;

    if (row)
        r->matrix.row = row;
    column = realloc(r->matrix.column, room * sizeof *column);
    if (column)
        r->matrix.column = column;
    value = realloc(r->matrix.value, room * sizeof *value);
    if (value)
        r->matrix.value = value;
    if (!row || !column || !value)
        return fail(r, "no memory for %zu entries", room);
    r->room = room;
    return 0;
}

static int add(struct reader *r, int row, int column, double value)
{
    struct mm *m = &r->matrix;

    if (m->count == r->room && grow(r) != 0)
        return -1;
    m->row[m->count] = row;
    m->column[m->count] = column;
    m->value[m->count] = value;
    m->count++;
    return 0;
}

/* One entry: row column [value] */
static int read_entry(struct reader *r)
{
    struct mm *m = &r->matrix;
    char *at = r->text;
    uint64_t row, column;
    double value = 1;

    if (!take_count(&at, INT_MAX, &row) || row < 1 || row > (uint64_t)m->rows)
        return fail(r, "expected a row from 1 to %d", m->rows);
    if (!take_count(&at, INT_MAX, &column) || column < 1 || column > (uint64_t)m->columns)
        return fail(r, "expected a column from 1 to %d", m->columns);
    if (r->field != FIELD_PATTERN && !take_value(&at, r->field, &value))
        return fail(r, "expected %s after row and column",
                    r->field == FIELD_INTEGER ? "a whole number" : "a finite number");
    if (!at_line_end(&at))
        return fail(r, "more on the line than one entry");
    if (m->symmetric && column > row)
        return fail(r, "above the diagonal: a symmetric file holds the lower half only");
    if (add(r, (int)row - 1, (int)column - 1, value) != 0)
        return -1;
    return m->symmetric && row != column ? add(r, (int)column - 1, (int)row - 1, value) : 0;
}

static int read_all(struct reader *r)
{
    uint64_t entries;
    int got;

    if (read_banner(r) != 0 || read_size(r) != 0)
        return -1;
    for (entries = 0; (got = next_content(r)) > 0; entries++) {
        if (entries == r->promised)
            return fail(r, "more entries than the %llu of the size line",
                        (unsigned long long)r->promised);
        if (read_entry(r) != 0)
            return -1;
    }
    if (got == 0 && entries < r->promised)
        return fail(r, "the file ends after %llu of %llu entries",
                    (unsigned long long)entries, (unsigned long long)r->promised);
    return got;
}

int mm_read(FILE *file, struct mm *out, char *error, size_t size)
{
    struct reader r = { .file = file, .error = error, .error_size = size };

    if (read_all(&r) != 0) {
        mm_free(&r.matrix);
        return -1;
    }
    *out = r.matrix;
    return 0;
}

void mm_free(struct mm *matrix)
{
    free(matrix->row);
    free(matrix->column);
    free(matrix->value);
    memset(matrix, 0, sizeof *matrix);
}
