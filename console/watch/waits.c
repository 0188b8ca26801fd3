/* waits.c: the implementation of waits.h.
 *
 * Many tasks wait in few places of a program, so each place is looked up once, all places
 * of a file together, and all in LINES_SECONDS: a table that is late is worse than one
 * with a number where a line could be.
 */
#include "console/watch/waits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/source.h"
#include "console/console.h"
#include "console/text/words.h"
#include "dvm.h"
#include "proto/board.h"
#include "proto/frame.h"

#define LINES_SECONDS 3.0
#define PEER_MAX (DVM_NAME_MAX + 48)
#define CONTEXT_OF_GROUP(context) ((context) & ~UINT64_C(1)) /* bit 0: its collectives */

/* A place in a file, as a daemon tells it. */
struct place {
    const Dvm__Pb__Waiting *key;
    char at[SOURCE_TEXT_MAX];
};

struct waits {
    const struct listing *listing;
    const Dvm__Pb__Task **tasks; /* by tid; owned */
    size_t task_count;
    struct place *places;        /* owned */
    size_t place_count;
};

/* ---- lines ---------------------------------------------------------------------------- */

static bool same_place(const Dvm__Pb__Waiting *a, const Dvm__Pb__Waiting *b)
{
    return a->offset == b->offset && a->module_bytes == b->module_bytes &&
           a->module_time == b->module_time && strcmp(a->module, b->module) == 0;
}

static struct place *place_of(const struct waits *w, const Dvm__Pb__Waiting *key)
{
    for (size_t i = 0; i < w->place_count; i++)
        if (same_place(w->places[i].key, key))
            return &w->places[i];
    return NULL;
}

/* Whether this computer has the file that the daemon told of. */
static bool have_file(const Dvm__Pb__Waiting *key)
{
    struct stat st;

    return key->module_bytes > 0 && stat(key->module, &st) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == key->module_bytes && st.st_mtim.tv_sec == key->module_time;
}

static void find_lines(struct waits *w)
{
    struct source *list = calloc(w->place_count + 1, sizeof *list);
    size_t count = 0;

    for (size_t i = 0; list && i < w->place_count; i++) {
        struct place *p = &w->places[i];

        /* the line of the call, not of what comes behind it */
        source_plain(p->key->module, p->key->offset - 1, p->at);
        list[i].module = "";
        if (have_file(p->key) &&
            source_address(p->key->module, p->key->offset - 1, &list[i].address))
            list[i].module = p->key->module;
        count++;
    }
    source_find(list, count, LINES_SECONDS);
    for (size_t i = 0; i < count; i++)
        if (list[i].text[0])
            memcpy(w->places[i].at, list[i].text, SOURCE_TEXT_MAX);
    free(list);
}

/* ---- all tasks -------------------------------------------------------------------------- */

static int by_tid(const void *a, const void *b)
{
    int x = (*(Dvm__Pb__Task *const *)a)->tid, y = (*(Dvm__Pb__Task *const *)b)->tid;

    return x < y ? -1 : x > y;
}

static size_t count_tasks(const struct listing *l)
{
    size_t count = 0;

    for (size_t i = 0; i < l->count; i++)
        count += l->replies[i] ? l->replies[i]->n_tasks : 0;
    return count;
}

static void take_task(struct waits *w, const Dvm__Pb__Task *task)
{
    const Dvm__Pb__Waiting *m = task->waiting;

    w->tasks[w->task_count++] = task;
    if (m && m->module[0] && m->offset && !place_of(w, m))
        w->places[w->place_count++].key = m;
}

struct waits *waits_create(const struct listing *l)
{
    struct waits *w = calloc(1, sizeof *w);
    size_t count = count_tasks(l);

    if (!w)
        return NULL;
    w->listing = l;
    w->tasks = calloc(count + 1, sizeof(*w->tasks));
    w->places = calloc(count + 1, sizeof *w->places);
    if (!w->tasks || !w->places) {
        waits_free(w);
        return NULL;
    }
    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            take_task(w, l->replies[i]->tasks[j]);
    qsort(w->tasks, w->task_count, sizeof(*w->tasks), by_tid);
    find_lines(w);
    return w;
}

void waits_free(struct waits *w)
{
    if (!w)
        return;
    free(w->tasks);
    free(w->places);
    free(w);
}

const Dvm__Pb__Task *waits_task(const struct waits *w, int tid)
{
    const Dvm__Pb__Task key = {.tid = tid}, *wanted = &key, **found = NULL;

    if (w && w->task_count > 0)
        found = bsearch(&wanted, w->tasks, w->task_count, sizeof(*w->tasks), by_tid);
    return found ? *found : NULL;
}

/* ---- words ------------------------------------------------------------------------------- */

const char *waits_state(const Dvm__Pb__Task *task)
{
    if (task->stopped)
        return "stopped";
    if (task->waiting)
        return "waiting";
    return task->looked ? "computing" : words_task_state(task->state);
}

const char *waits_at(const struct waits *w, const Dvm__Pb__Waiting *waiting)
{
    const struct place *p = w && waiting->module[0] ? place_of(w, waiting) : NULL;

    return p ? p->at : "";
}

/* The rank of whom a task waits for, of the world that both are of, else -1. */
static int world_rank(const struct waits *w, const Dvm__Pb__Task *task)
{
    const Dvm__Pb__Task *peer = waits_task(w, task->waiting->peer);

    return peer && task->world && peer->world == task->world ? (int)peer->rank : -1;
}

