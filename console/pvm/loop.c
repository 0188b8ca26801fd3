/* loop.c: lines of stdin, and what the daemon sends meanwhile.
 *
 * As in PVM, what jobs write comes between the lines, a line of a script is shown behind the
 * prompt, and the end of stdin is the end.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "console/prompt/split.h"
#include "console/pvm/pvm.h"
#include "proto/event.h"

#define PROMPT "pvm> "
#define PIECE 4096   /* bytes that are read at once */
#define ALIAS_DEPTH 16 /* other names for other names */

/* What has come of stdin and is not done yet. */
struct input {
    char *bytes; /* owned */
    size_t used;
    bool ended;
};

/* ---- a line ---- */

static void do_words(struct pvm *p, int argc, char **argv)
{
    const struct pvm_command *k = pvm_command_find(argv[0]);

    if (!k)
        printf("%s: not found\n", argv[0]);
    else if (argc - 1 < k->least || (k->most >= 0 && argc - 1 > k->most))
        printf("%s: wrong #args\n", k->name);
    else
        k->function(p, argc, argv);
}

/* The line with its first word replaced by what that stands for, as often as it stands for
 * something. To be freed; NULL: no memory. */
static char *unalias(const struct pvm *p, const char *line)
{
    char *now = strdup(line), *next;

    for (int i = 0; now && i < ALIAS_DEPTH; i++) {
        size_t skip = strspn(now, " \t"), length = strcspn(now + skip, " \t");
        char *name = strndup(now + skip, length);
        const char *text = name ? pvm_alias_text(p, name) : NULL;

        free(name);
        if (!text)
            break;
        if (asprintf(&next, "%s%s", text, now + skip + length) < 0)
            next = NULL;
        free(now);
        now = next;
    }
    return now;
}

void pvm_line(struct pvm *p, const char *line)
{
    char *plain = unalias(p, line);
    struct split words;

    if (!plain)
        return;
    if (split_line(&words, plain)) {
        console_failed(p->c, DVM_ERR_NO_MEMORY);
    } else {
        if (words.open)
            console_wrong(p->c, "the line ends within %c", words.open);
        else if (words.count > 0)
            do_words(p, (int)words.count, words.words);
        split_free(&words);
    }
    free(plain);
}

/* ---- messages ---- */

static void take_held(void *pvm, const struct dvm_frame *f, const uint8_t *payload)
{
    pvm_message(pvm, f, payload);
}

void pvm_take(struct pvm *p, struct held_list *list)
{
    held_release(list, take_held, p);
}

/* What is said of a task that no job has: its spawn is told of later, from another host; or it
 * was this console's before. */
static void keep(struct pvm *p, const struct dvm_frame *f, const uint8_t *payload)
{
    if (p->jobs)
        held_keep(&p->early, f, payload); /* without memory it is lost */
    else
        held_release(&p->early, NULL, NULL);
}

static void take_guests(struct pvm *p, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__Guests *m = dvm__pb__guests__unpack(NULL, f->length, payload);

    if (!m)
        return;
    if (pvm_job_guests(p, m)) {
        pvm_take(p, &p->early);
        for (size_t i = 0; i < m->n_tids; i++)
            if (lost_has(&p->lost, m->tids[i]))
                pvm_jobs_lost(p, DVM_TID_SLOT(m->tids[i]));
    } else {
        keep(p, f, payload); /* their parent has been spawned itself */
    }
    dvm__pb__guests__free_unpacked(m, NULL);
}

/* No daemon tells that the tasks of a lost host have ended: those that are known end here,
 * those of which their parent's host tells later, then. */
