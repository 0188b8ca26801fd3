/* own_log.c: the end of the daemon's own log file, for those who cannot read it where it
 * lies. The file is opened anew each time: it may have been removed or begun anew. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "daemon/watch/lines.h"
#include "daemon/watch/state.h"

static int open_log(const struct daemon *d, struct stat *st)
{
    char path[RUNTIME_PATH_MAX + sizeof RUNTIME_LOG + 1];
    int fd;

    snprintf(path, sizeof path, "%s/%s", d->folder, RUNTIME_LOG);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    return -1;
}

uint64_t own_log_size(const struct daemon *d)
{
    struct stat st;
    int fd = open_log(d, &st);

    if (fd < 0)
        return 0;
    close(fd);
    return (uint64_t)st.st_size;
}

static size_t read_at(int fd, char *bytes, size_t size, uint64_t at)
{
    size_t have = 0;

    while (have < size) {
        ssize_t got = pread(fd, bytes + have, size - have, (off_t)(at + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

/* Where the last so many lines begin; one without its end is one of them. */
static size_t tail(const char *bytes, size_t size, uint32_t lines)
{
    if (size > 0 && bytes[size - 1] != '\n')
        lines--;
    return lines_tail(bytes, size, &lines);
}

int own_log_read(const struct daemon *d, uint64_t after, uint32_t lines, struct own_log *out)
{
    struct stat st;
    int fd = open_log(d, &st);
    uint64_t end = fd < 0 ? 0 : (uint64_t)st.st_size, at = after > end ? 0 : after;
    size_t size, skip;

    *out = (struct own_log){0};
    if (fd < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "host %s cannot read its log", d->host);
    if (lines && end - at > WATCH_ANSWER_BYTES)
        at = end - WATCH_ANSWER_BYTES;
    size = end - at < WATCH_ANSWER_BYTES ? (size_t)(end - at) : WATCH_ANSWER_BYTES;
    out->bytes = malloc(size + 1);
    if (!out->bytes) {
        close(fd);
        return dvm_fail(DVM_ERR_NO_MEMORY, "host %s has no memory to read its log", d->host);
    }
    out->size = read_at(fd, out->bytes, size, at);
    close(fd);
    out->next = at + out->size;
    out->more = out->next < end && out->size > 0;
    skip = lines ? tail(out->bytes, out->size, lines) : 0;
    memmove(out->bytes, out->bytes + skip, out->size - skip);
    out->size -= skip;
    return DVM_OK;
}
