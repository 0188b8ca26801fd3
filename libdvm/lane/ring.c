/* ring.c: the ring of proto/segment.h, both sides.
 *
 * Cells and data bytes are counted since the start and never reduced, so full and
 * empty differ. A payload lies in one piece: what is left before the end of the data
 * region is skipped when it is too short. Ordering:
 *   mark  producer stores after the cell and its payload
 *         consumer loads (acquire) before it reads them            [M]
 *         a seq_cst fence is behind the store: see segment.h, ringing
 *   out   (cells_out, data_out) consumer stores (release) after it has read
 *         producer loads (acquire) before it writes over it        [O]
 *   wants_space  producer stores (seq_cst), then loads out         [W]
 *         consumer stores out, then loads wants_space (both seq_cst): one of the
 *         two sees the other.
 * Behind a payload of middle length the producer fetches the lines where the next one will
 * lie, while it would wait anyway; behind small messages now and then those of the next cells.
 * The consumer tells what it took when that is a quarter of the cells or an eighth of
 * the data. A producer that finds no room has more than that unread before it, so the
 * consumer will tell again, and nobody waits for ever.
 */
#include "lane/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"

#define CELLS_STEPS 4 /* parts of the cells that are taken before the producer is told */
#define DATA_STEPS 8  /* and of the data */
#define CELLS_AHEAD 8  /* cells whose lines are fetched together */
#define FETCH_MOST 4096 /* bytes of a payload whose successor's lines are fetched early */
#define RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
#define CELLS_MAX 1024        /* of a ring that another task may have made */
#define DATA_MAX (1024 * 1024)

/* Bytes of the data region that a payload takes. */
static uint64_t data_space(uint32_t length)
{
    return ((uint64_t)length + DVM_LINE - 1) & ~(uint64_t)(DVM_LINE - 1);
}

/* Where a payload of so many bytes can begin, at used data bytes or behind. */
static uint64_t data_place(uint64_t size, uint64_t used, uint64_t bytes)
{
    uint64_t rest = size - (used & (size - 1));

    return rest < bytes ? used + rest : used;
}

void ring_format(struct dvm_ring *ring, uint32_t cells, int producer, int consumer)
{
    memset(ring, 0, DVM_RING_BYTES(cells, 0));
    ring->magic = DVM_RING_MAGIC;
    ring->version = DVM_SEGMENT_VERSION;
    ring->producer = producer;
    ring->consumer = consumer;
}

static struct ring_put_side put_side(struct dvm_ring *ring, uint32_t cells, uint32_t data)
{
    return (struct ring_put_side){.ring = ring, .bytes = (uint8_t *)(ring->cells + cells),
                                  .mask = cells - 1, .data_size = data,
                                  .payload_max = DVM_RING_PAYLOAD_MAX(data)};
}

static struct ring_take_side take_side(struct dvm_ring *ring, uint32_t cells, uint32_t data)
{
    return (struct ring_take_side){.ring = ring, .bytes = (uint8_t *)(ring->cells + cells),
                                   .mask = cells - 1, .data_size = data,
                                   .payload_max = DVM_RING_PAYLOAD_MAX(data)};
}

void ring_begin(struct ring_out *out, struct dvm_ring *home, uint64_t home_at)
{
    *out = (struct ring_out){.now = put_side(home, DVM_HOME_CELLS, DVM_HOME_DATA),
                             .home_at = home_at};
}

/* Map bytes of a sealed memfd that somebody else made. */
static int map_sealed(void **out, int fd, size_t bytes)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    void *map;

    if (seals < 0 || (seals & RING_SEALS) != RING_SEALS || fstat(fd, &st) ||
        st.st_size < (off_t)bytes)
        return dvm_fail(DVM_ERR_PROTOCOL, "a shared segment is unsealed or too small");
    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return dvm_fail_errno(errno == ENOMEM ? DVM_ERR_NO_MEMORY : DVM_ERR_SYSTEM,
                              "cannot map a shared segment");
    *out = map;
    return DVM_OK;
}

