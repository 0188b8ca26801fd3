/* both.c: a copy from both ends; see both.h.
 *
 * Offers are numbered; the number stands in the upper half of each word, so what was
 * written for another offer counts as nothing. The lower halves are pages of the message:
 *
 *   both_front  receiver: it reads what is before; the first one, 0, is the offer
 *   both_back   sender: it writes what is behind
 *   both_done   sender: what is behind is written. With DVM_BOTH_OVER it claims no more
 *
 *   receiver                                  sender
 *     front = its next piece's end  [B]         back = its next piece's begin  [B]
 *     back read: what it has is not read        front read: if it is behind that, or of
 *     read the piece                              another offer, nothing is written: over
 *     ... until they meet                       write the piece
 *     wait until done is where it is, or over;  done = the piece's begin  [D]
 *     then read what is not written             ... until they meet, or a write fails: over
 *
 * [B] is the store-buffer pattern: of two that claim the same at least one sees it, and the
 * sender gives way. So when the receiver has claimed all, or more than the sender's back, and
 * finds no piece of it under way, none will be: the buffer is the user's again. A sender that
 * dies with a claim is told of by the daemon (its pidfd says so), like any task; a stopped one
 * holds the receive, and must: it may be about to write.
 *
 * process_vm_writev asks nothing about whom it writes to, so the receiver's cookie is read before
 * each piece. Between the two a receiver would have to die, and its number to be given to
 * another process that has memory at the same address.
 */
#include "lane/both.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"

#define PAGE_SHIFT 12
#define PAGES_MOST (DVM_BOTH_OVER - 1) /* of a message */
#define PIECE_LEAST 16         /* pages of one call, when little is left to share */
#define PIECE 64               /* the same while both copy; a call costs more than 1 us */
#define PIECE_ALONE 256        /* and while the sender does not */
#define WAIT_NS 30000          /* for the sender's last piece; then the receiver waits as always */
#define WITHDRAW_NS 100000     /* pause between looks whether a sender that was asked to end has */

static uint64_t word(uint32_t number, uint32_t low)
{
    return (uint64_t)number << DVM_BOTH_NUMBER | low;
}

static bool is_of(uint64_t value, uint32_t number)
{
    return (uint32_t)(value >> DVM_BOTH_NUMBER) == number;
}

