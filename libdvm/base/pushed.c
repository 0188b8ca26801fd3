/* pushed.c: see pushed.h. Everything is reached through descriptors, and no link is
 * followed; what is not laid out as pushed.h says stays. */
#include "base/pushed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"

#define FOLDER_MODE 0700
#define LEVELS 2 /* below PUSHED_FOLDER: a program's folder, its files */

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int enter(int at, const char *name)
{
    struct stat st;
    int fd;

    if (mkdirat(at, name, FOLDER_MODE) < 0 && errno != EEXIST)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the folder %s for pushed programs cannot be made",
                              name);
    fd = open_folder(at, name);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid())
        return fd;
    if (fd >= 0)
        close(fd);
    return dvm_fail(DVM_ERR_REFUSED, "the folder %s for pushed programs is a link or of another "
                                     "user",
                    name);
}

int pushed_open(const char *folder, const char *name, int *fd)
{
    int base, all, r = runtime_open(folder, &base);

    *fd = -1;
    if (r)
        return r;
    all = enter(base, PUSHED_FOLDER);
    close(base);
    if (all < 0)
        return all;
    r = enter(all, name);
    close(all);
    if (r < 0)
        return r;
    *fd = r;
    return DVM_OK;
}

/* Remove a folder with its files, and with folders of levels more below it. */
static void remove_tree(int at, const char *name, int levels)
{
    int fd = open_folder(at, name);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) < 0 && levels > 1)
            remove_tree(fd, entry->d_name, levels - 1);
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    unlinkat(at, name, AT_REMOVEDIR);
}

void pushed_remove(int folder)
{
    remove_tree(folder, PUSHED_FOLDER, LEVELS);
}

void pushed_remove_own(void)
{
    static const char tail[] = "/" PUSHED_FOLDER "/dvmd/dvmd";
    char path[PATH_MAX], user[RUNTIME_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    int folder;

    if (n < (ssize_t)strlen(tail))
        return;
    path[n] = '\0';
    if (strcmp(path + n - strlen(tail), tail) != 0)
        return;
    path[(size_t)n - strlen(tail)] = '\0';
    if (runtime_open(path, &folder))
        return;
    pushed_remove(folder);
    close(folder);
    /* upwards: a level that is in use is not empty */
    if (runtime_user_folder(user, sizeof user))
        return;
    while (strncmp(path, user, strlen(user)) == 0 && rmdir(path) == 0)
        *strrchr(path, '/') = '\0';
}
