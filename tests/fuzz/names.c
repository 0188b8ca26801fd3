/* The book of names: what other daemons give and ask, in any order: a whole book, changes,
 * ends of hosts. Whatever comes, each ask is answered at most once at a time, and a book that is
 * written can be read, and says the same when written again.
 *
 * Steps: a byte for what, one for the slot, two for the length, the bytes of a message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/names/book.h"
#include "proto/names.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS 8

static struct book *book;
static struct input in;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    return 0;
}

static void on_told(void *arg, int origin, uint64_t id, const Dvm__Pb__NameAnswer *answer)
{
    size_t size = dvm__pb__name_answer__get_packed_size(answer);

    if (origin == 0 || size == SIZE_MAX || (answer->code && !answer->text[0]))
        abort();
}

static bool none_is_up(void *arg, int slot)
{
    return false;
}

/* Bytes of a message; NULL: there are no more. */
static const uint8_t *take(size_t *size)
{
    const uint8_t *at;

    *size = (size_t)input_int(&in, 2);
    *size = *size < in.left ? *size : in.left;
    at = in.at;
    in.at += *size;
    in.left -= *size;
    return at;
}

static void ask(int origin)
{
    size_t size;
    const uint8_t *bytes = take(&size);
    Dvm__Pb__NameAsk *m = dvm__pb__name_ask__unpack(NULL, size, bytes);

    if (m)
        book_apply(book, origin, m, on_told, NULL);
    dvm__pb__name_ask__free_unpacked(m, NULL);
}

static void replace(void)
{
    size_t size;
    const uint8_t *bytes = take(&size);
    Dvm__Pb__NameBook *m = dvm__pb__name_book__unpack(NULL, size, bytes);
    struct book *next = m ? book_read(m) : NULL;

    dvm__pb__name_book__free_unpacked(m, NULL);
    if (!next)
        return;
    book_free(book);
    book = next;
}

/* A new keeper reads what the old one wrote. */
static void copy(void)
{
    Dvm__Pb__NameBook *m = book_write(book), *again;
    struct book *next = m ? book_read(m) : NULL;

    again = next ? book_write(next) : NULL;
    if (!again ||
        dvm__pb__name_book__get_packed_size(m) != dvm__pb__name_book__get_packed_size(again))
        abort();
    dvm__pb__name_book__free_unpacked(again, NULL);
    dvm__pb__name_book__free_unpacked(m, NULL);
    book_free(book);
    book = next;
}

/* The hosts of a book end, one after the other, until nobody is left. */
static void bury(void)
{
    Dvm__Pb__NameAsk m = DVM__PB__NAME_ASK__INIT;
    Dvm__Pb__NameCall call = DVM__PB__NAME_CALL__INIT;
    int slot, before = 0;

    m.call = &call;
    call.what = DVM_NAME_HOST_END;
    while ((slot = book_find_lost(book, none_is_up, NULL)) != 0) {
        if (slot == before)
            abort();
        before = slot;
        call.number = slot;
        book_apply(book, 0, &m, on_told, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = (struct input){data, size};
    book = book_create();
    while (in.left > 0) {
        unsigned step = (unsigned)input_int(&in, 1) % 8;
        int slot = (int)input_int(&in, 1) % SLOTS;

        if (step == 0)
            replace();
        else if (step == 1)
            copy();
        else if (step == 2)
            bury();
        else
            ask(slot);
    }
    bury();
    book_free(book);
    return 0;
}
