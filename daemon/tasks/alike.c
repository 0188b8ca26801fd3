/* alike.c: see alike.h.
 *
 * A build that was copied to some hosts and forgotten on others shows as a wrong result, or a
 * hang, hours later. Each host sums its own file when tasks are reserved there, which is before
 * anything runs; whoever spawns compares. A sum is against mistakes only: who wants to run
 * another program on one of his hosts may.
 */
#include "daemon/tasks/alike.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/hostlist.h"

#define NAMES_BYTES 128 /* of all names of hosts in a sentence */

/* What is the file that was summed last. */
struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

static bool is_system(const char *path)
{
    static const char *const folders[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (!strncmp(path, folders[i], strlen(folders[i])) &&
            strncmp(path, "/usr/local/", strlen("/usr/local/")) != 0)
            return true;
    return false;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Read, not mapped: a file that becomes shorter meanwhile must not end the daemon. */
static uint64_t sum_of(int fd, size_t size)
{
    char some[16384];
    size_t at = 0;
    ssize_t got;
    uint64_t sum = fnv64(FNV64_BEGIN, &size, sizeof size);

    while (at < ALIKE_BYTES && (got = pread(fd, some, sizeof some, (off_t)at)) > 0) {
        sum = fnv64(sum, some, (size_t)got);
        at += (size_t)got;
    }
    if (at == 0)
        return 0; /* nothing could be read */
    return sum ? sum : 1;
}

uint64_t alike_sum(const char *path)
{
    static struct identity last;
    static uint64_t last_sum;
    struct identity now;
    struct stat st;
    int fd;

    if (is_system(path) || stat(path, &st) || !S_ISREG(st.st_mode))
        return 0;
    now = (struct identity){st.st_dev, st.st_ino, st.st_size, st.st_ctim};
    if (last_sum && same_file(&now, &last))
        return last_sum;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    last_sum = sum_of(fd, (size_t)st.st_size);
    last = now;
    close(fd);
    return last_sum;
}

/* The first host whose program host number i is compared with. */
static size_t first_of(const struct alike *list, size_t i)
{
    size_t first = 0;

    while (first < i && (list[first].sum == 0 || strcmp(list[first].arch, list[i].arch) != 0))
        first++;
    return first;
}

void alike_note(const struct alike *list, size_t count, const char *program, char *text,
                size_t size)
{
    const char **others = calloc(count + 1, sizeof *others);
    char names[NAMES_BYTES];
    size_t n = 0, with = 0;

    text[0] = '\0';
    for (size_t i = 0; others && i < count; i++) {
        size_t first = first_of(list, i);

        if (list[i].sum && list[i].sum != list[first].sum) {
            others[n++] = list[i].host;
            with = first;
        }
    }
    if (n > 0) {
        hostlist_write_sorted(others, n, names, sizeof names);
        snprintf(text, size, "%s is not the same on all hosts: %s ha%s another one than %s",
                 program, names, n == 1 ? "s" : "ve", list[with].host);
    }
    free(others);
}
