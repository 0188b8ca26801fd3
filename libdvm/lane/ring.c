/* ring.c: the ring of proto/segment.h, both sides.
 *
 * A frame lies in one piece: when it does not fit before the end, a PAD frame
 * fills the rest. head and tail count bytes since the start and are never
 * reduced, so full and empty differ. Ordering:
 *   tail  producer stores (release) after the bytes of the frame
 *         consumer loads (acquire) before it reads them           [T]
 *   head  consumer stores (release) after it has read the bytes
 *         producer loads (acquire) before it writes over them     [H]
 *   wants_space  producer stores (seq_cst), then loads head       [W]
 *         consumer stores head (seq_cst), then loads wants_space: one of the
 *         two sees the other, so nobody waits for ever.
 */
#include "lane/ring.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define RING_MASK (DVM_RING_DATA - 1)
#define RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static uint8_t *ring_at(struct dvm_ring *ring, uint64_t count)
{
    return (uint8_t *)ring + DVM_RING_HEADER + (count & RING_MASK);
}

static uint64_t ring_space(uint32_t length)
{
    return ((uint64_t)DVM_FRAME_BYTES + length + DVM_LINE - 1) & ~(uint64_t)(DVM_LINE - 1);
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
    *in = (struct ring_in){.ring = ring};
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

/* A head that the consumer cannot have written counts as: nothing taken out. */
static bool ring_fits(struct ring_out *out, uint64_t head, uint64_t bytes)
{
    if (head < out->head || head > out->tail)
        return false;
    out->head = head;
    return out->tail + bytes - head <= DVM_RING_DATA;
}

static bool ring_room(struct ring_out *out, uint64_t bytes)
{
    struct dvm_ring *ring = out->ring;

    if (out->tail + bytes - out->head <= DVM_RING_DATA)
        return true;
    /* [H] pairs with the release in ring_take */
    if (ring_fits(out, atomic_load_explicit(&ring->head, memory_order_acquire), bytes))
        return true;
    if (!out->wants) {
        out->wants = true;
        atomic_store(&ring->wants_space, 1);
    }
    /* [W] pairs with the store of head in ring_wanted */
    return ring_fits(out, atomic_load(&ring->head), bytes);
}

bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload)
{
    struct dvm_ring *ring = out->ring;
    uint64_t need = ring_space(frame->length);
    uint64_t rest = DVM_RING_DATA - (out->tail & RING_MASK);
    uint64_t pad = rest < need ? rest : 0;
    uint8_t *place;

    assert(frame->length <= RING_PAYLOAD_MAX);
    if (!ring_room(out, pad + need))
        return false;
    if (out->wants) {
        out->wants = false;
        atomic_store_explicit(&ring->wants_space, 0, memory_order_relaxed);
    }
    if (pad) {
        struct dvm_frame filler = {.version = DVM_FRAME_VERSION, .op = DVM_OP_PAD};

        memcpy(ring_at(ring, out->tail), &filler, sizeof filler);
    }
    place = ring_at(ring, out->tail + pad);
    memcpy(place, frame, sizeof *frame);
    if (frame->length)
        memcpy(place + DVM_FRAME_BYTES, payload, frame->length);
    out->tail += pad + need;
    /* [T] pairs with the acquire in ring_peek */
    atomic_store_explicit(&ring->tail, out->tail, memory_order_release);
    return true;
}

int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload)
{
    for (;;) {
        const uint8_t *place = ring_at(in->ring, in->head);
        uint64_t here, rest = DVM_RING_DATA - (in->head & RING_MASK);

        if (in->tail == in->head) {
            /* [T] pairs with the release in ring_put */
            in->tail = atomic_load_explicit(&in->ring->tail, memory_order_acquire);
            if (in->tail == in->head)
                return 0;
        }
        here = in->tail - in->head;
        if (here > DVM_RING_DATA || here % DVM_LINE)
            return DVM_ERR_PROTOCOL;
        memcpy(frame, place, sizeof *frame);
        /* the copy is what was checked: the producer may still write the original */
        atomic_signal_fence(memory_order_seq_cst);
        if (frame->version != DVM_FRAME_VERSION)
            return DVM_ERR_PROTOCOL;
        if (frame->op != DVM_OP_PAD) {
            if (frame->length > RING_PAYLOAD_MAX || ring_space(frame->length) > here ||
                ring_space(frame->length) > rest)
                return DVM_ERR_PROTOCOL;
            *payload = place + DVM_FRAME_BYTES;
            return 1;
        }
        if (rest > here)
            return DVM_ERR_PROTOCOL;
        in->head += rest;
        atomic_store_explicit(&in->ring->head, in->head, memory_order_release);
    }
}

void ring_take(struct ring_in *in, uint32_t length)
{
    in->head += ring_space(length);
    /* [H] pairs with the acquire in ring_room */
    atomic_store_explicit(&in->ring->head, in->head, memory_order_release);
}

bool ring_wanted(struct ring_in *in)
{
    /* [W] pairs with the store of wants_space and the load of head in ring_room; the
     * value is there already, but not in this order */
    atomic_store(&in->ring->head, in->head);
    return atomic_load(&in->ring->wants_space) != 0;
}
