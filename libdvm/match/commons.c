/* commons.c: see commons.h, and proto/commons.h for who writes what.
 *
 * What others write is not trusted to be sane: a cell is taken for what this member gives
 * itself (call, bytes, type), or it is told as odd. Lengths are never read from there.
 * A wait looks at one member after the other, in order of ranks; where tasks are more than
 * the cores it yields (wait.c), so that an operation that all take part in costs each task
 * one turn at a core.
 */
#include <string.h>

#include "base/error.h"
#include "lane/board.h"
#include "lane/shared.h"
#include "match/commons_own.h"
#include "match/match.h"
#include "match/request.h"
#include "match/spin.h"

#define QUICK_LOOKS 200 /* before the general way, which may sleep; only with a core for it, */
#define QUICK_YIELDS 8  /* or with each after others have had the core */
#define AHEAD 8         /* turns whose cells are taken into this core's cache at a time */
#define TELL 8          /* turns: so often a member that is through at once says what it has done */

/* A turn of which a member has told the low half: no two are far apart. */
static uint64_t turn_of(const struct commons *c, uint32_t told)
{
    return c->turn + (uint64_t)(int64_t)(int32_t)(told - (uint32_t)c->turn);
}

/* The operations up to it have been done by a member. */
static uint64_t done_by(const struct commons *c, int rank)
{
    return turn_of(c, atomic_load(&c->members[rank].done));
}

/* Whether this member has put in its turn. */
static bool has_put(const struct commons *c)
{
    return atomic_load(&cell_of(c, c->rank)->mark) == (uint32_t)c->turn;
}

/* Whether a member sleeps until this one puts in this turn or an earlier one. */
static bool wants_now(const struct commons *c, int rank)
{
    uint32_t turn = (uint32_t)(atomic_load(&c->members[rank].entered) >> TURN_SHIFT);

    return (int32_t)((uint32_t)c->turn - turn) >= 0;
}

/* What others may sleep for: this member has put; is through with an operation, and has told so,
 * or has not told yet. */
enum event { HAS_PUT, HAS_DONE, IS_THROUGH };

/* Whether to ring a member that sleeps. Who waits for a later put is not rung for what is done: it
 * would only sleep again. Who waits for one in a turn that this member is through with without it
 * is: they are in different calls. */
static bool wanted_by(const struct commons *c, int rank, enum event event)
{
    uint32_t wants = atomic_load(&c->members[rank].wants), put = 1 + (uint32_t)c->rank;

    if (wants != put)
        return wants == DVM_COMMONS_WANTS_DONE + put && event != IS_THROUGH;
    return event == HAS_PUT || (!has_put(c) && wants_now(c, rank));
}

/* Ring the members that sleep until then. */
static void wake(const struct commons *c, enum event event)
{
    uint64_t asleep = atomic_load(&c->head->asleep) & ~(UINT64_C(1) << c->rank);

    for (int r = 0; asleep && r < c->size; r++, asleep >>= 1)
        if (asleep & 1 && wanted_by(c, r, event))
            shared_ring(c->tids[r]);
}

static uint8_t *block_in(const struct commons *c, unsigned row, int rank)
{
    return c->blocks + ((size_t)row * (size_t)c->size + (size_t)rank) * DVM_COMMONS_BLOCK;
}

/* The row that the next longer operation uses. */
static unsigned next_row(const struct commons *c)
{
    return (c->row + 1) & (c->block_rows - 1);
}

/* What a member has put, of so many bytes. */
static void *given(const struct commons *c, size_t put, int rank)
{
    return put > DVM_COMMONS_INSIDE ? (void *)block_in(c, c->row, rank) : cell_of(c, rank)->inside;
}

/* Whether the member that is waited for is there; a member in another operation is not
 * waited for, but told. */
static bool is_there(struct commons_op *op)
{
    const struct commons *c = op->commons;
    const struct dvm_commons_cell *cell;

    if (op->first == c->rank)
        return true;
    /* all loads are sequentially consistent for the last look before a sleep (to_sleep) */
    if (op->done)
        return done_by(c, op->first) >= op->needed;
    cell = cell_of(c, op->first);
    if (atomic_load(&cell->mark) != (uint32_t)c->turn)
        return false;
    if (cell->call != op->call || cell->bytes != op->bytes ||
        (cell->type != op->type && !op->fits(cell->type, op->type))) {
        op->odd = op->first;
        op->odd_call = cell->call;
    }
    return op->odd < 0;
}

