/* machine.c: the membership in virtual time: a coordinator and many members over a
 * simulated network, one event a step, invariants after each.
 *
 * Protects: all members go through the same lists in the same order and end with the
 * same one; nobody is declared lost who can be heard; a loss is noticed within its
 * bound; names, slots and incarnations are unique. Each random run prints its seed.
 */
#include "daemon/machine/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/machine/state.h"
#include "tests/support/full_size.h"

#define NODES 130
#define LETTER_MS 64 /* more than a letter takes */
#define HISTORY 4096
#define SILENCE_MS 3000
#define BOUND_SILENT_MS (SILENCE_MS - MACHINE_TICK_MS) /* leaves time for the news */
#define BOUND_RESET_MS (MACHINE_SUSPECT_MS + MACHINE_TICK_MS + 50)

/* MUTE: nothing that it says arrives. DEAF: nothing that is said to it. CUT: both. */
enum condition { ABSENT, ALIVE, KILLED, CUT, MUTE, DEAF, STOPPED, ENDED };

struct node {
    struct machine *machine;
    enum condition condition;
    int slot;
    uint64_t incarnation;
    uint64_t faulty_since, wakes; /* ms */
    bool reset;                   /* its connection broke visibly */
    bool gone;                    /* the coordinator knows */
    bool spoke;                   /* the coordinator has heard it once */
    unsigned starved_ms;          /* its timers are late by up to so much */
    uint64_t runs_at;             /* when it gets its turn, 0: as soon as it likes */
    int end_status;
    char end_why[MACHINE_REASON_BYTES];
    int ups, downs;
    int aways, backs;             /* it lost the machine; it was let in again */
    bool away;
    uint64_t heals, healed;       /* ms: its fault ends, 0; it ended */
};

struct letter {
    struct letter *next;
    uint64_t at;
    int from, to; /* nodes */
    uint64_t from_life, to_life; /* incarnations */
    int kind;     /* 0 message, 1 connection lost, 2 connection up, 3 expelled */
    struct machine_message message;
};

struct world {
    uint64_t now;
    unsigned random;
    struct node nodes[NODES];
    int count;
    struct letter *letters; /* by time */
    struct letter *last_letter[LETTER_MS]; /* with each time of the next few, modulo */
    uint64_t history[HISTORY];
    uint64_t known; /* index up to which history is set */
    uint64_t last_at[NODES][2];
    int drop_members; /* percent of MEMBERS that are lost */
    int drop_pings;
    uint64_t steps, removed_token;
    unsigned losses, backs;
    uint64_t rejoin_ms;
};

static unsigned draw(struct world *w, unsigned below)
{
    w->random = w->random * 1103515245u + 12345u;
    return (w->random >> 8) % below;
}

static uint64_t digest(const struct machine *m)
{
    const struct machine_host *h = NULL;
    uint64_t sum = 14695981039346656037u;

    while ((h = machine_next(m, h ? h->slot : 0)) != NULL) {
        sum = (sum ^ (uint64_t)h->slot) * 1099511628211u;
        sum = (sum ^ h->incarnation) * 1099511628211u;
        for (const char *c = h->name; *c; c++)
            sum = (sum ^ (uint64_t)*c) * 1099511628211u;
    }
    return sum;
}

/* Put a letter among those under way, by its time. */
static void put(struct world *w, struct letter l)
{
    struct letter **at = &w->letters, *copy = malloc(sizeof *copy);

    *copy = l;
    /* behind the last of its time or of one before: there may be tens of thousands */
    for (uint64_t t = l.at; t >= w->now && t + LETTER_MS > l.at; t--)
        if (w->last_letter[t % LETTER_MS] && w->last_letter[t % LETTER_MS]->at == t) {
            at = &w->last_letter[t % LETTER_MS]->next;
            break;
        }
    while (*at && (*at)->at <= l.at)
        at = &(*at)->next;
    copy->next = *at;
    *at = w->last_letter[l.at % LETTER_MS] = copy;
}

static void post(struct world *w, struct letter l)
{
    /* in order between two nodes, as a flow is */
    uint64_t *last = &w->last_at[l.from ? l.from : l.to][l.from != 0];

    l.from_life = w->nodes[l.from].incarnation;
    l.to_life = w->nodes[l.to].incarnation;
    l.at = w->now + 1 + draw(w, 20);
    if (l.at < *last)
        l.at = *last;
    *last = l.at;
    put(w, l);
}

static struct machine_message copy_message(const struct machine_message *m)
{
    struct machine_message c = *m;

#define COPY(list, count)                                                                 \
    do {                                                                                  \
        c.list = calloc((count) + 1, sizeof *c.list);                                     \
        if (m->list)                                                                      \
            memcpy(c.list, m->list, (count) * sizeof *c.list);                            \
    } while (0)
    COPY(entries, m->entry_count);
    COPY(snapshot, m->snapshot_count);
    COPY(loads, m->load_count);
#undef COPY
    return c;
}

