/* look.c: see look.h. It goes the way of a daemon that starts, in its order: settings, folder and
 * lock, ports, then the addresses of the ticket with the ticket's key: a handshake proves
 * that the right daemon answers and knows the ticket, and asks for no place. */
#include "daemon/start/look.h"

#include <dlfcn.h>
#include <ev.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/error.h"
#include "base/join.h"
#include "base/runtime.h"
#include "daemon/computer/checkup.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/links/address.h"
#include "daemon/links/links.h"
#include "daemon/links/survey.h"
#include "daemon/start/secret.h"

#define LINE_BEGIN "dvm-join: " /* as what dvm reads behind a remote shell begins */
#define LIBRARY "libdvm.so.0"
#define DIAL_BACK_MS 5000
#define US_PER_MS 1000.0
#define HOST_NAME_BYTES 256

struct view {
    const struct options *options;
    struct settings settings;
    struct findings findings;
    struct ev_loop *loop;
    struct links *links;
    char folder[RUNTIME_PATH_MAX];
    bool alive; /* a daemon of this host runs */
    struct survey_result tried[TICKET_ADDRESSES];
    size_t tried_count;
};

/* What failed has left its sentence, and perhaps its code. */
static void note_failure(struct view *v, int error)
{
    finding_join(&v->findings, (int)join_marked(error), dvm_last_error());
    join_clear();
}

/* ---- folder -------------------------------------------------------------------------- */

/* Make it, lock it, and leave it as it was. */
static void try_folder(struct view *v)
{
    char lock[RUNTIME_PATH_MAX + sizeof RUNTIME_LOCK + 1];
    struct stat st;
    bool was_there = lstat(v->folder, &st) == 0, was_locked;
    int fd, code;

    snprintf(lock, sizeof lock, "%s/%s", v->folder, RUNTIME_LOCK);
    was_locked = lstat(lock, &st) == 0;
    code = runtime_lock(v->folder, &fd);
    if (code) {
        if (code == DVM_ERR_SYSTEM)
            join_mark(JOIN_DISK);
        note_failure(v, code);
        return;
    }
    if (!was_there)
        runtime_remove(v->folder);
    else if (!was_locked)
        unlink(lock);
    close(fd);
    finding_well(&v->findings, "folder", "%s", v->folder);
}

static void look_folder(struct view *v)
{
    const struct options *o = v->options;
    int code = o->folder ? DVM_OK : runtime_folder(v->folder, sizeof v->folder, o->machine,
                                                   o->host);

    if (o->folder)
        snprintf(v->folder, sizeof v->folder, "%s", o->folder);
    if (code) {
        note_failure(v, code);
        return;
    }
    v->alive = runtime_alive(v->folder);
    if (v->alive && !o->join)
        finding_well(&v->findings, "folder", "%s, where a daemon runs", v->folder);
    else
        try_folder(v);
}

/* ---- name and library ------------------------------------------------------------------ */

/* What the host name means: nothing depends on it, but other programs do. */
static void look_name(struct view *v)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char name[HOST_NAME_BYTES] = "", address[HOST_NAME_BYTES] = "?";

    gethostname(name, sizeof name - 1);
    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        finding_well(&v->findings, "name", "%s means no address, and DVM needs none of it", name);
        return;
    }
    getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                NI_NUMERICHOST);
    freeaddrinfo(found);
    finding_well(&v->findings, "name", "%s means %s%s", name, address,
                 strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0
                     ? ", a loopback address: DVM does not use it" : "");
}

