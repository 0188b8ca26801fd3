/* push.c: see push.h; the messages are STAGE and STAGE_DATA (docs/protocol.md).
 *
 * All hosts are asked at once and then served at once: each has up to WINDOW pieces on
 * their way. The key is a checksum of all contents (FNV-1a, 64 bits, and the size): it
 * tells one build of a program from another; whoever could forge it may run programs
 * here anyway.
 */
#include "console/push.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/hostlist.h"
#include "console/ask.h"
#include "console/remote/libraries.h"
#include "console/text/progress.h"

#define PIECE_BYTES ((size_t)48 << 10) /* of a file in one message */
#define WINDOW 4                       /* pieces for one host at a time */
#define PUSH_FILES (1 + LIBRARIES_MAX)
#define PUSH_SECONDS 60.0              /* for one round of pieces */

struct file {
    const char *name;
    uint8_t *bytes; /* mapped */
    size_t size;
};

/* A host that needs files. */
struct target {
    int dst;
    char name[DVM_NAME_MAX];
    uint32_t wanted[PUSH_FILES];
    size_t count, next; /* of wanted */
    size_t offset;      /* in the file that is next */
};

struct pushing {
    const struct console *c;
    struct client *client;
    struct spawning *s;
    struct push *push;
    struct libraries libraries;
    struct file files[PUSH_FILES];
    size_t file_count;
    struct target *targets;
    size_t target_count;
    size_t bytes; /* sent */
};

/* ---- what is pushed ------------------------------------------------------------------ */

/* The program here, as the hosts look for theirs. NULL when there is none. */
static char *find_here(const Dvm__Pb__Spawn *m)
{
    const char *path = getenv("PATH");
    char file[PATH_MAX];

    if (strchr(m->program, '/'))
        return realpath(m->program, NULL);
    while (path && *path) {
        size_t n = strcspn(path, ":");
        struct stat st;

        if ((size_t)snprintf(file, sizeof file, "%.*s/%s", (int)n, path, m->program) <
                sizeof file && access(file, X_OK) == 0 && stat(file, &st) == 0 &&
            S_ISREG(st.st_mode))
            return realpath(file, NULL);
        path += n + (path[n] == ':');
    }
    return NULL;
}

static int add_file(struct pushing *p, const char *name, const char *path)
{
    struct file *f = &p->files[p->file_count];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        if (fd >= 0)
            close(fd);
        return dvm_fail(DVM_ERR_NO_PROGRAM, "%s cannot be read, so it cannot be pushed", path);
    }
    f->name = name;
    f->size = (size_t)st.st_size;
    f->bytes = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (f->bytes == MAP_FAILED)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "%s cannot be read", path);
    p->file_count++;
    return DVM_OK;
}

static void make_key(struct pushing *p)
{
    uint64_t sum = FNV64_BEGIN;
    size_t size = 0;

    for (size_t i = 0; i < p->file_count; i++) {
        sum = fnv64(sum, p->files[i].bytes, p->files[i].size);
        size += p->files[i].size;
    }
    snprintf(p->push->key, sizeof p->push->key, "%016llx-%zx", (unsigned long long)sum, size);
}

/* The program and its libraries. Errors: NO_PROGRAM, LIMIT, SYSTEM, NO_MEMORY. */
static int gather(struct pushing *p)
{
    char *path = p->push->path;
    int r;

    if (!path || access(path, X_OK) < 0)
        return dvm_fail(DVM_ERR_NO_PROGRAM, "there is no program %s here that could be pushed",
                        p->s->message.program);
    r = libraries_of(path, &p->libraries);
    if (!r)
        r = add_file(p, strrchr(path, '/') + 1, path);
    for (size_t i = 0; !r && i < p->libraries.count; i++)
        r = add_file(p, p->libraries.list[i].name, p->libraries.list[i].path);
    if (!r)
        make_key(p);
    return r;
}

/* ---- who lacks it ---------------------------------------------------------------------- */

static bool may_run(const Dvm__Pb__Host *h, const struct hostlist *where)
{
    if (h->state != DVM_HOST_UP)
        return false;
    for (size_t i = 0; i < where->count; i++)
        if (!strcmp(where->names[i], h->name))
            return true;
    return where->count == 0;
}

static int find_targets(struct pushing *p)
{
    struct hostlist where = {0};
    Dvm__Pb__HostsReply *hosts;
    int r = p->s->message.where[0] ? hostlist_parse(&where, p->s->message.where) : DVM_OK;

    if (!r)
        r = ask_hosts(p->client, &hosts);
    if (r) {
        hostlist_free(&where);
        return r;
    }
    p->targets = calloc(hosts->n_hosts + 1, sizeof *p->targets);
    for (size_t i = 0; p->targets && i < hosts->n_hosts; i++)
        if (may_run(hosts->hosts[i], &where)) {
            struct target *t = &p->targets[p->target_count++];

            t->dst = DVM_TID_DAEMON((int)hosts->hosts[i]->slot);
            snprintf(t->name, sizeof t->name, "%s", hosts->hosts[i]->name);
        }
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    hostlist_free(&where);
    return p->targets ? DVM_OK : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of hosts");
}

/* Keep what a host wants; one that has the program wants nothing. */
static void take_wanted(struct target *t, const struct ask *a)
{
    Dvm__Pb__Staged *m = dvm__pb__staged__unpack(NULL, a->length, a->payload);

    for (size_t i = 0; m && i < m->n_wanted && i < PUSH_FILES; i++)
        if (m->wanted[i] < PUSH_FILES)
            t->wanted[t->count++] = m->wanted[i];
    dvm__pb__staged__free_unpacked(m, NULL);
}