static void send(struct world *w, int from, int to, const struct machine_message *m)
{
    enum condition speaker = w->nodes[from].condition, listener = w->nodes[to].condition;

    if (speaker != ALIVE && speaker != DEAF && speaker != ENDED)
        return;
    if (listener != ALIVE && listener != MUTE && listener != STOPPED)
        return;
    if (m->type == MACHINE_MEMBERS && (int)draw(w, 100) < w->drop_members)
        return;
    if ((m->type == MACHINE_PING || m->type == MACHINE_PONG) &&
        (int)draw(w, 100) < w->drop_pings)
        return;
    post(w, (struct letter){.from = from, .to = to, .message = copy_message(m)});
}

static int node_of(const struct world *w, int slot)
{
    for (int i = 0; i < w->count; i++)
        if (w->nodes[i].slot == slot && !w->nodes[i].gone && w->nodes[i].condition != ABSENT)
            return i;
    return -1;
}

static void saw_down(struct world *w, const struct machine_action *a)
{
    int i = node_of(w, a->host.slot);
    struct node *n;
    uint64_t late;

    cr_assert(i > 0, "slot %d went down, which is nobody's", a->host.slot);
    n = &w->nodes[i];
    cr_assert_eq(n->incarnation, a->host.incarnation);
    n->gone = true;
    if (!a->lost)
        return;
    w->losses++;
    cr_assert(n->condition != ALIVE || n->away || n->healed + 2 * MACHINE_PING_MAX_MS > w->now,
              "at %lu: false loss of %s: %s", (unsigned long)w->now, a->host.name, a->text);
    late = w->now - n->faulty_since;
    if ((!n->spoke && !n->reset) || n->away || n->heals || n->healed > n->faulty_since)
        return; /* a new host has more time for its first word; who is away is lost anyway */
    cr_assert(late <= (n->reset ? BOUND_RESET_MS : BOUND_SILENT_MS) + 50,
              "%s was noticed after %lu ms (%s)", a->host.name, (unsigned long)late, a->text);
}

static struct machine_host named(const char *name, int i)
{
    struct machine_host h = {.cores = 4, .state = DVM_HOST_UP};

    snprintf(h.name, sizeof h.name, "%s", name);
    memset(h.key, i, sizeof h.key);
    return h;
}

static void act(struct world *w, int i);
static void check(struct world *w, int i);

/* All hosts, or only those that a large machine tells. */
static size_t list_hosts(const struct world *w, int self, bool whole, struct machine_host *list)
{
    const struct machine_host *h = NULL;
    size_t count = 0;

    while ((h = machine_next(w->nodes[0].machine, h ? h->slot : 0)) != NULL)
        if (whole || h->slot == 1 || h->slot == self)
            list[count++] = *h;
    return count;
}

static uint64_t new_life(struct world *w)
{
    return ((uint64_t)draw(w, 1u << 24) << 24 | draw(w, 1u << 24)) + 2;
}

/* A host that is away asks to be let in again. */
static void ask_again(struct world *w, int i)
{
    struct node *n = &w->nodes[i], *head = &w->nodes[0];
    struct machine_host list[NODES];
    uint8_t nonce[MACHINE_NONCE_BYTES] = {0};
    uint64_t life = new_life(w);
    struct machine_host asked;
    char error[256];
    int slot, again;

    if (head->condition == KILLED) {
        machine_refused(n->machine, "nobody is there");
        return;
    }
    if (n->condition != ALIVE || head->condition != ALIVE) {
        machine_unanswered(n->machine, w->now);
        return;
    }
    asked = named("node", i);
    asked.slot = n->slot;
    asked.incarnation = n->incarnation;
    memcpy(nonce, &i, sizeof i);
    memcpy(nonce + sizeof i, &n->aways, sizeof n->aways);
    if (machine_readmit(head->machine, w->now, &asked, life, nonce, &slot, error,
                        sizeof error) != 0) {
        act(w, 0);
        machine_refused(n->machine, error);
        return;
    }
    cr_assert_eq(machine_readmit(head->machine, w->now, &asked, 7, nonce, &again, error,
                                 sizeof error), 0, "an answer that was lost: %s", error);
    cr_assert_eq(again, slot);
    cr_assert_neq(slot, n->slot, "a slot rests");
    n->backs++;
    w->backs++;
    act(w, 0); /* the loss of the earlier life, if it had not been noticed */
    n->away = n->spoke = n->reset = false;
    n->slot = slot;
    n->incarnation = life;
    n->gone = false;
    cr_assert(machine_rejoined(n->machine, w->now, slot, 1, machine_index(head->machine), list,
                               list_hosts(w, slot, true, list)));
    check(w, 0);
    check(w, i);
}

