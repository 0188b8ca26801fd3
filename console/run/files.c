/* files.c: see files.h. All files are made before any task is started, so that a
 * folder that cannot be written costs no run. They stay open; the soft limit of open
 * files is raised to what they need.
 */
#include "console/run/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define STREAMS 2      /* files a rank */
#define OTHER_FILES 64 /* that the console may need besides */
#define FOLDER_MODE 0777
#define FILE_MODE 0666
#define NAME_MAX_BYTES 32 /* of "262142.out" with its NUL */

struct files {
    int count;     /* ranks */
    char *folder;  /* owned */
    int fds[];     /* STREAMS a rank, -1: not open */
};

static const char *const endings[STREAMS] = {"out", "err"};

/* Make a folder and those it is in. */
static int make_folder(const char *folder)
{
    char path[PATH_MAX];
    struct stat st;

    if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path)
        return dvm_fail(DVM_ERR_SYSTEM, "the name of the output folder is too long");
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            mkdir(path, FOLDER_MODE); /* what stands in the way shows at the last one */
            *at = '/';
        }
    if (mkdir(path, FOLDER_MODE) == 0)
        return DVM_OK;
    if (errno == EEXIST && (stat(path, &st) || !S_ISDIR(st.st_mode)))
        errno = ENOTDIR;
    else if (errno == EEXIST)
        return DVM_OK;
    return dvm_fail_errno(DVM_ERR_SYSTEM, "the output folder %s cannot be made", folder);
}

static int raise_limit(int count)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)count * STREAMS + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
        return DVM_OK;
    if (limit.rlim_max < need)
        return dvm_fail(DVM_ERR_SYSTEM,
                        "--output needs %llu open files for %d tasks, and at most %llu are "
                        "allowed (ulimit -Hn)", (unsigned long long)need, count,
                        (unsigned long long)limit.rlim_max);
    limit.rlim_cur = need;
    setrlimit(RLIMIT_NOFILE, &limit);
    return DVM_OK;
}

static void name_of(char name[NAME_MAX_BYTES], int index)
{
    snprintf(name, NAME_MAX_BYTES, "%d.%s", index / STREAMS, endings[index % STREAMS]);
}

/* The error of a file, in words; returns its code. */
static int failed(const struct files *f, int index, const char *what)
{
    char name[NAME_MAX_BYTES];

    name_of(name, index);
    return dvm_fail_errno(DVM_ERR_SYSTEM, "%s/%s cannot be %s", f->folder, name, what);
}

static int open_all(struct files *f)
{
    int folder = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC), code = DVM_OK;
    char name[NAME_MAX_BYTES];

    if (folder < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the output folder %s cannot be used", f->folder);
    for (int i = 0; i < f->count * STREAMS && !code; i++) {
        name_of(name, i);
        f->fds[i] = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
                           FILE_MODE);
        if (f->fds[i] < 0)
            code = failed(f, i, "made");
    }
    close(folder);
    return code;
}

int files_open(struct files **out, const char *folder, int count)
{
    struct files *f = calloc(1, sizeof *f + (size_t)count * STREAMS * sizeof f->fds[0]);
    int code;

    if (f)
        f->folder = strdup(folder);
    if (!f || !f->folder) {
        free(f);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the files of %d tasks", count);
    }
    f->count = count;
    memset(f->fds, -1, (size_t)count * STREAMS * sizeof f->fds[0]);
    code = raise_limit(count);
    if (!code)
        code = make_folder(folder);
    if (!code)
        code = open_all(f);
    if (code)
        files_close(f);
    else
        *out = f;
    return code;
}

int files_write(struct files *f, int rank, int stream, const void *data, size_t size)
{
    int index = rank * STREAMS + stream - 1;

    assert(rank >= 0 && rank < f->count && (stream == 1 || stream == 2));
    for (size_t done = 0; done < size;) {
        ssize_t written = write(f->fds[index], (const char *)data + done, size - done);

        if (written < 0 && errno != EINTR)
            return failed(f, index, "written");
        if (written > 0)
            done += (size_t)written;
    }
    return DVM_OK;
}

int files_close(struct files *f)
{
    int code = DVM_OK;

    if (!f)
        return DVM_OK;
    for (int i = 0; i < f->count * STREAMS; i++)
        if (f->fds[i] >= 0 && close(f->fds[i]) && !code)
            code = failed(f, i, "written");
    free(f->folder);
    free(f);
    return code;
}
