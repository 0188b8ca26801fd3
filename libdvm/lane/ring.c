/* ring.c: the ring of proto/segment.h, both sides.
 *
 * Cells and data bytes are counted since the start and never reduced, so full and
 * empty differ. A payload lies in one piece: what is left before the end of the data
 * region is skipped when it is too short. Ordering:
 *   mark  producer stores after the cell and its payload
 *         consumer loads (acquire) before it reads them            [M]
 *         the store is seq_cst: see segment.h, ringing
 *   out   (cells_out, data_out) consumer stores (release) after it has read
 *         producer loads (acquire) before it writes over it        [O]
 *   wants_space  producer stores (seq_cst), then loads out         [W]
 *         consumer stores out, then loads wants_space (both seq_cst): one of the
 *         two sees the other.
 * The consumer tells what it took when that is a quarter of the cells or an eighth of
 * the data. A producer that finds no room has more than that unread before it, so the
 * consumer will tell again, and nobody waits for ever.
 */
#include "lane/ring.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/copy.h"

#define CELLS_STEP (DVM_RING_CELLS / 4) /* taken before the producer is told */
#define DATA_STEP (DVM_RING_DATA / 8)
#define RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* Bytes of the data region that a payload takes. */
static uint64_t data_space(uint32_t length)
{
    return ((uint64_t)length + DVM_LINE - 1) & ~(uint64_t)(DVM_LINE - 1);
}

/* Where a payload of so many bytes can begin, at used data bytes or behind. */
static uint64_t data_place(uint64_t used, uint64_t bytes)
{
    uint64_t rest = DVM_RING_DATA - used % DVM_RING_DATA;

    return rest < bytes ? used + rest : used;
}

void ring_format(struct dvm_ring *ring, int producer, int consumer)
{
    ring->magic = DVM_RING_MAGIC;
    ring->version = DVM_SEGMENT_VERSION;
    ring->producer = producer;
    ring->consumer = consumer;
}