static void act(struct world *w, int i)
{
    struct node *n = &w->nodes[i];
    struct machine_action a;

    while (machine_action(n->machine, &a)) {
        if (a.type == MACHINE_DO_SEND && a.slot == MACHINE_ALL) {
            for (int to = 1; to < w->count; to++)
                if (to != i && machine_host(n->machine, w->nodes[to].slot) && !w->nodes[to].gone)
                    send(w, i, to, &a.message);
        } else if (a.type == MACHINE_DO_SEND && node_of(w, a.slot) >= 0) {
            send(w, i, node_of(w, a.slot), &a.message);
        } else if (a.type == MACHINE_DO_UP) {
            n->ups++;
        } else if (a.type == MACHINE_DO_DOWN) {
            n->downs++;
            if (i == 0)
                saw_down(w, &a);
        } else if (a.type == MACHINE_DO_REMOVED) {
            w->removed_token = a.token;
        } else if (a.type == MACHINE_DO_END) {
            n->condition = ENDED;
            n->end_status = a.status;
            memcpy(n->end_why, a.text, sizeof n->end_why);
        } else if (a.type == MACHINE_DO_AWAY) {
            n->aways++;
            n->away = true;
            machine_clear(n->machine, w->now);
        } else if (a.type == MACHINE_DO_REJOIN) {
            ask_again(w, i);
        }
        machine_message_free(&a.message);
    }
}

static void check(struct world *w, int i)
{
    const struct node *n = &w->nodes[i];
    uint64_t index;

    if (!n->machine || n->away)
        return;
    index = machine_index(n->machine);
    cr_assert_lt(index, HISTORY);
    if (i == 0) {
        w->known = index;
        w->history[index] = digest(n->machine);
    } else if (index > 0) {
        cr_assert_leq(index, w->known);
        if (w->history[index])
            cr_assert_eq(digest(n->machine), w->history[index],
                         "node %d has another list at index %lu", i, (unsigned long)index);
    }
}

static void deliver(struct world *w, struct letter *l)
{
    struct node *to = &w->nodes[l->to];

    if (to->condition == STOPPED || to->runs_at) { /* it stays in the kernel until it runs */
        l->at = (to->condition == STOPPED ? to->wakes : to->runs_at) + 1;
        put(w, *l);
        return;
    }
    if ((to->condition == ALIVE || to->condition == MUTE) && l->to_life == to->incarnation &&
        l->from_life == w->nodes[l->from].incarnation) {
        int from_slot = w->nodes[l->from].slot;

        if (l->kind == 3)
            machine_expelled(to->machine, w->now, "it was declared lost");
        else if (l->kind)
            machine_connection(to->machine, w->now, from_slot, l->kind == 2);
        else if (l->to == 0 && w->nodes[l->from].gone && w->nodes[l->from].condition == ALIVE)
            post(w, (struct letter){.from = 0, .to = l->from, .kind = 3});
        else
            machine_receive(to->machine, w->now, from_slot, &l->message);
        if (l->to == 0)
            w->nodes[l->from].spoke = true;
        act(w, l->to);
        check(w, l->to);
    }
    machine_message_free(&l->message);
}

/* Who ticks next, and when. */
static int next_tick(const struct world *w, uint64_t *at)
{
    int who = -1;

    *at = MACHINE_NEVER;
    for (int i = 0; i < w->count; i++) {
        const struct node *n = &w->nodes[i];
        uint64_t t = MACHINE_NEVER;

        if (n->condition == ALIVE && n->runs_at)
            t = n->runs_at;
        else if (n->condition == ALIVE || n->condition == CUT || n->condition == MUTE ||
                 n->condition == DEAF)
            t = machine_deadline(n->machine);
        else if (n->condition == STOPPED)
            t = n->wakes;
        if (t < *at) {
            *at = t;
            who = i;
        }
    }
    return who;
}

/* Whether a node that should run must wait for the CPU first. */
static bool starve(struct world *w, struct node *n)
{
    if (!n->starved_ms || n->runs_at) {
        n->runs_at = 0;
        return false;
    }
    n->runs_at = w->now + 1 + draw(w, n->starved_ms);
    return true;
}

