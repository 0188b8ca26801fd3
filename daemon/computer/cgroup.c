/* cgroup.c: see cgroup.h.
 *
 * Files are opened with O_CREAT: in a real cgroup no file can be made, so a controller
 * that is not there is an error; in a plain folder, which tests use, what would have been
 * set can be read. A cgroup that hands controllers down may have no processes itself
 * (but for the root), so the daemon moves into a leaf when the kernel says EBUSY.
 */
#include "daemon/computer/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX 4096        /* bytes of a file that is read */
#define PREFIX "dvmd-"
#define LEAF "daemon"
#define SHARED "tasks"
#define NAME_MAX_BYTES 64    /* bytes of a folder's name */
#define PERIOD_US 100000     /* of cpu.max, microseconds */
#define QUOTA_LOW_US 1000    /* the least that the kernel takes */
#define REMOVE_TRIES 50      /* how often a folder is tried, */
#define REMOVE_PAUSE_NS 2000000 /* with this pause, nanoseconds */
#define NAMES_TRIED 16       /* dvmd-PID, dvmd-PID.1, ... */

/* ---- files ----------------------------------------------------------------------------- */

static bool write_at(int dir, const char *file, const char *text)
{
    int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = strlen(text);
    bool done;
    int saved;

    if (fd < 0)
        return false;
    done = write(fd, text, size) == (ssize_t)size;
    saved = errno;
    close(fd);
    errno = saved;
    return done;
}

static bool write_file(const char *folder, const char *file, const char *text)
{
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), saved;
    bool done;

    if (dir < 0)
        return false;
    done = write_at(dir, file, text);
    saved = errno;
    close(dir);
    errno = saved;
    return done;
}

/* The whole of a small file; false when it cannot be read. */
static bool read_path(const char *path, char text[FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, text, FILE_MAX - 1);
    close(fd);
    if (got < 0)
        return false;
    text[got] = '\0';
    return true;
}

static bool read_file(const char *folder, const char *file, char text[FILE_MAX])
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES];

    return (size_t)snprintf(path, sizeof path, "%s/%s", folder, file) < sizeof path &&
           read_path(path, text);
}

/* Whether a file of words has this one. */
static bool has_word(const char *folder, const char *file, const char *word)
{
    char text[FILE_MAX], *rest = NULL;

    if (!read_file(folder, file, text))
        return false;
    for (char *at = strtok_r(text, " \n", &rest); at; at = strtok_r(NULL, " \n", &rest))
        if (strcmp(at, word) == 0)
            return true;
    return false;
}

/* ---- where we are ------------------------------------------------------------------------ */

/* The mount of version 2: its root within the hierarchy, and where it is. Spaces in paths
 * stand as \040, and such mounts are left alone. */
static bool find_mount(char root[FILE_MAX], char point[FILE_MAX])
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[2 * FILE_MAX];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        const char *kind = strstr(line, " - ");

        found = kind && strncmp(kind, " - cgroup2 ", 11) == 0 &&
                sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) == 2;
    }
    if (file)
        fclose(file);
    return found;
}

bool cgroup_own(char *folder, size_t size)
{
    char root[FILE_MAX], point[FILE_MAX], text[FILE_MAX], *own;
    size_t length;

    if (!find_mount(root, point) || !read_path("/proc/self/cgroup", text))
        return false;
    own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!own)
        return false;
    own = strchr(own, '/');
    if (!own)
        return false;
    own[strcspn(own, "\n")] = '\0';
    length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(own, root, length) != 0)
        return false;
    own += length;
    return (size_t)snprintf(folder, size, "%s%s", point, strcmp(own, "/") == 0 ? "" : own) < size;
}

/* ---- the daemon's folder -------------------------------------------------------------------- */

static bool remove_patiently(const char *folder)
{
    const struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};

    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (rmdir(folder) == 0 || errno != EBUSY)
            return errno != EBUSY;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Remove what is below a folder of ours, then itself. The leaf in which this process is
 * stays, and the next daemon removes it. */
