/* keep.c: the keeper of names and its deputy.
 *
 * The keeper numbers each change, does it in its book, and sends it to the deputy, which
 * does the same; what comes of it is answered when the deputy has it. Reads are answered
 * when the deputy has all that they have seen. A new keeper fetches the deputy's book; what
 * it is asked before that waits. So does what a host is asked that does not know yet, or does
 * no longer, that it is the keeper: who asked says when it asks another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/names/state.h"
#include "proto/names.h"

/* ---- answers ------------------------------------------------------------------------- */

static void give(struct names *n, const struct late *one)
{
    Dvm__Pb__NameTold m = DVM__PB__NAME_TOLD__INIT;

    if (one->origin == cluster_self(n->d->cluster)) {
        names_told(n, one->id, one->answer);
        return;
    }
    m.id = one->id;
    m.answer = one->answer;
    daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(one->origin), DVM_CTL_NAMES_TOLD, &m.base);
}

static void late_free(struct late *one)
{
    dvm__pb__name_answer__free_unpacked(one->answer, NULL);
    free(one);
}

/* Give the answers to all that the deputy has. */
static void release(struct names *n)
{
    while (n->late_first && (!n->deputy || n->late_first->number <= n->copied)) {
        struct late *one = n->late_first;

        n->late_first = one->next;
        if (!one->next)
            n->late_last = &n->late_first;
        give(n, one);
        late_free(one);
    }
}

static void on_answer(void *arg, int origin, uint64_t id, const Dvm__Pb__NameAnswer *answer)
{
    struct names *n = arg;
    struct late *one = calloc(1, sizeof *one);
    size_t length = dvm__pb__name_answer__get_packed_size(answer);
    uint8_t *bytes = malloc(length + 1);

    if (one && bytes)
        one->answer = dvm__pb__name_answer__unpack(
            NULL, dvm__pb__name_answer__pack(answer, bytes), bytes);
    free(bytes);
    if (!one || !one->answer) {
        log_error("no memory to answer the host of slot %d about a name", origin);
        free(one);
        return;
    }
    one->number = n->number;
    one->origin = origin;
    one->id = id;
    *n->late_last = one;
    n->late_last = &one->next;
}

/* ---- changes --------------------------------------------------------------------------- */

static void send_copy(struct names *n, int slot, int origin, const Dvm__Pb__NameAsk *ask,
                      Dvm__Pb__NameBook *book)
{
    Dvm__Pb__NameCopy m = DVM__PB__NAME_COPY__INIT;

    m.number = n->number;
    m.origin = (uint32_t)origin;
    m.ask = (Dvm__Pb__NameAsk *)(uintptr_t)ask;
    m.book = book;
    daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(slot), DVM_CTL_NAMES_COPY, &m.base);
}

static void send_book(struct names *n, int slot)
{
    Dvm__Pb__NameBook *book = book_write(n->book);

    if (book)
        send_copy(n, slot, 0, NULL, book);
    else
        log_error("no memory to give the names to the host of slot %d", slot);
    dvm__pb__name_book__free_unpacked(book, NULL);
}

static void keep(struct names *n, int origin, const Dvm__Pb__NameAsk *ask)
{
    if (!book_only_reads(ask)) {
        n->number++;
        if (n->deputy)
            send_copy(n, n->deputy, origin, ask, NULL);
    }
    book_apply(n->book, origin, ask, on_answer, n);
    release(n);
}

void names_keep(struct names *n, int origin, const Dvm__Pb__NameAsk *ask)
{
    struct early *one;
    size_t length = dvm__pb__name_ask__get_packed_size(ask);
    uint8_t *bytes;

    if (n->keeping) {
        keep(n, origin, ask);
        return;
    }
    one = calloc(1, sizeof *one);
    bytes = malloc(length + 1);
    if (one && bytes)
        one->ask = dvm__pb__name_ask__unpack(NULL, dvm__pb__name_ask__pack(ask, bytes), bytes);
    free(bytes);
    if (!one || !one->ask) {
        log_error("no memory for what the host of slot %d asks about a name", origin);
        free(one);
        return;
    }
    one->origin = origin;
    *n->early_last = one;
    n->early_last = &one->next;
}

static void early_free(struct early *one)
{
    dvm__pb__name_ask__free_unpacked(one->ask, NULL);
    free(one);
}

void names_withdrawn(struct names *n, int origin)
{
    struct early **at = &n->early_first, *one;

    while ((one = *at)) {
        if (one->origin != origin) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        early_free(one);
    }
    n->early_last = at;
}

void names_on_ask(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__NameAsk *m = dvm__pb__name_ask__unpack(NULL, frame->length, payload);

    if (m && d->names && m->call)
        names_keep(d->names, DVM_TID_SLOT(frame->src), m);
    else if (m && d->names)
        names_withdrawn(d->names, DVM_TID_SLOT(frame->src));
    dvm__pb__name_ask__free_unpacked(m, NULL);
}

/* ---- hosts that are gone ------------------------------------------------------------------ */

static bool is_up(void *arg, int slot)
{
    const struct names *n = arg;
    const struct cluster_host *host = cluster_host(n->d->cluster, slot);

    return host && host->state != DVM_HOST_LOST;
}

