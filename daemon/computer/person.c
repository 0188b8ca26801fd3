/* person.c: see person.h.
 *
 * Not every kernel has /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN), so who wants a
 * tree reads all processes and looks at the parents that they name.
 */
#include "daemon/computer/person.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_MAX 1024 /* bytes of /proc/PID/stat up to the resident pages */
#define ROOM 256      /* processes for which room is made at a time */

static bool read_person(const char *name, struct person *p)
{
    char path[64], text[STAT_MAX];
    const char *rest;
    uint64_t user = 0, system = 0, reaped_user = 0, reaped_system = 0;
    int fd, parent, session;
    ssize_t got;

    *p = (struct person){.pid = (pid_t)atoi(name)};
    snprintf(path, sizeof path, "/proc/%s/stat", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    rest = strrchr(text, ')'); /* the name in front may hold anything */
    if (!rest || sscanf(rest + 1, " %c %d %*d %d", &p->state, &parent, &session) != 3)
        return false;
    p->parent = parent;
    p->session = session;
    p->dead = p->state == 'Z' || p->state == 'X';
    sscanf(rest + 1,
           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
           " %" SCNu64 " %*d %*d %*d %*d %*u %*u %" SCNu64,
           &user, &system, &reaped_user, &reaped_system, &p->pages);
    p->ticks = user + system;
    p->reaped_ticks = reaped_user + reaped_system;
    return true;
}

bool person_read(pid_t pid, struct person *p)
{
    char name[16];

    snprintf(name, sizeof name, "%d", (int)pid);
    return read_person(name, p);
}

struct person *person_read_all(size_t *count)
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
            struct person *bigger = realloc(all, (room + ROOM) * sizeof *all);

            if (!bigger)
                break;
            all = bigger;
            room += ROOM;
        }
        if (read_person(entry->d_name, &all[*count]))
            (*count)++;
    }
    if (proc)
        closedir(proc);
    return all;
}
