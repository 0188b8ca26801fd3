/* run_stdio.c: from a message with a task's output to where it goes.
 *
 *     message --> held, until a long line has ended --> file of the rank
 *                                                   --> fold  --> queue, with a tag
 *                                                   --> queue, with a tag or without
 *
 * A daemon sends whole lines, but for pieces of lines over 32 KiB (more), for a
 * question that stands a while without its end, and for the end of a stream. Pieces are
 * held here up to RUN_LINE_MAX; one that is longer still is said, and may be mixed. What
 * is held is acknowledged at once: the daemon may not send the rest of the line before.
 */
#include "console/run/run.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "proto/control.pb-c.h"

#define TAG_MAX (RANKS_TEXT_MAX + DVM_NAME_MAX + 32) /* bytes of a tag with colours and NUL */

#define ABOVE_MAX 3                                  /* lines that nobody minds in between */
#define TID_TEXT_MAX 16                              /* bytes of a tid as text with its NUL */

/* Bytes of one rank on their way. */
struct piece {
    int rank, tid, fd;
    const char *data;
    size_t size;
    bool acknowledged; /* before it goes out */
};

/* Colours that can be read on light and dark; red is for what is wrong. */
static const char *const colors[] = {"\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m",
                                     "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m"};
#define PLAIN "\033[0m"

static void put_tag(const struct run *r, int fd, int rank, const char *inside, char tag[TAG_MAX])
{
    if (console_colored(r->c, fd))
        snprintf(tag, TAG_MAX, "%s[%s]" PLAIN " ",
                 colors[(size_t)rank % (sizeof colors / sizeof colors[0])], inside);
    else
        snprintf(tag, TAG_MAX, "[%s] ", inside);
}

static const char *tag_of(const struct run *r, const struct piece *p, char tag[TAG_MAX])
{
    int slot = p->tid >> DVM_TID_N_BITS;
    char inside[DVM_NAME_MAX + 16];
    const char *host = "?";

    if (!r->tag && !r->fold)
        return NULL;
    if (slot > 0 && slot <= DVM_SLOT_MAX && r->host_names && r->host_names[slot][0])
        host = r->host_names[slot];
    if (r->fold)
        snprintf(inside, sizeof inside, "%d", p->rank);
    else
        snprintf(inside, sizeof inside, "%d %s", p->rank, host);
    put_tag(r, p->fd, p->rank, inside, tag);
    return tag;
}

