/* family.c: see family.h. The tree is put together from the parents that all processes
 * name (person.h), again in each round, as what is to be ended may fork meanwhile. */
#include "daemon/computer/family.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/computer/person.h"

#define PAUSE_NS 2000000   /* between two rounds of killing, nanoseconds */
#define ROUNDS_MAX 2500    /* rounds: 5 s, then the rest is left to its fate */

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
    struct person *all = person_read_all(&count);

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
