/* book.c: asks: each is done once, and its answer is kept until the daemon that asked says,
 * in a later ask, that it has it.
 *
 * The operations stand in a table by their numbers. One that does not answer has put its
 * ask into a group, where it waits. Reads are not kept: done again they do no harm.
 */
#include "daemon/names/book.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dvm.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/names/values.h"

static const struct {
    book_op_f *function;
    bool reads, named;
} ops[DVM_NAME_END] = {
    [DVM_NAME_JOIN] = {book_join, false, true},
    [DVM_NAME_LEAVE] = {book_leave, false, true},
    [DVM_NAME_SIZE] = {book_size, true, true},
    [DVM_NAME_TID] = {book_tid, true, true},
    [DVM_NAME_INSTANCE] = {book_instance, true, true},
    [DVM_NAME_MEMBERS] = {book_members, true, true},
    [DVM_NAME_MEET] = {book_meet, false, true},
    [DVM_NAME_FREEZE] = {book_meet, false, true},
    [DVM_NAME_GROUPS] = {book_groups, true, false},
    [DVM_NAME_PUT] = {book_put, false, true},
    [DVM_NAME_GET] = {book_get, true, true},
    [DVM_NAME_TAKE] = {book_take, false, true},
    [DVM_NAME_DELETE] = {book_delete, false, true},
    [DVM_NAME_AWAIT] = {book_await, false, true},
    [DVM_NAME_VALUES] = {book_values, true, false},
    [DVM_NAME_TASK_END] = {book_task_end, false, false},
    [DVM_NAME_HOST_END] = {book_host_end, false, false},
};

struct book *book_create(void)
{
    return calloc(1, sizeof(struct book));
}

static void held_free(struct held *ask)
{
    free(ask->answer);
    free(ask->name);
    free(ask);
}

void book_free(struct book *b)
{
    struct named *g = NULL, *next;
    size_t at = 0;

    if (!b)
        return;
    for (int i = 0; i < BOOK_SLOTS; i++)
        while (b->asks[i]) {
            struct held *ask = b->asks[i];

            b->asks[i] = ask->next;
            held_free(ask);
        }
    for (g = named_next(b, &at, NULL); g; g = next) {
        next = named_next(b, &at, g);
        named_free(g);
    }
    table_free(&b->groups);
    values_free(b);
    free(b);
}

bool book_only_reads(const Dvm__Pb__NameAsk *ask)
{
    return ask->call && ask->call->what < DVM_NAME_END && ops[ask->call->what].reads;
}

/* ---- answers ----------------------------------------------------------------------- */

static void tell(const struct act *a, const struct held *ask, const Dvm__Pb__NameAnswer *answer)
{
    if (a->told && ask->origin)
        a->told(a->arg, ask->origin, ask->id, answer);
}

void book_answer(struct act *a, struct held *ask, Dvm__Pb__NameAnswer *answer)
{
    if (ask->group)
        named_unwait(ask);
    if (ask->name)
        values_unwait(a->b, ask);
    if (!ask->passing) {
        ask->length = dvm__pb__name_answer__get_packed_size(answer);
        ask->answer = malloc(ask->length + 1);
        if (ask->answer)
            dvm__pb__name_answer__pack(answer, ask->answer);
        else
            log_error("no memory for an answer of %zu bytes", ask->length);
    }
    tell(a, ask, answer);
}

void book_ok(struct act *a, int number)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;

    answer.number = number;
    book_answer(a, a->ask, &answer);
}

void book_fail(struct act *a, struct held *ask, int code, const char *format, ...)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;
    char text[DVM_SENTENCE_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    answer.code = code;
    answer.text = text;
    book_answer(a, ask, &answer);
}

/* ---- asks ------------------------------------------------------------------------------ */

/* Whether the origin has the answer to an ask. */
static bool is_over(const struct held *ask, const Dvm__Pb__NameAsk *m)
{
    if (!ask->answer || ask->id < m->done)
        return ask->answer;
    for (size_t i = 0; i < m->n_got; i++)
        if (m->got[i] == ask->id)
            return true;
    return false;
}

/* Drop what the origin has the answers to; find the ask where it was made before. */
static struct held *look(struct book *b, int origin, const Dvm__Pb__NameAsk *m)
{
    struct held **at = &b->asks[origin], *found = NULL;

    while (*at) {
        struct held *ask = *at;

        if (is_over(ask, m)) {
            *at = ask->next;
            held_free(ask);
        } else {
            found = ask->id == m->id ? ask : found;
            at = &ask->next;
        }
    }
    return found;
}

static void again(const struct act *a, const struct held *ask)
{
    Dvm__Pb__NameAnswer *answer =
        ask->answer ? dvm__pb__name_answer__unpack(NULL, ask->length, ask->answer) : NULL;

    if (answer)
        tell(a, ask, answer);
    dvm__pb__name_answer__free_unpacked(answer, NULL);
}

static struct held *keep(struct book *b, const struct held *one)
{
    struct held *ask = malloc(sizeof *ask), **at = &b->asks[one->origin];

    if (!ask)
        return NULL;
    *ask = *one;
    while (*at)
        at = &(*at)->next;
    *at = ask;
    return ask;
}

/* Daemons check before they ask; here for one that does not. */
static bool makes_sense(int origin, const Dvm__Pb__NameAsk *m)
{
    uint32_t what = m->call ? m->call->what : 0;

    if (what >= DVM_NAME_END || !ops[what].function)
        return false;
    if (what == DVM_NAME_HOST_END || origin == 0)
        return what == DVM_NAME_HOST_END && origin == 0;
    return m->from > 0 && (!ops[what].named || dvm_name_ok(m->call->name));
}

void book_apply(struct book *b, int origin, const Dvm__Pb__NameAsk *m, book_told_f *told,
                void *arg)
{
    struct act a = {.b = b, .call = m->call, .told = told, .arg = arg};
    struct held one = {.origin = origin, .id = m->id, .from = m->from};
    struct held *before = look(b, origin, m);

    if (before) {
        again(&a, before);
        return;
    }
    one.what = m->call ? m->call->what : 0;
    one.passing = origin == 0 || book_only_reads(m);
    a.ask = one.passing ? NULL : keep(b, &one);
    if (!a.ask) {
        one.passing = true;
        a.ask = &one;
    }
    if (!makes_sense(origin, m))
        book_fail(&a, a.ask, DVM_ERR_UNSUPPORTED, "the keeper of names knows no request %u "
                  "like this", one.what);
    else if (one.passing && !ops[one.what].reads && origin)
        book_fail(&a, a.ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
    else
        ops[one.what].function(&a);
}
