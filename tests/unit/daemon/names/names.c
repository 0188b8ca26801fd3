/* names: the book of names: instances, barriers, ends told once each, asks that come twice,
 * and a copy that goes on where the other one stopped. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "daemon/names/book.h"
#include "dvm.h"
#include "proto/names.h"

#define TOLD_MAX 64
#define A 0x40001 /* tasks of three hosts */
#define B 0x80001
#define C 0xc0001

struct told {
    int origin;
    uint64_t id;
    int code, number;
    size_t tids;
    char text[512];
};

static struct book *book;
static struct told told[TOLD_MAX];
static int told_count;
static uint64_t ids;

static void on_told(void *arg, int origin, uint64_t id, const Dvm__Pb__NameAnswer *answer)
{
    struct told *t = &told[told_count++ % TOLD_MAX];

    *t = (struct told){origin, id, answer->code, answer->number, answer->n_tids, ""};
    snprintf(t->text, sizeof t->text, "%s", answer->text);
}

static void set_up(void)
{
    book = book_create();
    told_count = 0;
    ids = 0;
}

static void tear_down(void)
{
    book_free(book);
}

TestSuite(names, .init = set_up, .fini = tear_down);

/* Ask for a task; done: its daemon has all answers before this one. */
static uint64_t ask_with(uint64_t id, uint64_t done, int from, int what, const char *name,
                         int number)
{
    Dvm__Pb__NameAsk ask = DVM__PB__NAME_ASK__INIT;
    Dvm__Pb__NameCall call = DVM__PB__NAME_CALL__INIT;

    ask.id = id;
    ask.done = done;
    ask.from = from;
    ask.call = &call;
    call.what = (uint32_t)what;
    call.name = (char *)(uintptr_t)name;
    call.number = number;
    call.tid = number;
    call.text = (char *)"it fell";
    book_apply(book, from ? DVM_TID_SLOT(from) : 0, &ask, on_told, NULL);
    return id;
}

static uint64_t ask(int from, int what, const char *name, int number)
{
    ids++;
    return ask_with(ids, ids, from, what, name, number);
}

/* Ask, and be answered at once: the code, or else the number. */
static int get(int from, int what, const char *name, int number)
{
    uint64_t id = ask(from, what, name, number);
    const struct told *t = &told[(told_count - 1) % TOLD_MAX];

    cr_assert(told_count > 0 && t->id == id, "%d of %s was not answered", what, name);
    return t->code ? t->code : t->number;
}

static const struct told *answer_to(uint64_t id)
{
    for (int i = told_count - 1; i >= 0; i--)
        if (told[i % TOLD_MAX].id == id)
            return &told[i % TOLD_MAX];
    return NULL;
}

/* The book goes on as what a new keeper reads out of its message. */
static void change_keeper(void)
{
    Dvm__Pb__NameBook *m = book_write(book);
    struct book *next = m ? book_read(m) : NULL;

    cr_assert_not_null(next);
    dvm__pb__name_book__free_unpacked(m, NULL);
    book_free(book);
    book = next;
}

static bool slot_two_is_gone(void *arg, int slot)
{
    return slot != 2;
}

Test(names, the_lowest_instance_is_given)
{
    cr_assert_eq(get(A, DVM_NAME_JOIN, "g", 0), 0);
    cr_assert_eq(get(B, DVM_NAME_JOIN, "g", 0), 1);
    cr_assert_eq(get(C, DVM_NAME_JOIN, "g", 0), 2);
    cr_assert_eq(get(B, DVM_NAME_JOIN, "g", 0), DVM_ERR_EXISTS);
    cr_assert_eq(get(A, DVM_NAME_LEAVE, "g", 0), 0);
    change_keeper();
    cr_assert_eq(get(A, DVM_NAME_TID, "g", 0), DVM_ERR_RANK);
    cr_assert_eq(get(A + 1, DVM_NAME_JOIN, "g", 0), 0);
    cr_assert_eq(get(A, DVM_NAME_JOIN, "g", 0), 3);
    cr_assert_eq(get(B, DVM_NAME_SIZE, "g", 0), 4);
    cr_assert_eq(get(B, DVM_NAME_INSTANCE, "g", C), 2);
    cr_assert_eq(get(B, DVM_NAME_TID, "g", 2), C);
}

Test(names, a_group_that_is_empty_is_no_more)
{
    cr_assert_eq(get(A, DVM_NAME_SIZE, "g", 0), DVM_ERR_GROUP);
    cr_assert_eq(get(A, DVM_NAME_LEAVE, "g", 0), DVM_ERR_GROUP);
    get(A, DVM_NAME_JOIN, "g", 0);
    cr_assert_eq(get(B, DVM_NAME_LEAVE, "g", 0), DVM_ERR_MEMBER);
    get(A, DVM_NAME_LEAVE, "g", 0);
    cr_assert_eq(get(A, DVM_NAME_SIZE, "g", 0), DVM_ERR_GROUP);
}

