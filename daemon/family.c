/* family.c: see family.h.
 *
 * Not every kernel has /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN), so
 * the tree is put together from the parents that all processes name.
 */
#include "daemon/family.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAT_MAX 512       /* bytes of /proc/PID/stat up to the session */
#define PAUSE_NS 2000000   /* between two rounds of killing, nanoseconds */
#define ROUNDS_MAX 2500    /* rounds: 5 s, then the rest is left to its fate */

struct person {
    pid_t pid, parent, session;
    bool dead; /* a zombie */
    bool mine; /* a descendant of root */
};

static bool read_person(int proc, const char *name, struct person *p)
{
    char path[64], text[STAT_MAX];
    const char *rest;
    char state;
    int fd, parent, session;
    ssize_t got;

    snprintf(path, sizeof path, "%s/stat", name);
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    rest = strrchr(text, ')'); /* the name in front may hold anything */
    if (!rest || sscanf(rest + 1, " %c %d %*d %d", &state, &parent, &session) != 3)
        return false;
    *p = (struct person){.pid = (pid_t)atoi(name), .parent = parent, .session = session,
                         .dead = state == 'Z' || state == 'X'};
    return true;
}

/* All processes; *count receives how many. NULL when there is no memory or /proc. */
static struct person *read_all(size_t *count)
{
    DIR *proc = opendir("/proc");
    struct person *all = NULL;
    struct dirent *entry;
    size_t room = 0;

    *count = 0;
    while (proc && (entry = readdir(proc))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (*count == room) {
            struct person *bigger = realloc(all, (room + 256) * sizeof *all);

            if (!bigger)
                break;
            all = bigger;
            room += 256;
        }
        if (read_person(dirfd(proc), entry->d_name, &all[*count]))
            (*count)++;
    }
    if (proc)
        closedir(proc);
    return all;
}

static bool is_mine(const struct person *all, size_t count, pid_t root, pid_t parent)
{
    if (parent == root)
        return true;
    for (size_t i = 0; i < count; i++)
        if (all[i].mine && all[i].pid == parent)
            return true;
    return false;
}

static void mark(struct person *all, size_t count, pid_t root)
{
    bool more;

    do {
        more = false;
        for (size_t i = 0; i < count; i++)
            if (!all[i].mine && is_mine(all, count, root, all[i].parent)) {
                all[i].mine = true;
                more = true;
            }
    } while (more);
}

size_t family_kill(pid_t root, int signal, family_f *choose, void *arg)
{
    size_t count, found = 0;
    struct person *all = read_all(&count);

    mark(all, count, root);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].mine || all[i].dead || (choose && !choose(arg, all[i].pid, all[i].session)))
            continue;
        found++;
        kill(all[i].pid, signal);
    }
    free(all);
    return found;
}

void family_end(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    for (int round = 0; round < ROUNDS_MAX; round++) {
        pid_t pid;

        family_kill(getpid(), SIGKILL, NULL, NULL);
        do
            pid = waitpid(-1, NULL, WNOHANG);
        while (pid > 0 || (pid < 0 && errno == EINTR));
        if (pid < 0 && errno == ECHILD)
            return;
        nanosleep(&pause, NULL);
    }
}
