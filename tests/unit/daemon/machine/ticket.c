/* ticket.c: tickets as text, and the coordinator's book about them.
 *
 * Protects: what was encoded is decoded, whatever was altered is refused in words, no
 * text makes the decoder read or write where it may not; uses and lifetimes hold.
 */
#include "base/join.h"
#include "daemon/links/ticket.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/machine/tickets.h"
#include "dvm.h"

static struct ticket sample(size_t addresses)
{
    struct ticket t;

    memset(&t, 0, sizeof t);
    t.addresses = addresses;
    for (size_t i = 0; i < addresses; i++)
        snprintf(t.address[i], sizeof t.address[i], "[2001:db8::%zu]:7117", i);
    for (int i = 0; i < KEY_BYTES; i++) {
        t.server[i] = (uint8_t)(7 * i + 1);
        t.key.secret[i] = (uint8_t)(251 - 3 * i);
    }
    return t;
}

Test(ticket, round_trip_of_every_size)
{
    char text[TICKET_TEXT_BYTES], error[256];

    for (size_t n = 1; n <= TICKET_ADDRESSES; n++) {
        struct ticket t = sample(n), u;

        cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
        cr_assert_eq(strncmp(text, TICKET_PREFIX, strlen(TICKET_PREFIX)), 0);
        cr_assert_eq(ticket_decode(text, &u, error, sizeof error), 0, "%s", error);
        cr_assert_eq(memcmp(&t, &u, sizeof t), 0);
    }
}

Test(ticket, the_longest_fits)
{
    struct ticket t = sample(TICKET_ADDRESSES), u;
    char text[TICKET_TEXT_BYTES], error[256];

    for (size_t i = 0; i < t.addresses; i++)
        snprintf(t.address[i], sizeof t.address[i], "%063d", 1);
    cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
    cr_assert_eq(ticket_decode(text, &u, error, sizeof error), 0);
    cr_assert_eq(ticket_encode(&t, text, 100), DVM_ERR_ARG);
}

Test(ticket, white_space_around_it_is_no_matter)
{
    struct ticket t = sample(2), u;
    char text[TICKET_TEXT_BYTES], more[TICKET_TEXT_BYTES + 8], error[256];

    cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
    snprintf(more, sizeof more, " \n%s\r\n ", text);
    cr_assert_eq(ticket_decode(more, &u, error, sizeof error), 0);
}

Test(ticket, what_was_altered_is_refused)
{
    struct ticket t = sample(3), u;
    char text[TICKET_TEXT_BYTES], bad[TICKET_TEXT_BYTES], error[256];
    size_t n;

    cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
    n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        memcpy(bad, text, n + 1);
        join_clear();
        bad[i] = bad[i] == 'x' ? 'y' : 'x';
        cr_assert_eq(ticket_decode(bad, &u, error, sizeof error), DVM_ERR_TICKET, "at %zu", i);
        cr_assert(strstr(error, "the ticket "), "%s", error);
        cr_assert(join_marked(DVM_OK) == JOIN_TICKET_ALTERED, "at %zu", i);
        memcpy(bad, text, n + 1);
        bad[i] = 0; /* cut off */
        cr_assert_eq(ticket_decode(bad, &u, error, sizeof error), DVM_ERR_TICKET);
    }
}

Test(ticket, sentences_say_what_is_wrong)
{
    struct ticket u;
    char error[256];

    ticket_decode("", &u, error, sizeof error);
    cr_assert(strstr(error, "is empty"));
    ticket_decode("hello", &u, error, sizeof error);
    cr_assert(strstr(error, "does not begin with dvm1:"));
    ticket_decode("dvm1:AAAA", &u, error, sizeof error);
    cr_assert(strstr(error, "incomplete or altered"));
}

/* Bytes of version 1 as they were first written: they must be read for ever. */
Test(ticket, a_stored_one_is_still_read)
{
    static const char stored[] =
        "dvm1:AQEOMTI3LjAuMC4xOjcxMTcBCA8WHSQrMjlAR05VXGNqcXh_ho2Um6KpsLe-xczT2vv49fLv7Onm4-Dd2tfU"
        "0c7LyMXCv7y5trOwraqnpKGeMrxZng";
    struct ticket u, t = sample(1);
    char error[256], text[TICKET_TEXT_BYTES];

    snprintf(t.address[0], sizeof t.address[0], "127.0.0.1:7117");
    memset(t.address[0] + 15, 0, sizeof t.address[0] - 15);
    cr_assert_eq(ticket_decode(stored, &u, error, sizeof error), 0, "%s", error);
    cr_assert_eq(memcmp(&t, &u, sizeof t), 0);
    cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
    cr_assert_str_eq(text, stored);
}