/* Whether it lies where an installation or a build tree has it, seen from dvmd. */
static bool beside(char *path, size_t size)
{
    static const char *const places[] = {"../lib", "../lib/x86_64-linux-gnu",
                                         "../lib/aarch64-linux-gnu", "../lib64", "../libdvm", "."};
    char own[RUNTIME_PATH_MAX] = "", *slash;

    if (readlink("/proc/self/exe", own, sizeof own - 1) < 0)
        return false;
    slash = strrchr(own, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, size, "%s/%s/" LIBRARY, own, places[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static void look_library(struct view *v)
{
    char path[RUNTIME_PATH_MAX * 2];
    void *handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

    if (handle)
        finding_well(&v->findings, "libdvm", "the loader finds " LIBRARY);
    else if (beside(path, sizeof path))
        finding_well(&v->findings, "libdvm", "%s", path);
    else
        finding_add(&v->findings, FINDING_NOTE, FINDING_LIBRARY, "neither the loader finds "
                    LIBRARY " nor is it beside dvmd");
    if (handle)
        dlclose(handle);
}

/* ---- network --------------------------------------------------------------------------- */

static void look_ports(struct view *v)
{
    static const struct links_events none;
    const struct setting_value *port = settings_get(&v->settings, SETTING_PORT);
    char error[DVM_SENTENCE_MAX], bind[DVM_NAME_MAX];
    int code = config_addresses(&v->settings, bind, sizeof bind);
    int first = (int)port->number, wanted = first;
    const char *address = bind[0] ? bind : NULL;

    if (code) {
        note_failure(v, code);
        return;
    }
    while (wanted && wanted + 2 <= (int)port->most && address_port_pair(address, wanted) < 0)
        wanted += 2;
    code = links_create(&v->links, v->loop, address, wanted, &none, v, error, sizeof error);
    if (code) {
        dvm_fail(code, "%s", error);
        note_failure(v, code);
        return;
    }
    finding_well(&v->findings, "ports", "%d and %d are free%s", links_port(v->links),
                 links_port(v->links) + 1, first ? "" : ", as any others may be");
}

static void on_survey(void *arg, const struct survey_result *list, size_t count)
{
    struct view *v = arg;

    memcpy(v->tried, list, count * sizeof *list);
    v->tried_count = count;
    ev_break(v->loop, EVBREAK_ALL);
}

/* Say where the machine was not reached. */
static void note_unreached(struct view *v)
{
    static const char *const words[DVM_PROBE_RESULTS] = {
        "was not tried", "answers", "refuses", "is silent", "has no route", "is another daemon's"};
    char text[FINDING_TEXT_BYTES] = "no address of the machine answers as it should:";
    enum join_code code = JOIN_DIAL_BACK;
    size_t used = strlen(text);

    for (size_t i = 0; i < v->tried_count && used < sizeof text; i++) {
        if (v->tried[i].result == DVM_PROBE_STRANGER)
            code = JOIN_WRONG_DAEMON;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s %s", i ? "," : "",
                                 v->tried[i].address, words[v->tried[i].result]);
    }
    if (v->tried_count == 0)
        snprintf(text, sizeof text, "the machine offers only loopback addresses of its own "
                 "computer");
    finding_join(&v->findings, (int)code, text);
}

static void look_back(struct view *v, const struct ticket *t)
{
    struct ticket host = *t;
    struct survey *s;

    host.addresses = 0;
    for (size_t i = 0; i < t->addresses; i++)
        host.addresses += endpoint_resolve(t->address[i], host.address[host.addresses]);
    s = survey_start(v->links, &host, DIAL_BACK_MS, on_survey, v);
    explicit_bzero(&host, sizeof host);
    if (!s)
        return;
    ev_run(v->loop, 0);
    for (size_t i = 0; i < v->tried_count; i++)
        if (v->tried[i].result == DVM_PROBE_GOOD) {
            finding_well(&v->findings, "dial back", "the machine answers at %s after %.1f ms",
                         v->tried[i].address, v->tried[i].ready_us / US_PER_MS);
            return;
        }
    note_unreached(v);
}

static void look_ticket(struct view *v)
{
    char *text = secret_create(TICKET_MAX), error[DVM_SENTENCE_MAX];
    struct ticket t;
    int code = text ? options_ticket(v->options, 0, text, TICKET_MAX)
                    : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the ticket");

    if (!code && text[0]) {
        code = ticket_decode(text, &t, error, sizeof error);
        if (code) {
            join_mark(JOIN_TICKET_ALTERED);
            dvm_fail(code, "%s", error);
        } else if (key_derive(&t.key) == 0 && v->links) {
            look_back(v, &t);
        }
        explicit_bzero(&t, sizeof t);
    }
    if (code)
        note_failure(v, code);
    secret_destroy(text, TICKET_MAX);
}

/* ---- all of it ------------------------------------------------------------------------- */

static void print(const struct findings *f)
{
    char line[FINDING_LINE_BYTES];

    for (size_t i = 0; i < f->count; i++) {
        finding_write(&f->list[i], line);
        printf(LINE_BEGIN "%s\n", line);
    }
    fflush(stdout);
}

int look(const struct options *o)
{
    static struct view v;
    int code;

    v.options = o;
    v.loop = ev_default_loop(0);
    finding_well(&v.findings, "version", DVMD_VERSION);
    code = config_read(&v.settings, o);
    if (code)
        note_failure(&v, code);
    look_folder(&v);
    checkup_computer(&v.findings, v.folder);
    look_name(&v);
    look_library(&v);
    if (!code && !(v.alive && !o->join))
        look_ports(&v);
    if (o->join)
        look_ticket(&v);
    links_destroy(v.links);
    print(&v.findings);
    return EXIT_SUCCESS;
}
