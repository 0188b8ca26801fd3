/* secret.c: the implementation of secret.h. A page of its own, as the kernel knows secrets
 * by pages only. That one cannot have it wiped or left out is no reason to end. */
#include "daemon/start/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

char *secret_create(size_t size)
{
    char *made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (made == MAP_FAILED)
        return NULL;
    madvise(made, size, MADV_DONTDUMP);
    return made;
}

void secret_keep(char *secret, size_t size)
{
    madvise(secret, size, MADV_WIPEONFORK);
}

void secret_destroy(char *secret, size_t size)
{
    if (!secret)
        return;
    explicit_bzero(secret, size);
    munmap(secret, size);
}

void secret_no_core(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
}
