/* init.c: becoming a task and ceasing to be one.
 *
 * Where the daemon is: DVM_SOCKET says it to tasks that the machine spawned (with
 * DVM_TOKEN, taken by the first process that enrols and removed then, so that what
 * that process starts is not mistaken for it); else a machine that runs; else a
 * private one is started. The message layers are started last, when everything
 * that can be refused has been.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/runtime.h"
#include "dvm_binding.h"
#include "group/entry.h"
#include "group/group.h"
#include "group/host.h"
#include "group/request.h"
#include "match/match.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"
#include "proto/frame.h"
#include "proto/segment.h"
#include "vm/vm.h"

#define SPEAKER_ROOM 48    /* bytes of rank and tid in front of a sentence */
#define LEAVE_SECONDS 30.0 /* how long the daemon may take to take note that we leave */

struct vm vm;

/* A task that the machine spawned, before main. It writes to a pipe, which stdio would buffer in
 * blocks: lines come late and are lost at a crash. With stdin by lines, too, a
 * question without its end of line is written before the answer is waited for. */
__attribute__((constructor)) static void begin(void)
{
    if (!getenv("DVM_SOCKET"))
        return;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IOLBF, 0);
    crash_watch(""); /* arrays of main that are too large for the stack crash before dvm_init */
}

/* The folder of the daemon's socket; of this process, or of the one before dvm_init. */
static char folder[RUNTIME_PATH_MAX];

/* Connect to the daemon whose task this process is to be. *owner: it was started
 * for us and ends with us. */
static int reach_daemon(int *socket, bool *owner)
{
    const char *path = getenv("DVM_SOCKET");
    const char *slash = path ? strrchr(path, '/') : NULL;
    int rc;

    *owner = false;
    if (path && path[0]) {
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 0, path);
        return runtime_connect_socket(path, socket);
    }
    rc = runtime_find(folder, sizeof folder, NULL);
    if (rc == DVM_ERR_NO_DAEMON) {
        rc = launcher_check();
        if (rc == DVM_OK)
            rc = private_start(folder, sizeof folder);
        *owner = true;
    }
    return rc == DVM_OK ? runtime_connect(folder, socket) : rc;
}

/* Of several tasks on one terminal, each says who it is. */
static void name_speaker(void)
{
    char who[DVM_NAME_MAX + SPEAKER_ROOM] = "";

    if (vm.world_size > 1)
        snprintf(who, sizeof who, "rank %d (tid 0x%x, host %s)", vm.world_rank,
                 (unsigned)vm.self, vm.host);
    error_speaker(who);
    crash_watch(who);
}

static void keep_welcome(const struct vm_welcome *w)
{
    vm = (struct vm){.pid = getpid(),
                     .self = w->tid,
                     .parent = w->parent,
                     .slot = w->slot ? w->slot : DVM_TID_SLOT(w->tid),
                     .coordinator = w->coordinator,
                     .world_size = w->world_size,
                     .world_rank = w->rank};
    memcpy(vm.host, w->host, sizeof vm.host);
    memcpy(vm.machine, w->machine, sizeof vm.machine);
    name_speaker();
}

/* A host that joined: sentences name it. */
static void on_host_event(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                          int fd_count)
{
    Dvm__Pb__HostEvent *m = dvm__pb__host_event__unpack(NULL, frame->length, payload);

    if (m && m->event == DVM_EVENT_HOST_JOINED && m->host)
        host_learn((int)m->host->slot, m->host->name);
    dvm__pb__host_event__free_unpacked(m, NULL);
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
}

/* Start the layers with an enrolled socket, which they own from now on. */
static int start_layers(int socket, const struct vm_welcome *w, int level)
{
    const struct match_config config = {.self = w->tid,
                                        .socket = socket,
                                        .inbox = w->inbox,
                                        .alone = w->alone,
                                        .index = w->index,
                                        .child = w->child,
                                        .bound = w->bound,
                                        .neighbours = w->neighbours,
                                        .thread_level = level};
    int rc = group_start(w->tid, w->world, w->world_tids, w->world_size, w->rank);

    if (rc != DVM_OK) {
        munmap(w->inbox, DVM_INBOX_BYTES);
        close(socket);
        return rc;
    }
    rc = match_start(&config); /* owns socket and inbox in any case */
    if (rc == DVM_OK)
        daemon_link_register(DVM_CTL_HOST_EVENT, on_host_event);
    else
        group_stop();
    return rc;
}