static void bury_hosts(struct names *n)
{
    Dvm__Pb__NameAsk ask = DVM__PB__NAME_ASK__INIT;
    Dvm__Pb__NameCall call = DVM__PB__NAME_CALL__INIT;
    char text[sizeof n->lost_text];
    int slot;

    ask.call = &call;
    call.what = DVM_NAME_HOST_END;
    call.text = text;
    while ((slot = book_find_lost(n->book, is_up, n)) != 0) {
        call.number = slot;
        snprintf(text, sizeof text, "%s", n->lost_text);
        if (slot != n->lost)
            snprintf(text, sizeof text, "its host (slot %d) is not in the machine any more", slot);
        keep(n, 0, &ask);
    }
}

/* ---- who keeps ------------------------------------------------------------------------------ */

/* This host is the keeper now, and has the book: what waited is done. */
static void begin(struct names *n)
{
    n->keeping = true;
    n->copied = n->number; /* what the deputy gave us, it has */
    bury_hosts(n);
    while (n->early_first) {
        struct early *one = n->early_first;

        n->early_first = one->next;
        if (!one->next)
            n->early_last = &n->early_first;
        if (is_up(n, one->origin))
            keep(n, one->origin, one->ask);
        early_free(one);
    }
}

static void become_keeper(struct names *n)
{
    if (n->book) {
        begin(n);
        return;
    }
    log_debug("this host keeps the names now: it fetches them from slot %d", n->deputy);
    daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(n->deputy), DVM_CTL_NAMES_FETCH, NULL);
}

static void drop_late(struct names *n)
{
    while (n->late_first) {
        struct late *one = n->late_first;

        n->late_first = one->next;
        late_free(one);
    }
    n->late_last = &n->late_first;
}

/* Others keep the names: what is here will be out of date. Who has no answer asks them. */
static void forget(struct names *n)
{
    drop_late(n);
    book_free(n->book);
    n->book = NULL;
}

void names_keep_view(struct names *n, int keeper_before, int deputy_before)
{
    int self = cluster_self(n->d->cluster);

    if (n->keeper == self && keeper_before != self)
        become_keeper(n);
    else if (n->keeping && n->keeper != self)
        n->keeping = false; /* the next one fetches the book from here, its deputy */
    if (self != n->keeper && self != n->deputy)
        forget(n);
    if (!n->keeping)
        return;
    if (n->deputy && n->deputy != deputy_before && keeper_before == self)
        send_book(n, n->deputy);
    bury_hosts(n);
    release(n);
}

/* ---- between keeper and deputy -------------------------------------------------------------- */

void names_on_fetch(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct names *n = d->names;

    (void)payload;
    if (n && n->book && !n->keeping && DVM_TID_SLOT(frame->src) == n->keeper)
        send_book(n, n->keeper);
    else
        log_warning("the host of slot %d wants names that are not for it",
                    DVM_TID_SLOT(frame->src));
}

/* The whole book, for a new keeper or a new deputy. */
static void take_book(struct names *n, const Dvm__Pb__NameCopy *m)
{
    struct book *book = book_read(m->book);

    if (!book) {
        log_error("the names that the host of slot %d gave cannot be taken", n->deputy);
        return;
    }
    book_free(n->book);
    n->book = book;
    n->number = m->number;
}

static void acknowledge(struct names *n)
{
    Dvm__Pb__NameCopied m = DVM__PB__NAME_COPIED__INIT;

    m.number = n->number;
    daemon_tell(n->d, CLUSTER_CONTROL, DVM_TID_DAEMON(n->keeper), DVM_CTL_NAMES_COPIED, &m.base);
}

static void take_copy(struct names *n, const Dvm__Pb__NameCopy *m)
{
    if (m->book) {
        take_book(n, m);
    } else if (n->book && m->ask && m->number == n->number + 1 && m->origin < BOOK_SLOTS) {
        n->number = m->number;
        book_apply(n->book, (int)m->origin, m->ask, NULL, NULL);
    } else {
        log_error("change %llu of the names does not follow %llu", (unsigned long long)m->number,
                  (unsigned long long)n->number);
        return;
    }
    acknowledge(n);
}

void names_on_copy(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__NameCopy *m = dvm__pb__name_copy__unpack(NULL, frame->length, payload);
    int slot = DVM_TID_SLOT(frame->src), self = cluster_self(d->cluster);
    struct names *n = d->names;

    if (m && n && n->keeper == self && slot == n->deputy && m->book && !n->keeping) {
        take_book(n, m);
        if (n->book)
            begin(n);
    } else if (m && n && n->deputy == self && slot == n->keeper) {
        take_copy(n, m);
    }
    dvm__pb__name_copy__free_unpacked(m, NULL);
}

void names_on_copied(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__NameCopied *m = dvm__pb__name_copied__unpack(NULL, frame->length, payload);
    struct names *n = d->names;

    if (m && n && n->keeping && DVM_TID_SLOT(frame->src) == n->deputy && m->number <= n->number &&
        m->number > n->copied) {
        n->copied = m->number;
        release(n);
    }
    dvm__pb__name_copied__free_unpacked(m, NULL);
}

void names_keep_free(struct names *n)
{
    drop_late(n);
    while (n->early_first) {
        struct early *one = n->early_first;

        n->early_first = one->next;
        early_free(one);
    }
    book_free(n->book);
}