Test(tickets, uses_are_counted_and_a_nonce_counts_once)
{
    struct tickets *t = tickets_create();
    uint8_t key[TICKETS_KEY_BYTES] = {1}, a[TICKETS_NONCE_BYTES] = {1};
    uint8_t b[TICKETS_NONCE_BYTES] = {2}, c[TICKETS_NONCE_BYTES] = {3};
    char error[256];

    cr_assert_eq(tickets_add(t, 1000, key, 2, 10), 0);
    for (int again = 0; again < 5; again++)
        cr_assert_eq(tickets_use(t, 1000, key, a, error, sizeof error), 0);
    cr_assert_eq(tickets_use(t, 1000, key, b, error, sizeof error), 0);
    cr_assert_eq(tickets_use(t, 1000, key, c, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "is used up"));
    tickets_give_back(t, key, b);
    cr_assert_eq(tickets_use(t, 1000, key, c, error, sizeof error), 0);
    cr_assert_eq(tickets_use(t, 1000, key, b, error, sizeof error), DVM_ERR_TICKET);
    tickets_destroy(t);
}

Test(tickets, they_expire_are_remembered_and_forgotten)
{
    struct tickets *t = tickets_create();
    uint8_t key[TICKETS_KEY_BYTES] = {1}, nonce[TICKETS_NONCE_BYTES] = {1};
    uint8_t gone[TICKETS_KEY_BYTES];
    char error[256];

    cr_assert_eq(tickets_add(t, 1000, key, 0, 2), 0);
    cr_assert_eq(tickets_use(t, 3000, key, nonce, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "has expired"));
    cr_assert(!tickets_forget(t, 3000 + TICKETS_REMEMBER_MS - 1, gone));
    cr_assert(tickets_forget(t, 3000 + TICKETS_REMEMBER_MS, gone));
    cr_assert_eq(memcmp(gone, key, sizeof key), 0);
    cr_assert_eq(tickets_use(t, 3000, key, nonce, error, sizeof error), DVM_ERR_TICKET);
    cr_assert(strstr(error, "is not of this machine"));
    tickets_destroy(t);
}

Test(tickets, their_number_is_bounded)
{
    struct tickets *t = tickets_create();
    uint8_t key[TICKETS_KEY_BYTES] = {0};

    for (int i = 0; i < TICKETS_KEPT; i++) {
        memcpy(key, &i, sizeof i);
        cr_assert_eq(tickets_add(t, 0, key, 1, 1), 0);
    }
    cr_assert_eq(tickets_add(t, 0, key, 1, 1), DVM_ERR_LIMIT);
    tickets_destroy(t);
}

Test(ticket, without_a_secret_it_is_an_offer)
{
    struct ticket t = sample(2), u;
    char text[TICKET_TEXT_BYTES], error[256];

    cr_assert(!ticket_is_offer(&t));
    memset(t.key.secret, 0, KEY_BYTES);
    cr_assert_eq(ticket_encode(&t, text, sizeof text), 0);
    cr_assert_eq(ticket_decode(text, &u, error, sizeof error), 0, "%s", error);
    cr_assert(ticket_is_offer(&u));
    cr_assert_eq(memcmp(u.server, t.server, KEY_BYTES), 0);
}

Test(tickets, a_dead_one_is_known_until_it_is_forgotten)
{
    struct tickets *t = tickets_create();
    uint8_t key[TICKETS_KEY_BYTES] = {1}, gone[TICKETS_KEY_BYTES];

    cr_assert(!tickets_has(t, key));
    cr_assert_eq(tickets_add(t, 0, key, 1, 1), 0);
    cr_assert(tickets_has(t, key));
    cr_assert(tickets_forget(t, 1000 + TICKETS_REMEMBER_MS, gone));
    cr_assert(!tickets_has(t, key));
    tickets_destroy(t);
}
