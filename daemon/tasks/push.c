/* push.c: STAGE and STAGE_DATA: a program and its libraries come to this host.
 *
 * STAGE asks whether the program is here anyway, and else which of its files are
 * lacking: the program, by its key (which names its contents), and those libraries that
 * neither the system nor an earlier push has. STAGE_DATA brings them in pieces. A file
 * has a name of its own for each sender until it is whole, so that two who push the
 * same at the same time do not disturb each other, and one that broke off leaves no
 * half program.
 */
#include "daemon/tasks/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/pushed.h"
#include "base/runtime.h"
#include "daemon/tasks/environment.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/program.h"

#define PUSH_NAME_MAX 128                  /* bytes of a file's name with its NUL */
#define PUSH_PATH_MAX (RUNTIME_PATH_MAX + 2 * PUSH_NAME_MAX + 16)
#define PUSH_FILE_MAX (UINT64_C(4) << 30)  /* bytes of one file */
#define PUSH_FILES_MAX 64                  /* files of one program */
#define LIBRARY_PATH "LD_LIBRARY_PATH"

/* Whether a text may name a file or folder of a push. */
static bool name_ok(const char *name)
{
    return name[0] && name[0] != '.' && strlen(name) < PUSH_NAME_MAX && !strchr(name, '/');
}

/* ---- the program of a spawn --------------------------------------------------------- */

bool push_locate(const struct daemon *d, const Dvm__Pb__Spawn *what, char *out, size_t size)
{
    int n;

    if (!name_ok(what->pushed_key) || !name_ok(what->pushed_name))
        return false;
    n = snprintf(out, size, "%s/" PUSHED_FOLDER "/%s/%s", d->folder, what->pushed_key,
                 what->pushed_name);
    return n > 0 && (size_t)n < size && access(out, X_OK) == 0;
}

/* Put folder in front of the value of LD_LIBRARY_PATH. */
static int add_library_path(Dvm__Pb__Spawn *what, const char *folder)
{
    const char *old = environment_get(what->env, what->n_env, LIBRARY_PATH);
    char *entry, **bigger;

    if (asprintf(&entry, LIBRARY_PATH "=%s%s%s", folder, old && old[0] ? ":" : "",
                 old ? old : "") < 0)
        return DVM_ERR_NO_MEMORY;
    for (size_t i = 0; old && i < what->n_env; i++)
        if (what->env[i] + strlen(LIBRARY_PATH "=") == old) {
            free(what->env[i]);
            what->env[i] = entry;
            return DVM_OK;
        }
    bigger = realloc(what->env, (what->n_env + 1) * sizeof *bigger);
    if (!bigger) {
        free(entry);
        return DVM_ERR_NO_MEMORY;
    }
    what->env = bigger;
    what->env[what->n_env++] = entry;
    return DVM_OK;
}

int push_adapt(const struct daemon *d, const char *path, Dvm__Pb__Spawn *what)
{
    char folder[PUSH_PATH_MAX], *own;

    if (!push_locate(d, what, folder, sizeof folder) || strcmp(folder, path) != 0)
        return DVM_OK;
    *strrchr(folder, '/') = '\0';
    if (add_library_path(what, folder))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start a task");
    if (!what->directory[0] || access(what->directory, X_OK) == 0)
        return DVM_OK;
    own = strdup(folder);
    if (!own)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start a task");
    log_info("%s is not on this host: its tasks run in %s", what->directory, folder);
    free(what->directory);
    what->directory = own;
    return DVM_OK;
}

/* ---- STAGE ---------------------------------------------------------------------------- */

