/* spawn.c: dvm_spawn: starting tasks.
 *
 * One request to the own daemon, which places, looks and starts (see SPAWN in
 * docs/protocol.md). The new tasks get the caller's whole environment, but for
 * what belongs to the caller itself.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "dvm_binding.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/vm.h"

extern char **environ;

#define SPAWN_MAX 262143 /* tasks of one call: what the tids of one host can name */

/* What the daemon sets for each task itself. */
static const char *const own_variables[] = {"DVM_SOCKET", "DVM_TOKEN"};

static size_t list_length(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

static size_t name_length(const char *variable)
{
    return strcspn(variable, "=");
}

static bool same_name(const char *a, const char *b)
{
    size_t length = name_length(a);

    return name_length(b) == length && memcmp(a, b, length) == 0;
}

/* Whether a variable of the caller's is not passed on: replaced, or its own. */
static bool left_out(const char *variable, const char *const *replacements)
{
    for (size_t i = 0; i < sizeof own_variables / sizeof own_variables[0]; i++)
        if (same_name(variable, own_variables[i]))
            return true;
    for (size_t i = 0; replacements && replacements[i]; i++)
        if (same_name(variable, replacements[i]))
            return true;
    return false;
}

/* The environment of the new tasks: pointers to the caller's strings. The array is
 * the caller's; NULL when there is no memory. */
static char **make_environment(const char *const *more, size_t *count)
{
    size_t own = list_length((const char *const *)environ);
    char **list = malloc((own + list_length(more) + 1) * sizeof *list);

    *count = 0;
    if (!list)
        return NULL;
    for (size_t i = 0; i < own; i++)
        if (!left_out(environ[i], more))
            list[(*count)++] = environ[i];
    for (size_t i = 0; more && more[i]; i++)
        list[(*count)++] = (char *)(uintptr_t)more[i];
    return list;
}

/* The folder of the caller's program; empty when it is not known. */
static void program_folder(char *folder, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", folder, size - 1);
    char *slash;

    folder[n > 0 ? n : 0] = '\0';
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

static int check(const struct dvm_spawn *what, int count, const int *tids)
{
    if (!what || !what->program || !what->program[0])
        return dvm_fail(DVM_ERR_ARG, "dvm_spawn: no program is named");
    if (count < 1 || count > SPAWN_MAX || !tids)
        return dvm_fail(DVM_ERR_ARG, "dvm_spawn: %d tasks%s; it can be 1 to %d", count,
                        tids ? "" : " and no place for their tids", SPAWN_MAX);
    for (size_t i = 0; what->env && what->env[i]; i++)
        if (!strchr(what->env[i], '='))
            return dvm_fail(DVM_ERR_ARG, "dvm_spawn: \"%.100s\" in env is not NAME=value",
                            what->env[i]);
    for (size_t i = 0; i < sizeof what->reserved / sizeof what->reserved[0]; i++)
        if (what->reserved[i])
            return dvm_fail(DVM_ERR_ARG, "dvm_spawn: the reserved fields must be zero; start "
                                         "with struct dvm_spawn what = {...}");
    return DVM_OK;
}

/* Send the request and receive the reply, which the caller frees. */
static int request(const struct dvm_spawn *what, int count, bool by_path,
                   Dvm__Pb__SpawnReply **reply)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    char directory[PATH_MAX], folder[PATH_MAX];
    uint8_t *payload;
    size_t length;
    int rc;

    if (!what->directory && !getcwd(directory, sizeof directory))
        return dvm_fail_errno(DVM_ERR_SYSTEM, "dvm_spawn: the working directory is not known");
    program_folder(folder, sizeof folder);
    m.program = (char *)(uintptr_t)what->program;
    m.n_args = list_length(what->args);
    m.args = (char **)(uintptr_t)what->args;
    m.env = make_environment(what->env, &m.n_env);
    if (!m.env)
        return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_spawn: no memory is left");
    m.directory = what->directory ? (char *)(uintptr_t)what->directory : directory;
    m.count = (uint32_t)count;
    if (what->where)
        m.where = (char *)(uintptr_t)what->where;
    m.look_first = folder;
    m.sink = vm.catching;
    m.by_path = by_path;
    rc = vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_SPAWN, &m.base, -1, DVM_CTL_SPAWN_REPLY,
                &payload, &length);
    free(m.env);
    if (rc != DVM_OK)
        return rc;
    *reply = dvm__pb__spawn_reply__unpack(NULL, length, payload);
    free(payload);
    return *reply ? DVM_OK : vm_bad_answer(DVM_CTL_SPAWN_REPLY);
}

/* Keep the sentences of all hosts that failed as one. */
static int failed(int code, const Dvm__Pb__SpawnReply *reply)
{
    char text[DVM_SENTENCE_MAX] = "";
    size_t used = 0;

    for (size_t i = 0; i < reply->n_errors && used < sizeof text; i++) {
        int n = snprintf(text + used, sizeof text - used, "%s%s", i ? "; " : "",
                         reply->errors[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    return dvm_fail(code, "dvm_spawn: %s", text[0] ? text : dvm_error_text(code));
}

static int take_reply(const Dvm__Pb__SpawnReply *reply, int count, int *tids, int *errors)
{
    int first = DVM_OK;

    for (int i = 0; i < count; i++) {
        int tid = (size_t)i < reply->n_tids ? reply->tids[i] : DVM_ERR_SPAWN;

        tids[i] = tid != 0 ? tid : DVM_ERR_SPAWN;
        if (errors)
            errors[i] = tids[i] > 0 ? DVM_OK : tids[i];
        if (tids[i] < 0 && first == DVM_OK)
            first = tids[i];
    }
    return first == DVM_OK ? DVM_OK : failed(first, reply);
}

/* The rest of a call that has begun. */
static int spawn(const struct dvm_spawn *what, int count, bool by_path, int *tids, int *errors)
{
    Dvm__Pb__SpawnReply *reply;
    int rc = check(what, count, tids);

    if (rc != DVM_OK)
        return rc;
    rc = request(what, count, by_path, &reply);
    if (rc == DVM_OK) {
        rc = take_reply(reply, count, tids, errors);
        dvm__pb__spawn_reply__free_unpacked(reply, NULL);
    } else {
        for (int i = 0; i < count; i++) {
            tids[i] = rc;
            if (errors)
                errors[i] = rc;
        }
    }
    return rc;
}

int dvm_spawn(const struct dvm_spawn *what, int count, int *tids, int *errors)
{
    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_SPAWN, ENTRY_SITE(), 0);
    return dvm_leave(spawn(what, count, false, tids, errors));
}

int dvm_binding_spawn(const struct dvm_spawn *what, int count, int *tids, int *errors)
{
    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_SPAWN, ENTRY_SITE(), 0);
    return dvm_leave(spawn(what, count, true, tids, errors));
}