/* One event. */
static void step(struct world *w)
{
    uint64_t at;
    int who = next_tick(w, &at);
    struct letter *l = w->letters;

    w->steps++;
    if (l && l->at <= at) {
        w->letters = l->next;
        if (w->last_letter[l->at % LETTER_MS] == l)
            w->last_letter[l->at % LETTER_MS] = NULL;
        if (l->at > w->now)
            w->now = l->at;
        deliver(w, l);
        free(l);
        return;
    }
    if (who < 0) {
        w->now += MACHINE_TICK_MS;
        return;
    }
    if (at > w->now)
        w->now = at;
    if (starve(w, &w->nodes[who]))
        return;
    if (w->nodes[who].condition == STOPPED)
        w->nodes[who].condition = ALIVE;
    machine_tick(w->nodes[who].machine, w->now);
    act(w, who);
    check(w, who);
}

static void run_until(struct world *w, uint64_t end)
{
    uint64_t at;

    for (;;) {
        next_tick(w, &at);
        if (at > end && (!w->letters || w->letters->at > end))
            break;
        step(w);
    }
    w->now = end;
}

static struct world *world_with_rejoin(unsigned seed, uint64_t rejoin_ms)
{
    struct world *w = calloc(1, sizeof *w);
    struct machine_config config = {SILENCE_MS, rejoin_ms};
    struct machine_host self = named("head", 0);

    cr_assert(w);
    w->random = seed;
    w->rejoin_ms = rejoin_ms;
    w->now = 100000;
    self.incarnation = 1;
    w->nodes[0] = (struct node){.condition = ALIVE, .slot = 1, .incarnation = 1,
                                .machine = machine_start(&config, w->now, &self)};
    w->count = 1;
    check(w, 0);
    return w;
}

static struct world *world_new(unsigned seed)
{
    return world_with_rejoin(seed, 0);
}

static void world_free(struct world *w)
{
    while (w->letters) {
        struct letter *l = w->letters;

        w->letters = l->next;
        machine_message_free(&l->message);
        free(l);
    }
    for (int i = 0; i < w->count; i++)
        machine_destroy(w->nodes[i].machine);
    free(w);
}

/* A host joins: with the whole list, or only with what a large machine tells. */
static int join(struct world *w, const char *name, bool whole)
{
    struct machine *head = w->nodes[0].machine;
    struct machine_config config = {SILENCE_MS, w->rejoin_ms};
    struct machine_host host = named(name, w->count), list[NODES];
    uint8_t nonce[MACHINE_NONCE_BYTES] = {0};
    struct node *n = &w->nodes[w->count];
    char error[256];
    int again;

    cr_assert_lt(w->count, NODES);
    memcpy(nonce, &w->count, sizeof w->count);
    n->incarnation = new_life(w);
    cr_assert_eq(machine_register(head, w->now, &host, n->incarnation, nonce, &n->slot, error,
                                  sizeof error), 0, "%s", error);
    cr_assert_eq(machine_register(head, w->now, &host, 7, nonce, &again, error, sizeof error), 0);
    cr_assert_eq(again, n->slot, "the same nonce is the same host");
    n->machine = machine_join(&config, w->now, n->slot, 1, whole ? machine_index(head) : 0, list,
                              list_hosts(w, n->slot, whole, list));
    cr_assert(n->machine);
    n->condition = ALIVE;
    w->count++;
    act(w, 0);
    check(w, 0);
    check(w, w->count - 1);
    return w->count - 1;
}

static void break_node(struct world *w, int i, enum condition how, bool reset)
{
    struct node *n = &w->nodes[i];

    n->condition = how;
    n->faulty_since = w->now;
    n->reset = reset;
    if (reset)
        post(w, (struct letter){.from = i, .to = 0, .kind = 1});
}

static void all_agree(struct world *w)
{
    uint64_t right = digest(w->nodes[0].machine);
    size_t alive = 0;

    for (int i = 0; i < w->count; i++) {
        if (w->nodes[i].condition != ALIVE)
            continue;
        alive++;
        cr_assert_eq(machine_index(w->nodes[i].machine), machine_index(w->nodes[0].machine));
        cr_assert_eq(digest(w->nodes[i].machine), right);
    }
    cr_assert_eq(machine_count(w->nodes[0].machine), alive);
}

Test(machine, a_hundred_hosts_join_and_some_die, .timeout = 240)
{
    unsigned seed = getenv("DVM_TEST_SEED") ? (unsigned)atoi(getenv("DVM_TEST_SEED"))
                                            : (unsigned)time(NULL);
    struct world *w = world_new(seed);
    int killed = 0;

    printf("machine: seed %u\n", seed);
    w->drop_members = 10;
    w->drop_pings = 2;
    for (int i = 0; i < 120; i++) {
        join(w, "node", draw(w, 2));
        run_until(w, w->now + draw(w, 60));
        if (draw(w, 6) == 0) {
            int victim = 1 + (int)draw(w, (unsigned)w->count - 1);

            if (w->nodes[victim].condition == ALIVE) {
                break_node(w, victim, draw(w, 2) ? KILLED : CUT, draw(w, 2));
                killed++;
            }
        }
    }
    w->drop_members = 0;
    run_until(w, w->now + 20000);
    cr_assert_eq((int)w->losses, killed);
    all_agree(w);
    world_free(w);
}

