/* run_output.c: the queue of what tasks write.
 *
 * One buffer holds the bytes, an array of pieces says to which descriptor and
 * task they belong; neighbours for the same descriptor go out in one write. The
 * descriptors are shared with whoever started the console, so they are not made
 * nonblocking; instead poll is asked first, and a write to anything but a file
 * has at most PIPE_BUF bytes, which a writable pipe takes without waiting.
 * A daemon stops reading a task's output when too much is unacknowledged; so what
 * is kept here is bounded by the daemon's windows.
 */
#include "console/run/run_output.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_FIRST 65536 /* room of the buffer at first */
#define PIECES_FIRST 64
#define FILE_WRITE_MAX (1024 * 1024) /* bytes of one write to a file */

static size_t most_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
        return FILE_WRITE_MAX;
    return PIPE_BUF;
}

/* Whether stdout and stderr are one terminal, file or pipe. */
static bool one_place(void)
{
    struct stat out, err;

    return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
           out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

void run_output_begin(struct run_output *o, bool raw,
                      void (*written)(void *arg, int tid, uint64_t bytes), void *arg)
{
    *o = (struct run_output){.same = one_place(), .raw = raw, .written = written, .arg = arg};
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        o->streams[fd].most = most_of(fd);
}

void run_output_free(struct run_output *o)
{
    free(o->bytes);
    free(o->pieces);
    o->bytes = NULL;
    o->pieces = NULL;
}

size_t run_output_waiting(const struct run_output *o)
{
    return o->end - o->begin;
}

int run_output_fd(const struct run_output *o)
{
    return o->first < o->last ? o->pieces[o->first].fd : -1;
}

/* Make room for size more bytes at the end. */
static bool reserve_bytes(struct run_output *o, size_t size)
{
    size_t room = o->room ? o->room : BYTES_FIRST;
    char *more;

    if (o->begin > 0 && (o->begin == o->end || o->end + size > o->room)) {
        memmove(o->bytes, o->bytes + o->begin, o->end - o->begin);
        o->end -= o->begin;
        o->begin = 0;
    }
    if (o->end + size <= o->room)
        return true;
    while (room < o->end + size)
        room *= 2;
    more = realloc(o->bytes, room);
    if (!more)
        return false;
    o->bytes = more;
    o->room = room;
    return true;
}

static bool reserve_piece(struct run_output *o)
{
    size_t places = o->places ? 2 * o->places : PIECES_FIRST;
    struct run_piece *more;

    if (o->first == o->last)
        o->first = o->last = 0;
    if (o->last < o->places)
        return true;
    if (o->first > o->places / 2) {
        memmove(o->pieces, o->pieces + o->first, (o->last - o->first) * sizeof *o->pieces);
        o->last -= o->first;
        o->first = 0;
        return true;
    }
    more = realloc(o->pieces, places * sizeof *more);
    if (!more)
        return false;
    o->pieces = more;
    o->places = places;
    return true;
}

static void append(struct run_output *o, const void *data, size_t size)
{
    assert(o->end + size <= o->room);
    memcpy(o->bytes + o->end, data, size);
    o->end += size;
}

/* How many lines begin in the data, at most. */
static size_t lines_of(const char *data, size_t size)
{
    size_t lines = 1;
    const char *at = data, *end = data + size;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        lines++;
    }
    return lines;
}

/* Append the data with the prefix in front of each line that begins in it. */
static void append_lines(struct run_output *o, const struct run_stream *st, const char *prefix,
                         const char *data, size_t size)
{
    bool begins = !st->middle;

    for (size_t at = 0; at < size; begins = true) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) + 1 - at : size - at;

        if (begins)
            append(o, prefix, strlen(prefix));
        append(o, data + at, length);
        at += length;
    }
}

/* Whether a line that has not ended stands where these bytes go, and is none of theirs. */
static bool ends_other(struct run_output *o, int fd, int tid)
{
    const struct run_stream *st = &o->streams[fd];
    struct run_stream *other = &o->streams[STDOUT_FILENO + STDERR_FILENO - fd];
    bool ends = st->middle && st->tid != tid;

    if (o->same && other->middle) {
        ends = other->tid != tid || !o->raw;
        other->middle = false;
    }
    return ends;
}

bool run_output_put(struct run_output *o, int fd, int tid, const char *prefix, const void *data,
                    size_t size)
{
    struct run_stream *st = &o->streams[fd];
    size_t need = size + 1, before;

    assert(fd == STDOUT_FILENO || fd == STDERR_FILENO);
    if (size == 0)
        return true;
    if (prefix)
        need += lines_of(data, size) * strlen(prefix);
    if (!reserve_bytes(o, need) || !reserve_piece(o))
        return false;
    before = o->end;
    if (ends_other(o, fd, tid)) {
        append(o, "\n", 1);
        st->middle = false;
    }
    if (prefix)
        append_lines(o, st, prefix, data, size);
    else
        append(o, data, size);
    o->pieces[o->last++] =
        (struct run_piece){.fd = fd, .tid = tid, .bytes = o->end - before, .data = tid ? size : 0};
    st->tid = tid;
    st->task = tid ? tid : st->task;
    st->own = tid ? 0 : st->own + 1;
    st->middle = ((const char *)data)[size - 1] != '\n';
    return true;
}

void run_output_taken(struct run_output *o)
{
    assert(o->last > o->first);
    o->pieces[o->last - 1].data = 0;
}

void run_output_typed(struct run_output *o)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        o->streams[fd].middle = o->streams[fd].middle && !isatty(fd);
}

bool run_output_say(struct run_output *o, const char *line)
{
    char *text;
    int size = asprintf(&text, "%s\n", line);
    bool good = size >= 0 && run_output_put(o, STDERR_FILENO, 0, NULL, text, (size_t)size);

    if (size >= 0)
        free(text);
    return good;
}

/* Take bytes that were written off the front, and tell of each task's share. */
static void drop(struct run_output *o, size_t bytes)
{
    int tid = 0;
    uint64_t told = 0;

    o->begin += bytes;
    while (o->first < o->last && bytes >= o->pieces[o->first].bytes) {
        const struct run_piece *p = &o->pieces[o->first++];

        bytes -= p->bytes;
        if (told && p->tid != tid) {
            o->written(o->arg, tid, told);
            told = 0;
        }
        tid = p->tid;
        told += p->data;
    }
    if (bytes > 0)
        o->pieces[o->first].bytes -= bytes;
    if (told)
        o->written(o->arg, tid, told);
}

/* Bytes at the front that go to the same descriptor. */
static size_t front(const struct run_output *o, int fd, size_t most)
{
    size_t bytes = 0;

    for (size_t i = o->first; i < o->last && o->pieces[i].fd == fd && bytes < most; i++)
        bytes += o->pieces[i].bytes;
    return bytes < most ? bytes : most;
}

void run_output_flush(struct run_output *o)
{
    while (!o->broken && o->first < o->last) {
        int fd = run_output_fd(o);
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        ssize_t written;

        if (poll(&p, 1, 0) <= 0)
            return;
        written = write(fd, o->bytes + o->begin, front(o, fd, o->streams[fd].most));
        if (written > 0)
            drop(o, (size_t)written);
        else if (written < 0 && errno == EAGAIN)
            return;
        else if (written < 0 && errno != EINTR)
            o->broken = errno;
    }
}
