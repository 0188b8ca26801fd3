/* rejoin.c: coming back to a machine, step by step: who is let in by an earlier life's
 * key, and what a host does that finds no way back. machine.c has the whole of it, with
 * a hundred hosts.
 */
#include <criterion/criterion.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "daemon/links/probe.h"
#include "daemon/machine/former.h"
#include "daemon/machine/machine.h"

#define SILENCE_MS 3000
#define REJOIN_MS 60000

static struct machine_host named(const char *name, int key)
{
    struct machine_host h = {.cores = 4, .state = DVM_HOST_UP};

    snprintf(h.name, sizeof h.name, "%s", name);
    memset(h.key, key, sizeof h.key);
    return h;
}

static void drop_actions(struct machine *m)
{
    struct machine_action a;

    while (machine_action(m, &a))
        machine_message_free(&a.message);
}

static struct machine *head_of(uint64_t now)
{
    struct machine_config config = {SILENCE_MS, REJOIN_MS};
    struct machine_host self = named("head", 1);

    self.incarnation = 1;
    return machine_start(&config, now, &self);
}

/* A host that the head admits at now; as what it may ask again later. */
static struct machine_host admitted(struct machine *head, uint64_t now, const char *name, int key)
{
    struct machine_host host = named(name, key);
    uint8_t nonce[MACHINE_NONCE_BYTES] = {(uint8_t)key};
    char error[256];

    host.incarnation = 100u + (unsigned)key;
    cr_assert_eq(machine_register(head, now, &host, host.incarnation, nonce, &host.slot, error,
                                  sizeof error), 0, "%s", error);
    drop_actions(head);
    return host;
}

static int ask(struct machine *head, uint64_t now, const struct machine_host *host, uint64_t life,
               uint8_t nonce_byte, int *slot)
{
    uint8_t nonce[MACHINE_NONCE_BYTES] = {nonce_byte, 0xff};
    char error[256];

    return machine_readmit(head, now, host, life, nonce, slot, error, sizeof error);
}

Test(rejoin, a_key_opens_only_the_life_that_it_was_of)
{
    struct machine *head = head_of(1000);
    struct machine_host a = admitted(head, 1000, "a", 2), b = admitted(head, 1000, "b", 3), wrong;
    int slot;

    wrong = a;
    memcpy(wrong.key, b.key, sizeof wrong.key);
    cr_assert_eq(ask(head, 2000, &wrong, 7, 9, &slot), DVM_ERR_REFUSED);
    wrong = a;
    wrong.incarnation++;
    cr_assert_eq(ask(head, 2000, &wrong, 7, 9, &slot), DVM_ERR_REFUSED);
    wrong = a;
    wrong.slot = b.slot;
    cr_assert_eq(ask(head, 2000, &wrong, 7, 9, &slot), DVM_ERR_REFUSED);
    wrong = named("head", 1); /* the coordinator itself */
    wrong.slot = 1;
    wrong.incarnation = 1;
    cr_assert_eq(ask(head, 2000, &wrong, 7, 9, &slot), DVM_ERR_REFUSED);
    cr_assert_eq(machine_count(head), 3, "nobody was declared lost for it");

    cr_assert_eq(ask(head, 2000, &a, 77, 9, &slot), 0);
    cr_assert_neq(slot, a.slot);
    cr_assert_str_eq(machine_host(head, slot)->name, "a");
    cr_assert_eq(machine_host(head, slot)->incarnation, 77);
    cr_assert_null(machine_host(head, a.slot), "the earlier life was declared lost");
    cr_assert_eq(ask(head, 2000, &a, 78, 9, &slot), 0, "the same question again");
    cr_assert_eq(machine_host(head, slot)->incarnation, 77);
    cr_assert_eq(ask(head, 2000, &a, 79, 10, &slot), DVM_ERR_REFUSED, "the key was spent");
    machine_destroy(head);
}

Test(rejoin, the_list_of_the_lost_is_bounded_in_time_and_number)
{
    struct former *f = former_create();
    struct machine_host h = named("x", 5);

    cr_assert(f);
    for (int i = 1; i <= FORMER_KEPT + 1; i++) {
        h.slot = i;
        h.incarnation = 1000u + (unsigned)i;
        former_add(f, &h, 5000);
    }
    cr_assert(!former_take(f, 10, 1, 1001, h.key), "the first was pushed out");
    cr_assert(former_take(f, 10, 2, 1002, h.key));
    cr_assert(!former_take(f, 10, 2, 1002, h.key), "once");
    cr_assert(former_take(f, 4999, 3, 1003, h.key));
    cr_assert(!former_take(f, 5000, 4, 1004, h.key), "too late");
    cr_assert(!former_forget(f, 10, "y"));
    cr_assert(former_forget(f, 10, "x"));
    cr_assert(!former_take(f, 10, 5, 1005, h.key));
    former_destroy(f);
    former_destroy(NULL);
}