void ring_take_from(struct ring_in *in, uint8_t *base, uint64_t at, int producer, int consumer)
{
    *in = (struct ring_in){
        .now = take_side((struct dvm_ring *)(base + at), DVM_HOME_CELLS, DVM_HOME_DATA),
        .base = base, .home_at = at, .producer = producer, .consumer = consumer};
}

int ring_map(struct ring_in *in, int fd, uint64_t at, int producer, int consumer)
{
    uint8_t *base = NULL;
    struct dvm_ring *ring;
    int rc;

    if (at >= DVM_POOL_SLOTS_AT || at % DVM_HOME_BYTES)
        return dvm_fail(DVM_ERR_PROTOCOL, "tid %#x offered a ring at a place for none", producer);
    rc = map_sealed((void **)&base, fd, DVM_POOL_BYTES);
    if (rc)
        return rc;
    ring = (struct dvm_ring *)(base + at);
    if (ring->magic != DVM_RING_MAGIC || ring->version != DVM_SEGMENT_VERSION ||
        ring->producer != producer || ring->consumer != consumer) {
        munmap(base, DVM_POOL_BYTES);
        return dvm_fail(DVM_ERR_PROTOCOL, "tid %#x offered a ring that is none for this task",
                        producer);
    }
    ring_take_from(in, base, at, producer, consumer);
    return DVM_OK;
}

int ring_map_inbox(struct dvm_inbox **inbox, int fd, int tid)
{
    struct dvm_inbox *map = NULL;
    int rc = map_sealed((void **)&map, fd, DVM_INBOX_BYTES);

    if (rc)
        return rc;
    if (map->magic != DVM_INBOX_MAGIC || map->version != DVM_SEGMENT_VERSION ||
        map->tid != tid) {
        munmap(map, DVM_INBOX_BYTES);
        return dvm_fail(DVM_ERR_PROTOCOL, "what came as the inbox of tid %#x is none", tid);
    }
    *inbox = map;
    return DVM_OK;
}

void ring_free_in(struct ring_in *in)
{
    if (in->base)
        munmap(in->base, DVM_POOL_BYTES);
    *in = (struct ring_in){.base = NULL};
}

void ring_free_inbox(struct dvm_inbox **inbox)
{
    if (*inbox)
        munmap(*inbox, DVM_INBOX_BYTES);
    *inbox = NULL;
}

/* ---- producer ----------------------------------------------------------------- */

/* Read the consumer's words. What it cannot have written counts as: nothing taken out. */
static void read_out(struct ring_put_side *out)
{
    /* [O] and [W] pair with the stores in tell */
    uint64_t data = atomic_load(&out->ring->data_out);
    uint64_t cells = atomic_load(&out->ring->cells_out);

    if (data >= out->data_out && data <= out->data)
        out->data_out = data;
    if (cells >= out->cells_out && cells <= out->cells)
        out->cells_out = cells;
}

/* One cell is left free for a move. */
static bool fits(const struct ring_put_side *out, uint64_t data_end)
{
    return out->cells - out->cells_out < out->mask && data_end - out->data_out <= out->data_size;
}

/* Look for room for a cell, and data up to data_end. */
static bool make_room(struct ring_put_side *out, uint64_t data_end)
{
    read_out(out);
    if (fits(out, data_end)) {
        if (out->wants)
            atomic_store_explicit(&out->ring->wants_space, 0, memory_order_relaxed);
        out->wants = false;
        return true;
    }
    if (!out->wants) {
        out->wants = true;
        atomic_store(&out->ring->wants_space, 1);
    }
    read_out(out);
    return fits(out, data_end);
}

/* Whether a frame's payload goes into its cell. */
static bool is_small(const struct dvm_frame *frame)
{
    return frame->length <= DVM_CELL_INLINE && frame->size == frame->length &&
           !(frame->ref | frame->extra);
}

/* The cell that comes next is written: show it. */
static void show(struct ring_put_side *out, struct dvm_cell *cell)
{
    out->cells++;
    /* [M] pairs with the loads in ring_peek and ring_ready */
    dvm_mark(&cell->mark, (uint32_t)out->cells);
}