/* Whether all that is waited for is there. */
static bool ready(void *arg)
{
    struct commons_op *op = arg;

    while (op->first < op->end && op->odd < 0 && is_there(op))
        op->first++;
    return op->first == op->end || op->odd >= 0;
}

/* Whether the one that is waited for has left the machine. What it put before would be there: it
 * is looked for first. */
static bool has_left(const struct commons_op *op)
{
    const struct commons *c = op->commons;

    return op->first != c->rank && match_task_gone(c->tids[op->first], NULL);
}

static bool over(void *arg)
{
    struct commons_op *op = arg;

    return ready(op) || op->stop(op->arg) || commons_find_odd(op) || has_left(op);
}

/* This member is about to sleep, if what it waits for is not there by now. */
static bool to_sleep(void *arg)
{
    struct commons_op *op = arg;
    const struct commons *c = op->commons;
    int first;

    do {
        first = op->first;
        atomic_store(&c->members[c->rank].wants,
                     (op->done ? DVM_COMMONS_WANTS_DONE : 0) + 1 + (uint32_t)first);
        atomic_fetch_or(&c->head->asleep, UINT64_C(1) << c->rank);
        if (ready(op))
            return false;
    } while (op->first != first);
    return true;
}

static void has_slept(void *arg)
{
    const struct commons *c = ((struct commons_op *)arg)->commons;

    atomic_fetch_and(&c->head->asleep, ~(UINT64_C(1) << c->rank));
}

static void describe(void *arg, struct dvm_wait *wait)
{
    const struct commons_op *op = arg;

    wait->why = DVM_BOARD_MESSAGE;
    wait->peer = op->first < op->end ? op->commons->tids[op->first] : DVM_ANY;
    wait->tag = DVM_ANY;
    wait->context = op->context;
    wait->bytes = op->bytes;
}

static int wait_for(struct commons_op *op)
{
    const struct board_subject subject = {
        .call = op->board, .site = op->site, .describe = describe};
    const struct wait_look look = {.ready = ready, .to_sleep = to_sleep, .has_slept = has_slept};
    const char *why;
    int rc;

    for (unsigned i = 0; i < QUICK_LOOKS && wait_spins(); i++) {
        if (ready(op))
            return op->odd < 0 ? COMMONS_OK : COMMONS_ODD;
        wait_pause();
    }
    for (unsigned i = 0; i < QUICK_YIELDS && wait_yields(); i++)
        if (ready(op))
            return op->odd < 0 ? COMMONS_OK : COMMONS_ODD;
    op->waits(op->arg, true);
    rc = wait_looking(over, op, &look, &subject);
    op->waits(op->arg, false);
    if (rc != DVM_OK)
        return rc;
    if (op->odd >= 0)
        return COMMONS_ODD;
    if (op->first == op->end)
        return COMMONS_OK;
    if (!op->stop(op->arg) && match_task_gone(op->commons->tids[op->first], &why))
        return dvm_fail(DVM_ERR_TASK_GONE, "%s", why ? why : "a task has ended");
    return COMMONS_STOPPED;
}

bool commons_first(struct commons_op *op, int right, int *first)
{
    const struct commons *c = op->commons;
    uint64_t own = c->turn << TURN_SHIFT | (uint32_t)c->rank;
    uint64_t before = atomic_exchange(&c->members[right].came[op->part], own);

    *first = (int)((uint32_t)before % (uint32_t)c->size);
    return (uint32_t)(before >> TURN_SHIFT) != (uint32_t)c->turn;
}

/* Whether this member's cell of a turn is in use no more, as far as is known. */
static bool has_room(const struct commons *c, uint64_t turn)
{
    return c->done + c->rows - 1 >= turn;
}

/* Whether it is time to take the cells of the turns that follow: several at once, as a line that
 * another core has had is a while on its way, and several are no longer. */
static bool ahead_now(const struct commons *c)
{
    return c->turn % AHEAD == 0;
}

/* Take the lines that this member writes next from those who have read them, if there is room for
 * these turns: by a store, as processors drop a prefetch when a line is far. */
static void take_own(const struct commons *c)
{
    if (!ahead_now(c) || !has_room(c, c->turn + AHEAD))
        return;
    for (uint64_t turn = c->turn + 1; turn <= c->turn + AHEAD; turn++)
        cell_in(c, turn, c->rank)->bytes = 0;
}

/* Take the next lines of a member that alone is waited for, if it is so far ahead: else it would
 * have to take them back before it writes. */
