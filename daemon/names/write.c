/* write.c: the book as a message, for a new keeper or deputy, and its groups for those who
 * look; and a book out of such a message, of which every number is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "daemon/names/values.h"
#include "proto/frame.h"

#define INSTANCES_MAX (1 << 18) /* more than a machine's tasks will be in one group */

/* ---- to a message ---------------------------------------------------------------------- */

/* An owned copy, also of "", as protobuf-c frees it; NULL where there is no text. */
static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

static Dvm__Pb__NameMember *write_member(const struct seat *seat, int instance)
{
    Dvm__Pb__NameMember *m = malloc(sizeof *m);

    if (!m)
        return NULL;
    dvm__pb__name_member__init(m);
    m->tid = seat->tid;
    m->instance = (uint32_t)instance;
    if (seat->owed && !(m->owed = strdup(seat->owed))) {
        free(m);
        return NULL;
    }
    return m;
}

static Dvm__Pb__NameGroup *write_group(const struct named *g)
{
    Dvm__Pb__NameGroup *m = malloc(sizeof *m);

    if (!m)
        return NULL;
    dvm__pb__name_group__init(m);
    m->frozen = g->frozen;
    m->waiting = (uint32_t)g->waiting_count;
    m->what = g->what;
    m->count = g->count;
    m->name = copy(g->name);
    m->members = calloc((size_t)g->members, sizeof(Dvm__Pb__NameMember *));
    for (int i = 0; m->members && i < g->room; i++)
        if (g->seats[i].tid && (m->members[m->n_members] = write_member(&g->seats[i], i)))
            m->n_members++;
    if (m->name && m->n_members == (size_t)g->members)
        return m;
    dvm__pb__name_group__free_unpacked(m, NULL);
    return NULL;
}

/* All groups; *count receives how many; NULL: no memory. */
static Dvm__Pb__NameGroup **write_groups(const struct book *b, size_t *count)
{
    Dvm__Pb__NameGroup **list = calloc(b->group_count + 1, sizeof(Dvm__Pb__NameGroup *));
    struct named *g = NULL;
    size_t at = 0;

    *count = 0;
    while (list && (g = named_next(b, &at, g)) && (list[*count] = write_group(g)))
        ++*count;
    return list;
}

static Dvm__Pb__NameHeld *write_held(const struct held *ask)
{
    Dvm__Pb__NameHeld *m = malloc(sizeof *m);

    if (!m)
        return NULL;
    dvm__pb__name_held__init(m);
    m->origin = (uint32_t)ask->origin;
    m->id = ask->id;
    m->from = ask->from;
    m->what = ask->what;
    m->group = copy(ask->group ? ask->group->name : NULL);
    m->name = copy(ask->name);
    m->number = ask->number;
    m->flags = ask->flags;
    if (ask->answer)
        m->answer = dvm__pb__name_answer__unpack(NULL, ask->length, ask->answer);
    if (m->group && m->name && (m->answer || !ask->answer))
        return m;
    dvm__pb__name_held__free_unpacked(m, NULL);
    return NULL;
}

/* Those that wait come group by group, in the order in which they wait. */
static bool write_waiting(const struct book *b, Dvm__Pb__NameBook *m)
{
    struct named *g = NULL;
    size_t at = 0;

    while ((g = named_next(b, &at, g)))
        for (const struct held *ask = g->waiting; ask; ask = ask->next_waiting)
            if (!(m->held[m->n_held] = write_held(ask)) || !++m->n_held)
                return false;
    for (const struct held *ask = b->awaiting; ask; ask = ask->next_waiting)
        if (!(m->held[m->n_held] = write_held(ask)) || !++m->n_held)
            return false;
    return true;
}

static bool write_asks(const struct book *b, Dvm__Pb__NameBook *m)
{
    size_t count = 0;

    for (int i = 0; i < BOOK_SLOTS; i++)
        for (const struct held *ask = b->asks[i]; ask; ask = ask->next)
            count++;
    m->held = calloc(count + 1, sizeof(Dvm__Pb__NameHeld *));
    if (!m->held || !write_waiting(b, m))
        return false;
    for (int i = 0; i < BOOK_SLOTS; i++)
        for (const struct held *ask = b->asks[i]; ask; ask = ask->next)
            if (ask->answer && (!(m->held[m->n_held] = write_held(ask)) || !++m->n_held))
                return false;
    return true;
}