static void remove_tree(const char *folder)
{
    char path[CGROUP_FOLDER_MAX + 256];
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool done = true;

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < sizeof path)
            done = (strcmp(entry->d_name, LEAF) ? remove_patiently(path) : rmdir(path) == 0) &&
                   done;
    if (dir)
        closedir(dir);
    if (done)
        remove_patiently(folder);
}

/* flags: LOCK_NB not to wait. */
static int lock_folder(const char *folder, int flags)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | flags) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool kill_folder(const char *folder)
{
    char path[CGROUP_FOLDER_MAX + 2 * NAME_MAX_BYTES];
    int fd;
    bool done;

    snprintf(path, sizeof path, "%s/cgroup.kill", folder);
    fd = open(path, O_WRONLY | O_CLOEXEC); /* before Linux 5.14 there is none */
    if (fd < 0)
        return false;
    done = write(fd, "1", 1) == 1;
    close(fd);
    return done;
}

/* Daemon and keeper were killed at the same time: end what is left of their tasks. */
static void sweep(const char *base)
{
    char path[CGROUP_FOLDER_MAX + 256];
    DIR *dir = opendir(base);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        int lock;

        if (entry->d_type != DT_DIR || strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
            (size_t)snprintf(path, sizeof path, "%s/%s", base, entry->d_name) >= sizeof path)
            continue;
        lock = lock_folder(path, LOCK_NB);
        if (lock < 0)
            continue;
        kill_folder(path);
        remove_tree(path);
        close(lock);
    }
    if (dir)
        closedir(dir);
}

/* Make and lock dvmd-PID. */
static bool make_folder(struct cgroup *g, const char *base)
{
    for (int i = 0; i < NAMES_TRIED; i++) {
        char suffix[16] = "";

        if (i > 0)
            snprintf(suffix, sizeof suffix, ".%d", i);
        if ((size_t)snprintf(g->folder, sizeof g->folder, "%s/" PREFIX "%d%s", base,
                             (int)getpid(), suffix) >= sizeof g->folder)
            break;
        if (mkdir(g->folder, 0755) == 0) {
            g->lock = lock_folder(g->folder, 0);
            if (g->lock >= 0 && access(g->folder, F_OK) == 0)
                return true;
            /* a daemon that starts at this moment took it for one that was left */
            if (g->lock >= 0)
                close(g->lock);
            g->lock = -1;
        } else if (errno != EEXIST) {
            break;
        }
    }
    return false;
}

/* ---- controllers ---------------------------------------------------------------------------- */

/* Move this process into a cgroup below the daemon's, made if need be. */
static bool move_to(const struct cgroup *g, const char *name)
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES];

    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    return (mkdir(path, 0755) == 0 || errno == EEXIST) && write_file(path, "cgroup.procs", "0");
}

/* Have base hand a controller down to g->folder, and that to the tasks. */
static bool hand_down(struct cgroup *g, const char *base, const char *controller, char *why)
{
    static const char hands[] = "cgroup.subtree_control";
    char order[NAME_MAX_BYTES];
    bool done;

    snprintf(order, sizeof order, "+%s", controller);
    if (!has_word(base, "cgroup.controllers", controller)) {
        snprintf(why, CGROUP_WHY_MAX, "the cgroup %s has no controller \"%s\"", base, controller);
        return false;
    }
    done = has_word(base, hands, controller) || write_file(base, hands, order) ||
           (errno == EBUSY && move_to(g, LEAF) && write_file(base, hands, order));
    done = done && write_file(g->folder, hands, order);
    if (!done)
        snprintf(why, CGROUP_WHY_MAX,
                 "the cgroup %s does not hand its controller \"%s\" down: %s%s", base, controller,
                 strerror(errno),
                 errno == EBUSY ? " (other processes than the daemon are in it)" : "");
    return done;
}

/* There is no folder. */
static void none(struct cgroup *g, const char *why)
{
    g->folder[0] = '\0';
    snprintf(g->memory_why, sizeof g->memory_why, "%s", why);
    snprintf(g->cores_why, sizeof g->cores_why, "%s", why);
}