Test(machine, nobody_is_lost_in_an_hour_without_a_fault)
{
    struct world *w = world_new(7);

    for (int i = 0; i < 10; i++)
        join(w, "node", true);
    w->drop_pings = 5;
    run_until(w, w->now + 3600 * 1000);
    cr_assert_eq(w->losses, 0);
    all_agree(w);
    world_free(w);
}

Test(machine, names_are_unique)
{
    struct world *w = world_new(1);

    join(w, "node", true);
    join(w, "node", true);
    join(w, "node-2", true);
    join(w, "", true);
    join(w, "head", true);
    cr_assert_str_eq(machine_host(w->nodes[0].machine, 2)->name, "node");
    cr_assert_str_eq(machine_host(w->nodes[0].machine, 3)->name, "node-2");
    cr_assert_str_eq(machine_host(w->nodes[0].machine, 4)->name, "node-2-2");
    cr_assert_str_eq(machine_host(w->nodes[0].machine, 5)->name, "host");
    cr_assert_str_eq(machine_host(w->nodes[0].machine, 6)->name, "head-2");
    world_free(w);
}

Test(machine, a_slot_rests_before_it_is_given_again)
{
    struct world *w = world_new(1);
    int first;

    first = join(w, "a", true);
    cr_assert_eq(w->nodes[first].slot, 2);
    break_node(w, first, KILLED, true);
    run_until(w, w->now + 5000);
    cr_assert(w->nodes[first].gone);
    cr_assert_eq(w->nodes[join(w, "b", true)].slot, 3);
    run_until(w, w->now + MACHINE_QUARANTINE_MS);
    cr_assert_eq(w->nodes[join(w, "c", true)].slot, 2);
    run_until(w, w->now + 5000);
    all_agree(w);
    world_free(w);
}

Test(machine, a_reset_that_comes_back_is_no_loss)
{
    struct world *w = world_new(3);
    int a = join(w, "a", true);

    run_until(w, w->now + 3000);
    for (int i = 0; i < 20; i++) {
        post(w, (struct letter){.from = a, .to = 0, .kind = 1});
        post(w, (struct letter){.from = 0, .to = a, .kind = 1});
        run_until(w, w->now + 500);
        post(w, (struct letter){.from = a, .to = 0, .kind = 2});
        post(w, (struct letter){.from = 0, .to = a, .kind = 2});
        run_until(w, w->now + 500);
    }
    cr_assert_eq(w->losses, 0);
    all_agree(w);
    world_free(w);
}

/* Who gets the CPU late is late with a new connection, too. */
Test(machine, a_starved_member_has_longer_for_its_connection)
{
    struct world *w = world_new(5);
    int a = join(w, "a", true);

    run_until(w, w->now + 3000);
    w->nodes[a].starved_ms = 400;
    run_until(w, w->now + 10000);
    post(w, (struct letter){.from = a, .to = 0, .kind = 1});
    post(w, (struct letter){.from = 0, .to = a, .kind = 1});
    run_until(w, w->now + 2 * MACHINE_SUSPECT_MS);
    post(w, (struct letter){.from = a, .to = 0, .kind = 2});
    post(w, (struct letter){.from = 0, .to = a, .kind = 2});
    run_until(w, w->now + 5000);
    cr_assert_eq(w->losses, 0);
    all_agree(w);
    world_free(w);
}

Test(machine, a_stopped_member_is_lost_and_told_so)
{
    struct world *w = world_new(4);
    int a = join(w, "a", true), b = join(w, "b", true);

    run_until(w, w->now + 3000);
    break_node(w, a, STOPPED, false);
    w->nodes[a].wakes = w->now + 10000;
    run_until(w, w->now + 9000);
    cr_assert_eq(w->losses, 1);
    cr_assert_eq(w->nodes[b].downs, 1);
    run_until(w, w->now + 10000);
    cr_assert_eq(w->nodes[a].condition, ENDED);
    cr_assert_eq(w->nodes[a].end_status, 1);
    cr_assert(strstr(w->nodes[a].end_why, "declared lost"), "%s", w->nodes[a].end_why);
    world_free(w);
}

Test(machine, a_stopped_coordinator_declares_nobody_lost)
{
    struct world *w = world_new(5);

    for (int i = 0; i < 8; i++)
        join(w, "node", true);
    run_until(w, w->now + 3000);
    for (int i = 0; i < 10; i++) {
        w->nodes[0].condition = STOPPED;
        /* under the members' patience, which counts from its last heartbeat */
        w->nodes[0].wakes = w->now + 1200 + draw(w, 700);
        run_until(w, w->now + 6000);
    }
    cr_assert_eq(w->losses, 0);
    all_agree(w);
    world_free(w);
}