/* Have the lines where the next payload, if it is as long, will lie, by a write to each: the
 * consumer has read them, and to take them away from it when the payload is written costs it
 * each line's way. A prefetch does not do it: the compiler's is one to read, and the
 * processor's own (prefetchw) is dropped when the line is far. */
static void fetch_next(const struct ring_put_side *now, uint64_t bytes)
{
    uint64_t at = data_place(now->data_size, now->data, bytes);
    volatile uint8_t *to = now->bytes + (at & (now->data_size - 1));

    if (!fits(now, at + bytes))
        return; /* not read yet, as far as is known */
    for (uint64_t i = 0; i < bytes; i += DVM_LINE)
        to[i] = 0;
}

/* Have the lines of the next cells, likewise: they are waited for together, and not each
 * by the store of its mark. */
static void fetch_cells(const struct ring_put_side *now)
{
    if (now->cells + CELLS_AHEAD - now->cells_out >= now->mask)
        return; /* not read yet, as far as is known */
    for (uint64_t i = 0; i < CELLS_AHEAD; i++)
        *(volatile uint32_t *)&now->ring->cells[(now->cells + i) & now->mask].pad = 0;
}

static void put_long(struct ring_put_side *now, struct dvm_cell *cell,
                     const struct dvm_frame *frame, uint64_t at, const void *payload)
{
    cell->size = frame->size;
    cell->ref = frame->ref;
    cell->extra = frame->extra;
    cell->at = at;
    now->data = at + data_space(frame->length);
    if (frame->length)
        memcpy(now->bytes + (at & (now->data_size - 1)), payload, frame->length);
}

bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload)
{
    struct ring_put_side *now = &out->now;
    struct dvm_cell *cell = &now->ring->cells[now->cells & now->mask];
    bool small = is_small(frame);
    uint64_t bytes = small ? 0 : data_space(frame->length);
    uint64_t at = small ? now->data : data_place(now->data_size, now->data, bytes);

    assert(small || frame->length <= now->payload_max);
    if (!fits(now, at + bytes)) {
        out->looks++;
        if (!make_room(now, at + bytes))
            return false;
    }
    if (out->frames == 0)
        (ring_is_away(out) ? &out->home : now)->ring->first = out->first = frame->seq;
    assert(frame->seq == out->first + out->frames);
    out->frames++;
    cell->op = frame->op;
    cell->kind = frame->kind;
    cell->flags = frame->flags;
    cell->inside = small;
    cell->length = frame->length;
    cell->type = frame->type;
    cell->tag = frame->tag;
    cell->context = frame->context;
    if (!small)
        put_long(now, cell, frame, at, payload);
    else if (frame->length == sizeof(uint64_t))
        memcpy(cell->bytes, payload, sizeof(uint64_t));
    else if (frame->length)
        memcpy(cell->bytes, payload, frame->length);
    show(now, cell);
    if (bytes && bytes <= FETCH_MOST)
        fetch_next(now, bytes);
    return true;
}

bool ring_put_small(struct ring_out *out, uint64_t context, int tag, const void *bytes,
                    size_t size, uint32_t type)
{
    struct ring_put_side *now = &out->now;
    struct dvm_cell *cell = &now->ring->cells[now->cells & now->mask];

    assert(size <= DVM_CELL_INLINE);
    if (now->cells - now->cells_out >= now->mask || now->wants || out->frames == 0)
        return false;
    out->frames++;
    cell->op = DVM_OP_EAGER;
    cell->kind = DVM_KIND_MESSAGE;
    cell->flags = 0;
    cell->inside = 1;
    cell->length = (uint32_t)size;
    cell->type = type;
    cell->tag = tag;
    cell->context = context;
    if (size == sizeof(uint64_t))
        memcpy(cell->bytes, bytes, sizeof(uint64_t));
    else if (size)
        memcpy(cell->bytes, bytes, size);
    show(now, cell);
    if (now->cells % CELLS_AHEAD == 0)
        fetch_cells(now);
    return true;
}

