/* spawn.c: pvm_spawn and what spawned tasks get.
 *
 * Where PVM names a host or an architecture, DVM gets a list of hosts. A program's name is
 * looked up as PVM's users expect, along PVM_PATH, and then as DVM does. The whole environment
 * goes along; PVM_EXPORT, which chose from it, is kept for those who look.
 */
#include "bindings/pvm3/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/catchout.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/trace/trace.h"

#define ORPHAN "DVM_PVM_ORPHAN" /* "1": spawned with PvmNoSpawnParent */
#define NAMES_LEAST 64
#define FLAGS_KNOWN (PvmTaskHost | PvmTaskArch | PvmTaskDebug | PvmTaskTrace | PvmMppFront | \
                     PvmHostCompl | PvmNoSpawnParent)

/* What is handed to DVM. */
struct order {
    struct dvm_spawn what;
    char *names;     /* of hosts; owned */
    char *directory; /* owned */
    char *path;      /* "PATH=..."; owned */
    char *tracer;    /* as that; owned */
    const char **env; /* owned */
};

bool pvm3_no_spawn_parent(void)
{
    const char *text = getenv(ORPHAN);

    return text && strcmp(text, "1") == 0;
}

static void order_free(struct order *o)
{
    free(o->names);
    free(o->directory);
    free(o->path);
    free(o->tracer);
    free(o->env);
}

/* "PATH=PVM_PATH:PATH:~/pvm3/bin/ARCH" */
static char *search_path(void)
{
    const char *own = getenv("PVM_PATH"), *path = getenv("PATH"), *home = getenv("HOME");
    const char *arch = getenv("PVM_ARCH");
    bool there = own && path && strncmp(path, own, strlen(own)) == 0;
    char *text;

    if ((!own || there) && path)
        return asprintf(&text, "PATH=%s", path) < 0 ? NULL : text;
    return asprintf(&text, "PATH=%s%s%s:%s/pvm3/bin/%s", own ? own : "", own ? ":" : "",
                    path ? path : "/usr/bin:/bin", home ? home : "", arch ? arch : "LINUX64") < 0
               ? NULL
               : text;
}

/* Whether a host is meant by where, without its folder. */
static bool is_meant(const struct dvm_host *h, int flag, const char *where)
{
    bool meant = true;

    if (flag & PvmTaskHost)
        meant = strcmp(where, ".") == 0 ? PVM3_HOST_TID(h->slot) == PVM3_TID_HOST(pvm3_self())
                                        : strcmp(where, h->name) == 0;
    else if (flag & PvmTaskArch)
        meant = strcmp(where, pvm3_arch(h->arch)) == 0 || strcmp(where, h->arch) == 0;
    return h->state == DVM_HOST_UP && meant == !(flag & PvmHostCompl);
}

/* The hosts that are meant, as a list with commas; "" when there are none. NULL: no memory. */
static char *choose_hosts(int flag, const char *where)
{
    struct dvm_host *hosts = NULL;
    size_t count = 0;
    char *names;

    if (pvm3_hosts(&hosts, &count) != DVM_OK)
        count = 0;
    names = malloc(count * (DVM_NAME_MAX + 1) + NAMES_LEAST);
    if (names)
        names[0] = '\0';
    for (size_t i = 0; names && i < count; i++)
        if (is_meant(&hosts[i], flag, where)) {
            strcat(names, names[0] ? "," : "");
            strcat(names, hosts[i].name);
        }
    free(hosts);
    return names;
}

/* where is "host", "host:folder", ":folder" or ".". Returns PvmOk, PvmNoHost, PvmNoMem. */
static int set_where(struct order *o, int flag, const char *where)
{
    const char *colon = where ? strchr(where, ':') : NULL;
    char *name;

    if (!(flag & (PvmTaskHost | PvmTaskArch)) || !where || !where[0])
        return PvmOk;
    name = strndup(where, colon ? (size_t)(colon - where) : strlen(where));
    if (!name)
        return PvmNoMem;
    if (colon && colon[1])
        o->directory = strdup(colon + 1);
    if (name[0])
        o->names = choose_hosts(flag, name);
    free(name);
    if ((colon && colon[1] && !o->directory) || (colon != where && !o->names))
        return PvmNoMem;
    o->what.where = o->names;
    o->what.directory = o->directory;
    return o->names && !o->names[0] ? PvmNoHost : PvmOk;
}

static int order_make(struct order *o, char *task, char **argv, int flag, const char *where,
                      char **more)
{
    size_t count = 0;

    while (more && more[count])
        count++;
    *o = (struct order){.what = {.program = task, .args = (const char *const *)argv}};
    o->path = search_path();
    o->tracer = pvm3_trace_variable();
    o->env = calloc(count + 4, sizeof *o->env);
    if (!o->path || !o->tracer || !o->env)
        return PvmNoMem;
    o->env[0] = o->path;
    o->env[1] = flag & PvmNoSpawnParent ? ORPHAN "=1" : ORPHAN "=0";
    o->env[2] = o->tracer;
    if (count > 0)
        memcpy(o->env + 3, more, count * sizeof *more);
    o->what.env = o->env;
    return task[0] ? set_where(o, flag, where) : PvmNoFile;
}