Test(names, a_barrier_waits_for_its_count_through_a_change_of_keeper)
{
    uint64_t first, second;

    get(A, DVM_NAME_JOIN, "g", 0);
    get(B, DVM_NAME_JOIN, "g", 0);
    get(C, DVM_NAME_JOIN, "g", 0);
    first = ask(A, DVM_NAME_MEET, "g", 2);
    cr_assert_null(answer_to(first));
    cr_assert_eq(get(B, DVM_NAME_MEET, "g", 3), DVM_ERR_ARG, "another count");
    cr_assert_eq(get(A, DVM_NAME_MEET, "g", 2), DVM_ERR_ARG, "twice the same task");
    change_keeper();
    ask_with(first, first, A, DVM_NAME_MEET, "g", 2);
    cr_assert_null(answer_to(first), "asked again it waits, once");
    second = ask(C, DVM_NAME_MEET, "g", 2);
    cr_assert_eq(answer_to(first)->code, DVM_OK);
    cr_assert_eq(answer_to(second)->code, DVM_OK);
    told_count = 0;
    change_keeper();
    ask_with(first, first, A, DVM_NAME_MEET, "g", 2);
    cr_assert_not_null(answer_to(first), "the answer was lost with its keeper");
    cr_assert_eq(answer_to(first)->code, DVM_OK);
    cr_assert_eq(told_count, 1, "and nobody waits now");
}

Test(names, what_was_done_is_not_done_again)
{
    uint64_t join = ask(A, DVM_NAME_JOIN, "g", 0);

    change_keeper();
    ask_with(join, join, A, DVM_NAME_JOIN, "g", 0);
    cr_assert_eq(answer_to(join)->code, DVM_OK, "not EXISTS: it is the same ask");
    get(A, DVM_NAME_SIZE, "g", 0); /* says that the answer is there: it is forgotten */
    ask_with(join, join, A, DVM_NAME_JOIN, "g", 0);
    cr_assert_eq(answer_to(join)->code, DVM_ERR_EXISTS);
}

Test(names, an_end_is_told_to_each_member_once)
{
    uint64_t waits;

    get(A, DVM_NAME_JOIN, "g", 0);
    get(B, DVM_NAME_JOIN, "g", 0);
    get(C, DVM_NAME_JOIN, "g", 0);
    waits = ask(A, DVM_NAME_MEET, "g", 3);
    get(B, DVM_NAME_TASK_END, "", B);
    cr_assert_eq(answer_to(waits)->code, DVM_ERR_TASK_GONE);
    cr_assert_not_null(strstr(answer_to(waits)->text, "0x80001"));
    cr_assert_not_null(strstr(answer_to(waits)->text, "it fell"));
    change_keeper();
    cr_assert_eq(get(C, DVM_NAME_MEET, "g", 3), DVM_ERR_TASK_GONE, "who came late");
    waits = ask(C, DVM_NAME_MEET, "g", 2);
    cr_assert_null(answer_to(waits));
    get(A, DVM_NAME_MEET, "g", 2);
    cr_assert_eq(answer_to(waits)->code, DVM_OK);
}

Test(names, a_lost_host_is_one_end)
{
    get(A, DVM_NAME_JOIN, "g", 0);
    get(B, DVM_NAME_JOIN, "g", 0);
    get(B + 1, DVM_NAME_JOIN, "g", 0);
    get(B + 1, DVM_NAME_JOIN, "other", 0);
    cr_assert_eq(book_find_lost(book, slot_two_is_gone, NULL), 2);
    ask(0, DVM_NAME_HOST_END, "", 2);
    cr_assert_eq(book_find_lost(book, slot_two_is_gone, NULL), 0);
    cr_assert_eq(get(A, DVM_NAME_SIZE, "g", 0), 1);
    cr_assert_eq(get(A, DVM_NAME_SIZE, "other", 0), DVM_ERR_GROUP);
    cr_assert_eq(get(A, DVM_NAME_MEET, "g", 1), DVM_ERR_TASK_GONE);
    cr_assert_eq(get(A, DVM_NAME_MEET, "g", 1), 1);
}

