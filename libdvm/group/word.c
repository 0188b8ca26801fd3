/* word.c: taking in words; see word.h.
 *
 * A word that has come waits as an unexpected message and is noted here. After the progress in
 * which it came it is received, whether it came whole or was only announced, and handed to whom
 * its tag is for. One for a group that this task has not made yet waits until it has.
 */
#include "group/word.h"

#include <stdlib.h>
#include <string.h>

#include "group/context.h"
#include "group/survive.h"
#include "match/match.h"
#include "type/type.h"

#define WORD_BYTES_MAX 65536 /* a longer one is nobody's */
#define EARLY_MAX 4096       /* words for groups that are not known, before the first is dropped */

struct word {
    struct word *next;
    struct match_result what;
    struct dvm_request *request; /* its receive; NULL: not begun */
    uint8_t bytes[];
};

struct words {
    struct word *first, **end;
    size_t count;
};

static struct words came;  /* to be taken in */
static struct words early; /* for groups that are not known */

word_f *word_on_call;

static void append(struct words *l, struct word *w)
{
    w->next = NULL;
    *l->end = w;
    l->end = &w->next;
    l->count++;
}

static struct word *take_first(struct words *l)
{
    struct word *w = l->first;

    l->first = w->next;
    if (!l->first)
        l->end = &l->first;
    l->count--;
    return w;
}

static void drop_all(struct words *l)
{
    while (l->first)
        free(take_first(l));
}

/* 1: over, 0: its bytes are on their way. */
static int receive(struct word *w)
{
    const struct match_filter filter = {
        .context = w->what.context, .source = w->what.source, .tag = w->what.tag};
    const struct match_sink sink = {.buffer = w->bytes, .capacity = w->what.bytes};

    if (!w->request && match_irecv(&filter, &sink, &w->request) != DVM_OK) {
        w->what.tag = 0; /* lost, as in note */
        return 1;
    }
    if (!match_complete(w->request))
        return 0;
    if (match_finish(w->request, &w->what) != DVM_OK)
        w->what.tag = 0; /* its sender has died */
    return 1;
}

static void hand_over(struct group *g, const struct word *w)
{
    int rank = group_rank_of(g, w->what.source);

    if (rank < 0 || g->size == 0)
        return;
    if (w->what.tag == WORD_AGREE)
        survive_agree_word(g, rank, w->bytes, w->what.bytes);
    else if (w->what.tag == WORD_REVOKE)
        survive_revoke_word(g, rank, w->bytes, w->what.bytes);
    else if (w->what.tag == WORD_CALL && word_on_call)
        word_on_call(g, rank, w->bytes, w->what.bytes);
}

/* For a group that is not known: gone, or still to come. */
static void keep_early(struct word *w)
{
    if (w->what.tag == WORD_AGREE &&
        survive_late_word(w->what.context, w->what.source, w->bytes, w->what.bytes)) {
        free(w);
        return;
    }
    append(&early, w);
    if (early.count > EARLY_MAX)
        free(take_first(&early));
}

static void take_in(void)
{
    size_t count = came.count;

    match_on_words = NULL;
    while (count-- > 0) {
        struct word *w = take_first(&came);
        struct group *g = group_of_context(w->what.context);

        if (w->what.tag != 0 && !receive(w)) {
            append(&came, w);
            match_on_words = take_in;
        } else if (g || w->what.tag == 0) {
            if (g)
                hand_over(g, w);
            free(w);
        } else {
            keep_early(w);
        }
    }
    if (came.first)
        match_on_words = take_in;
}

static void note(const struct match_result *what)
{
    struct word *w;

    if (what->tag >= WORD_TAG_END || what->bytes > WORD_BYTES_MAX)
        return;
    w = malloc(sizeof *w + what->bytes);
    if (!w)
        return; /* a word for which there is no memory is lost, as is its sender's question */
    w->what = *what;
    w->request = NULL;
    append(&came, w);
    match_on_words = take_in;
}

void word_start(void)
{
    came = (struct words){.end = &came.first};
    early = (struct words){.end = &early.first};
    match_on_word = note;
}

void word_stop(void)
{
    match_on_word = NULL;
    match_on_words = NULL;
    word_on_call = NULL;
    if (!came.end)
        return;
    drop_all(&came);
    drop_all(&early);
}

void word_send_to(uint64_t context, int tid, enum word_tag tag, const void *bytes, size_t size)
{
    match_isend(MATCH_BUFFERED, context | CONTEXT_ALARM, tid, tag, bytes, size,
                type_code(DVM_BYTE), 0, DVM_UNIVERSE, NULL);
}

void word_send(const struct group *g, int rank, enum word_tag tag, const void *bytes, size_t size)
{
    word_send_to(g->context, g->send_tids[rank], tag, bytes, size);
}

void word_group_made(struct group *g)
{
    struct words old = early;

    if (!g->context || !early.first)
        return;
    early = (struct words){.end = &early.first};
    while (old.first) {
        struct word *w = take_first(&old);

        if ((w->what.context & ~(CONTEXT_ALARM | CONTEXT_COLLECTIVE)) == g->context) {
            hand_over(g, w);
            free(w);
        } else {
            append(&early, w);
        }
    }
}
