/* hosts.c: commands about hosts: add, conf, delete, mstat, and the end.
 *
 * Hosts are added, removed and halted by dvm's own commands, each in a process of its own,
 * whose words go to stderr; whether a host is there afterwards the machine says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/prompt/session.h"
#include "console/pvm/pvm.h"

#define DUPLICATE "Duplicate host"
#define NO_START "Can't start pvmd"
#define NO_SUCH "No such host"
#define WORDS_MAX 8
#define UNKNOWN_DATA 0

/* How PVM calls the architectures of DVM's hosts, and how they store data: as in the binding. */
static const struct {
    const char *machine, *arch;
    unsigned data;
} archs[] = {
    {"x86_64", "LINUX64", 0x408c41},  {"aarch64", "LINUX64", 0x408c41},
    {"riscv64", "LINUX64", 0x408c41}, {"ppc64le", "LINUX64", 0x408c41},
    {"i386", "LINUX", 0x408841},      {"i686", "LINUX", 0x408841},
    {"armv7l", "LINUX", 0x408841},    {"s390x", "LINUXS390X", 0x408c44},
};
#define ARCHS (sizeof archs / sizeof archs[0])

const char *pvm_arch(const char *machine)
{
    for (size_t i = 0; i < ARCHS; i++)
        if (!strcmp(archs[i].machine, machine))
            return archs[i].arch;
    return "LINUX";
}

static unsigned data_of(const char *machine)
{
    for (size_t i = 0; i < ARCHS; i++)
        if (!strcmp(archs[i].machine, machine))
            return archs[i].data;
    return UNKNOWN_DATA;
}

Dvm__Pb__HostsReply *pvm_hosts(const struct pvm *p)
{
    Dvm__Pb__HostsReply *hosts = NULL;
    int r = ask_hosts(p->asker, &hosts);

    if (r)
        console_failed(p->c, r);
    return r ? NULL : hosts;
}

const Dvm__Pb__Host *pvm_host(const Dvm__Pb__HostsReply *hosts, const char *name)
{
    for (size_t i = 0; hosts && i < hosts->n_hosts; i++)
        if (hosts->hosts[i]->state == DVM_HOST_UP && !strcmp(hosts->hosts[i]->name, name))
            return hosts->hosts[i];
    return NULL;
}

static int up(const Dvm__Pb__HostsReply *hosts)
{
    int count = 0;

    for (size_t i = 0; hosts && i < hosts->n_hosts; i++)
        count += hosts->hosts[i]->state == DVM_HOST_UP;
    return count;
}

static int formats(const Dvm__Pb__HostsReply *hosts)
{
    unsigned known[ARCHS + 1];
    int count = 0;

    for (size_t i = 0; i < hosts->n_hosts; i++) {
        unsigned data = data_of(hosts->hosts[i]->arch);
        int k = 0;

        while (k < count && known[k] != data)
            k++;
        if (k == count && hosts->hosts[i]->state == DVM_HOST_UP)
            known[count++] = data;
    }
    return count;
}

void pvm_conf(struct pvm *p, int argc, char **argv)
{
    Dvm__Pb__HostsReply *hosts = pvm_hosts(p);
    int count = up(hosts), kinds;

    if (!hosts)
        return;
    kinds = formats(hosts);
    printf("%d host%s, %d data format%s\n", count, count == 1 ? "" : "s", kinds,
           kinds == 1 ? "" : "s");
    puts("                    HOST     DTID     ARCH   SPEED       DSIG");
    for (size_t i = 0; i < hosts->n_hosts; i++) {
        const Dvm__Pb__Host *h = hosts->hosts[i];

        if (h->state == DVM_HOST_UP)
            printf("%24s %8x %8s %7d 0x%08x\n", h->name, (unsigned)DVM_TID_DAEMON((int)h->slot),
                   pvm_arch(h->arch), hostfile_speed(&p->hosts, h->name), data_of(h->arch));
    }
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
}

int pvm_do(const struct pvm *p, int argc, char **argv)
{
    struct session s = {.base = p->c};

    return session_command(&s, argc, argv);
}

/* ---- add ---- */

/* Say which of a host's options mean nothing here. */
static void say_unused(const struct pvm *p, const struct hostfile_entry *e)
{
    static const struct {
        enum hostfile_option option;
        const char *text;
    } unused[] = {
        {HOSTFILE_START, "so=: hosts are reached by ssh with a key; dvm invite prints what is "
                         "to be typed there by hand"},
        {HOSTFILE_DAEMON, "dx=: a host's dvmd is the one in its PATH, else it is copied there"},
        {HOSTFILE_DEBUGGER, "bx=: dvm run --gdb starts tasks under a debugger"},
        {HOSTFILE_VMID, "id=: machines are told apart by --machine"},
        {HOSTFILE_SERVER, "sr=: it is kept and not used"},
    };

    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++)
        if (e->values[unused[i].option])
            console_say(p->c, "dvm: host %s, %s", e->name, unused[i].text);
}

/* Have dvm add do it, in a process of its own. */
static void run_add(const struct pvm *p, const struct hostfile_entry *e)
{
    const char *login = e->values[HOSTFILE_LOGIN], *address = e->values[HOSTFILE_ADDRESS];
    const char *rsh = getenv("PVM_RSH");
    char *argv[WORDS_MAX] = {"add"}, *who;
    int argc = 1;

    if (asprintf(&who, "%s%s%s", login ? login : "", login ? "@" : "",
                 address ? address : e->name) < 0)
        return;
    if (rsh && rsh[0]) {
        argv[argc++] = (char *)"--ssh";
        argv[argc++] = (char *)(uintptr_t)rsh;
    }
    argv[argc++] = who;
    say_unused(p, e);
    pvm_do(p, argc, argv);
    free(who);
}