/* Whether the system has a library: where its loader looks without being told. */
static bool system_has(const char *name, const char *machine)
{
    static const char *const folders[] = {"/lib/%s-linux-gnu", "/usr/lib/%s-linux-gnu", "/lib64",
                                          "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"};
    char path[PUSH_PATH_MAX];

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        bool named = strstr(folders[i], "%s") != NULL;
        int n = named ? snprintf(path, sizeof path, "%.*s%s-linux-gnu/%s",
                                 (int)(strstr(folders[i], "%s") - folders[i]), folders[i], machine,
                                 name)
                      : snprintf(path, sizeof path, "%s/%s", folders[i], name);

        if (n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* Note the files that are wanted. */
static int look_for_files(struct daemon *d, const Dvm__Pb__Stage *m, uint32_t *wanted,
                          size_t *count)
{
    struct utsname u = {0};
    char system[sizeof u.sysname + sizeof u.machine + 1];
    int fd, r;

    uname(&u);
    snprintf(system, sizeof system, "%s %s", u.sysname, u.machine);
    if (strcmp(system, m->system) != 0)
        return dvm_fail(DVM_ERR_NO_PROGRAM, "host %s is %s and cannot run a program for %s; build "
                        "it there", d->host, system, m->system);
    r = pushed_open(d->folder, m->key, &fd);
    for (size_t i = 0; !r && i < m->n_files; i++) {
        const Dvm__Pb__StageFile *f = m->files[i];
        struct stat st;

        if (!name_ok(f->name) || f->size > PUSH_FILE_MAX)
            r = dvm_fail(DVM_ERR_ARG, "\"%.80s\" is no file that can be pushed", f->name);
        else if ((i == 0 || !system_has(f->name, u.machine)) &&
                 (fstatat(fd, f->name, &st, AT_SYMLINK_NOFOLLOW) ||
                  (uint64_t)st.st_size != f->size))
            wanted[(*count)++] = (uint32_t)i;
    }
    if (fd >= 0)
        close(fd);
    return r;
}

static int stage(struct daemon *d, const struct dvm_frame *frame, const Dvm__Pb__Stage *m)
{
    Dvm__Pb__Staged reply = DVM__PB__STAGED__INIT;
    uint32_t wanted[PUSH_FILES_MAX];
    char path[PUSH_PATH_MAX];
    int r;

    if (!name_ok(m->key) || m->n_files == 0 || m->n_files > PUSH_FILES_MAX)
        return dvm_fail(DVM_ERR_ARG, "a program of %zu files cannot be pushed", m->n_files);
    reply.found = program_locate(m->program, m->directory, m->look_first, m->path, d->host, path,
                                 sizeof path) == DVM_OK;
    reply.wanted = wanted;
    r = reply.found ? DVM_OK : look_for_files(d, m, wanted, &reply.n_wanted);
    if (!r)
        daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_STAGED, &reply.base);
    return r;
}

void handle_stage(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Stage *m = dvm__pb__stage__unpack(NULL, frame->length, payload);
    int r = m ? stage(d, frame, m) : dvm_fail(DVM_ERR_PROTOCOL, "a STAGE that cannot be read");

    if (r)
        daemon_fail(d, frame, r, "%s", dvm_last_error());
    dvm__pb__stage__free_unpacked(m, NULL);
}

/* ---- STAGE_DATA ------------------------------------------------------------------------- */

static int write_all(int fd, const uint8_t *bytes, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, bytes, n, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        bytes += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

static int take_data(struct daemon *d, int src, const Dvm__Pb__StageData *m)
{
    char part[PUSH_NAME_MAX + 24];
    int folder, fd, r;
    bool good;

    if (!name_ok(m->key) || !name_ok(m->name) || m->offset > PUSH_FILE_MAX)
        return dvm_fail(DVM_ERR_ARG, "\"%.80s\" is no file that can be pushed", m->name);
    r = pushed_open(d->folder, m->key, &folder);
    if (r)
        return r;
    snprintf(part, sizeof part, ".%x-%s", (unsigned)src, m->name);
    fd = openat(folder, part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRWXU);
    good = fd >= 0 && write_all(fd, m->data.data, m->data.len, m->offset) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (good && m->last)
        good = renameat(folder, part, folder, m->name) == 0;
    if (!good) {
        r = dvm_fail_errno(DVM_ERR_SYSTEM, "host %s cannot store %s in %s/" PUSHED_FOLDER, d->host,
                           m->name, d->folder);
        unlinkat(folder, part, 0);
    }
    close(folder);
    return r;
}

void handle_stage_data(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__StageData *m = dvm__pb__stage_data__unpack(NULL, frame->length, payload);
    int r = m ? take_data(d, frame->src, m)
              : dvm_fail(DVM_ERR_PROTOCOL, "a STAGE_DATA that cannot be read");

    if (r)
        daemon_fail(d, frame, r, "%s", dvm_last_error());
    else
        daemon_reply(d, frame, DVM_CTL_OK, NULL, 0);
    dvm__pb__stage_data__free_unpacked(m, NULL);
}