/* Ask all hosts; those that cannot be given the program are named. */
static int ask_targets(struct pushing *p, Dvm__Pb__Stage *m)
{
    struct ask *asks = calloc(p->target_count + 1, sizeof *asks);
    int r = DVM_OK;

    if (!asks)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to ask hosts");
    for (size_t i = 0; i < p->target_count; i++)
        asks[i] = (struct ask){.dst = p->targets[i].dst, .type = DVM_CTL_STAGE,
                               .want = DVM_CTL_STAGED, .message = &m->base};
    ask_all(p->client, asks, p->target_count, ASK_SECONDS);
    for (size_t i = 0; i < p->target_count; i++) {
        if (!asks[i].result) {
            take_wanted(&p->targets[i], &asks[i]);
            continue;
        }
        if (r)
            console_wrong(p->c, "%s", dvm_last_error());
        r = dvm_fail(asks[i].result, "%s: %s", p->targets[i].name, asks[i].sentence);
    }
    ask_free(asks, p->target_count);
    free(asks);
    return r;
}

static int stage(struct pushing *p)
{
    Dvm__Pb__Stage m = DVM__PB__STAGE__INIT;
    Dvm__Pb__StageFile files[PUSH_FILES], *list[PUSH_FILES];
    const Dvm__Pb__Spawn *s = &p->s->message;
    char system[sizeof(struct utsname)], *path = getenv("PATH");
    struct utsname u = {0};

    uname(&u);
    snprintf(system, sizeof system, "%s %s", u.sysname, u.machine);
    for (size_t i = 0; i < p->file_count; i++) {
        dvm__pb__stage_file__init(&files[i]);
        files[i].name = (char *)(uintptr_t)p->files[i].name;
        files[i].size = p->files[i].size;
        list[i] = &files[i];
    }
    m.program = s->program;
    m.directory = s->directory;
    m.look_first = s->look_first;
    if (path)
        m.path = path;
    m.key = p->push->key;
    m.system = system;
    m.files = list;
    m.n_files = p->file_count;
    return ask_targets(p, &m);
}

/* ---- the bytes --------------------------------------------------------------------------- */

/* The next piece for a host. Returns false when it has got all. */
static bool next_piece(struct pushing *p, struct target *t, Dvm__Pb__StageData *m)
{
    const struct file *f;
    size_t n;

    if (t->next == t->count || t->wanted[t->next] >= p->file_count)
        return false;
    f = &p->files[t->wanted[t->next]];
    n = f->size - t->offset < PIECE_BYTES ? f->size - t->offset : PIECE_BYTES;
    dvm__pb__stage_data__init(m);
    m->key = p->push->key;
    m->name = (char *)(uintptr_t)f->name;
    m->offset = t->offset;
    m->data.data = f->bytes + t->offset;
    m->data.len = n;
    t->offset += n;
    p->bytes += n;
    m->last = t->offset == f->size;
    if (m->last) {
        t->next++;
        t->offset = 0;
    }
    return true;
}

/* One round of pieces. Returns how many, or an error. */
static int send_round(struct pushing *p, struct ask *asks, Dvm__Pb__StageData *pieces)
{
    size_t n = 0;
    int r;

    for (size_t i = 0; i < p->target_count; i++)
        for (int k = 0; k < WINDOW && next_piece(p, &p->targets[i], &pieces[n]); k++, n++)
            asks[n] = (struct ask){.dst = p->targets[i].dst, .type = DVM_CTL_STAGE_DATA,
                                   .want = DVM_CTL_OK, .message = &pieces[n].base};
    r = ask_all(p->client, asks, n, PUSH_SECONDS) ? DVM_ERR_SPAWN : (int)n;
    for (size_t i = 0; i < n && r < 0; i++)
        if (asks[i].result) {
            r = dvm_fail(asks[i].result, "the program could not be pushed: %s", asks[i].sentence);
            break;
        }
    ask_free(asks, n);
    return r;
}

static int send_files(struct pushing *p)
{
    struct ask *asks = calloc(p->target_count * WINDOW + 1, sizeof *asks);
    Dvm__Pb__StageData *pieces = calloc(p->target_count * WINDOW + 1, sizeof *pieces);
    int r = asks && pieces ? 1 : dvm_fail(DVM_ERR_NO_MEMORY, "no memory to push a program");

    while (r > 0) {
        r = send_round(p, asks, pieces);
        progress_show(p->c, "pushing %s: %zu KiB", p->s->message.program, p->bytes >> 10);
    }
    progress_clear(p->c);
    free(asks);
    free(pieces);
    return r;
}

static void tell(const struct pushing *p)
{
    size_t hosts = 0;

    for (size_t i = 0; i < p->target_count; i++)
        hosts += p->targets[i].count > 0;
    if (hosts > 0)
        console_say(p->c, "%s was pushed to %zu host%s (%zu KiB in all)", p->s->message.program,
                    hosts, hosts == 1 ? "" : "s", p->bytes >> 10);
}

int push_program(const struct console *c, struct client *client, struct spawning *s,
                 struct push *push)
{
    struct pushing p = {.c = c, .client = client, .s = s, .push = push};
    int r;

    push->path = find_here(&s->message);
    r = gather(&p);
    if (!r)
        r = find_targets(&p);
    if (!r)
        r = stage(&p);
    if (!r)
        r = send_files(&p);
    if (!r) {
        tell(&p);
        s->message.pushed_key = push->key;
        s->message.pushed_name = strrchr(push->path, '/') + 1;
    }
    for (size_t i = 0; i < p.file_count; i++)
        munmap(p.files[i].bytes, p.files[i].size);
    libraries_free(&p.libraries);
    free(p.targets);
    return r ? spawning_failed(c, s, NULL, r) : EXIT_OK;
}

void push_free(struct push *p)
{
    free(p->path);
    p->path = NULL;
}
