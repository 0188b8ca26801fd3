/* own_daemon.c: see own_daemon.h. */
#include "tests/support/own_daemon.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/settings.h"
#include "daemon/daemon.h"
#include "daemon/keeper.h"
#include "daemon/options.h"

#define END_MS 60000

static void live(const char *folder, bool is_private, int ready)
{
    static struct daemon d;
    static struct settings settings;
    struct options o = {.machine = "unit", .host = "h", .folder = folder, .ready_fd = -1,
                        .foreground = true, .is_private = is_private, .cores = 4};
    struct keeper_limits limits = {.files = {RLIM_INFINITY, RLIM_INFINITY}};
    struct keeper *keeper;

    signal(SIGPIPE, SIG_IGN);
    settings_init(&settings);
    getrlimit(RLIMIT_NOFILE, &limits.files);
    if (keeper_fork(&keeper, &limits) || daemon_start(&d, &o, &settings, NULL, keeper)) {
        fprintf(stderr, "%s\n", dvm_last_error());
        _exit(EXIT_FAILURE);
    }
    if (write(ready, "r", 1) != 1)
        _exit(EXIT_FAILURE);
    close(ready);
    exit(daemon_run(&d));
}

bool own_daemon_start(struct own_daemon *o, bool is_private)
{
    char base[] = "/tmp/dvm-unit-XXXXXX", byte;
    int ends[2];
    bool ok;

    if (!mkdtemp(base) || pipe(ends))
        return false;
    snprintf(o->folder, sizeof o->folder, "%s", base);
    o->pid = fork();
    if (o->pid == 0) {
        close(ends[0]);
        live(o->folder, is_private, ends[1]);
    }
    close(ends[1]);
    ok = o->pid > 0 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    return ok;
}

int own_daemon_wait(struct own_daemon *o)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, o->pid, 0), .events = POLLIN};
    char command[RUNTIME_PATH_MAX + 16];
    int status = -1;

    if (p.fd < 0 || poll(&p, 1, END_MS) != 1)
        kill(o->pid, SIGKILL);
    if (p.fd >= 0)
        close(p.fd);
    if (waitpid(o->pid, &status, 0) != o->pid)
        status = -1;
    snprintf(command, sizeof command, "rm -rf '%s'", o->folder);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", o->folder);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int own_daemon_stop(struct own_daemon *o)
{
    kill(o->pid, SIGTERM);
    return own_daemon_wait(o);
}
