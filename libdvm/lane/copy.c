/* copy.c: bytes straight from the memory of another task; see copy.h.
 *
 * Yama lets a process be read by its ancestors only, and by those whom it names: a
 * task names its parent, which for tasks that the machine started is the keeper, and
 * with it the keeper's descendants. Where the kernel refuses all the same (another
 * user, a container, a process that must not be traced) the first attempt says so.
 */
#include "lane/copy.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_MAX ((size_t)64 << 20) /* bytes of one call; the kernel's limit is 2 GiB */

static uint64_t cookie;

void copy_start(void)
{
    static bool started;

    if (started)
        return;
    started = true;
    /* without a number of its own nobody reads from this task */
    if (getrandom(&cookie, sizeof cookie, GRND_NONBLOCK) != sizeof cookie)
        cookie = 0;
    prctl(PR_SET_PTRACER, getppid()); /* fails where there is no Yama to ask */
}

void copy_tell(struct dvm_ring *ring)
{
    ring->pid = cookie ? getpid() : 0;
    ring->cookie = cookie;
    ring->cookie_at = (uint64_t)(uintptr_t)&cookie;
}

void copy_learn(struct copy_source *source, const struct dvm_ring *ring)
{
    *source = (struct copy_source){
        .pid = ring->pid, .cookie = ring->cookie, .cookie_at = ring->cookie_at};
}

static bool read_piece(const struct copy_source *source, uint64_t from, void *to, size_t bytes)
{
    uint64_t found = 0;
    struct iovec here[] = {{to, bytes}, {&found, sizeof found}};
    struct iovec there[] = {{(void *)(uintptr_t)from, bytes},
                            {(void *)(uintptr_t)source->cookie_at, sizeof found}};

    return process_vm_readv(source->pid, here, 2, there, 2, 0) ==
               (ssize_t)(bytes + sizeof found) &&
           found == source->cookie;
}

bool copy_read(struct copy_source *source, uint64_t from, void *to, size_t bytes)
{
    if (source->pid <= 0)
        return false;
    for (size_t at = 0, piece; at < bytes; at += piece) {
        piece = bytes - at < PIECE_MAX ? bytes - at : PIECE_MAX;
        if (!read_piece(source, from + at, (char *)to + at, piece)) {
            source->pid = 0;
            return false;
        }
    }
    return true;
}

/* Whether the process is the one that is meant; errno when it cannot be read. */
static bool is_meant(const struct copy_source *source)
{
    uint64_t found = 0;
    struct iovec here = {&found, sizeof found};
    struct iovec there = {(void *)(uintptr_t)source->cookie_at, sizeof found};

    errno = 0;
    return process_vm_readv(source->pid, &here, 1, &there, 1, 0) == (ssize_t)sizeof found &&
           found == source->cookie;
}

bool copy_write(struct copy_source *source, uint64_t to, const void *from, size_t bytes)
{
    struct iovec here = {(void *)(uintptr_t)from, bytes};
    struct iovec there = {(void *)(uintptr_t)to, bytes};

    if (source->pid <= 0 || source->unwritable)
        return false;
    if (is_meant(source) &&
        process_vm_writev(source->pid, &here, 1, &there, 1, 0) == (ssize_t)bytes)
        return true;
    source->unwritable = true;
    return false;
}

bool copy_lives(const struct copy_source *source)
{
    return is_meant(source) || (errno && errno != ESRCH);
}