/* The name under which the machine has a host of the host file. */
static const char *joined_name(const struct hostfile_entry *e)
{
    return e->values[HOSTFILE_ADDRESS] ? e->values[HOSTFILE_ADDRESS] : e->name;
}

/* Add a host. Returns NULL, or why it is not added, in PVM's words. */
static const char *add_one(const struct pvm *p, const struct hostfile_entry *e)
{
    Dvm__Pb__HostsReply *hosts = pvm_hosts(p);
    bool there = pvm_host(hosts, joined_name(e)) != NULL;

    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    if (there)
        return DUPLICATE;
    if (pvm_hoster_is_there(p))
        return pvm_hoster_add(p, e);
    run_add(p, e);
    hosts = pvm_hosts(p);
    there = pvm_host(hosts, joined_name(e)) != NULL;
    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    return there ? NULL : NO_START;
}

void pvm_add_all(struct pvm *p)
{
    for (size_t i = 0; i < p->hosts.count; i++)
        if (!p->hosts.entries[i].later)
            add_one(p, &p->hosts.entries[i]);
}

/* What becomes of a host that is to be added or deleted. */
struct fate {
    char name[DVM_NAME_MAX];
    const char *wrong; /* NULL: done */
};

static void set_fate(struct fate *f, const char *name, const char *wrong)
{
    snprintf(f->name, sizeof f->name, "%s", name);
    f->wrong = wrong;
}

static void add_word(struct pvm *p, const char *word, struct fate *f)
{
    char error[HOSTFILE_SENTENCE_MAX] = "no host is named";
    const struct hostfile_entry *e;
    int entry;

    if (!hostfile_line(&p->hosts, word, &entry, error) || entry < 0) {
        console_wrong(p->c, "add: %s", error);
        set_fate(f, word, "Bad parameter");
        return;
    }
    e = &p->hosts.entries[entry];
    set_fate(f, joined_name(e), add_one(p, e));
}

static void tell(const struct pvm *p, const struct fate *fates, size_t count, bool added)
{
    Dvm__Pb__HostsReply *hosts = added ? pvm_hosts(p) : NULL;
    int good = 0;

    for (size_t i = 0; i < count; i++)
        good += !fates[i].wrong;
    printf("%d successful\n                    HOST  %s\n", good, added ? "   DTID" : "STATUS");
    for (size_t i = 0; i < count; i++) {
        const Dvm__Pb__Host *h = pvm_host(hosts, fates[i].name);

        if (fates[i].wrong)
            printf(added ? "%24s %s\n" : "%24s  %s\n", fates[i].name, fates[i].wrong);
        else if (h)
            printf("%24s %8x\n", h->name, (unsigned)DVM_TID_DAEMON((int)h->slot));
        else
            printf("%24s  %s\n", fates[i].name, added ? "has left again" : "deleted");
    }
    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
}

void pvm_add(struct pvm *p, int argc, char **argv)
{
    struct fate *fates = calloc((size_t)argc, sizeof *fates);

    for (int i = 1; fates && i < argc; i++)
        add_word(p, argv[i], &fates[i - 1]);
    if (fates)
        tell(p, fates, (size_t)argc - 1, true);
    free(fates);
    pvm_path(p);
}

/* ---- delete, mstat ---- */

static const char *delete_one(const struct pvm *p, char *name)
{
    char *argv[] = {"rm", name, NULL};
    Dvm__Pb__HostsReply *hosts = pvm_hosts(p);
    bool there = pvm_host(hosts, name) != NULL;

    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    if (!there)
        return NO_SUCH;
    if (!strcmp(client_info(p->client)->host, name)) {
        console_wrong(p->c, "this console runs on %s; halt ends the machine", name);
        return "Bad parameter";
    }
    return pvm_do(p, 2, argv) == EXIT_OK ? NULL : "Host failed";
}

void pvm_delete(struct pvm *p, int argc, char **argv)
{
    struct fate *fates = calloc((size_t)argc, sizeof *fates);

    for (int i = 1; fates && i < argc; i++)
        set_fate(&fates[i - 1], argv[i], delete_one(p, argv[i]));
    if (fates)
        tell(p, fates, (size_t)argc - 1, false);
    free(fates);
}

static bool known(const Dvm__Pb__HostsReply *hosts, const char *name)
{
    for (size_t i = 0; i < hosts->n_hosts; i++)
        if (!strcmp(hosts->hosts[i]->name, name))
            return true;
    return false;
}

void pvm_mstat(struct pvm *p, int argc, char **argv)
{
    Dvm__Pb__HostsReply *hosts = pvm_hosts(p);

    for (int i = 1; hosts && i < argc; i++)
        printf("%24s  %s\n", argv[i], pvm_host(hosts, argv[i]) ? "ok"
                                      : known(hosts, argv[i])  ? "Host failed"
                                                               : NO_SUCH);
    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
}

/* ---- the end ---- */

void pvm_halt(struct pvm *p, int argc, char **argv)
{
    char *words[] = {"halt", NULL};

    p->result = pvm_do(p, 1, words);
    p->leave = p->result == EXIT_OK;
}

void pvm_quit(struct pvm *p, int argc, char **argv)
{
    p->leave = true;
    puts("\nConsole: exit handler called\npvmd still running.");
}