static void take_host(struct pvm *p, const Dvm__Pb__HostEvent *m)
{
    int slot = m->host ? (int)m->host->slot : 0;
    size_t tasks;

    if (slot < 1 || slot > DVM_SLOT_MAX)
        return;
    lost_note(&p->lost, slot, m->event != DVM_EVENT_HOST_JOINED);
    tasks = m->event != DVM_EVENT_HOST_JOINED ? pvm_jobs_lost(p, slot) : 0;
    if (tasks > 0)
        console_wrong(p->c, "host %s %s, and %zu task%s of jobs with it%s%s", m->host->name,
                      m->event == DVM_EVENT_HOST_LEFT ? "has left" : "was lost", tasks,
                      tasks == 1 ? "" : "s", m->reason[0] ? ": " : "", m->reason);
}

void pvm_message(struct pvm *p, const struct dvm_frame *f, const uint8_t *payload)
{
    bool taken = true;

    if (f->flags & DVM_FLAG_REPLY)
        return; /* of what was sent without waiting */
    if (f->tag == DVM_CTL_STDIO) {
        Dvm__Pb__Stdio *m = dvm__pb__stdio__unpack(NULL, f->length, payload);

        taken = !m || pvm_job_output(p, m);
        if (m)
            dvm__pb__stdio__free_unpacked(m, NULL);
    } else if (f->tag == DVM_CTL_TASK_EXIT) {
        Dvm__Pb__TaskExit *m = dvm__pb__task_exit__unpack(NULL, f->length, payload);

        taken = !m || pvm_job_exit(p, m);
        if (m)
            dvm__pb__task_exit__free_unpacked(m, NULL);
    } else if (f->tag == DVM_CTL_GUESTS) {
        take_guests(p, f, payload);
    } else if (f->tag == DVM_CTL_HOST_EVENT) {
        Dvm__Pb__HostEvent *m = dvm__pb__host_event__unpack(NULL, f->length, payload);

        if (m) {
            take_host(p, m);
            dvm__pb__host_event__free_unpacked(m, NULL);
        }
    }
    if (!taken)
        keep(p, f, payload);
}

static void take_messages(struct pvm *p)
{
    struct dvm_frame f;
    const uint8_t *payload;
    int r;

    while ((r = client_receive(p->client, &f, &payload, 0)) == DVM_OK)
        pvm_message(p, &f, payload);
    if (r == DVM_ERR_TIMEOUT)
        return;
    p->result = console_failed(p->c, r);
    p->leave = true;
}

/* ---- stdin ---- */

static void read_more(struct input *in)
{
    char *longer = realloc(in->bytes, in->used + PIECE + 1);
    ssize_t got;

    in->ended = !longer;
    if (!longer)
        return;
    in->bytes = longer;
    got = read(STDIN_FILENO, in->bytes + in->used, PIECE);
    if (got < 0 && errno == EINTR)
        return;
    in->ended = got <= 0;
    in->used += got > 0 ? (size_t)got : 0;
    in->bytes[in->used] = '\0';
}

/* Do the next line that is there. Returns false when none is. */
static bool next_line(struct pvm *p, struct input *in)
{
    char *end = in->used ? memchr(in->bytes, '\n', in->used) : NULL;
    size_t length;

    if (!end && !(in->ended && in->used > 0))
        return false;
    length = end ? (size_t)(end - in->bytes) : in->used;
    in->bytes[length] = '\0';
    if (!p->terminal)
        puts(in->bytes);
    pvm_line(p, in->bytes);
    length += end != NULL;
    in->used -= length;
    memmove(in->bytes, in->bytes + length, in->used);
    if (!p->leave)
        fputs(PROMPT, stdout);
    fflush(stdout);
    return true;
}

void pvm_loop(struct pvm *p)
{
    struct input in = {.used = 0};

    fputs(PROMPT, stdout);
    while (!p->leave) {
        struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                {.fd = client_fd(p->client), .events = POLLIN}};

        fflush(stdout);
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[1].revents)
            take_messages(p);
        if (wait[0].revents && !p->leave)
            read_more(&in);
        while (!p->leave && next_line(p, &in))
            if (!p->leave)
                take_messages(p);
        if (in.ended && !p->leave)
            pvm_quit(p, 0, NULL);
    }
    free(in.bytes);
    fflush(stdout);
}
