/* output.c: see output.h.
 *
 * A block is filled with what its stream says next, so that short lines cost little more
 * than their bytes, and what is dropped are whole lines. The share of a task shrinks as
 * there are more that run: a thousand talkative tasks cannot take more than the host has
 * set aside, and none of them loses all for another.
 */
#include "daemon/watch/output.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/watch/lines.h"

#define ROOM_FIRST 128   /* bytes of a new block */
#define BLOCKS_A_SHARE 4 /* at least, but for long lines */

void output_begin(struct output *o, size_t task_max, size_t host_max)
{
    *o = (struct output){.task_max = task_max, .host_max = host_max};
}

const struct output_log *output_find(const struct output *o, int tid)
{
    return table_get(&o->logs, (uint64_t)tid);
}

uint64_t output_begins(const struct output_log *log)
{
    return log->first ? log->first->at : log->end;
}

/* ---- what goes ------------------------------------------------------------------- */

static size_t cost_of(const struct output_block *b)
{
    return sizeof *b + b->room;
}

static void drop_block(struct output *o, struct output_log *log)
{
    struct output_block *b = log->first;

    log->first = b->next;
    if (!log->first)
        log->last = NULL;
    log->cost -= cost_of(b);
    o->cost -= cost_of(b);
    free(b);
}

static void drop_log(struct output *o, struct output_log *log)
{
    while (log->first)
        drop_block(o, log);
    table_take(&o->logs, (uint64_t)log->tid);
    free(log);
}

static void drop_first_ended(struct output *o)
{
    struct output_log *log = o->first_ended;

    o->first_ended = log->next_ended;
    if (!o->first_ended)
        o->last_ended = NULL;
    o->ended--;
    drop_log(o, log);
}

/* Bytes that a task may keep now. */
static size_t share(const struct output *o)
{
    size_t even = o->host_max / (o->alive ? o->alive : 1);

    return even < o->task_max ? even : o->task_max;
}

/* Bytes of a block: a share is several. */
static size_t block_max(const struct output *o)
{
    size_t part = share(o) / BLOCKS_A_SHARE;

    return part < ROOM_FIRST ? ROOM_FIRST : part < OUTPUT_BLOCK_MAX ? part : OUTPUT_BLOCK_MAX;
}

/* speaks: the last block stays, as it is what the task said just now. */
static void trim(struct output *o, struct output_log *log, bool speaks)
{
    while (log->cost > share(o) && (!speaks || log->first != log->last))
        drop_block(o, log);
}

static void make_room(struct output *o, struct output_log *log)
{
    struct output_log *other;
    size_t at = 0;

    trim(o, log, true);
    while (o->cost > o->host_max && o->first_ended)
        drop_first_ended(o);
    if (o->cost <= o->host_max)
        return;
    while ((other = table_next(&o->logs, &at)))
        trim(o, other, other == log);
}

/* ---- what comes ------------------------------------------------------------------ */

/* The tid of an ended task is given to another: its log goes. */
static void replace(struct output *o, struct output_log *log)
{
    struct output_log *before = NULL, *at = o->first_ended;

    for (; at != log; at = at->next_ended)
        before = at;
    if (before)
        before->next_ended = log->next_ended;
    else
        o->first_ended = log->next_ended;
    if (o->last_ended == log)
        o->last_ended = before;
    o->ended--;
    drop_log(o, log);
}

static struct output_log *log_of(struct output *o, int tid)
{
    struct output_log *log = table_get(&o->logs, (uint64_t)tid);

    if (log && !log->ended)
        return log;
    if (log)
        replace(o, log);
    log = calloc(1, sizeof *log);
    if (!log || table_put(&o->logs, (uint64_t)tid, log)) {
        free(log);
        return NULL;
    }
    log->tid = tid;
    o->alive++;
    return log;
}

/* Room for size more bytes in the last block, if they belong there. */
static bool extend(struct output *o, struct output_log *log, int stream, size_t size)
{
    struct output_block *b = log->last, *bigger, *before = NULL;
    size_t room;

    if (!b || b->stream != stream || b->size + size > block_max(o) ||
        b->at + b->size != log->end)
        return false;
    if (b->size + size <= b->room)
        return true;
    for (room = b->room; room < b->size + size; room *= 2)
        continue;
    for (struct output_block *at = log->first; at != b; at = at->next)
        before = at;
    bigger = realloc(b, sizeof *b + room);
    if (!bigger)
        return false;
    log->cost += room - bigger->room;
    o->cost += room - bigger->room;
    bigger->room = (uint32_t)room;
    log->last = bigger;
    if (before)
        before->next = bigger;
    else
        log->first = bigger;
    return true;
}