static void heal(struct world *w)
{
    for (int i = 0; i < w->count; i++)
        if (w->nodes[i].heals && w->now >= w->nodes[i].heals) {
            w->nodes[i].heals = 0;
            w->nodes[i].healed = w->now;
            if (w->nodes[i].condition != ENDED)
                w->nodes[i].condition = ALIVE;
        }
}

#define BACKS_LEAST 20 /* that come back, else it is no test of that */

/* Hosts are cut off, made deaf or mute, or stopped, for a moment or for long, and so is
 * the coordinator: in the end all are in the machine, the lost as new incarnations, and
 * all say the same of it. */
Test(machine, a_hundred_hosts_come_back_after_cuts, .timeout = 240)
{
    static const enum condition faults[] = {CUT, MUTE, DEAF, STOPPED};
    unsigned seed = getenv("DVM_TEST_SEED") ? (unsigned)atoi(getenv("DVM_TEST_SEED"))
                                            : (unsigned)time(NULL);
    struct world *w = world_with_rejoin(seed, MACHINE_REJOIN_DEFAULT_MS);
    int rounds = full_size() ? 1000 : 200;

    printf("machine: seed %u\n", seed);
    for (int i = 0; i < 110; i++)
        join(w, "node", true);
    run_until(w, w->now + 5000);
    w->drop_members = 5;
    for (int round = 0; round < rounds || w->backs <= BACKS_LEAST; round++) {
        int i = draw(w, 40) == 0 ? 0 : 1 + (int)draw(w, (unsigned)w->count - 1);
        struct node *n = &w->nodes[i];
        uint64_t long_ms = 50 + draw(w, 8000);

        if (n->condition == ALIVE && !n->heals) {
            break_node(w, i, i ? faults[draw(w, 4)] : STOPPED, false);
            n->wakes = n->heals = w->now + long_ms;
        }
        run_until(w, w->now + draw(w, 300));
        heal(w);
    }
    w->drop_members = 0;
    for (int i = 0; i < 12; i++) {
        run_until(w, w->now + 5000);
        heal(w);
    }
    for (int i = 1; i < w->count; i++) {
        const struct node *n = &w->nodes[i];

        cr_assert_eq(n->condition, ALIVE, "node %d ended: %s", i, n->end_why);
        cr_assert(!n->away, "node %d has not come back", i);
        cr_assert_eq(n->aways, n->backs);
    }
    printf("machine: %u came back\n", w->backs);
    all_agree(w);
    world_free(w);
}

Test(machine, who_is_away_ends_with_the_coordinator)
{
    struct world *w = world_with_rejoin(12, MACHINE_REJOIN_DEFAULT_MS);
    int a = join(w, "a", true);

    run_until(w, w->now + 2000);
    w->nodes[0].condition = KILLED;
    post(w, (struct letter){.from = 0, .to = a, .kind = 1});
    run_until(w, w->now + BOUND_RESET_MS);
    cr_assert_eq(w->nodes[a].condition, ENDED);
    cr_assert_str_eq(w->nodes[a].end_why, "the coordinator head was lost: its connection broke and "
                                          "did not come back; nobody is there");
    world_free(w);
}

Test(machine, who_comes_too_late_or_was_removed_is_refused)
{
    for (int removed = 0; removed < 2; removed++) {
        struct world *w = world_with_rejoin(13, 20000);
        int a = join(w, "a", true), b = join(w, "b", true);
        char error[256];

        run_until(w, w->now + 2000);
        break_node(w, a, STOPPED, false); /* its own patience stands still, too */
        w->nodes[a].wakes = w->now + (removed ? 10000 : 30000);
        run_until(w, w->now + 9000);
        cr_assert_eq(w->losses, 1);
        if (removed) {
            cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "a", 5, error, sizeof error),
                         0);
            act(w, 0);
            cr_assert_eq(w->removed_token, 5);
            cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "a", 6, error, sizeof error),
                         DVM_ERR_NO_HOST);
        }
        run_until(w, w->now + 30000);
        cr_assert_eq(w->nodes[a].condition, ENDED);
        cr_assert_eq(w->nodes[a].end_status, 1);
        cr_assert(strstr(w->nodes[a].end_why, "was removed, or was lost more"), "%s",
                  w->nodes[a].end_why);
        cr_assert_eq(w->nodes[b].condition, ALIVE);
        world_free(w);
    }
}

/* Daemons that get the CPU late, time and again, are short of it, not lost; but one of
 * them that is really cut off is, if later than usual. */
