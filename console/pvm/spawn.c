/* spawn.c: the command spawn: its options, the request, what is said of the answer.
 *
 * The request goes out on the connection that gets the tasks' output. What a quick task writes
 * may come before the answer: it is held until the tids are told, as PVM has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/pvm/pvm.h"
#include "console/spawning.h"

#define SPAWN_SECONDS 60.0
#define WRONG_COUNT "incorrect arg count"
#define FILE_MODE 0666

struct wish {
    int count;
    char *where;        /* host or architecture, "" for any; owned */
    char *directory;    /* NULL: the console's; owned */
    bool job;           /* the output comes to the console */
    const char *file;   /* and goes on to this file; borrowed */
    bool append, debug, trace;
    const char *trace_file; /* NULL: the terminal; borrowed */
    int first;          /* the program's place in argv */
};

static bool is_count(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static void take_output(struct wish *w, const char *at)
{
    w->job = true;
    w->append = *at == '>';
    at += w->append;
    w->file = *at ? at : NULL;
}

static void take_trace(struct wish *w, const char *at)
{
    w->trace = true;
    w->trace_file = *at ? at : NULL;
}

static void take_place(struct wish *w, const char *at)
{
    const char *colon = strchr(at, ':');

    free(w->where);
    free(w->directory);
    w->where = colon ? strndup(at, (size_t)(colon - at)) : strdup(at);
    w->directory = colon ? pvm_expand(colon + 1) : NULL;
}

/* Read the options in front of the program. false: there is no program. */
static bool read_wish(struct wish *w, int argc, char **argv)
{
    *w = (struct wish){.count = 1, .where = strdup(""), .first = 1};
    for (; w->first < argc && argv[w->first][0] == '-'; w->first++) {
        const char *at = argv[w->first] + 1;

        if (*at == '>')
            take_output(w, at + 1);
        else if (*at == '?')
            w->debug = true;
        else if (*at == '@')
            take_trace(w, at + 1);
        else if (is_count(at))
            w->count = atoi(at);
        else
            take_place(w, at);
    }
    return w->first < argc && w->where;
}

static void free_wish(struct wish *w)
{
    free(w->where);
    free(w->directory);
}

/* Where tasks of this wish work: as it says, or as the host file says of their host. */
static void choose_directory(const struct pvm *p, struct wish *w)
{
    const char *directory = hostfile_value(&p->hosts, w->where, HOSTFILE_DIRECTORY);

    if (!w->directory && directory)
        w->directory = pvm_expand(directory);
}

/* ---- the request ---- */

/* Wait for the answer; what comes before it is held. */
static int await(struct pvm *p, uint64_t ref, Dvm__Pb__SpawnReply **reply, struct held_list *early)
{
    for (;;) {
        struct dvm_frame f;
        const uint8_t *payload;
        int r = client_receive(p->client, &f, &payload, SPAWN_SECONDS);

        if (r)
            return r;
        if (!(f.flags & DVM_FLAG_REPLY) || f.ref != ref) {
            held_keep(early, &f, payload); /* without memory it is lost */
            continue;
        }
        if (f.tag == DVM_CTL_FAIL)
            return client_failure(payload, f.length);
        *reply = dvm__pb__spawn_reply__unpack(NULL, f.length, payload);
        return *reply ? DVM_OK
                      : dvm_fail(DVM_ERR_PROTOCOL, "the answer to SPAWN cannot be read");
    }
}

static int request(struct pvm *p, const struct wish *w, const char *where, char **argv,
                   Dvm__Pb__SpawnReply **reply, struct held_list *early)
{
    struct spawning s;
    uint64_t ref;
    int r = spawning_make(&s, w->count, where[0] ? where : NULL, argv);

    if (r)
        return r;
    s.message.sink = w->job;
    s.message.by_path = true;
    s.message.no_parent = false; /* programs ask by that whether they are spawned */
    if (w->directory && w->directory[0])
        s.message.directory = w->directory;
    r = client_send(p->client, DVM_TID_DAEMON(client_info(p->client)->slot), DVM_CTL_SPAWN,
                    &s.message.base, &ref);
    if (!r)
        r = await(p, ref, reply, early);
    spawning_free(&s);
    return r;
}

/* ---- what is said ---- */

static void all_failed(const struct wish *w, int code)
{
    puts("0 successful");
    for (int i = 0; i < w->count; i++)
        puts(pvm_error(code));
}

static void report(const struct pvm *p, const Dvm__Pb__SpawnReply *reply)
{
    int good = 0;

    for (size_t i = 0; i < reply->n_tids; i++)
        good += reply->tids[i] > 0;
    printf("%d successful\n", good);
    for (size_t i = 0; i < reply->n_tids; i++)
        if (reply->tids[i] > 0)
            printf("t%x\n", (unsigned)reply->tids[i]);
        else
            puts(pvm_error(reply->n_missing > 0 ? DVM_ERR_NO_PROGRAM : reply->tids[i]));
    for (size_t i = 0; i < reply->n_errors; i++)
        console_wrong(p->c, "%s", reply->errors[i]);
}

/* Start the tasks on these hosts. job: NULL where the output stays with the machine. */
static void start(struct pvm *p, const struct wish *w, const char *where, char **argv,
                  struct pvm_job *job)
{
    const unsigned number = job ? job->number : w->trace ? ++p->job_number : 0;
    Dvm__Pb__SpawnReply *reply = NULL;
    struct held_list early = {0};
    int r, tracer = -1;

    if (job || w->trace)
        printf("[%u]\n", number);
    fflush(stdout);
    if (w->trace)
        tracer = pvm_trace_begin(number, w->trace_file, !job);
    if (w->trace && tracer < 0)
        console_wrong(p->c, "pvmtrace, which writes traces, does not run");
    r = request(p, w, where, argv, &reply, &early);
    if (w->trace)
        pvm_trace_end(tracer, reply);
    if (r) {
        console_failed(p->c, r);
        all_failed(w, r);
        if (job)
            pvm_job_remove(p, job);
    } else {
        report(p, reply);
        if (job)
            pvm_job_started(p, job, reply);
        dvm__pb__spawn_reply__free_unpacked(reply, NULL);
    }
    pvm_take(p, &early);
}

/* The file that a job's output goes to; false after a sentence. */
static bool open_file(const struct wish *w, FILE **file)
{
    int fd;

    *file = NULL;
    if (!w->file)
        return true;
    fd = open(w->file, O_WRONLY | O_CREAT | O_CLOEXEC | (w->append ? O_APPEND : O_EXCL),
              FILE_MODE);
    *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!*file)
        printf("%s: %s\n", w->file, strerror(errno));
    return *file != NULL;
}

static void act(struct pvm *p, const struct wish *w, char **argv)
{
    Dvm__Pb__HostsReply *hosts = pvm_hosts(p);
    char *where = hosts ? pvm_where(hosts, w->where) : NULL;
    struct pvm_job *job = NULL;
    FILE *file;

    if (hosts)
        dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    if (!where) {
        all_failed(w, DVM_ERR_NO_HOST);
        return;
    }
    if (w->job && open_file(w, &file))
        job = pvm_job_create(p, (size_t)w->count, file);
    if (job || !w->job)
        start(p, w, where, argv, job);
    free(where);
}

void pvm_spawn(struct pvm *p, int argc, char **argv)
{
    struct wish w;

    if (!read_wish(&w, argc, argv) || w.count < 1 || w.count > SPAWNING_TASKS_MAX) {
        puts(WRONG_COUNT);
    } else if (w.debug) {
        puts("spawn: -?: DVM starts tasks under a debugger with dvm run --gdb RANKS.");
    } else {
        choose_directory(p, &w);
        act(p, &w, argv + w.first);
    }
    free_wish(&w);
}
