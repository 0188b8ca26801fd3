/* checkup.c: see checkup.h: each check is one function that adds one finding. What can be
 * tried is tried (a memfd, a copy, reading the clock) instead of guessed from versions. */
#include "daemon/computer/checkup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/runtime.h"
#include "daemon/computer/cgroup.h"

#define FILES_FEW 4096         /* below it: not many tasks and hosts */
#define FILES_TOO_FEW 256      /* below it: hardly any */
#define SPACE_LITTLE (64 << 20) /* bytes free */
#define SPACE_NONE (1 << 20)
#define MEMORY_TRIED (64 << 10) /* bytes of the memfd */
#define CLOCK_SLOW_NS 500
#define CLOCK_READS 200
#define CLOCK_ROUNDS 5         /* of which the best counts: others may disturb */
#define LINE 256
#define MEBI (1024.0 * 1024.0)

/* Read the first line of a file, or the rest of that which begins with a word. */
static bool read_line(const char *path, const char *word, char *out)
{
    FILE *in = fopen(path, "re");
    bool found = false;

    while (in && !found && fgets(out, LINE, in))
        if (strncmp(out, word, strlen(word)) == 0) {
            memmove(out, out + strlen(word), strlen(out + strlen(word)) + 1);
            out[strcspn(out, "\n")] = '\0';
            found = true;
        }
    if (in)
        fclose(in);
    return found;
}

static void check_space(struct findings *f, const char *folder)
{
    char path[RUNTIME_PATH_MAX];
    struct statvfs fs;
    double left;
    char *slash;

    snprintf(path, sizeof path, "%s", folder);
    /* what is not made yet will be on the disk of what is above it */
    while (statvfs(path, &fs) != 0) {
        slash = strrchr(path, '/');
        if (errno != ENOENT || !slash || slash == path)
            return;
        *slash = '\0';
    }
    left = (double)fs.f_bavail * (double)fs.f_frsize;
    if (left >= SPACE_LITTLE)
        finding_well(f, "space", "%.0f MiB are free in %s", left / MEBI, path);
    else
        finding_add(f, left < SPACE_NONE ? FINDING_BAD : FINDING_NOTE, FINDING_SPACE,
                    "%.1f MiB are free in %s", left / MEBI, path);
}

static void check_files(struct findings *f)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    if (r.rlim_max == RLIM_INFINITY || r.rlim_max >= FILES_FEW)
        finding_well(f, "files", "%llu descriptors", (unsigned long long)r.rlim_max);
    else
        finding_add(f, r.rlim_max < FILES_TOO_FEW ? FINDING_BAD : FINDING_NOTE, FINDING_FILES,
                    "a process may have %llu descriptors; a task takes 3 to 7",
                    (unsigned long long)r.rlim_max);
}

static void check_memory(struct findings *f)
{
    int fd = memfd_create("dvm-check", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const char *what = "memfd_create";
    int failed = fd < 0 ? errno : 0;

    if (!failed && posix_fallocate(fd, 0, MEMORY_TRIED) != 0) {
        what = "allocating 64 KiB of it";
        failed = ENOSPC;
    }
    if (!failed && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        what = "sealing it";
        failed = errno;
    }
    if (fd >= 0)
        close(fd);
    if (failed)
        finding_add(f, FINDING_BAD, FINDING_MEMORY, "shared memory: %s fails: %s", what,
                    strerror(failed));
    else
        finding_well(f, "memory", "memfd with seals");
}

/* Yama allows it to parents (1), to administrators (2), to nobody (3); the filter of a
 * container may forbid the call itself. */
static void check_copy(struct findings *f)
{
    char line[LINE];
    int scope = read_line("/proc/sys/kernel/yama/ptrace_scope", "", line) ? atoi(line) : 0;
    char from = 'x', to = 0;
    struct iovec local = {&to, 1}, remote = {&from, 1};

    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1)
        finding_add(f, FINDING_NOTE, FINDING_COPY, "process_vm_readv fails: %s", strerror(errno));
    else if (scope > 1 && geteuid() != 0)
        finding_add(f, FINDING_NOTE, FINDING_COPY,
                    "process_vm_readv is for administrators: kernel.yama.ptrace_scope is %d",
                    scope);
    else
        finding_well(f, "copy", "process_vm_readv is allowed%s",
                     scope == 1 ? ", to those whom a task names" : "");
}

static void check_seccomp(struct findings *f)
{
    static const char *const modes[] = {"none", "strict", "a filter is in force"};
    char line[LINE];
    int mode = read_line("/proc/self/status", "Seccomp:", line) ? atoi(line) : -1;

    if (mode >= 0 && mode < (int)(sizeof modes / sizeof modes[0]))
        finding_well(f, "seccomp", "%s", modes[mode]);
}

static void check_cgroup(struct findings *f)
{
    char folder[CGROUP_FOLDER_MAX];

    if (!cgroup_own(folder, sizeof folder))
        finding_add(f, FINDING_NOTE, FINDING_CGROUP, "there are no cgroups of version 2");
    else if (access(folder, W_OK) != 0)
        finding_add(f, FINDING_NOTE, FINDING_CGROUP, "no cgroup may be made in %s: %s", folder,
                    strerror(errno));
    else
        finding_well(f, "cgroup", "some may be made in %s", folder);
}

/* The cores whose time the cgroup grants, 0 when it sets no limit. */
static double quota(void)
{
    char folder[CGROUP_FOLDER_MAX], path[CGROUP_FOLDER_MAX + 16], line[LINE];
    double time, period;

    if (!cgroup_own(folder, sizeof folder))
        return 0;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(path, "", line) || sscanf(line, "%lf %lf", &time, &period) != 2 || period <= 0)
        return 0;
    return time / period;
}

static void check_cores(struct findings *f)
{
    double allowed = quota();
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                           : (int)sysconf(_SC_NPROCESSORS_ONLN);

    if (allowed > 0 && allowed < cores)
        finding_add(f, FINDING_NOTE, FINDING_CORES,
                    "%d cores are seen, the cgroup allows the time of %.1f", cores, allowed);
    else
        finding_well(f, "cores", "%d", cores);
}

static void check_clock(struct findings *f)
{
    char source[LINE];
    uint64_t best = UINT64_MAX;

    if (!read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", "", source))
        snprintf(source, sizeof source, "unknown source");
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        uint64_t begin = clock_ns(), took;

        for (int k = 0; k < CLOCK_READS; k++)
            clock_ns();
        took = (clock_ns() - begin) / CLOCK_READS;
        best = took < best ? took : best;
    }
    if (best < CLOCK_SLOW_NS)
        finding_well(f, "clock", "%s, read in %llu ns", source, (unsigned long long)best);
    else
        finding_add(f, FINDING_NOTE, FINDING_CLOCK, "%s: reading it takes %llu ns", source,
                    (unsigned long long)best);
}

void checkup_computer(struct findings *f, const char *folder)
{
    static void (*const checks[])(struct findings *) = {
        check_files, check_memory, check_copy, check_seccomp, check_cgroup, check_cores,
        check_clock,
    };

    check_space(f, folder);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](f);
}