static void all_starve(unsigned ms, int first, int last)
{
    struct world *w = world_new(ms);

    for (int i = 0; i < 6; i++)
        join(w, "node", true);
    run_until(w, w->now + 3000);
    for (unsigned step = 1; step <= 10; step++) { /* it does not begin all at once */
        for (int i = first; i <= last; i++)
            w->nodes[i].starved_ms = ms * step / 10;
        run_until(w, w->now + 60 * 1000);
    }
    cr_assert_eq(w->losses, 0);
    for (int i = 0; i < w->count; i++)
        cr_assert_eq(w->nodes[i].condition, ALIVE, "node %d: %s", i, w->nodes[i].end_why);
    all_agree(w);
    for (int i = first; i <= last; i++)
        w->nodes[i].starved_ms = 0;
    run_until(w, w->now + 20 * MACHINE_STRAIN_HALF_MS);
    break_node(w, 3, CUT, false); /* saw_down() knows the bound */
    run_until(w, w->now + 2 * SILENCE_MS);
    cr_assert_eq(w->losses, 1, "patience ends with the need for it");
    world_free(w);
}

Test(machine, members_short_of_cpu_are_not_lost)
{
    all_starve(SILENCE_MS * 5 / 4, 1, 6);
}

Test(machine, a_coordinator_short_of_cpu_loses_nobody)
{
    all_starve(SILENCE_MS * 5 / 4, 0, 0);
}

Test(machine, everybody_may_be_short_of_cpu)
{
    all_starve(SILENCE_MS, 0, 6);
}

Test(machine, a_member_ends_without_its_coordinator)
{
    struct world *w = world_new(6);
    int a = join(w, "a", true), b = join(w, "b", true);

    run_until(w, w->now + 2000);
    w->nodes[0].condition = KILLED;
    post(w, (struct letter){.from = 0, .to = a, .kind = 1});
    run_until(w, w->now + BOUND_RESET_MS);
    cr_assert_eq(w->nodes[a].condition, ENDED);
    cr_assert_str_eq(w->nodes[a].end_why,
                     "the coordinator head was lost: its connection broke and did not come back");
    cr_assert_eq(w->nodes[b].condition, ALIVE);
    run_until(w, w->now + BOUND_SILENT_MS + MACHINE_PING_MAX_MS);
    cr_assert_eq(w->nodes[b].condition, ENDED);
    cr_assert(strstr(w->nodes[b].end_why, "the coordinator head was lost: no sign of life"));
    world_free(w);
}

Test(machine, a_host_is_removed)
{
    struct world *w = world_new(8);
    int a = join(w, "a", true);
    char error[256];

    join(w, "b", true);
    run_until(w, w->now + 1000);
    cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "x", 1, error, sizeof error),
                 DVM_ERR_NO_HOST);
    cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "head", 1, error, sizeof error),
                 DVM_ERR_REFUSED);
    cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "a", 42, error, sizeof error), 0);
    cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "a", 43, error, sizeof error),
                 DVM_ERR_REFUSED);
    act(w, 0);
    run_until(w, w->now + 200);
    cr_assert_eq(w->removed_token, 42);
    cr_assert_eq(w->nodes[a].condition, ENDED);
    cr_assert_eq(w->nodes[a].end_status, 0);
    cr_assert_eq(w->losses, 0);
    run_until(w, w->now + 1000);
    all_agree(w);
    world_free(w);
}

Test(machine, a_removed_host_that_is_deaf_goes_all_the_same)
{
    struct world *w = world_new(9);
    int a = join(w, "a", true);
    char error[256];

    run_until(w, w->now + 1000);
    break_node(w, a, CUT, false);
    cr_assert_eq(machine_remove(w->nodes[0].machine, w->now, "a", 42, error, sizeof error), 0);
    act(w, 0);
    run_until(w, w->now + MACHINE_LEAVE_MS + BOUND_SILENT_MS);
    cr_assert_eq(w->removed_token, 42);
    all_agree(w);
    world_free(w);
}

Test(machine, halt_ends_all_and_the_coordinator_last)
{
    struct world *w = world_new(10);
    char error[256];

    for (int i = 0; i < 20; i++)
        join(w, "node", true);
    run_until(w, w->now + 1000);
    cr_assert_eq(machine_halt(w->nodes[0].machine, w->now, "the user said so", error,
                              sizeof error), 0);
    act(w, 0);
    cr_assert_eq(w->nodes[0].condition, ALIVE);
    run_until(w, w->now + 500);
    for (int i = 0; i < w->count; i++) {
        cr_assert_eq(w->nodes[i].condition, ENDED);
        cr_assert_eq(w->nodes[i].end_status, 0);
        cr_assert_str_eq(w->nodes[i].end_why, "the user said so");
    }
    cr_assert_eq(w->losses, 0);
    world_free(w);
}