Dvm__Pb__NameBook *book_write(const struct book *b)
{
    Dvm__Pb__NameBook *m = malloc(sizeof *m);

    if (!m)
        return NULL;
    dvm__pb__name_book__init(m);
    m->groups = write_groups(b, &m->n_groups);
    if (m->groups && m->n_groups == b->group_count && write_asks(b, m) &&
        values_write(b, m))
        return m;
    dvm__pb__name_book__free_unpacked(m, NULL);
    return NULL;
}

void book_groups(struct act *a)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;

    answer.groups = write_groups(a->b, &answer.n_groups);
    if (answer.groups && answer.n_groups == a->b->group_count)
        book_answer(a, a->ask, &answer);
    else
        book_fail(a, a->ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
    for (size_t i = 0; i < answer.n_groups; i++)
        dvm__pb__name_group__free_unpacked(answer.groups[i], NULL);
    free(answer.groups);
}

/* ---- from a message ---------------------------------------------------------------------- */

static bool read_member(struct book *b, struct named *g, const Dvm__Pb__NameMember *m)
{
    int instance = (int)m->instance;

    if (m->tid <= 0 || m->instance >= INSTANCES_MAX || named_instance(g, m->tid) >= 0 ||
        (instance < g->room && g->seats[instance].tid) || named_seat(b, g, m->tid, instance) < 0)
        return false;
    if (m->owed[0])
        g->seats[instance].owed = strdup(m->owed);
    return true;
}

static bool read_group(struct book *b, const Dvm__Pb__NameGroup *m)
{
    struct named *g;

    if (!dvm_name_ok(m->name) || named_find(b, m->name) || m->n_members == 0 ||
        b->group_count == BOOK_GROUPS_MAX || !(g = named_add(b, m->name)))
        return false;
    g->frozen = m->frozen;
    g->what = m->what;
    g->count = m->count;
    for (size_t i = 0; i < m->n_members; i++)
        if (!read_member(b, g, m->members[i]))
            return false;
    return true;
}

static bool read_answer(struct held *ask, const Dvm__Pb__NameAnswer *answer)
{
    ask->length = dvm__pb__name_answer__get_packed_size(answer);
    ask->answer = malloc(ask->length + 1);
    if (ask->answer)
        dvm__pb__name_answer__pack(answer, ask->answer);
    return ask->answer;
}

static bool read_held(struct book *b, const Dvm__Pb__NameHeld *m)
{
    struct named *g = m->group[0] ? named_find(b, m->group) : NULL;
    struct held *ask, **at;

    if (m->origin < 1 || m->origin >= BOOK_SLOTS || !!g + !!m->answer + !!m->name[0] != 1 ||
        (g && (named_instance(g, m->from) < 0 || named_waiting(g, m->from))))
        return false;
    ask = calloc(1, sizeof *ask);
    if (!ask)
        return false;
    *ask = (struct held){
        .origin = (int)m->origin, .id = m->id, .from = m->from, .what = m->what};
    for (at = &b->asks[m->origin]; *at; at = &(*at)->next)
        ;
    *at = ask;
    ask->name = m->name[0] ? strdup(m->name) : NULL;
    ask->number = m->number;
    ask->flags = m->flags;
    if (g)
        named_wait(g, ask);
    if (ask->name)
        values_await(b, ask);
    return g || ask->name || (m->answer && read_answer(ask, m->answer));
}

struct book *book_read(const Dvm__Pb__NameBook *m)
{
    struct book *b = book_create();
    bool good = b;

    for (size_t i = 0; good && i < m->n_groups; i++)
        good = read_group(b, m->groups[i]);
    for (size_t i = 0; good && i < m->n_held; i++)
        good = read_held(b, m->held[i]);
    if (good && values_read(b, m))
        return b;
    book_free(b);
    return NULL;
}