/* Write where the pair goes on into the cell that is kept for this. */
static void put_move(struct ring_put_side *side, uint64_t at, uint64_t cells, uint64_t data)
{
    struct dvm_cell *cell = &side->ring->cells[side->cells & side->mask];

    cell->op = DVM_CELL_MOVE;
    cell->kind = cell->flags = cell->inside = 0;
    cell->length = 0;
    cell->size = at;
    cell->ref = cells;
    cell->extra = data;
    show(side, cell);
}

void ring_move(struct ring_out *out, struct dvm_ring *to, uint64_t at, uint32_t cells,
               uint32_t data)
{
    assert(!ring_is_away(out));
    out->home = out->now;
    out->now = put_side(to, cells, data);
    put_move(&out->home, at, cells, data);
}

void ring_move_home(struct ring_out *out)
{
    assert(ring_is_away(out));
    put_move(&out->now, out->home_at, DVM_HOME_CELLS, DVM_HOME_DATA);
    out->now = out->home;
    out->home.ring = NULL;
    out->looks = 0;
}

bool ring_left(const struct dvm_ring *ring, uint64_t cells)
{
    /* [O] pairs with the store in tell: the consumer reads nothing there any more */
    return atomic_load(&ring->cells_out) == cells;
}

/* ---- consumer ----------------------------------------------------------------- */

/* Tell the producer what was taken. Returns whether it waits for that. */
static bool tell(struct ring_take_side *in)
{
    struct dvm_ring *ring = in->ring;

    in->cells_told = in->cells;
    in->data_told = in->data;
    /* [O] and [W] pair with the loads in read_out and the store in make_room */
    atomic_store(&ring->data_out, in->data);
    atomic_store(&ring->cells_out, in->cells);
    return atomic_load(&ring->wants_space) != 0;
}

/* Whether a producer may have a ring of this shape there; that it is one, of the pair,
 * need not be believed: whatever is there is only read as a ring. */
static bool place_is_sane(uint64_t at, uint64_t cells, uint64_t data)
{
    return cells >= DVM_HOME_CELLS && cells <= CELLS_MAX && !(cells & (cells - 1)) &&
           data >= DVM_HOME_DATA && data <= DATA_MAX && !(data & (data - 1)) &&
           at >= DVM_POOL_SLOTS_AT && at % DVM_POOL_PAGE == 0 && at < DVM_POOL_BYTES &&
           DVM_RING_BYTES(cells, data) <= DVM_POOL_BYTES - at;
}

/* The next cell says where the pair goes on. Returns whether that makes sense. */
static bool follow(struct ring_in *in, const struct dvm_cell *cell)
{
    uint64_t at = cell->size, cells = cell->ref, data = cell->extra;
    bool home = in->home.ring == NULL;

    atomic_signal_fence(memory_order_seq_cst); /* what is checked is what was read */
    if (home ? !place_is_sane(at, cells, data) : at != in->home_at)
        return false;
    in->now.cells++;
    if (home) {
        /* when the pair is back the producer must not find an old word */
        atomic_store(&in->now.ring->polled, 0);
        tell(&in->now);
        in->home = in->now;
        in->now = take_side((struct dvm_ring *)(in->base + at), (uint32_t)cells, (uint32_t)data);
    } else {
        tell(&in->now); /* the last touch: it may be another pair's at once */
        in->now = in->home;
        in->home.ring = NULL;
        in->returned = true;
    }
    if (in->polled)
        ring_poll(in, true);
    return true;
}

/* Check where a payload lies, which the producer says: *payload points there. */
static int find_data(struct ring_in *in, uint32_t length, uint64_t at, const uint8_t **payload)
{
    struct ring_take_side *now = &in->now;
    uint64_t bytes = data_space(length);

    if (length > now->payload_max || at != data_place(now->data_size, now->data, bytes))
        return DVM_ERR_PROTOCOL;
    *payload = now->bytes + (at & (now->data_size - 1));
    in->next_data = at + bytes;
    return 1;
}

/* Read the next cell, once: the producer may still write it, and what is checked is what
 * was read. */