/* The type of the next action that is no message, or 0. */
static int next_action(struct machine *m, struct machine_action *a)
{
    while (machine_action(m, a)) {
        machine_message_free(&a->message);
        if (a->type != MACHINE_DO_SEND)
            return a->type;
    }
    return 0;
}

Test(rejoin, tries_become_rarer_and_end)
{
    struct machine_config config = {SILENCE_MS, REJOIN_MS};
    struct machine_host hosts[2] = {named("head", 1), named("a", 2)};
    struct machine_action a = {0};
    struct machine *m;
    uint64_t last = 0, pause = 0;
    int tries = 0;

    hosts[0].slot = 1;
    hosts[1].slot = 2;
    m = machine_join(&config, 1000, 2, 1, 0, hosts, 2);
    machine_expelled(m, 2000, "it was declared lost");
    cr_assert_eq(next_action(m, &a), MACHINE_DO_AWAY);
    machine_expelled(m, 2000, "again"); /* is no news */
    machine_connection(m, 2001, 1, false);
    cr_assert_eq(next_action(m, &a), 0);
    cr_assert(machine_away(m));
    machine_tick(m, 3000);
    cr_assert_eq(next_action(m, &a), 0, "not before what runs here has ended");
    machine_clear(m, 3000);
    for (;;) {
        uint64_t now = machine_deadline(m);
        int type;

        machine_tick(m, now);
        type = next_action(m, &a);
        if (type == MACHINE_DO_END)
            break;
        cr_assert_eq(type, MACHINE_DO_REJOIN);
        cr_assert_eq(machine_deadline(m), 2000 + REJOIN_MS, "one at a time");
        if (tries++ > 0) {
            cr_assert_geq(now - last, pause);
            cr_assert_leq(now - last, MACHINE_TRY_MAX_MS);
            pause = now - last;
        }
        last = now;
        machine_unanswered(m, now);
    }
    cr_assert_geq(tries, REJOIN_MS / MACHINE_TRY_MAX_MS);
    cr_assert_eq(a.status, 1);
    cr_assert_str_eq(a.text, "the coordinator head ended this host's membership: it was declared "
                             "lost; it could not rejoin within 60 s");
    machine_destroy(m);
}

/* ---- the look ------------------------------------------------------------------ */

static void on_result(void *arg, enum probe_result result)
{
    *(int *)arg = (int)result;
}

/* What a look at the addresses says. */
static int look(const char (*address)[TICKET_ADDRESS_BYTES], size_t count)
{
    struct ev_loop *loop = ev_loop_new(0);
    int result = -1;

    cr_assert(probe_start(loop, address, count, 10000, on_result, &result));
    while (result < 0)
        ev_run(loop, EVRUN_ONCE);
    ev_loop_destroy(loop);
    return result;
}

/* A loopback port at which somebody listens; *fd to close. */
static int listening(int *fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    *fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(*fd, (struct sockaddr *)&a, n) == 0 && listen(*fd, 5) == 0 &&
              getsockname(*fd, (struct sockaddr *)&a, &n) == 0);
    return ntohs(a.sin_port);
}

Test(rejoin, a_refusal_counts_at_the_first_address_only, .timeout = 240)
{
    char address[2][TICKET_ADDRESS_BYTES];
    int open_fd, closed_fd, open_port = listening(&open_fd), closed_port = listening(&closed_fd);
    struct probe *p;
    struct ev_loop *loop = ev_loop_new(0);
    int result = -1;

    close(closed_fd);
    snprintf(address[0], sizeof address[0], "127.0.0.1:%d", closed_port);
    snprintf(address[1], sizeof address[1], "127.0.0.1:%d", open_port);
    cr_expect_eq(look((const char (*)[TICKET_ADDRESS_BYTES])address, 1), PROBE_REFUSED);
    cr_expect_eq(look((const char (*)[TICKET_ADDRESS_BYTES])&address[1], 1), PROBE_ANSWERED);
    snprintf(address[0], sizeof address[0], "127.0.0.1:%d", open_port);
    snprintf(address[1], sizeof address[1], "127.0.0.1:%d", closed_port);
    cr_expect_eq(look((const char (*)[TICKET_ADDRESS_BYTES])address, 2), PROBE_ANSWERED);
    snprintf(address[0], sizeof address[0], "no address");
    cr_expect_eq(look((const char (*)[TICKET_ADDRESS_BYTES])address, 2), PROBE_SILENT);
    p = probe_start(loop, (const char (*)[TICKET_ADDRESS_BYTES])address, 2, 1000, on_result,
                    &result);
    probe_cancel(p);
    ev_run(loop, 0);
    cr_expect_eq(result, -1, "a cancelled look says nothing");
    probe_cancel(NULL);
    ev_loop_destroy(loop);
    close(open_fd);
}
