/* hosts.c: the calls about hosts.
 *
 * A host's tid is its slot in PVM's place. Its architecture gets PVM's name; hosts that store
 * data alike have the same code, which for the usual one is PVM's own number.
 */
#include "bindings/pvm3/hosts.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/list.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/roles/roles.h"

#define SPEED 1000
#define PATH_ROOM 512 /* more than a path of a socket can have */

extern char **environ;

/* How the architectures of DVM's hosts are called, and how they store data. */
static const struct {
    const char *machine, *arch;
    int code;
} archs[] = {
    {"x86_64", "LINUX64", 0x408c41},  {"aarch64", "LINUX64", 0x408c41},
    {"riscv64", "LINUX64", 0x408c41}, {"ppc64le", "LINUX64", 0x408c41},
    {"i386", "LINUX", 0x408841},      {"i686", "LINUX", 0x408841},
    {"armv7l", "LINUX", 0x408841},    {"s390x", "LINUXS390X", 0x408c44},
};
#define ARCHS (sizeof archs / sizeof archs[0])

/* Hosts that are up. */
struct table {
    struct pvmhostinfo *list;
    size_t count;
};

static struct table shown; /* what pvm_config has given last: nobody else touches it */

const char *pvm3_arch(const char *machine)
{
    for (size_t i = 0; i < ARCHS; i++)
        if (strcmp(archs[i].machine, machine) == 0)
            return archs[i].arch;
    return "LINUX";
}

static int code_of(const char *machine)
{
    for (size_t i = 0; i < ARCHS; i++)
        if (strcmp(archs[i].machine, machine) == 0)
            return archs[i].code;
    return 0;
}

static int give_hosts(void *list, size_t room, size_t *count)
{
    return dvm_hosts(list, room, count);
}

int pvm3_hosts(struct dvm_host **list, size_t *count)
{
    int rc;

    *list = pvm3_whole_list(give_hosts, sizeof **list, count, &rc);
    return rc;
}

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->list[i].hi_name);
    free(t->list);
    *t = (struct table){NULL, 0};
}

/* Those that are up. false: no memory. */
static bool table_fill(struct table *t, const struct dvm_host *hosts, size_t count)
{
    *t = (struct table){calloc(count ? count : 1, sizeof *t->list), 0};
    for (size_t i = 0; t->list && i < count; i++) {
        struct pvmhostinfo *h = &t->list[t->count];

        if (hosts[i].state != DVM_HOST_UP)
            continue;
        h->hi_tid = PVM3_HOST_TID(hosts[i].slot);
        h->hi_name = strdup(hosts[i].name);
        h->hi_arch = (char *)(uintptr_t)pvm3_arch(hosts[i].arch);
        h->hi_speed = SPEED;
        h->hi_dsig = code_of(hosts[i].arch);
        t->count++;
        if (!h->hi_name)
            return false;
    }
    return t->list;
}

static int count_formats(const struct table *t)
{
    int formats = 0;

    for (size_t i = 0; i < t->count; i++) {
        size_t k = 0;

        while (k < i && t->list[k].hi_dsig != t->list[i].hi_dsig)
            k++;
        formats += k == i;
    }
    return formats;
}

/* Ask for the hosts. The caller frees the table. */
static int look(const char *call, struct table *t)
{
    struct dvm_host *hosts;
    size_t count;
    int rc = pvm3_enter(call);
    bool ok;

    if (rc != PvmOk)
        return rc;
    rc = pvm3_hosts(&hosts, &count);
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    ok = table_fill(t, hosts, count);
    free(hosts);
    if (ok)
        return PvmOk;
    table_free(t);
    return pvm3_fail(call, PvmNoMem, NULL);
}

bool pvm3_host_is_there(int host)
{
    struct table t;
    bool there = false;

    if (look("pvm_tasks", &t) != PvmOk)
        return false;
    for (size_t i = 0; i < t.count; i++)
        there = there || t.list[i].hi_tid == host;
    table_free(&t);
    return there;
}

int pvm3_host_tid(const char *name)
{
    int tid = PvmNoHost;
    struct table t;

    if (look("pvm_addhosts", &t) != PvmOk)
        return PvmNoHost;
    for (size_t i = 0; i < t.count; i++)
        if (strcmp(t.list[i].hi_name, name) == 0)
            tid = t.list[i].hi_tid;
    table_free(&t);
    return tid;
}