static int read_cell(struct ring_in *in, const struct dvm_cell *cell, struct dvm_frame *frame,
                     const uint8_t **payload)
{
    bool inside = cell->inside;
    uint64_t at = cell->at;

    *frame = (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = cell->op,
                                .kind = cell->kind, .flags = cell->flags,
                                .src = in->producer, .dst = in->consumer, .tag = cell->tag,
                                .seq = in->first + in->frames, .context = cell->context,
                                .size = cell->length, .length = cell->length,
                                .type = cell->type};
    if (!inside) {
        frame->size = cell->size;
        frame->ref = cell->ref;
        frame->extra = cell->extra;
    }
    atomic_signal_fence(memory_order_seq_cst);
    if (!inside)
        return find_data(in, frame->length, at, payload);
    in->next_data = in->now.data;
    *payload = cell->bytes;
    return frame->length <= DVM_CELL_INLINE ? 1 : DVM_ERR_PROTOCOL;
}

int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload)
{
    const struct dvm_cell *cell;

    for (;;) {
        cell = &in->now.ring->cells[in->now.cells & in->now.mask];
        /* [M] pairs with the store in show */
        if (atomic_load_explicit(&cell->mark, memory_order_acquire) !=
            (uint32_t)(in->now.cells + 1))
            return 0;
        if (cell->op != DVM_CELL_MOVE)
            break;
        if (!follow(in, cell))
            return DVM_ERR_PROTOCOL;
    }
    if (in->frames == 0)
        in->first = (in->home.ring ? in->home.ring : in->now.ring)->first;
    return read_cell(in, cell, frame, payload);
}

/* What ring_take_small does when the payload is not in the cell; length is what was read. */
static bool take_behind(struct ring_in *in, const struct dvm_cell *cell, uint32_t length,
                        const struct ring_wish *wish)
{
    uint64_t size = cell->size, ref = cell->ref, extra = cell->extra, at = cell->at;
    const uint8_t *payload;

    atomic_signal_fence(memory_order_seq_cst); /* as there */
    /* what makes no sense ring_peek will say */
    if (length > wish->credit || size != length || (ref | extra) ||
        find_data(in, length, at, &payload) != 1)
        return false;
    if (length)
        memcpy(wish->buffer, payload, length);
    return true;
}

enum ring_taken ring_take_small(struct ring_in *in, struct ring_wish *wish)
{
    struct ring_take_side *now = &in->now;
    const struct dvm_cell *cell = &now->ring->cells[now->cells & now->mask];
    uint32_t length;
    bool inside;

    /* [M] pairs with the store in show */
    if (atomic_load_explicit(&cell->mark, memory_order_acquire) != (uint32_t)(now->cells + 1) ||
        cell->op != DVM_OP_EAGER || cell->kind != DVM_KIND_MESSAGE || cell->flags ||
        cell->type != wish->type || cell->context != wish->context ||
        in->frames == 0 || in->first + in->frames != wish->seq)
        return RING_NONE;
    length = cell->length;
    inside = cell->inside;
    wish->came_tag = cell->tag;
    atomic_signal_fence(memory_order_seq_cst); /* what is checked is what was read */
    if (length > wish->capacity || (wish->came_tag != wish->tag && !wish->any_tag))
        return RING_NONE;
    in->next_data = now->data;
    if (inside && length == sizeof(uint64_t))
        memcpy(wish->buffer, cell->bytes, sizeof(uint64_t));
    else if (inside && length > DVM_CELL_INLINE)
        return RING_NONE;
    else if (inside && length)
        memcpy(wish->buffer, cell->bytes, length);
    else if (!inside && !take_behind(in, cell, length, wish))
        return RING_NONE;
    wish->came = length;
    return ring_take(in) ? RING_TAKEN_RING : RING_TAKEN;
}

bool ring_take(struct ring_in *in)
{
    struct ring_take_side *now = &in->now;

    now->cells++;
    now->data = in->next_data;
    in->frames++;
    if (now->cells - now->cells_told <= now->mask / CELLS_STEPS &&
        now->data - now->data_told < now->data_size / DATA_STEPS)
        return false;
    return tell(now);
}

void ring_poll(struct ring_in *in, bool polled)
{
    in->polled = polled;
    /* seq_cst: pairs with the load in ring_polled */
    atomic_store(&in->now.ring->polled, polled);
}