Test(machine, halt_does_not_wait_for_the_deaf)
{
    struct world *w = world_new(11);
    char error[256];
    int a = join(w, "a", true);

    run_until(w, w->now + 1000);
    break_node(w, a, CUT, false);
    cr_assert_eq(machine_halt(w->nodes[0].machine, w->now, "", error, sizeof error), 0);
    act(w, 0);
    run_until(w, w->now + BOUND_SILENT_MS + MACHINE_LEAVE_MS);
    cr_assert_eq(w->nodes[0].condition, ENDED);
    world_free(w);
}

Test(machine, no_one_joins_a_machine_that_stops)
{
    struct world *w = world_new(12);
    struct machine_host host = named("late", 0);
    uint8_t nonce[MACHINE_NONCE_BYTES] = {99};
    char error[256];
    int slot, a = join(w, "a", true);

    cr_assert_eq(machine_halt(w->nodes[0].machine, w->now, "", error, sizeof error), 0);
    cr_assert_eq(machine_register(w->nodes[0].machine, w->now, &host, 5, nonce, &slot, error,
                                  sizeof error), DVM_ERR_CLOSING);
    cr_assert_eq(machine_register(w->nodes[a].machine, w->now, &host, 5, nonce, &slot, error,
                                  sizeof error), DVM_ERR_REFUSED);
    cr_assert(strstr(error, "not the coordinator"));
    world_free(w);
}

Test(machine, tasks_are_told_to_all)
{
    struct world *w = world_new(13);
    int a = join(w, "a", true), b = join(w, "b", true);

    run_until(w, w->now + 1000);
    machine_load(w->nodes[a].machine, 5);
    machine_load(w->nodes[0].machine, 3);
    run_until(w, w->now + 2 * MACHINE_PING_MAX_MS + 100); /* with a's heartbeat, then with b's */
    cr_assert_eq(machine_host(w->nodes[0].machine, w->nodes[a].slot)->tasks, 5);
    cr_assert_eq(machine_host(w->nodes[b].machine, w->nodes[a].slot)->tasks, 5);
    cr_assert_eq(machine_host(w->nodes[b].machine, 1)->tasks, 3);
    world_free(w);
}

Test(machine, the_latest_word_about_tasks_holds)
{
    struct world *w = world_new(16);
    int a = join(w, "a", true), b = join(w, "b", true);
    int slot = w->nodes[a].slot;

    run_until(w, w->now + 1000);
    machine_load_of(w->nodes[b].machine, slot, 7, 3); /* faster than any heartbeat */
    cr_assert_eq(machine_host(w->nodes[b].machine, slot)->tasks, 7);
    machine_load_of(w->nodes[b].machine, slot, 9, 2); /* late */
    cr_assert_eq(machine_host(w->nodes[b].machine, slot)->tasks, 7);
    machine_load(w->nodes[a].machine, 1); /* its first change: the heartbeat is old news */
    run_until(w, w->now + 2000);
    cr_assert_eq(machine_host(w->nodes[b].machine, slot)->tasks, 7);
    machine_load(w->nodes[a].machine, 2);
    machine_load(w->nodes[a].machine, 3);
    machine_load(w->nodes[a].machine, 4);
    run_until(w, w->now + 2000);
    cr_assert_eq(machine_host(w->nodes[b].machine, slot)->tasks, 4);
    machine_load_of(w->nodes[b].machine, 4000, 1, 100); /* no member: ignored */
    world_free(w);
}

Test(machine, who_is_far_behind_gets_all_hosts)
{
    struct world *w = world_new(14);
    int a = join(w, "a", true);
    char error[256];

    run_until(w, w->now + 1000);
    w->drop_members = 100;
    for (int i = 0; i < MACHINE_LOG_KEPT; i++) {
        struct machine_host host = named("passing", 0);
        uint8_t nonce[MACHINE_NONCE_BYTES];
        int slot;

        memset(nonce, 200, sizeof nonce);
        memcpy(nonce, &i, sizeof i);
        cr_assert_eq(machine_register(w->nodes[0].machine, w->now, &host, 1000u + (unsigned)i,
                                      nonce, &slot, error, sizeof error), 0);
    }
    act(w, 0);
    check(w, 0);
    w->drop_members = 0;
    run_until(w, w->now + 3000);
    cr_assert_eq(machine_index(w->nodes[a].machine), machine_index(w->nodes[0].machine));
    cr_assert_eq(machine_count(w->nodes[a].machine), MACHINE_LOG_KEPT + 2);
    cr_assert_eq(w->nodes[a].ups, MACHINE_LOG_KEPT);
    world_free(w);
}
