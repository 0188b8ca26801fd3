/* fold.c: see fold.h. A rank may join a line only behind its own last one,
 * so each rank remembers the number of that. A hash spares most comparisons.
 */
#include "console/run/fold.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"

static struct fold_line *line_at(struct fold *f, size_t i)
{
    return &f->lines[(f->first + i) % FOLD_LINES_MAX];
}

struct fold *fold_create(int tasks, bool (*out)(void *arg, const struct fold_line *line),
                         void *arg)
{
    struct fold *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->tasks = tasks;
    f->out = out;
    f->arg = arg;
    f->last = calloc((size_t)tasks, sizeof *f->last);
    if (!f->last) {
        free(f);
        return NULL;
    }
    return f;
}

/* Take the first line out; it is not told to anybody. */
static void drop_first(struct fold *f)
{
    struct fold_line *l = line_at(f, 0);

    f->bytes -= l->size;
    free(l->text);
    ranks_free(&l->ranks);
    f->first = (f->first + 1) % FOLD_LINES_MAX;
    f->count--;
    f->taken++;
}

void fold_free(struct fold *f)
{
    if (!f)
        return;
    while (f->count > 0)
        drop_first(f);
    free(f->last);
    free(f);
}

static bool let_out(struct fold *f)
{
    bool good = f->out(f->arg, line_at(f, 0));

    drop_first(f);
    return good;
}

/* The line that a rank may join, or NULL. */
static struct fold_line *find(struct fold *f, int fd, int rank, uint32_t hash, const char *text,
                              size_t size)
{
    size_t from = f->last[rank] > f->taken ? (size_t)(f->last[rank] - f->taken) : 0;

    for (size_t i = from; i < f->count; i++) {
        struct fold_line *l = line_at(f, i);

        if (l->hash == hash && l->fd == fd && l->size == size && !memcmp(l->text, text, size)) {
            f->last[rank] = f->taken + i + 1;
            return l;
        }
    }
    return NULL;
}

static bool append(struct fold *f, struct fold_line line, int rank, const char *text)
{
    line.text = malloc(line.size);
    if (!line.text || !ranks_make(&line.ranks, f->tasks)) {
        free(line.text);
        return false;
    }
    memcpy(line.text, text, line.size);
    ranks_add(&line.ranks, rank);
    f->bytes += line.size;
    *line_at(f, f->count++) = line;
    f->last[rank] = f->taken + f->count;
    return true;
}

bool fold_put(struct fold *f, int fd, int rank, int tid, const char *text, size_t size,
              double now, bool *joined)
{
    uint32_t hash = fnv32(FNV32_BEGIN, text, size);
    struct fold_line *l = find(f, fd, rank, hash, text, size);
    bool good = true;

    assert(rank >= 0 && rank < f->tasks && size > 0);
    *joined = l != NULL;
    if (l) {
        ranks_add(&l->ranks, rank);
        return fold_flush(f, now, false);
    }
    while (good && f->count > 0 &&
           (f->count == FOLD_LINES_MAX || f->bytes + size > FOLD_BYTES_MAX))
        good = let_out(f);
    return good && append(f, (struct fold_line){.fd = fd, .tid = tid, .since = now, .hash = hash,
                                                .size = size}, rank, text) &&
           fold_flush(f, now, false);
}

bool fold_flush(struct fold *f, double now, bool all)
{
    bool good = true;

    while (good && f->count > 0) {
        const struct fold_line *l = line_at(f, 0);

        if (!all && l->ranks.members < f->tasks && now < l->since + FOLD_SECONDS)
            break;
        good = let_out(f);
    }
    return good;
}

double fold_deadline(const struct fold *f)
{
    return f->count > 0 ? f->lines[f->first].since + FOLD_SECONDS : 0;
}