static int enrol(int level)
{
    struct vm_welcome w;
    bool owner;
    int socket, rc;

    rc = reach_daemon(&socket, &owner);
    if (rc == DVM_OK) {
        const char *token = owner ? NULL : getenv("DVM_TOKEN");

        rc = hello_enrol(socket, token && token[0] ? token : NULL, owner, &w);
        if (rc != DVM_OK)
            close(socket);
    }
    if (rc == DVM_OK) {
        rc = start_layers(socket, &w, level);
        if (rc == DVM_OK)
            keep_welcome(&w);
        free(w.world_tids);
    }
    if (rc != DVM_OK) {
        private_end(true);
        return rc;
    }
    forgotten_watch();
    unsetenv("DVM_TOKEN");
    dvm_fatal_hook = abort_on_error;
    return DVM_OK;
}

static int init(const char *call, uintptr_t site, int required, int *provided)
{
    int rc;

    if (required != DVM_THREAD_SINGLE && required != DVM_THREAD_MULTIPLE)
        rc = dvm_fail(DVM_ERR_ARG, "%s: %d is no thread level; DVM_THREAD_SINGLE and "
                                   "DVM_THREAD_MULTIPLE are", call, required);
    else if (dvm_initialized())
        rc = dvm_fail(DVM_ERR_EXISTS, "%s: this process is a task already (tid 0x%x); call it "
                                      "once, and dvm_finalize before it is called again", call,
                      (unsigned)vm.self);
    else {
        dvm_fatal_hook = NULL; /* in a forked child it would be the parent's */
        rc = enrol(required);
    }
    if (rc == DVM_OK && provided)
        *provided = required;
    if (rc != DVM_OK)
        site_failed(rc, site);
    return dvm_report(rc);
}

int dvm_init_thread(int *argc, char ***argv, int required, int *provided)
{
    (void)argc;
    (void)argv;
    return init("dvm_init_thread", ENTRY_SITE(), required, provided);
}

int dvm_init(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return init("dvm_init", ENTRY_SITE(), DVM_THREAD_SINGLE, NULL);
}

int dvm_initialized(void)
{
    return vm.pid != 0 && vm.pid == getpid();
}

int dvm_finalize(void)
{
    char sentence[DVM_SENTENCE_MAX];
    int rc, wrong;

    ENTRY_BEGIN();
    wrong = group_leave();
    error_save(sentence);
    request_tell_open();
    daemon_link_asker(DVM_BOARD_FINALIZE, ENTRY_SITE(), 0);
    fflush(stdout);
    rc = match_flush(-1, ENTRY_SITE());
    if (rc == DVM_OK) /* only now: a death before it must be one to the others, too */
        rc = vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_LEAVE, NULL, LEAVE_SECONDS, DVM_CTL_OK,
                    NULL, NULL);
    match_stop(0);
    group_stop();
    host_forget();
    private_end(false);
    if (rc == DVM_OK && wrong != DVM_OK) /* it has left, but its collectives were mixed up */
        rc = dvm_fail(wrong, "%s", sentence);
    vm.pid = 0;
    error_speaker("");
    dvm_fatal_hook = NULL;
    return dvm_leave(rc);
}

int dvm_self(void)
{
    ENTRY_BEGIN();
    return dvm_leave(DVM_OK) == DVM_OK ? vm.self : DVM_ERR_NOT_INIT;
}

int dvm_parent(void)
{
    ENTRY_BEGIN();
    if (vm.parent > 0)
        return dvm_leave(DVM_OK) == DVM_OK ? vm.parent : DVM_ERR_NOT_INIT;
    return dvm_leave(dvm_fail(DVM_ERR_NO_PARENT, "dvm_parent: this task was started by hand or "
                                                 "from the console, not by a task"));
}

int dvm_host_name(char *name, size_t size)
{
    ENTRY_BEGIN();
    if (!name)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_host_name: there is no place for the name"));
    if (strlen(vm.host) >= size)
        return dvm_leave(dvm_fail(DVM_ERR_ARG,
                                  "dvm_host_name: the host's name needs %zu bytes with its NUL, "
                                  "the buffer has %zu; DVM_NAME_MAX is always enough",
                                  strlen(vm.host) + 1, size));
    strcpy(name, vm.host);
    return dvm_leave(DVM_OK);
}

int dvm_binding_folder(char *place, size_t size)
{
    int rc = dvm_enter();

    if (rc != DVM_OK)
        return rc;
    if ((size_t)snprintf(place, size, "%s", folder) >= size)
        rc = DVM_ERR_ARG;
    dvm_leave(DVM_OK);
    return rc;
}
