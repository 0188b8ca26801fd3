/* sweep.c: see sweep.h. Every folder is opened by runtime_open, which follows no link
 * and checks the owner, and everything in it is reached through that descriptor. A
 * daemon that starts in the folder at the same time finds the lock taken or its file
 * gone, and tries again (runtime_lock). */
#include "base/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/pushed.h"
#include "base/runtime.h"

#define TRIES 20            /* how often a lock is tried, */
#define PAUSE_NS 5000000    /* with this pause between two tries, nanoseconds */

static const char *const files[] = {RUNTIME_SOCKET, RUNTIME_LOG, RUNTIME_LOG_OLD, RUNTIME_NAME,
                                    RUNTIME_CONTEXTS, RUNTIME_GROUPS, RUNTIME_LOCK}; /* lock last */
#define FILES (sizeof files / sizeof files[0])

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(name, files[i]) == 0)
            return true;
    return strcmp(name, PUSHED_FOLDER) == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Whether a folder holds a daemon's files only. */
static bool all_ours(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    bool ours = dir != NULL;

    while (ours && (entry = readdir(dir)))
        ours = is_ours(entry->d_name);
    if (dir)
        closedir(dir);
    else if (copy >= 0)
        close(copy);
    return ours;
}

/* Take the lock of a folder, if there is one that nobody holds: its descriptor or -1. */
static int take_lock(int folder)
{
    int lock = openat(folder, RUNTIME_LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (lock >= 0 && fstat(lock, &st) == 0 && S_ISREG(st.st_mode) &&
        flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &st) == 0 && st.st_nlink > 0)
        return lock;
    if (lock >= 0)
        close(lock);
    return -1;
}

/* Seconds since a daemon wrote its last line there, or made the folder. */
static double age_of(int folder)
{
    struct stat st;

    if (fstatat(folder, RUNTIME_LOG, &st, AT_SYMLINK_NOFOLLOW) &&
        fstatat(folder, RUNTIME_LOCK, &st, AT_SYMLINK_NOFOLLOW) && fstat(folder, &st))
        return 0;
    return difftime(time(NULL), st.st_mtime);
}

/* Sweep it if its lock is free and it is old enough, seconds. */
static bool sweep_one(const char *path, double age)
{
    int folder, lock;
    bool swept = false, old;

    if (runtime_open(path, &folder))
        return false;
    old = age_of(folder) >= age;
    lock = old ? take_lock(folder) : -1;
    /* an empty one is left by a daemon that was killed right before it made its lock, or
     * after it removed that; one that starts makes the folder again */
    if (old && lock < 0)
        swept = rmdir(path) == 0;
    if (lock >= 0 && all_ours(folder)) {
        pushed_remove(folder);
        for (size_t i = 0; i < FILES; i++)
            unlinkat(folder, files[i], 0);
        swept = rmdir(path) == 0;
    }
    if (lock >= 0)
        close(lock);
    close(folder);
    return swept;
}

/* Call visit for each folder with a proper name in the one at path. */
static void each_folder(const char *path, const char *machine,
                        void (*visit)(const char *path, const char *name, const char *machine))
{
    char inner[RUNTIME_PATH_MAX];
    const struct dirent *entry;
    int fd;
    DIR *dir;

    if (runtime_open(path, &fd))
        return;
    dir = fdopendir(fd);
    if (!dir)
        close(fd);
    while (dir && (entry = readdir(dir)))
        if (runtime_name_ok(entry->d_name) &&
            (size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < sizeof inner)
            visit(inner, entry->d_name, machine);
    if (dir)
        closedir(dir);
}

static void visit_host(const char *path, const char *name, const char *machine)
{
    sweep_one(path, machine ? 0 : SWEEP_LOG_SECONDS);
}

static void visit_machine(const char *path, const char *name, const char *machine)
{
    bool at_once = strcmp(name, machine) == 0 ||
                   strncmp(name, SWEEP_PRIVATE, strlen(SWEEP_PRIVATE)) == 0;

    each_folder(path, at_once ? name : NULL, visit_host);
    rmdir(path); /* if it is empty */
}

void sweep_folders(const char *machine)
{
    char path[RUNTIME_PATH_MAX];

    if (runtime_user_folder(path, sizeof path))
        return;
    each_folder(path, machine, visit_machine);
    rmdir(path);
}

void sweep_folder(const char *folder)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NS};
    char path[RUNTIME_PATH_MAX];

    for (int i = 0; i < TRIES && !sweep_one(folder, 0); i++)
        nanosleep(&pause, NULL);
    /* the machine's level, if it was the last host; of DVM_DIR nothing above it is ours */
    if (runtime_user_folder(path, sizeof path) || strncmp(folder, path, strlen(path)) != 0 ||
        folder[strlen(path)] != '/' || strlen(folder) >= sizeof path)
        return;
    strcpy(path, folder);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}
