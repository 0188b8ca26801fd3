/* memory_zmq.c: where libzmq allocates: the chunks of its queues have their own place
 * (chunks.h).
 *
 * libzmq takes no allocator. It gets its chunks by posix_memalign and gives them back by
 * free; a program's own functions of these names come before the C library's, so these
 * two stand in between, for all of the process. What is no chunk goes on to whoever
 * is next, the C library or what was preloaded. Builds with sanitizers are without this
 * file: they have functions of these names.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon/chunks.h"

typedef void free_f(void *p);

static free_f *next_free(void)
{
    static _Atomic(free_f *) known;
    free_f *f = atomic_load_explicit(&known, memory_order_relaxed);

    if (!f) {
        *(void **)&f = dlsym(RTLD_NEXT, "free");
        if (!f)
            abort();
        atomic_store_explicit(&known, f, memory_order_relaxed);
    }
    return f;
}

void free(void *p)
{
    if (p && !chunks_give(p))
        next_free()(p);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *got = NULL;

    if (align <= CHUNK_ALIGN && size > CHUNK_LEAST && size <= CHUNK_BYTES)
        got = chunks_take();
    if (!got)
        got = aligned_alloc(align, size);
    if (!got)
        return ENOMEM;
    *out = got;
    return 0;
}