static uint32_t pages_of(size_t bytes)
{
    return (uint32_t)((bytes + ((size_t)1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT);
}

/* Pages of the next piece, of so many that nobody has claimed, of a message of so many. A
 * message of up to two least pieces is one call for each of the two. */
static uint32_t piece_of(uint32_t left, uint32_t most, uint32_t all)
{
    uint32_t pages = (left + 1) / 2, least = (all + 1) / 2;

    if (least > PIECE_LEAST)
        least = PIECE_LEAST;
    if (pages < least)
        pages = least;
    if (pages > most)
        pages = most;
    return pages < left ? pages : left;
}

/* ---- receiver ----------------------------------------------------------------------- */

/* The first page that the sender has claimed. It is not trusted: no more than pages. */
static uint32_t claimed(const struct both_take *take)
{
    uint64_t back = atomic_load(&take->ring->both_back); /* [B] */

    return is_of(back, take->number) && (uint32_t)back < take->pages ? (uint32_t)back
                                                                     : take->pages;
}

static void tell(struct both_take *take, uint32_t front)
{
    take->told = front;
    atomic_store(&take->ring->both_front, word(take->number, front)); /* [B] */
}

static bool read_pages(struct both_take *take, uint32_t first, uint32_t end)
{
    size_t at = (size_t)first << PAGE_SHIFT, to = (size_t)end << PAGE_SHIFT;

    if (to > take->bytes)
        to = take->bytes;
    return copy_read(take->source, take->from + at, take->to + at, to - at);
}

/* Read from the front until all is claimed. */
static void read_front(struct both_take *take)
{
    uint32_t back = claimed(take), most = PIECE, end;

    while (take->front < back && !take->failed) {
        /* nobody has come: few calls */
        if (take->front && back == take->pages && most < PIECE_ALONE)
            most *= 2;
        else if (back < take->pages)
            most = PIECE;
        end = take->front + piece_of(back - take->front, most, take->pages);
        tell(take, end);
        back = claimed(take);
        if (end > back)
            end = back;
        if (take->front < end && !read_pages(take, take->front, end))
            take->failed = true;
        else
            take->front = end > take->front ? end : take->front;
    }
    if (take->failed)
        tell(take, take->pages);
}

/* Whether the sender will write no more; *behind: from there on it has. */
static bool settled(const struct both_take *take, uint32_t *behind)
{
    uint64_t done;

    *behind = take->pages;
    if (!is_of(atomic_load(&take->ring->both_back), take->number)) /* [B] */
        return true;
    done = atomic_load(&take->ring->both_done); /* [D] */
    if (!is_of(done, take->number))
        return false;
    if (((uint32_t)done & ~DVM_BOTH_OVER) < take->pages)
        *behind = (uint32_t)done & ~DVM_BOTH_OVER;
    return done & DVM_BOTH_OVER || (!take->failed && *behind <= take->front);
}

enum both_result both_look(struct both_take *take)
{
    uint32_t behind;

    take->left = !settled(take, &behind);
    if (take->left)
        return BOTH_LEFT;
    if (!take->failed && take->front < behind)
        take->failed = !read_pages(take, take->front, behind);
    return take->failed ? BOTH_FAILED : behind < take->pages ? BOTH_HELPED : BOTH_COPIED;
}

enum both_result both_take(struct both_take *take, struct dvm_ring *home,
                           struct copy_source *source, uint64_t ref, uint64_t from, void *to,
                           size_t bytes)
{
    uint32_t number = take->number + 1 ? take->number + 1 : 1;
    enum both_result result;
    uint64_t begun;

    if (bytes < BOTH_LEAST || bytes >> PAGE_SHIFT >= PAGES_MOST)
        return copy_read(source, from, to, bytes) ? BOTH_COPIED : BOTH_FAILED;
    *take = (struct both_take){
        .ring = home, .source = source, .whom = *source, .from = from, .to = to, .bytes = bytes,
        .number = number, .pages = pages_of(bytes)};
    /* release: who reads these of this offer sees that the last one is over */
    atomic_store_explicit(&home->both_ref, ref, memory_order_release);
    atomic_store_explicit(&home->both_to, (uint64_t)(uintptr_t)to, memory_order_release);
    tell(take, 0);
    read_front(take);
    result = both_look(take);
    begun = result == BOTH_LEFT ? clock_ns() : 0;
    while (result == BOTH_LEFT && clock_ns() - begun < WAIT_NS)
        result = both_look(take);
    if (result != BOTH_LEFT)
        return result;
    tell(take, take->told | DVM_BOTH_RING);
    return both_look(take);
}

void both_withdraw(struct both_take *take)
{
    const struct timespec pause = {.tv_nsec = WITHDRAW_NS};
    uint32_t behind;

    take->failed = true;
    tell(take, take->pages | DVM_BOTH_RING);
    while (!settled(take, &behind) && copy_lives(&take->whom))
        nanosleep(&pause, NULL);
    take->left = false;
}

/* ---- sender ------------------------------------------------------------------------- */

/* What the receiver has claimed of the offer; pages: all, or it is over. */
static uint32_t fronted(const struct dvm_ring *home, uint32_t number, uint32_t pages)
{
    uint64_t front = atomic_load(&home->both_front); /* [B] */
    uint32_t at = (uint32_t)front & ~DVM_BOTH_RING;

    return is_of(front, number) && at < pages ? at : pages;
}

bool both_give(const struct both_give *give, struct dvm_ring *home, struct copy_source *source,
               const void *from, size_t bytes)
{
    uint32_t number = give->seen;
    uint64_t to = atomic_load_explicit(&home->both_to, memory_order_acquire), front;
    uint32_t pages = pages_of(bytes), back = pages, next, read;
    bool came = false;

    while ((read = fronted(home, number, pages)) < back) {
        size_t at, end = (size_t)back << PAGE_SHIFT;

        next = back - piece_of(back - read, PIECE, pages);
        came = true;
        atomic_store(&home->both_back, word(number, next)); /* [B] */
        if (fronted(home, number, pages) > next)
            break;
        at = (size_t)next << PAGE_SHIFT;
        if (!copy_write(source, to + at, (const uint8_t *)from + at,
                        (end < bytes ? end : bytes) - at))
            break;
        back = next;
        atomic_store(&home->both_done, word(number, back)); /* [D] pairs with settled */
    }
    if (!came)
        return false;
    /* and so does this one; whoever waits has said so before it looked, or is seen here */
    atomic_store(&home->both_done, word(number, back | DVM_BOTH_OVER));
    front = atomic_load(&home->both_front);
    return is_of(front, number) && (uint32_t)front & DVM_BOTH_RING;
}