static void take_next(const struct commons *c, int rank)
{
    uint64_t last = c->turn + AHEAD - 1;

    if (atomic_load_explicit(&cell_in(c, last, rank)->mark, memory_order_relaxed) != (uint32_t)last)
        return;
    for (uint64_t turn = c->turn + 1; turn < last; turn++)
        (void)atomic_load_explicit(&cell_in(c, turn, rank)->mark, memory_order_relaxed);
}

static void take_others(const struct commons_op *op, int first)
{
    const struct commons *c = op->commons;

    if (ahead_now(c) && op->end - first <= 1 + (c->size == 2))
        take_next(c, first == c->rank && first + 1 < op->end ? first + 1 : first);
}

/* The same of the lines of its next block, if it is as long as this one: while what it has put now
 * is on its way to the others, these are on theirs to here. Blocks are as cells with fewer rows (in
 * the model, too): nobody reads one of a turn that all are known to have done. */
static void take_block(const struct commons *c, size_t put)
{
    unsigned row = next_row(c);
    volatile uint8_t *block = block_in(c, row, c->rank);

    if (put <= DVM_COMMONS_INSIDE || c->done < c->row_turn[row])
        return;
    for (size_t at = 0; at < put; at += DVM_LINE)
        block[at] = 0;
}

/* Who has put has done all before. */
static void all_have_put(struct commons *c)
{
    if (c->done < c->turn - 1)
        c->done = c->turn - 1;
}

int commons_wait(struct commons_op *op, int first, int end)
{
    struct commons *c = op->commons;
    int rc;

    op->first = first;
    op->end = end;
    op->done = false;
    if (ready(op)) {
        take_others(op, first);
        rc = op->odd < 0 ? COMMONS_OK : COMMONS_ODD;
    } else {
        rc = wait_for(op);
    }
    if (rc == COMMONS_OK && first == 0 && end == c->size)
        all_have_put(c);
    return rc;
}

/* The operations up to it have been done by all. */
static uint64_t least_done(const struct commons *c)
{
    uint64_t least = c->turn;

    for (int r = 0; r < c->size; r++) {
        uint64_t done = done_by(c, r);

        if (done < least)
            least = done;
    }
    return least;
}

/* Wait until all have done the operations up to a turn. */
static int wait_done(struct commons_op *op, uint64_t turn)
{
    struct commons *c = op->commons;
    int rc;

    if (c->done >= turn)
        return COMMONS_OK;
    op->first = 0;
    op->end = c->size;
    op->done = true;
    op->needed = turn;
    rc = ready(op) ? COMMONS_OK : wait_for(op);
    if (rc == COMMONS_OK)
        c->done = least_done(c);
    return rc;
}

/* Whether what this operation's members put lies in blocks. */
static bool in_blocks(const struct commons_op *op)
{
    return op->put > DVM_COMMONS_INSIDE;
}

/* Be in the next turn, with a call. */
static void enter(struct commons *c, uint32_t call)
{
    c->turn++;
    c->calls[row_of(c, c->turn)] = call;
    atomic_store_explicit(&c->members[c->rank].entered, c->turn << TURN_SHIFT | call,
                          memory_order_release);
}

void commons_begin(struct commons_op *op)
{
    struct commons *c = op->commons;

    op->there = c->offered && own_call(c, (uint32_t)c->turn) == op->call;
    c->offered = false;
    if (!op->there)
        enter(c, op->call);
    op->odd = -1;
    if (in_blocks(op) && !op->there)
        c->row = next_row(c);
}

int commons_room(struct commons_op *op)
{
    return wait_done(op, op->parts_turn);
}

/* This member's data is in its cell of the turn, or in its block: say so, and of which call. */
static void show(struct commons *c, struct dvm_commons_cell *cell, const struct commons_word *w)
{
    cell->call = w->call;
    cell->bytes = w->bytes;
    cell->type = w->type;
    dvm_mark(&cell->mark, (uint32_t)c->turn);
    wake(c, HAS_PUT);
    take_own(c);
}

/* Wait until this member's block is in use no more; as with cells, who has to wait lets the others
 * come half as near. */
static int wait_for_block(struct commons_op *op)
{
    struct commons *c = op->commons;
    unsigned half = c->block_rows > 2 ? c->block_rows / 2 : 0;

    return c->done >= c->row_turn[c->row]
               ? COMMONS_OK
               : wait_done(op, c->row_turn[(c->row + half) & (c->block_rows - 1)]);
}

