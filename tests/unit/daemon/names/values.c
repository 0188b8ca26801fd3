/* values: what is put under a name: whose it is, how long it stays, who waits for it; and a
 * copy of the book has all of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "daemon/names/book.h"
#include "dvm.h"
#include "dvm_binding.h"
#include "proto/names.h"

#define A 0x40001 /* tasks of two hosts */
#define B 0x80001
#define ROOM 100

static struct book *book;
static struct told {
    uint64_t id;
    int code, number, owner;
    size_t count, bytes;
    char data[ROOM];
} last;
static int told_count;
static uint64_t ids;

static void on_told(void *arg, int origin, uint64_t id, const Dvm__Pb__NameAnswer *answer)
{
    last = (struct told){.id = id, .code = answer->code, .number = answer->number,
                         .count = answer->n_values};
    told_count++;
    if (answer->n_values == 0)
        return;
    last.owner = answer->values[0]->owner;
    last.bytes = answer->values[0]->size;
    if (answer->values[0]->data.len > 0) /* else it has no address */
        memcpy(last.data, answer->values[0]->data.data, answer->values[0]->data.len);
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

TestSuite(values, .init = set_up, .fini = tear_down);

static uint64_t ask(int from, int what, const char *name, int index, unsigned flags,
                    const char *text)
{
    Dvm__Pb__NameAsk m = DVM__PB__NAME_ASK__INIT;
    Dvm__Pb__NameCall call = DVM__PB__NAME_CALL__INIT;
    uint64_t before = ids;

    m.id = ++ids;
    m.from = from;
    m.call = &call;
    m.got = &before;
    m.n_got = 1;
    call.what = (uint32_t)what;
    call.name = (char *)(uintptr_t)name;
    call.number = index;
    call.tid = index;
    call.flags = flags;
    call.room = ROOM;
    call.text = (char *)"it fell";
    call.data = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    book_apply(book, from ? DVM_TID_SLOT(from) : 0, &m, on_told, NULL);
    return ids;
}

static int get(int from, int what, const char *name, int index, unsigned flags, const char *text)
{
    uint64_t id = ask(from, what, name, index, flags, text);

    cr_assert(told_count > 0 && last.id == id, "%d of %s was not answered", what, name);
    return last.code ? last.code : last.number;
}

static void expect_value(int from, const char *name, int index, unsigned flags, const char *text)
{
    cr_assert_eq(get(from, DVM_NAME_GET, name, index, flags, ""), 0, "%d", last.code);
    cr_assert_eq(last.count, 1);
    cr_assert_eq(last.bytes, strlen(text));
    cr_assert_eq(memcmp(last.data, text, strlen(text)), 0);
}

static void change_keeper(void)
{
    Dvm__Pb__NameBook *m = book_write(book);
    struct book *next = m ? book_read(m) : NULL;

    cr_assert_not_null(next);
    dvm__pb__name_book__free_unpacked(m, NULL);
    book_free(book);
    book = next;
}

Test(values, one_is_its_owners)
{
    cr_assert_eq(get(A, DVM_NAME_PUT, "v", -1, 0, "first"), 0);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", 0, 0, "x"), DVM_ERR_EXISTS);
    cr_assert_eq(get(B, DVM_NAME_DELETE, "v", 0, 0, ""), DVM_ERR_REFUSED);
    cr_assert_eq(get(B, DVM_NAME_TAKE, "v", 0, 0, ""), DVM_ERR_REFUSED);
    cr_assert_eq(get(A, DVM_NAME_PUT, "v", -1, DVM_VALUE_OPEN, "second"), 0, "one's own");
    change_keeper();
    expect_value(B, "v", 0, 0, "second");
    cr_assert_eq(last.owner, A);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", 0, 0, "third"), 0, "it was open");
    cr_assert_eq(get(A, DVM_NAME_DELETE, "v", 0, 0, ""), DVM_ERR_REFUSED, "and is not any more");
    cr_assert_eq(get(B, DVM_NAME_TAKE, "v", 0, 0, ""), 0);
    cr_assert_eq(memcmp(last.data, "third", 5), 0);
    cr_assert_eq(get(B, DVM_NAME_GET, "v", 0, 0, ""), DVM_ERR_NO_VALUE);
}

Test(values, many_have_indexes)
{
    cr_assert_eq(get(A, DVM_NAME_PUT, "v", -1, DVM_VALUE_MANY, "a"), 0);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", -1, DVM_VALUE_MANY, "b"), 1);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", 7, DVM_VALUE_MANY, "h"), 7);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", 3, 0, "x"), DVM_ERR_EXISTS, "not the only one");
    cr_assert_eq(get(B, DVM_NAME_PUT, "u", -1, 0, "other"), 0);
    cr_assert_eq(get(B, DVM_NAME_PUT, "u", 1, DVM_VALUE_MANY, "x"), DVM_ERR_EXISTS);
    cr_assert_eq(get(A, DVM_NAME_DELETE, "v", 0, 0, ""), 0);
    change_keeper();
    expect_value(A, "v", 0, DVM_VALUE_FIRST, "b");
    expect_value(A, "v", 2, DVM_VALUE_FIRST, "h");
    cr_assert_eq(get(A, DVM_NAME_GET, "v", 8, DVM_VALUE_FIRST, ""), DVM_ERR_NO_VALUE);
    cr_assert_eq(get(A, DVM_NAME_PUT, "v", -1, DVM_VALUE_MANY, "c"), 0, "the lowest that is free");
    get(A, DVM_NAME_VALUES, "", 0, 0, "");
    cr_assert_eq(last.count, 4);
}