/* The same for a wait in that world, not in another group: else its rank there is another. */
static int peer_rank(const struct waits *w, const Dvm__Pb__Task *task)
{
    return CONTEXT_OF_GROUP(task->waiting->context) == task->world ? world_rank(w, task) : -1;
}

/* "rank 3" for a wait in the world, "0x40007 (rank 3 of the world)" in another group, "0x40007",
 * "host NAME", "anybody". Returns text. */
static char *peer_text(const struct waits *w, const Dvm__Pb__Task *task, char *text, size_t size)
{
    int tid = task->waiting->peer, rank = world_rank(w, task);
    const Dvm__Pb__Host *host =
        w && DVM_TID_OK(tid) && DVM_TID_N(tid) == 0 ? listing_host(w->listing, DVM_TID_SLOT(tid))
                                                    : NULL;

    if (peer_rank(w, task) >= 0)
        snprintf(text, size, "rank %d", rank);
    else if (rank >= 0)
        snprintf(text, size, "0x%x (rank %d of the world)", (unsigned)tid, rank);
    else if (host)
        snprintf(text, size, "host %s", host->name);
    else if (tid > 0)
        snprintf(text, size, "0x%x", (unsigned)tid);
    else
        snprintf(text, size, "anybody");
    return text;
}

/* What stands before the peer, and behind it (%s: the message's size). */
static const struct {
    const char *before, *behind;
} phrases[DVM_BOARD_WHY_END] = {
    [DVM_BOARD_MESSAGE] = {" from ", ""},
    [DVM_BOARD_MATCH] = {" to ", ", not received yet"},
    [DVM_BOARD_CREDIT] = {" to ", ", which gives no credit"},
    [DVM_BOARD_ROOM] = {" to ", ", no room on the way"},
    [DVM_BOARD_BYTES] = {", bytes under way with ", ""},
    [DVM_BOARD_COPIES] = {", no more copies before they are taken by ", ""},
    [DVM_BOARD_ANSWER] = {", answer of ", ""},
    [DVM_BOARD_END] = {", end of ", ""},
};

/* Add to a text of size bytes. */
__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *format,
                                                      ...)
{
    size_t used = strlen(text);
    va_list ap;

    va_start(ap, format);
    vsnprintf(text + used, size - used, format, ap);
    va_end(ap);
}

char *waits_text(const struct waits *w, const Dvm__Pb__Task *task, char *text)
{
    const Dvm__Pb__Waiting *m = task->waiting;
    char peer[PEER_MAX], age[WORDS_AGE_MAX];
    unsigned why;

    text[0] = '\0';
    if (!m)
        return text;
    why = m->why < DVM_BOARD_WHY_END ? m->why : 0;
    peer_text(w, task, peer, sizeof peer);
    add(text, WAITS_TEXT_MAX, "%s", dvm_board_call_name(m->call));
    if (m->requests > 1 && !dvm_board_collective(m->call))
        add(text, WAITS_TEXT_MAX, " of %u", m->requests);
    add(text, WAITS_TEXT_MAX, "%s%s",
        dvm_board_collective(m->call) ? ", for "
        : phrases[why].before         ? phrases[why].before
                                      : " with ",
        peer);
    if (m->tag >= 0 && why >= DVM_BOARD_MESSAGE && why <= DVM_BOARD_BYTES &&
        !dvm_board_collective(m->call))
        add(text, WAITS_TEXT_MAX, ", tag %d", m->tag);
    add(text, WAITS_TEXT_MAX, "%s", phrases[why].behind ? phrases[why].behind : "");
    if (waits_at(w, m)[0])
        add(text, WAITS_TEXT_MAX, ", at %s", waits_at(w, m));
    add(text, WAITS_TEXT_MAX, ", %s", words_age(age, m->seconds));
    if (m->threads > 1)
        add(text, WAITS_TEXT_MAX, " (and %u more threads)", m->threads - 1);
    return text;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *number_or_null(int64_t number, bool known)
{
    return known ? json_integer(number) : json_null();
}

json_t *waits_doing(const Dvm__Pb__Task *task)
{
    if (task->stopped)
        return json_string("stopped");
    if (task->waiting)
        return json_string("waiting");
    return task->looked ? json_string("computing") : json_null();
}

json_t *waits_json(const struct waits *w, const Dvm__Pb__Task *task)
{
    const Dvm__Pb__Waiting *m = task->waiting;
    char context[WORDS_HEX_MAX];
    const char *at;
    int rank;

    if (!m)
        return json_null();
    rank = peer_rank(w, task);
    at = waits_at(w, m);
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:s,s:I,s:f,s:I,s:I,s:o,s:o,s:I}", "call",
                     dvm_board_call_name(m->call), "why", dvm_board_why_name(m->why), "peer",
                     number_or_null(m->peer, m->peer > 0), "rank", number_or_null(rank, rank >= 0),
                     "tag", number_or_null(m->tag, m->tag >= 0), "context",
                     words_hex(context, m->context), "bytes", (json_int_t)m->bytes, "seconds",
                     m->seconds, "requests", (json_int_t)m->requests, "threads",
                     (json_int_t)m->threads, "at", at[0] ? console_text(at) : json_null(),
                     "module", m->module[0] ? console_text(m->module) : json_null(), "offset",
                     (json_int_t)m->offset);
}