static void no_memory(struct run *r)
{
    run_broken(r, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for output"));
}

static void put(struct run *r, const struct piece *p)
{
    char tag[TAG_MAX];
    const char *prefix = run_debug_owns(r, p->rank) ? NULL : tag_of(r, p, tag);

    if (!run_output_put(&r->output, p->fd, p->tid, prefix, p->data, p->size))
        no_memory(r);
    else if (p->acknowledged)
        run_output_taken(&r->output);
}

/* A line, or what several ranks wrote alike, leaves the fold. */
static bool unfold(void *arg, const struct fold_line *line)
{
    struct run *r = arg;
    char inside[RANKS_TEXT_MAX], tag[TAG_MAX];
    int rank = 0;

    while (!ranks_has(&line->ranks, rank))
        rank++;
    put_tag(r, line->fd, rank, ranks_text(&line->ranks, inside), tag);
    if (run_output_put(&r->output, line->fd, line->tid, tag, line->text, line->size))
        return true;
    no_memory(r);
    return false;
}

/* Make the fold, when one is asked for. Returns false when there is no memory. */
static bool have_fold(struct run *r)
{
    if (r->s->collapse && !r->fold)
        r->fold = fold_create(r->count, unfold, r);
    return !r->s->collapse || r->fold;
}

/* Bytes that are not lines go out as they are, and what stands before them first. */
static void put_around_fold(struct run *r, const struct piece *p)
{
    fold_flush(r->fold, 0, true);
    put(r, p);
}

static void fold_lines(struct run *r, struct run_stream_state *s, struct piece p)
{
    double now = clock_seconds();
    size_t joined_bytes = 0;

    while (p.size > 0 && !r->leaving) {
        const char *end = memchr(p.data, '\n', p.size);
        struct piece line = p;
        bool joined = false;

        line.size = end ? (size_t)(end + 1 - p.data) : p.size;
        if (s->middle || !end)
            put_around_fold(r, &line);
        else if (!fold_put(r->fold, p.fd, p.rank, p.tid, line.data, line.size, now, &joined))
            no_memory(r); /* said once */
        joined_bytes += joined ? line.size : 0;
        s->middle = !end;
        p.data += line.size;
        p.size -= line.size;
    }
    if (joined_bytes > 0)
        run_acknowledge(r, p.tid, joined_bytes);
}

static void emit(struct run *r, struct run_stream_state *s, const struct piece *p)
{
    int code;

    if (p->size == 0 || r->leaving)
        return;
    if (run_debug_owns(r, p->rank)) {
        put(r, p);
    } else if (r->files) {
        code = files_write(r->files, p->rank, p->fd, p->data, p->size);
        if (code)
            run_broken(r, code);
        else if (!p->acknowledged)
            run_acknowledge(r, p->tid, p->size);
    } else if (r->fold) {
        fold_lines(r, s, *p);
    } else {
        put(r, p);
    }
}

/* As emit, but for lines that are only counted: whole ones, on stderr. */
static void emit_news(struct run *r, struct run_stream_state *s, const struct piece *p)
{
    struct piece line = *p;

    if (!run_stopped(r) || p->fd != STDERR_FILENO || s->split || r->files ||
        run_debug_owns(r, p->rank)) {
        emit(r, s, p);
        return;
    }
    for (size_t at = 0; at < p->size; at += line.size) {
        const char *end = memchr(p->data + at, '\n', p->size - at);

        line.data = p->data + at;
        line.size = end ? (size_t)(end + 1 - line.data) : p->size - at;
        if (!run_echo(r, line.data, line.size))
            emit(r, s, &line);
        else if (!p->acknowledged)
            run_acknowledge(r, p->tid, line.size);
    }
}

static void let_go(struct run *r, struct run_stream_state *s, struct piece p)
{
    char *held = s->held;

    if (!held)
        return;
    p.data = held;
    p.size = s->held_size;
    p.acknowledged = true;
    s->held = NULL;
    s->held_size = 0;
    emit(r, s, &p);
    free(held);
}

/* Keep a piece of a long line; false when it must go out, because it is too long. */
static bool hold(struct run *r, struct run_stream_state *s, const struct piece *p)
{
    char *more;

    if (s->split || s->held_size + p->size > RUN_LINE_MAX) {
        if (!s->split && !r->files)
            run_say(r, "rank %d writes a line of over %d bytes; lines of others may come "
                       "between its pieces", p->rank, RUN_LINE_MAX);
        s->split = true;
        return false;
    }
    more = realloc(s->held, s->held_size + p->size);
    if (!more) {
        no_memory(r);
        return true;
    }
    memcpy(more + s->held_size, p->data, p->size);
    s->held = more;
    s->held_size += p->size;
    run_acknowledge(r, p->tid, p->size);
    return true;
}

/* Keep the last line of stderr, in case it is the last. */
static void keep_last(struct run_task *t, const char *data, size_t size)
{
    bool ends = size > 0 && data[size - 1] == '\n';
    const char *begin;
    size_t used;

    while (size > 0 && data[size - 1] == '\n')
        size--;
    if (size == 0) {
        t->last_ended = t->last_ended || ends;
        return;
    }
    begin = memrchr(data, '\n', size);
    begin = begin ? begin + 1 : data;
    if (!t->last)
        t->last = calloc(RUN_LAST_MAX, 1);
    if (!t->last)
        return;
    used = begin > data || t->last_ended ? 0 : strlen(t->last);
    for (; begin < data + size && used < RUN_LAST_MAX - 1; begin++)
        t->last[used++] = (unsigned char)*begin < ' ' || *begin == 0x7f ? ' ' : *begin;
    t->last[used] = '\0';
    t->last_ended = ends;
}

/* A task that a task of this run has spawned: its rank is one of another world. One whose
 * tids are not known yet has spawned nothing. */
static bool is_guest(const struct run *r, const Dvm__Pb__Stdio *m)
{
    return m->rank >= (uint32_t)r->count ||
           (r->tasks[m->rank].tid != 0 && r->tasks[m->rank].tid != m->tid);
}

/* Guests have neither files nor a part in the fold; where there are tags they go by tid. */
static void emit_guest(struct run *r, int fd, const Dvm__Pb__Stdio *m)
{
    char inside[TID_TEXT_MAX], tag[TAG_MAX];
    bool tagged = r->tag || r->fold || r->files;

    if (r->fold)
        fold_flush(r->fold, 0, true);
    snprintf(inside, sizeof inside, "%#x", (unsigned)m->tid);
    put_tag(r, fd, m->tid, inside, tag);
    if (!run_output_put(&r->output, fd, m->tid, tagged ? tag : NULL, m->data.data, m->data.len))
        no_memory(r);
}

void run_stdio(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__Stdio *m = dvm__pb__stdio__unpack(NULL, length, payload);
    struct run_stream_state *s;
    struct piece p;

    if (!have_fold(r))
        no_memory(r);
    if (!m || r->leaving || is_guest(r, m)) {
        if (m && !r->leaving)
            emit_guest(r, m->stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO, m);
        dvm__pb__stdio__free_unpacked(m, NULL);
        return;
    }
    p = (struct piece){.rank = (int)m->rank, .tid = m->tid, .data = (const char *)m->data.data,
                       .size = m->data.len,
                       .fd = m->stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO};
    s = &r->tasks[m->rank].streams[p.fd - STDOUT_FILENO];
    if (p.fd == STDERR_FILENO)
        keep_last(&r->tasks[m->rank], p.data, p.size);
    if (!m->more || !hold(r, s, &p)) {
        let_go(r, s, p);
        emit_news(r, s, &p);
    }
    s->split = s->split && m->more;
    dvm__pb__stdio__free_unpacked(m, NULL);
}

void run_stdio_end(struct run *r, int rank)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        let_go(r, &r->tasks[rank].streams[fd - STDOUT_FILENO],
               (struct piece){.rank = rank, .tid = r->tasks[rank].tid, .fd = fd});
}

/* Whether a line stands at the end of stderr, as that task's or another's, but for a few of the
 * console's own words. */
static bool stands_above(const struct run *r, const char *line)
{
    const struct run_stream *err = &r->output.streams[STDERR_FILENO];

    if (r->files || err->own > ABOVE_MAX)
        return false;
    for (int i = 0; i < r->count; i++)
        if (r->tasks[i].tid == err->task)
            return r->tasks[i].last && !strcmp(r->tasks[i].last, line);
    return false;
}

const char *run_stdio_last(struct run *r, int rank)
{
    const char *last = r->tasks[rank].last;

    if (r->fold)
        fold_flush(r->fold, 0, true);
    return !last || !last[0] || stands_above(r, last) ? NULL : last;
}

void run_stdio_free(struct run *r)
{
    for (int i = 0; i < r->count; i++) {
        free(r->tasks[i].streams[0].held);
        free(r->tasks[i].streams[1].held);
        free(r->tasks[i].last);
    }
    fold_free(r->fold);
}