Test(values, what_is_kept_outlives_its_task)
{
    get(A, DVM_NAME_PUT, "kept", -1, DVM_VALUE_KEEP, "k");
    get(A, DVM_NAME_PUT, "gone", -1, 0, "g");
    get(B, DVM_NAME_PUT, "far", -1, DVM_VALUE_KEEP, "f");
    get(A, DVM_NAME_TASK_END, "", A, 0, "");
    ask(0, DVM_NAME_HOST_END, "", DVM_TID_SLOT(B), 0, "");
    change_keeper();
    cr_assert_eq(get(A + 1, DVM_NAME_GET, "gone", 0, 0, ""), DVM_ERR_NO_VALUE);
    expect_value(A + 1, "kept", 0, 0, "k");
    cr_assert_eq(last.owner, 0);
    expect_value(A + 1, "far", 0, 0, "f");
    cr_assert_eq(get(A + 1, DVM_NAME_DELETE, "kept", 0, 0, ""), 0, "it is nobody's");
}

Test(values, a_closed_one_stays_closed_when_its_task_has_ended)
{
    const unsigned closed = DVM_BINDING_VALUE_CLOSED;

    get(A, DVM_NAME_PUT, "shut", 0, closed | DVM_VALUE_KEEP, "s");
    get(A, DVM_NAME_PUT, "open", 0, closed | DVM_VALUE_KEEP | DVM_VALUE_OPEN, "o");
    get(A, DVM_NAME_PUT, "gone", 0, closed, "g");
    get(A, DVM_NAME_TASK_END, "", A, 0, "");
    change_keeper();
    cr_assert_eq(get(B, DVM_NAME_GET, "gone", 0, 0, ""), DVM_ERR_NO_VALUE);
    cr_assert_eq(get(B, DVM_NAME_PUT, "shut", 0, closed, "x"), DVM_ERR_EXISTS);
    cr_assert_eq(get(B, DVM_NAME_TAKE, "shut", 0, 0, ""), DVM_ERR_REFUSED);
    cr_assert_eq(get(B, DVM_NAME_DELETE, "shut", 0, 0, ""), DVM_ERR_REFUSED);
    expect_value(B, "shut", 0, 0, "s");
    cr_assert_eq(last.owner, 0);
    cr_assert_eq(get(B, DVM_NAME_DELETE, "shut", 0, closed, ""), 0, "by a console");
    cr_assert_eq(get(B, DVM_NAME_PUT, "open", 0, closed, "p"), 0);
    expect_value(A + 1, "open", 0, 0, "p");
}