void cgroup_open(struct cgroup *g, const char *base, bool memory, bool cores)
{
    char own[CGROUP_FOLDER_MAX], why[CGROUP_WHY_MAX];

    *g = (struct cgroup){.lock = -1};
    if (!base[0]) {
        if (!cgroup_own(own, sizeof own)) {
            none(g, "this computer has no cgroups of version 2 mounted");
            return;
        }
        base = own;
    }
    if (!make_folder(g, base)) {
        snprintf(why, sizeof why, "no cgroup can be made in %s: %s%s", base, strerror(errno),
                 errno == EACCES ? " (it is not delegated to this user)" : "");
        none(g, why);
        return;
    }
    sweep(base);
    g->memory = memory && hand_down(g, base, "memory", g->memory_why);
    g->cores = cores && hand_down(g, base, "cpu", g->cores_why);
    g->each = g->memory || g->cores;
}

/* ---- tasks ---------------------------------------------------------------------------- */

static void task_folder(const struct cgroup *g, int tid, char *path, size_t size)
{
    snprintf(path, size, "%s/0x%x", g->folder, (unsigned)tid);
}

static bool set_limits(const struct cgroup *g, int fd, uint64_t memory, double cores)
{
    char text[NAME_MAX_BYTES];
    long quota = (long)(cores * PERIOD_US);
    bool done = true;

    if (g->memory && memory) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)memory);
        done = write_at(fd, "memory.max", text) && write_at(fd, "memory.oom.group", "1");
        write_at(fd, "memory.swap.max", "0"); /* not there where there is no swap */
    }
    if (done && g->cores && cores > 0) {
        snprintf(text, sizeof text, "%ld %d", quota > QUOTA_LOW_US ? quota : QUOTA_LOW_US,
                 PERIOD_US);
        done = write_at(fd, "cpu.max", text);
    }
    return done;
}

int cgroup_task(const struct cgroup *g, int tid, uint64_t memory, double cores)
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES];
    int fd, saved;

    task_folder(g, tid, path, sizeof path);
    if (mkdir(path, 0755) && errno != EEXIST)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && set_limits(g, fd, memory, cores))
        return fd;
    saved = errno;
    if (fd >= 0)
        close(fd);
    rmdir(path);
    errno = saved;
    return -1;
}

bool cgroup_enter(int fd)
{
    return write_at(fd, "cgroup.procs", "0");
}

bool cgroup_over_memory(const struct cgroup *g, int tid)
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES], text[FILE_MAX], *at;

    task_folder(g, tid, path, sizeof path);
    if (!g->memory || !read_file(path, "memory.events", text))
        return false;
    at = strstr(text, "oom_kill ");
    return at && strtoul(at + strlen("oom_kill "), NULL, 10) > 0;
}

bool cgroup_kill(const struct cgroup *g, int tid)
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES];

    task_folder(g, tid, path, sizeof path);
    return g->folder[0] && kill_folder(path);
}

bool cgroup_remove(const struct cgroup *g, int tid)
{
    char path[CGROUP_FOLDER_MAX + NAME_MAX_BYTES];

    task_folder(g, tid, path, sizeof path);
    return rmdir(path) == 0 || errno != EBUSY;
}

bool cgroup_keeper_enter(const struct cgroup *g)
{
    return g->folder[0] && !g->each && move_to(g, SHARED);
}

bool cgroup_keeper_leave(const struct cgroup *g)
{
    char base[CGROUP_FOLDER_MAX];

    if (!g->folder[0] || g->each)
        return true;
    snprintf(base, sizeof base, "%s", g->folder);
    *strrchr(base, '/') = '\0';
    return write_file(base, "cgroup.procs", "0") || move_to(g, LEAF);
}

void cgroup_kill_all(const struct cgroup *g)
{
    char path[CGROUP_FOLDER_MAX + 256];
    DIR *dir = g->folder[0] ? opendir(g->folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && strcmp(entry->d_name, LEAF) &&
            (size_t)snprintf(path, sizeof path, "%s/%s", g->folder, entry->d_name) < sizeof path)
            kill_folder(path);
    if (dir)
        closedir(dir);
}

void cgroup_close(struct cgroup *g)
{
    if (g->folder[0])
        remove_tree(g->folder);
    if (g->lock >= 0)
        close(g->lock);
    g->folder[0] = '\0';
    g->lock = -1;
}