/* Those that started first, then PVM's codes of the others. Returns how many started. */
static int sort_tids(int *tids, int count)
{
    int *errors = malloc((size_t)count * sizeof *errors), started = 0, failed = 0;

    for (int i = 0; i < count; i++)
        if (tids[i] > 0)
            tids[started++] = tids[i];
        else if (errors)
            errors[failed++] = pvm3_code(tids[i]);
    for (int i = 0; i < failed; i++)
        tids[started + i] = errors[i];
    free(errors);
    return started;
}

static int none_started(const char *call, int code, const char *where, int *tids, int count)
{
    for (int i = 0; i < count; i++)
        tids[i] = code;
    if (code == PvmNoHost && pvm3_option(PvmAutoErr) == 1)
        pvm3_fail(call, code, "\"%s\" names no host of the machine", where);
    else if (code == PvmNoFile && pvm3_option(PvmAutoErr) == 1)
        pvm3_fail(call, code, "no program is named");
    pvm_errno = code;
    return 0;
}

int pvm3_spawn_own(char *task, char **argv, int flag, char *where, int count, int *tids,
                   char **more)
{
    static const char call[] = "pvm_spawn";
    struct order o;
    int rc = order_make(&o, task, argv, flag, where, more), started;

    if (rc == PvmOk) {
        memset(tids, 0, (size_t)count * sizeof *tids); /* where DVM asks nobody it says nothing */
        rc = dvm_binding_spawn(&o.what, count, tids, NULL);
        for (int i = 0; i < count; i++)
            tids[i] = tids[i] ? tids[i] : rc;
        started = sort_tids(tids, count);
        pvm3_catchout_children(tids, started);
        if (rc != DVM_OK && pvm3_option(PvmAutoErr) == 1) /* an answer, not yet a mistake */
            pvm3_fail_dvm(call, rc);
    } else {
        started = none_started(call, rc, where, tids, count);
    }
    order_free(&o);
    return started;
}

int pvm_spawn(char *task, char **argv, int flag, char *where, int count, int *tids)
{
    static const char call[] = "pvm_spawn";
    int rc = pvm3_enter(call), started = 0, *list = tids;

    if (rc != PvmOk)
        return rc;
    if (!task || count < 1 || (flag & ~FLAGS_KNOWN))
        return pvm3_fail(call, PvmBadParam, "%s%d tasks, flags %d",
                         task ? "" : "no program is named; ", count, flag);
    if (flag & PvmTaskDebug)
        return pvm3_fail(call, PvmNotImpl, "debuggers are started by dvm run --gdb");
    list = tids ? tids : malloc((size_t)count * sizeof *list);
    if (!list)
        return pvm3_fail(call, PvmNoMem, NULL);
    if (!pvm3_manager_spawn(task, argv, flag, where, count, list, &started))
        started = pvm3_spawn_own(task, argv, flag, where, count, list, NULL);
    if (list != tids)
        free(list);
    return started;
}

/* ---- PVM_EXPORT: names with colons between them ---------------------------------- */

static bool is_exported(const char *list, const char *name, const char **at)
{
    size_t length = strlen(name);

    for (const char *p = list; *p; p += strcspn(p, ":"), p += *p == ':')
        if (strncmp(p, name, length) == 0 && (p[length] == ':' || p[length] == '\0')) {
            *at = p;
            return true;
        }
    return false;
}

int pvm_export(char *name)
{
    const char *old = getenv("PVM_EXPORT"), *at;
    char *list;

    if (!name || !name[0] || (old && is_exported(old, name, &at)))
        return PvmOk;
    if (asprintf(&list, "%s%s%s", old ? old : "", old && old[0] ? ":" : "", name) < 0)
        return pvm3_fail("pvm_export", PvmNoMem, NULL);
    setenv("PVM_EXPORT", list, 1);
    free(list);
    return PvmOk;
}

int pvm_unexport(char *name)
{
    const char *old = getenv("PVM_EXPORT"), *at;
    char *list;

    if (!name || !old || !is_exported(old, name, &at))
        return PvmOk;
    list = strdup(old);
    if (!list)
        return pvm3_fail("pvm_unexport", PvmNoMem, NULL);
    old = at + strlen(name);
    strcpy(list + (at - getenv("PVM_EXPORT")), *old == ':' ? old + 1 : old);
    if (list[0] && list[strlen(list) - 1] == ':')
        list[strlen(list) - 1] = '\0';
    setenv("PVM_EXPORT", list, 1);
    free(list);
    return PvmOk;
}
