/* hosts.c: the hosts of the machine: listing, adding, removing.
 *
 * The own daemon knows all hosts. Adding is what `dvm add` does (tickets, ssh,
 * reports), so that program is run; removing is a request to the coordinator.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/hosts.h"
#include "vm/vm.h"

extern char **environ;

/* Slots become parts of addresses. */
static bool slots_ok(const Dvm__Pb__HostsReply *reply)
{
    for (size_t i = 0; i < reply->n_hosts; i++)
        if (reply->hosts[i]->slot < 1 || reply->hosts[i]->slot > DVM_SLOT_MAX)
            return false;
    return true;
}

int hosts_ask(Dvm__Pb__HostsReply **reply)
{
    const Dvm__Pb__Hosts ask = DVM__PB__HOSTS__INIT;
    uint8_t *payload;
    size_t length;
    int rc = vm_ask(DVM_TID_DAEMON(vm.slot), DVM_CTL_HOSTS, &ask.base, VM_ANSWER_SECONDS,
                    DVM_CTL_HOSTS_REPLY, &payload, &length);

    if (rc != DVM_OK)
        return rc;
    *reply = dvm__pb__hosts_reply__unpack(NULL, length, payload);
    free(payload);
    if (*reply && slots_ok(*reply))
        return DVM_OK;
    dvm__pb__hosts_reply__free_unpacked(*reply, NULL);
    return vm_bad_answer(DVM_CTL_HOSTS_REPLY);
}

int hosts_coordinator(int *slot)
{
    Dvm__Pb__HostsReply *reply;
    int rc = hosts_ask(&reply);

    if (rc != DVM_OK)
        return rc;
    *slot = vm.coordinator;
    for (size_t i = 0; i < reply->n_hosts; i++)
        if (reply->hosts[i]->coordinator)
            *slot = (int)reply->hosts[i]->slot;
    dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    return DVM_OK;
}

static struct dvm_host host_from(const Dvm__Pb__Host *h)
{
    struct dvm_host host = {.slot = (int)h->slot,
                            .state = (int)h->state,
                            .cores = (int)h->cores,
                            .tasks = (int)h->tasks};

    snprintf(host.name, sizeof host.name, "%s", h->name);
    snprintf(host.address, sizeof host.address, "%s", h->address);
    snprintf(host.arch, sizeof host.arch, "%s", h->arch);
    snprintf(host.version, sizeof host.version, "%s", h->version);
    return host;
}

int dvm_hosts(struct dvm_host *list, size_t max, size_t *count)
{
    Dvm__Pb__HostsReply *reply;
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_HOSTS, ENTRY_SITE(), 0);
    if (!count || (max > 0 && !list))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_hosts: there is no place for the result"));
    rc = hosts_ask(&reply);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    for (size_t i = 0; i < reply->n_hosts && i < max; i++)
        list[i] = host_from(reply->hosts[i]);
    *count = reply->n_hosts;
    dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    return dvm_leave(DVM_OK);
}

/* Run `dvm add` with its standard error on the pipe and nothing on its output. */
static int run_add(const char *path, const char *list, int pipe_end, pid_t *child)
{
    char *const argv[] = {(char *)(uintptr_t)path, "add", "--json", (char *)(uintptr_t)list, NULL};
    posix_spawn_file_actions_t actions;
    int rc;

    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&actions, pipe_end, STDERR_FILENO);
    if (!rc) /* what it starts may live long: it gets nothing of the program's */
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (!rc)
        rc = posix_spawn(child, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Read what comes until the end; what does not fit is dropped. Lines become one
 * sentence. */
static void read_all(int fd, char *text, size_t size)
{
    char dropped[DVM_SENTENCE_MAX];
    size_t used = 0;

    for (;;) {
        bool full = used >= size - 1;
        ssize_t got = read(fd, full ? dropped : text + used, full ? sizeof dropped
                                                                 : size - 1 - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += full ? 0 : (size_t)got;
    }
    while (used > 0 && text[used - 1] == '\n')
        used--;
    text[used] = '\0';
    for (size_t i = 0; i < used; i++)
        if (text[i] == '\n')
            text[i] = ' ';
}

/* How many hosts the machine has; -1 when that cannot be asked. */
static int host_count(void)
{
    Dvm__Pb__HostsReply *reply;
    int n;

    if (hosts_ask(&reply) != DVM_OK)
        return -1;
    n = (int)reply->n_hosts;
    dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    return n;
}

static int add(const char *path, const char *hosts)
{
    char text[DVM_SENTENCE_MAX];
    int ends[2], rc, status = 0;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "dvm_add_hosts: no pipe can be made");
    rc = run_add(path, hosts, ends[1], &child);
    close(ends[1]);
    if (rc == 0) {
        read_all(ends[0], text, sizeof text);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    errno = rc;
    if (rc)
        return dvm_fail_errno(DVM_ERR_NO_PROGRAM, "dvm_add_hosts: %s cannot be started", path);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_HOST, "%s", text[0] ? text : "dvm_add_hosts: dvm add failed");
}

int dvm_add_hosts(const char *hosts, int *added)
{
    char path[PATH_MAX];
    int before, after, rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_HOSTS, ENTRY_SITE(), 0);
    if (!hosts || !hosts[0] || hosts[0] == '-')
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_add_hosts: no hosts are named"));
    if (!program_find("dvm", NULL, "console", path, sizeof path))
        return dvm_leave(dvm_fail(DVM_ERR_NO_PROGRAM,
                                  "dvm_add_hosts: the program dvm, which adds hosts, was found "
                                  "neither beside the library nor in PATH"));
    before = host_count();
    rc = before < 0 ? DVM_ERR_LOST_DAEMON : add(path, hosts);
    if (added && before >= 0) {
        char sentence[DVM_SENTENCE_MAX];

        error_save(sentence);
        after = host_count();
        *added = after > before ? after - before : 0;
        dvm_fail(rc, "%s", sentence);
    }
    return dvm_leave(rc);
}

int dvm_remove_host(const char *name)
{
    Dvm__Pb__Remove m = DVM__PB__REMOVE__INIT;
    int slot, rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_REMOVE_HOST, ENTRY_SITE(), 0);
    if (!name || !name[0])
        return dvm_leave(dvm_fail(DVM_ERR_NO_HOST, "dvm_remove_host: no host is named"));
    if (strcmp(name, vm.host) == 0)
        return dvm_leave(dvm_fail(DVM_ERR_REFUSED,
                                  "dvm_remove_host: %s is this task's own host; another task or "
                                  "the console must remove it",
                                  name));
    rc = hosts_coordinator(&slot);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    m.name = (char *)(uintptr_t)name;
    return dvm_leave(vm_ask(DVM_TID_DAEMON(slot), DVM_CTL_REMOVE, &m.base, VM_ANSWER_SECONDS,
                            DVM_CTL_OK, NULL, NULL));
}