int commons_put(struct commons_op *op, const void *data)
{
    struct commons *c = op->commons;
    struct dvm_commons_cell *cell = cell_of(c, c->rank);
    bool inside = !in_blocks(op);
    int rc = COMMONS_OK;

    if (op->there)
        return COMMONS_OK;
    /* who is too far ahead lets the others come half as near, and need not ask each time; they may
     * tell of each TELL-th turn only */
    if (!has_room(c, c->turn))
        rc = wait_done(op, (c->turn - c->rows / 2) / TELL * TELL);
    if (rc == COMMONS_OK && !inside)
        rc = wait_for_block(op);
    if (rc != COMMONS_OK)
        return rc;
    if (op->put > 0)
        memcpy(given(c, op->put, c->rank), data, op->put);
    show(c, cell, &(struct commons_word){op->call, op->bytes, op->type});
    take_block(c, op->put);
    return COMMONS_OK;
}

const void *commons_of(const struct commons_op *op, int rank)
{
    return given(op->commons, op->put, rank);
}

static void tell_done(const struct commons *c)
{
    atomic_store(&c->members[c->rank].done, (uint32_t)c->turn);
    wake(c, HAS_DONE);
}

void commons_end(struct commons_op *op)
{
    struct commons *c = op->commons;

    if (in_blocks(op))
        c->row_turn[c->row] = c->turn;
    tell_done(c);
}

/* ---- at once --------------------------------------------------------------------------- */

static void through(const struct commons *c)
{
    if (c->turn % TELL == 0)
        tell_done(c);
    else
        wake(c, IS_THROUGH);
}

/* Enter the next turn and put, if there is room. */
static inline bool put_now(struct commons *c, const struct commons_word *w, const void *data)
{
    struct dvm_commons_cell *cell = cell_in(c, c->turn + 1, c->rank);

    if (!has_room(c, c->turn + 1))
        return false;
    enter(c, w->call);
    commons_copy(cell->inside, data, w->bytes);
    show(c, cell, w);
    return true;
}

/* What a member puts in a turn within a moment. */
static inline const void *look(const struct commons *c, uint64_t turn,
                               const struct commons_word *w, int rank)
{
    const struct dvm_commons_cell *cell = cell_in(c, turn, rank);

    for (unsigned looks = 0; atomic_load(&cell->mark) != (uint32_t)turn; looks++) {
        if (looks >= QUICK_LOOKS || (looks == 0 && !wait_spins()))
            return NULL;
        wait_pause();
    }
    return cell->call == w->call && cell->bytes == w->bytes && cell->type == w->type ? cell->inside
                                                                                     : NULL;
}

bool commons_give(struct commons *c, const struct commons_word *w, const void *data)
{
    if (!put_now(c, w, data))
        return false;
    if (c->turn % TELL == 0)
        tell_done(c);
    return true;
}

const void *commons_look(const struct commons *c, const struct commons_word *w, int rank)
{
    return look(c, c->turn + 1, w, rank);
}

void commons_pass(struct commons *c, const struct commons_word *w, int rank)
{
    enter(c, w->call);
    if (ahead_now(c))
        take_next(c, rank);
    through(c);
}

bool commons_offer(struct commons *c, const struct commons_word *w, const void *data)
{
    c->offered = put_now(c, w, data);
    return c->offered;
}

void *commons_next(const struct commons *c, size_t put)
{
    unsigned row = next_row(c);

    if (!has_room(c, c->turn + 1))
        return NULL;
    if (put <= DVM_COMMONS_INSIDE)
        return cell_in(c, c->turn + 1, c->rank)->inside;
    return c->done < c->row_turn[row] ? NULL : block_in(c, row, c->rank);
}

void commons_offer_next(struct commons *c, const struct commons_word *w, size_t put)
{
    enter(c, w->call);
    if (put > DVM_COMMONS_INSIDE)
        c->row = next_row(c);
    show(c, cell_of(c, c->rank), w);
    take_block(c, put);
    c->offered = true;
}

const void *commons_answer(const struct commons *c, const struct commons_word *w, int rank)
{
    return look(c, c->turn, w, rank);
}

const void *commons_given(const struct commons *c, size_t put, int rank)
{
    return given(c, put, rank);
}

void commons_met(struct commons *c)
{
    c->offered = false;
    all_have_put(c);
    if (c->turn % TELL == 0)
        tell_done(c);
}

/* Blocks are few, and who waits for one wants to hear of any turn that used it: it is told each
 * time. */
void commons_met_next(struct commons *c, size_t put)
{
    commons_met(c);
    if (put <= DVM_COMMONS_INSIDE)
        return;
    c->row_turn[c->row] = c->turn;
    if (c->turn % TELL != 0)
        tell_done(c);
}