int pvm3_host_file(const char *name)
{
    char path[PATH_ROOM];
    size_t behind = strlen(name) + sizeof "/";

    if (dvm_binding_folder(path, sizeof path - behind) != DVM_OK)
        return -1;
    strcat(strcat(path, "/"), name);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* What the resource manager says the hosts are. false: there is none. */
static bool ask_manager(const char *call, struct table *t, int *formats)
{
    struct pvm3_buffer *b = pvm3_manager() ? pvm3_manager_ask(call, SM_CONFIG, NULL) : NULL;
    int count;

    if (!b)
        return false;
    count = pvm3_get_int(b);
    *formats = pvm3_get_int(b);
    count = count < 0 || (size_t)count > b->bytes ? 0 : count;
    *t = (struct table){calloc((size_t)count + 1, sizeof *t->list), 0};
    for (; t->list && (int)t->count < count; t->count++) {
        struct pvmhostinfo *h = &t->list[t->count];
        char *arch;

        h->hi_tid = pvm3_get_int(b);
        h->hi_name = pvm3_get_text(b);
        arch = pvm3_get_text(b);
        h->hi_arch = (char *)(uintptr_t)"LINUX";
        for (size_t i = 0; arch && i < ARCHS; i++)
            if (strcmp(archs[i].arch, arch) == 0)
                h->hi_arch = (char *)(uintptr_t)archs[i].arch;
        free(arch);
        h->hi_speed = pvm3_get_int(b);
        h->hi_dsig = pvm3_get_int(b);
    }
    pvm3_buffer_free(b);
    return true;
}

int pvm_config(int *nhost, int *narch, struct pvmhostinfo **list)
{
    static const char call[] = "pvm_config";
    struct table t;
    int rc = pvm3_enter(call), formats = 0;
    bool asked = rc == PvmOk && ask_manager(call, &t, &formats);

    if (rc == PvmOk && !asked)
        rc = look(call, &t);
    if (rc != PvmOk)
        return rc;
    table_free(&shown);
    shown = t;
    if (nhost)
        *nhost = (int)shown.count;
    if (narch)
        *narch = asked ? formats : count_formats(&shown);
    if (list)
        *list = shown.list;
    return PvmOk;
}

int pvm_mstat(char *host)
{
    static const char call[] = "pvm_mstat";
    struct dvm_host *hosts;
    size_t count;
    int rc = pvm3_enter(call), state = 0;

    if (rc != PvmOk)
        return rc;
    if (!host || !host[0])
        return pvm3_fail(call, PvmBadParam, "no host is named");
    rc = pvm3_hosts(&hosts, &count);
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    for (size_t i = 0; i < count; i++)
        if (strcmp(hosts[i].name, host) == 0 && state != DVM_HOST_UP)
            state = hosts[i].state;
    free(hosts);
    if (state == DVM_HOST_UP)
        return PvmOk;
    return pvm_errno = state ? PvmHostFail : PvmNoHost; /* an answer: not told */
}

int pvm_archcode(char *arch)
{
    static const char call[] = "pvm_archcode";
    int rc, code = 0;
    struct table t;

    if (!arch)
        return pvm3_fail(call, PvmBadParam, "no architecture is named");
    rc = look(call, &t);
    if (rc != PvmOk)
        return rc;
    for (size_t i = 0; i < t.count; i++)
        if (strcmp(t.list[i].hi_arch, arch) == 0)
            code = t.list[i].hi_dsig;
    table_free(&t);
    return code ? code
                : pvm3_fail(call, PvmNotFound, "no host of the machine is a %s", arch);
}

int pvm_tidtohost(int tid)
{
    int rc = pvm3_enter("pvm_tidtohost");

    return rc == PvmOk ? PVM3_TID_HOST(tid) : rc;
}

int pvm_hostsync(int host, struct timeval *clock, struct timeval *delta)
{
    static const char call[] = "pvm_hostsync";
    struct timespec now;
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (!pvm3_host_is_there(PVM3_TID_HOST(host)))
        return pvm3_fail(call, PvmNoHost, "0x%x is no host of the machine", (unsigned)host);
    if (PVM3_TID_HOST(host) != PVM3_TID_HOST(pvm3_self()))
        return pvm3_fail(call, PvmNotImpl, "the clock of another host cannot be asked for");
    clock_gettime(CLOCK_REALTIME, &now);
    if (clock)
        *clock = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    if (delta)
        *delta = (struct timeval){0, 0};
    return PvmOk;
}

/* Run the console with one word. Returns its exit status, -1 when it cannot be run. */
static int run_console(const char *word)
{
    char *const argv[] = {"dvm", (char *)(uintptr_t)word, NULL};
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, "dvm", NULL, NULL, argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int pvm_start_pvmd(int argc, char **argv, int block)
{
    static const char call[] = "pvm_start_pvmd";

    if (pvm3_self())
        return pvm3_fail(call, PvmDupHost, "this host's daemon runs already");
    switch (run_console("start")) {
    case 0:
        return PvmOk;
    case -1:
        return pvm3_fail(call, PvmCantStart, "the program dvm is not in PATH");
    default:
        return pvm3_fail(call, PvmDupHost, "dvm start has failed");
    }
}

int pvm_halt(void)
{
    int rc = pvm3_enter("pvm_halt");

    if (rc != PvmOk)
        return rc;
    rc = run_console("halt");
    return rc == 0 ? PvmOk : pvm3_fail("pvm_halt", PvmSysErr, "dvm halt has failed");
}