Test(values, closed_ones_may_be_one_and_many_under_a_name)
{
    const unsigned closed = DVM_BINDING_VALUE_CLOSED;

    cr_assert_eq(get(A, DVM_NAME_PUT, "v", 0, closed, "one"), 0);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", -1, DVM_VALUE_MANY, "x"), DVM_ERR_EXISTS);
    cr_assert_eq(get(B, DVM_NAME_PUT, "v", -1, closed | DVM_VALUE_MANY, "many"), 1);
    change_keeper();
    expect_value(B, "v", 0, 0, "one");
    expect_value(A, "v", 1, 0, "many");
    cr_assert_eq(get(B, DVM_NAME_DELETE, "v", 0, closed, ""), DVM_ERR_REFUSED, "its task runs");
}

Test(values, who_waits_is_told_through_a_change_of_keeper)
{
    uint64_t first = ask(A, DVM_NAME_AWAIT, "v", 2, 0, "");

    cr_assert_eq(told_count, 0);
    ask(A + 1, DVM_NAME_AWAIT, "v", 0, DVM_VALUE_FIRST, "");
    ask(B, DVM_NAME_AWAIT, "v", 0, 0, "");
    change_keeper();
    cr_assert_eq(told_count, 0);
    ask(A + 1, DVM_NAME_TASK_END, "", A + 1, 0, ""); /* it waits no more: two answers */
    cr_assert_eq(told_count, 2);
    ask(A, DVM_NAME_PUT, "v", 2, DVM_VALUE_MANY, "x");
    cr_assert_eq(told_count, 4, "the one that puts, the one that waits for index 2");
    cr_assert_eq(last.id, first);
    cr_assert_eq(get(A, DVM_NAME_AWAIT, "v", 1, DVM_VALUE_FIRST, ""), 0, "it is there already");
    ask(0, DVM_NAME_HOST_END, "", DVM_TID_SLOT(B), 0, ""); /* who waits there is forgotten */
    change_keeper();
}

Test(values, names_count)
{
    char name[DVM_NAMED_MAX];
    int made = 0, code;

    memset(name, 'x', sizeof name - 1);
    do {
        snprintf(name + sizeof name - 9, 9, "%08d", made);
        code = get(A, DVM_NAME_PUT, name, 0, 0, "");
        made += code >= 0;
    } while (code >= 0 && made < BOOK_VALUES_MAX);
    cr_assert_eq(code, DVM_ERR_LIMIT);
    cr_assert_gt(made, 15000, "%d", made);
    snprintf(name + sizeof name - 9, 9, "%08d", 0);
    cr_assert_eq(get(A, DVM_NAME_PUT, name, 0, 0, ""), 0, "in the place of the old one");
    change_keeper();
    snprintf(name + sizeof name - 9, 9, "%08d", made);
    cr_assert_eq(get(A, DVM_NAME_PUT, name, 0, 0, "abcd"), DVM_ERR_LIMIT);
    get(A, DVM_NAME_TASK_END, "", A, 0, "");
    cr_assert_eq(get(B, DVM_NAME_PUT, name, 0, 0, "abcd"), 0, "there is room again");
}

Test(values, bad_books_are_refused)
{
    Dvm__Pb__NameBook *m;

    get(A, DVM_NAME_PUT, "a", -1, 0, "1");
    get(A, DVM_NAME_PUT, "b", -1, 0, "2");
    m = book_write(book);
    cr_assert_eq(m->n_values, 2);
    m->values[1]->index = -1;
    cr_assert_null(book_read(m));
    m->values[1]->index = 0;
    m->values[1]->name[0] = 'a';
    cr_assert_null(book_read(m), "twice the same");
    m->values[1]->name[0] = '\n';
    cr_assert_null(book_read(m));
    dvm__pb__name_book__free_unpacked(m, NULL);
}
