/* local.c: dvm doctor, this computer: dvmd is found and says with --check what it needs and
 * finds; the rest is what only a console needs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "console/doctor/doctor.h"
#include "console/remote/launch.h"

#define SELF_NAME "this computer"
#define VERSION_CHECK "version"
#define VERSION_BYTES 32

void doctor_compare_version(struct doctor_host *h)
{
    char own[VERSION_BYTES];

    snprintf(own, sizeof own, "%d.%d.%d", DVM_VERSION_MAJOR, DVM_VERSION_MINOR,
             DVM_VERSION_PATCH);
    for (size_t i = 0; i < h->findings.count; i++) {
        struct finding *f = &h->findings.list[i];
        struct findings other = {.count = 0};

        if (strcmp(f->check, VERSION_CHECK) != 0 || f->level != FINDING_WELL ||
            strcmp(f->text, own) == 0)
            continue;
        finding_add(&other, FINDING_NOTE, FINDING_VERSION, "dvmd is %.20s, this dvm is %s",
                    f->text, own);
        *f = other.list[0];
    }
}

static void heard(struct launch *l, const char *line, void *arg)
{
    struct doctor_host *h = arg;
    struct finding f;

    (void)l;
    if (h->findings.count < FINDING_MAX && finding_read(line, &f))
        h->findings.list[h->findings.count++] = f;
}

/* Whether a program is in PATH. */
static bool in_path(const char *program, char *found, size_t size)
{
    const char *path = getenv("PATH");

    while (path && *path) {
        size_t n = strcspn(path, ":");

        snprintf(found, size, "%.*s/%s", (int)n, path, program);
        if (access(found, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

static void check_ssh(struct findings *f)
{
    char path[PATH_MAX];

    if (in_path("ssh", path, sizeof path))
        finding_well(f, "ssh", "%s", path);
    else
        finding_add(f, FINDING_NOTE, FINDING_SSH, "there is no ssh in PATH");
}

int doctor_local(struct doctor *d)
{
    struct launch *l = calloc(1, sizeof *l);
    struct doctor_host *h = doctor_host_add(d, SELF_NAME, DOCTOR_SELF);
    char path[PATH_MAX], why[FINDING_TEXT_BYTES / 2];

    if (!l || !h) {
        free(l);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to look at this computer");
    }
    l->argv[0] = launch_daemon_path(path, sizeof path);
    l->argv[1] = "--check";
    l->seconds = d->seconds;
    l->heard = heard;
    launch_all(l, 1, NULL, h);
    if (!launch_good(l) || h->findings.count == 0)
        finding_add(&h->findings, FINDING_BAD, FINDING_DAEMON, "%.120s --check: %s", path,
                    launch_last_line(l, why, sizeof why));
    else
        finding_well(&h->findings, "dvmd", "%.250s", path);
    doctor_compare_version(h);
    check_ssh(&h->findings);
    free(l);
    return DVM_OK;
}