Test(names, a_frozen_group_stays_as_it_is)
{
    uint64_t first;

    get(A, DVM_NAME_JOIN, "g", 0);
    get(B, DVM_NAME_JOIN, "g", 0);
    cr_assert_eq(get(A, DVM_NAME_FREEZE, "g", 1), DVM_ERR_ARG, "all members must");
    first = ask(A, DVM_NAME_FREEZE, "g", 2);
    cr_assert_eq(get(B, DVM_NAME_MEET, "g", 2), DVM_ERR_ARG, "a barrier is something else");
    get(B, DVM_NAME_FREEZE, "g", 2);
    cr_assert_eq(answer_to(first)->tids, 2);
    change_keeper();
    cr_assert_eq(get(C, DVM_NAME_JOIN, "g", 0), DVM_ERR_REFUSED);
    cr_assert_eq(get(A, DVM_NAME_LEAVE, "g", 0), DVM_ERR_REFUSED);
    cr_assert_eq(get(A, DVM_NAME_FREEZE, "g", 2), DVM_ERR_EXISTS);
    get(B, DVM_NAME_TASK_END, "", B);
    cr_assert_eq(get(A, DVM_NAME_SIZE, "g", 0), 1, "an end is no leaving");
}

Test(names, many_members_and_groups)
{
    char name[16];

    for (int i = 0; i < 2000; i++)
        cr_assert_eq(get(A + i, DVM_NAME_JOIN, "g", 0), i);
    for (int i = 0; i < 2000; i += 2)
        get(A + i, DVM_NAME_LEAVE, "g", 0);
    cr_assert_eq(get(C, DVM_NAME_JOIN, "g", 0), 0);
    cr_assert_eq(get(C + 1, DVM_NAME_JOIN, "g", 0), 2);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%d", i);
        cr_assert_eq(get(A, DVM_NAME_JOIN, name, 0), 0);
    }
    change_keeper();
    get(A, DVM_NAME_TASK_END, "", A);
    cr_assert_eq(get(A, DVM_NAME_SIZE, "299", 0), DVM_ERR_GROUP);
    cr_assert_eq(get(C, DVM_NAME_SIZE, "g", 0), 1002);
}

/* However many and long the names are, a book fits into one message. */
Test(names, groups_and_their_names_have_a_limit)
{
    char name[DVM_NAMED_MAX];
    int made = 0, code, more;

    memset(name, 'x', sizeof name - 1);
    do {
        snprintf(name + sizeof name - 9, 9, "%08d", made);
        code = get(A, DVM_NAME_JOIN, name, 0);
        made += code >= 0;
    } while (code >= 0 && made < BOOK_GROUPS_MAX);
    cr_assert_eq(code, DVM_ERR_LIMIT);
    cr_assert_gt(made, 7000, "%d", made);
    snprintf(name + sizeof name - 9, 9, "%08d", 0);
    for (more = 0; get(B + more, DVM_NAME_JOIN, name, 0) >= 0;)
        more++;
    cr_assert_leq(more, (BOOK_GROUP_COST + DVM_NAMED_MAX) / BOOK_MEMBER_COST);
    change_keeper();
    cr_assert_eq(get(C, DVM_NAME_JOIN, "g", 0), DVM_ERR_LIMIT);
    cr_assert_eq(get(A, DVM_NAME_LEAVE, name, 0), 0);
    get(A, DVM_NAME_TASK_END, "", A);
    cr_assert_eq(get(C, DVM_NAME_JOIN, "g", 0), 0, "there is room again");
}

Test(names, bad_books_are_refused)
{
    Dvm__Pb__NameBook *m;

    get(A, DVM_NAME_JOIN, "g", 0);
    ask(A, DVM_NAME_MEET, "g", 2);
    m = book_write(book);
    m->groups[0]->members[0]->instance = UINT32_MAX;
    cr_assert_null(book_read(m));
    m->groups[0]->members[0]->instance = 0;
    m->held[0]->origin = BOOK_SLOTS;
    cr_assert_null(book_read(m));
    m->held[0]->origin = 1;
    m->held[0]->from = B;
    cr_assert_null(book_read(m), "who is no member does not wait");
    dvm__pb__name_book__free_unpacked(m, NULL);
}

Test(names, which_may_be_given)
{
    char longest[DVM_NAMED_MAX + 1];

    memset(longest, 'x', sizeof longest);
    longest[DVM_NAMED_MAX - 1] = '\0';
    cr_assert(dvm_name_ok(longest));
    longest[DVM_NAMED_MAX - 1] = 'x';
    longest[DVM_NAMED_MAX] = '\0';
    cr_assert_not(dvm_name_ok(longest));
    cr_assert(dvm_name_ok("a b") && dvm_name_ok("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
    cr_assert_not(dvm_name_ok("") || dvm_name_ok("a\n") || dvm_name_ok("\x7f"));
    cr_assert_not(dvm_name_ok("\xc3") || dvm_name_ok("\xc0\xaf") || dvm_name_ok("\xe0\x80\x80") ||
                  dvm_name_ok("\xed\xa0\x80") || dvm_name_ok("\xf5\x80\x80\x80"));
}
