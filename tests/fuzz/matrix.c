/* A Matrix Market file from anywhere: it is refused in words, or all its entries lie
 * in the matrix, which then can be put into rows or is refused in words, too. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the examples see the public header only and are in no library */
#include "examples/common/csr.c"
#include "examples/common/mm.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENTENCE 256

static void check_entries(const struct mm *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->row[i] < 0 || m->row[i] >= m->rows || m->column[i] < 0 ||
            m->column[i] >= m->columns || !isfinite(m->value[i]))
            abort();
}

static void check_rows(const struct csr *c)
{
    for (int64_t i = 0; i < c->rows; i++)
        if (c->start[i + 1] <= c->start[i])
            abort(); /* an empty row should have been refused */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    char error[SENTENCE] = "";
    struct mm m;
    struct csr c;

    if (!file)
        return 0;
    if (mm_read(file, &m, error, sizeof error) == 0) {
        check_entries(&m);
        if (csr_from_mm(&m, &c, error, sizeof error) == 0) {
            check_rows(&c);
            csr_free(&c);
        } else if (!error[0]) {
            abort();
        }
        mm_free(&m);
    } else if (!error[0] || !memchr(error, 0, sizeof error)) {
        abort();
    }
    fclose(file);
    return 0;
}