static bool append_block(struct output *o, struct output_log *log, int stream, size_t size)
{
    size_t room = size < ROOM_FIRST ? ROOM_FIRST : size;
    struct output_block *b = malloc(sizeof *b + room);

    if (!b)
        return false;
    *b = (struct output_block){.at = log->end, .room = (uint32_t)room, .stream = stream};
    if (log->last)
        log->last->next = b;
    else
        log->first = b;
    log->last = b;
    log->cost += cost_of(b);
    o->cost += cost_of(b);
    return true;
}

/* How much of the bytes goes into one block: whole lines, or as much of a long one as
 * there is. */
static size_t portion(const char *bytes, size_t size, size_t most)
{
    const char *nl;

    if (size <= most)
        return size;
    nl = memrchr(bytes, '\n', most);
    if (!nl)
        nl = memchr(bytes, '\n', size);
    return nl ? (size_t)(nl + 1 - bytes) : size;
}

void output_add(struct output *o, int tid, int stream, const char *bytes, size_t size)
{
    struct output_log *log = log_of(o, tid);

    while (log && size > 0) {
        size_t part = portion(bytes, size, block_max(o));

        if (extend(o, log, stream, part) || append_block(o, log, stream, part)) {
            memcpy(log->last->bytes + log->last->size, bytes, part);
            log->last->size += (uint32_t)part;
        }
        log->end += part;
        bytes += part;
        size -= part;
        make_room(o, log);
    }
}

void output_end(struct output *o, int tid)
{
    struct output_log *log = table_get(&o->logs, (uint64_t)tid);

    if (!log || log->ended)
        return;
    log->ended = true;
    o->alive--;
    if (o->last_ended)
        o->last_ended->next_ended = log;
    else
        o->first_ended = log;
    o->last_ended = log;
    if (++o->ended > OUTPUT_ENDED_MAX)
        drop_first_ended(o);
}

/* ---- what is asked for ------------------------------------------------------------- */

static bool is_of(const struct output_block *b, int stream)
{
    return stream == 0 || b->stream == stream;
}

uint64_t output_tail(const struct output_log *log, int stream, uint32_t lines)
{
    uint64_t begin = log->end;
    size_t count = 0;
    const struct output_block **list;
    const struct output_block *last = NULL;

    for (const struct output_block *b = log->first; b; b = b->next)
        count += is_of(b, stream);
    list = malloc((count + 1) * sizeof *list);
    if (!list || lines == 0) {
        free(list);
        return lines == 0 ? log->end : output_begins(log);
    }
    count = 0;
    for (const struct output_block *b = log->first; b; b = b->next)
        if (is_of(b, stream))
            last = list[count++] = b;
    if (last && last->size && last->bytes[last->size - 1] != '\n')
        lines--; /* the line that has no end yet is one of them */
    while (count > 0) {
        const struct output_block *b = list[--count];
        size_t at = lines_tail(b->bytes, b->size, &lines);

        begin = b->at + at;
        if (at > 0)
            break;
        /* the block before may end with the line that this one begins with */
    }
    free(list);
    return begin;
}

bool output_piece(const struct output_log *log, int stream, size_t most, uint64_t *at,
                  struct output_piece *piece)
{
    for (const struct output_block *b = log->first; b; b = b->next) {
        size_t skip = *at > b->at ? (size_t)(*at - b->at) : 0;

        if (skip >= b->size || !is_of(b, stream))
            continue;
        *piece = (struct output_piece){b->stream, b->bytes + skip, b->size - skip};
        if (piece->size > most)
            piece->size = most;
        *at = b->at + skip + piece->size;
        return true;
    }
    *at = log->end;
    return false;
}

void output_free(struct output *o)
{
    struct output_log *log;
    size_t at = 0;

    while ((log = table_next(&o->logs, &at))) {
        while (log->first)
            drop_block(o, log);
        free(log);
    }
    table_free(&o->logs);
    *o = (struct output){0};
}