int ring_make(struct ring_out *out, int producer, int consumer, int *fd)
{
    int memory = memfd_create("dvm-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *map;

    if (memory < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot make a ring for tid %#x", consumer);
    /* allocated before it is mapped: a shortage is an error here, not a SIGBUS later */
    if (fallocate(memory, 0, 0, DVM_RING_BYTES) ||
        fcntl(memory, F_ADD_SEALS, RING_SEALS | F_SEAL_SEAL)) {
        dvm_fail_errno(DVM_ERR_LIMIT, "cannot allocate a ring for tid %#x", consumer);
        close(memory);
        return DVM_ERR_LIMIT;
    }
    map = mmap(NULL, DVM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (map == MAP_FAILED) {
        dvm_fail_errno(DVM_ERR_LIMIT, "cannot map a ring for tid %#x", consumer);
        close(memory);
        return DVM_ERR_LIMIT;
    }
    ring_format(map, producer, consumer);
    copy_tell(map);
    *out = (struct ring_out){.ring = map};
    *fd = memory;
    return DVM_OK;
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
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot map a shared segment");
    *out = map;
    return DVM_OK;
}

int ring_map(struct ring_in *in, int fd, int producer, int consumer)
{
    struct dvm_ring *ring = NULL;
    int rc = map_sealed((void **)&ring, fd, DVM_RING_BYTES);

    if (rc)
        return rc;
    if (ring->magic != DVM_RING_MAGIC || ring->version != DVM_SEGMENT_VERSION ||
        ring->producer != producer || ring->consumer != consumer) {
        munmap(ring, DVM_RING_BYTES);
        return dvm_fail(DVM_ERR_PROTOCOL, "tid %#x offered a ring that is none for this task",
                        producer);
    }
    *in = (struct ring_in){.ring = ring, .producer = producer, .consumer = consumer};
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

void ring_free_out(struct ring_out *out)
{
    if (out->ring)
        munmap(out->ring, DVM_RING_BYTES);
    *out = (struct ring_out){.ring = NULL};
}

void ring_free_in(struct ring_in *in)
{
    if (in->ring)
        munmap(in->ring, DVM_RING_BYTES);
    *in = (struct ring_in){.ring = NULL};
}

void ring_free_inbox(struct dvm_inbox **inbox)
{
    if (*inbox)
        munmap(*inbox, DVM_INBOX_BYTES);
    *inbox = NULL;
}

/* Read the consumer's words. What it cannot have written counts as: nothing taken out. */
static void read_out(struct ring_out *out)
{
    /* [O] and [W] pair with the stores in tell */
    uint64_t data = atomic_load(&out->ring->data_out);
    uint64_t cells = atomic_load(&out->ring->cells_out);

    if (data >= out->data_out && data <= out->data)
        out->data_out = data;
    if (cells >= out->cells_out && cells <= out->cells)
        out->cells_out = cells;
}

static bool fits(const struct ring_out *out, uint64_t data_end)
{
    return out->cells - out->cells_out < DVM_RING_CELLS &&
           data_end - out->data_out <= DVM_RING_DATA;
}

/* Whether there is room for a cell, and data up to data_end. */
static bool has_room(struct ring_out *out, uint64_t data_end)
{
    if (fits(out, data_end))
        return true;
    read_out(out);
    if (fits(out, data_end))
        return true;
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
    return frame->length <= DVM_CELL_INLINE && frame->size == frame->length && !frame->ref &&
           !frame->extra;
}

bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload)
{
    struct dvm_ring *ring = out->ring;
    struct dvm_cell *cell = &ring->cells[out->cells % DVM_RING_CELLS];
    bool small = is_small(frame);
    uint64_t bytes = small ? 0 : data_space(frame->length);
    uint64_t at = data_place(out->data, bytes);

    assert(frame->length <= DVM_RING_PAYLOAD_MAX);
    if (!has_room(out, at + bytes))
        return false;
    if (out->wants) {
        out->wants = false;
        atomic_store_explicit(&ring->wants_space, 0, memory_order_relaxed);
    }
    if (out->cells == 0)
        ring->first = out->first = frame->seq;
    assert(frame->seq == out->first + out->cells);
    cell->op = frame->op;
    cell->kind = frame->kind;
    cell->flags = frame->flags;
    cell->inside = small;
    cell->length = frame->length;
    cell->type = frame->type;
    cell->tag = frame->tag;
    cell->context = frame->context;
    if (small) {
        if (frame->length)
            memcpy(cell->bytes, payload, frame->length);
    } else {
        cell->size = frame->size;
        cell->ref = frame->ref;
        cell->extra = frame->extra;
        cell->at = at;
        if (bytes)
            memcpy(ring->data + at % DVM_RING_DATA, payload, frame->length);
        out->data = at + bytes;
    }
    out->cells++;
    /* [M] pairs with the loads in ring_peek and ring_ready */
    atomic_store(&cell->mark, (uint32_t)out->cells);
    return true;
}

/* Check where a payload lies, which the producer says: *payload points there. */
static int find_data(struct ring_in *in, const uint8_t **payload)
{
    const struct dvm_cell *cell = &in->cell;
    uint64_t bytes = data_space(cell->length);

    if (cell->length > DVM_RING_PAYLOAD_MAX || cell->at != data_place(in->data, bytes))
        return DVM_ERR_PROTOCOL;
    *payload = in->ring->data + cell->at % DVM_RING_DATA;
    in->next_data = cell->at + bytes;
    return 1;
}

int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload)
{
    struct dvm_cell *cell = &in->cell;
    struct dvm_cell *shared = &in->ring->cells[in->cells % DVM_RING_CELLS];

    /* [M] pairs with the release in ring_put */
    if (atomic_load_explicit(&shared->mark, memory_order_acquire) != (uint32_t)(in->cells + 1))
        return 0;
    memcpy(cell, shared, sizeof *cell);
    /* the copy is what is checked: the producer may still write the original */
    atomic_signal_fence(memory_order_seq_cst);
    *frame = (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = cell->op,
                                .kind = cell->kind, .flags = cell->flags,
                                .src = in->producer, .dst = in->consumer, .tag = cell->tag,
                                .seq = in->ring->first + in->cells,
                                .context = cell->context, .size = cell->length,
                                .length = cell->length, .type = cell->type};
    in->next_data = in->data;
    if (cell->inside) {
        *payload = cell->bytes;
        return cell->length <= DVM_CELL_INLINE ? 1 : DVM_ERR_PROTOCOL;
    }
    frame->size = cell->size;
    frame->ref = cell->ref;
    frame->extra = cell->extra;
    return find_data(in, payload);
}

/* Tell the producer what was taken. Returns whether it waits for that. */
static bool tell(struct ring_in *in)
{
    struct dvm_ring *ring = in->ring;

    in->cells_told = in->cells;
    in->data_told = in->data;
    /* [O] and [W] pair with the loads in read_out and the store in has_room */
    atomic_store(&ring->data_out, in->data);
    atomic_store(&ring->cells_out, in->cells);
    return atomic_load(&ring->wants_space) != 0;
}

bool ring_take(struct ring_in *in)
{
    in->cells++;
    in->data = in->next_data;
    if (in->cells - in->cells_told < CELLS_STEP && in->data - in->data_told < DATA_STEP)
        return false;
    return tell(in);
}

void ring_poll(struct ring_in *in, bool polled)
{
    /* seq_cst: pairs with the load in ring_polled */
    atomic_store(&in->ring->polled, polled);
}
