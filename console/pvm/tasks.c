/* tasks.c: commands about tasks: ps, pstat, kill, sig, reset. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/pvm/pvm.h"
#include "console/text/words.h"

#define ROLE_CONSOLE_NUMBER 2 /* Task.role */
#define STARTED 2             /* PVM's flags of a task */
#define CONNECTED 4
#define FLAGS_MAX 16
#define TID_BASE 16

static const struct {
    int code;
    const char *text;
} errors[] = {
    {DVM_ERR_NO_PROGRAM, "No such file"}, {DVM_ERR_NO_HOST, "No such host"},
    {DVM_ERR_HOST_GONE, "Host failed"},   {DVM_ERR_LIMIT, "Out of resources"},
    {DVM_ERR_NO_MEMORY, "Malloc failed"}, {DVM_ERR_NO_TASK, "No such task"},
    {DVM_ERR_ARG, "Bad parameter"},
};

const char *pvm_error(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            return errors[i].text;
    return "Can't contact local daemon";
}

bool pvm_tid(const char *text, int *tid)
{
    char *end;
    long value;

    text += *text == 't';
    value = strtol(text, &end, TID_BASE);
    *tid = (int)value;
    return end != text && !*end && DVM_TID_OK(value);
}

bool pvm_tasks(const struct pvm *p, struct listing *l)
{
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    int r;

    message.consoles = true;
    message.boards = true;
    r = listing_get(p->asker, &message, l);
    if (r)
        console_failed(p->c, r);
    else
        listing_complain(p->c, l);
    return r == DVM_OK;
}

/* ---- ps ---- */

void pvm_task_heading(bool wide)
{
    printf("                    HOST      TID%s   FLAG 0x COMMAND\n",
           wide ? "     PTID    PID" : "");
}

void pvm_task_line(const Dvm__Pb__Task *t, bool wide)
{
    bool console = t->role == ROLE_CONSOLE_NUMBER, connected = t->looked || console;
    const char *slash = strrchr(t->program, '/');
    char flags[FLAGS_MAX];

    if (console)
        printf("%24s   (cons)", t->host);
    else
        printf("%24s %8x", t->host, (unsigned)t->tid);
    if (wide)
        printf(" %8x %6d", (unsigned)t->parent, t->pid);
    snprintf(flags, sizeof flags, "%x/%s%s", (console ? 0 : STARTED) | (connected ? CONNECTED : 0),
             connected ? "c" : "", console ? "" : connected ? ",f" : "f");
    printf(" %9s %-12s\n", flags, console ? "-" : slash ? slash + 1 : t->program);
}

struct wanted {
    bool all, consoles, wide;
    const char *host; /* NULL: the console's own */
};

static void set_host(const struct pvm *p, struct wanted *w, const struct listing *l,
                     const char *name, bool by_tid)
{
    const Dvm__Pb__Host *h = NULL;
    int tid = 0;

    if (!by_tid)
        h = pvm_host(l->hosts, name);
    else if (pvm_tid(name, &tid))
        h = listing_host(l, DVM_TID_SLOT(tid));
    if (h)
        w->host = h->name;
    else
        printf("unknown host %s\n", name);
}

/* The letters of one word with flags; -h and -n take the rest of theirs. */
static void read_flags(const struct pvm *p, struct wanted *w, const struct listing *l,
                       const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        if (*at == 'h' || *at == 'n') {
            set_host(p, w, l, at + 1, *at == 'h');
            return;
        }
        w->all = w->all || *at == 'a';
        w->wide = w->wide || *at == 'l';
        w->consoles = w->consoles || *at == 'x';
        if (!strchr("alx", *at))
            printf("unknown flag -%c\n", *at);
    }
}

static bool is_wanted(const struct pvm *p, const struct wanted *w, const Dvm__Pb__Task *t)
{
    if (t->role == ROLE_CONSOLE_NUMBER &&
        (!w->consoles || t->tid == client_info(p->asker)->tid))
        return false;
    return w->all || !strcmp(t->host, w->host);
}

void pvm_ps(struct pvm *p, int argc, char **argv)
{
    struct wanted w = {.host = client_info(p->client)->host};
    struct listing l;

    if (pvm_tasks(p, &l)) {
        for (int i = 1; i < argc; i++)
            read_flags(p, &w, &l, argv[i]);
        pvm_task_heading(w.wide);
        for (size_t i = 0; i < l.count; i++)
            for (size_t j = 0; l.replies[i] && j < l.replies[i]->n_tasks; j++)
                if (is_wanted(p, &w, l.replies[i]->tasks[j]))
                    pvm_task_line(l.replies[i]->tasks[j], w.wide);
    }
    listing_free(&l);
}

/* ---- one task ---- */

static const Dvm__Pb__Task *find(const struct listing *l, int tid)
{
    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            if (l->replies[i]->tasks[j]->tid == tid)
                return l->replies[i]->tasks[j];
    return NULL;
}

void pvm_pstat(struct pvm *p, int argc, char **argv)
{
    struct listing l;
    bool good = pvm_tasks(p, &l);

    for (int i = 1; good && i < argc; i++) {
        int tid;
        bool is_tid = pvm_tid(argv[i], &tid) && tid != DVM_TID_DAEMON(DVM_TID_SLOT(tid));

        printf("t%8x  %s\n", (unsigned)tid, !is_tid          ? "Bad parameter"
                                            : find(&l, tid) ? "run"
                                                            : "No such task");
    }
    listing_free(&l);
}

/* Send a signal; a task that has ended is as it should be. */
static void send_signal(const struct pvm *p, int tid, int number)
{
    Dvm__Pb__Kill m = DVM__PB__KILL__INIT;
    char who[CONSOLE_WHO_MAX];
    const uint8_t *payload;
    struct dvm_frame f;
    int r;

    m.tid = tid;
    m.signal = number;
    m.by = console_who(p->c, p->client, who);
    r = client_call(p->asker, DVM_TID_DAEMON(DVM_TID_SLOT(tid)), DVM_CTL_KILL, &m.base, DVM_CTL_OK,
                    &f, &payload, ASK_SECONDS);
    if (r && r != DVM_ERR_NO_TASK && r != DVM_ERR_TASK_GONE)
        console_failed(p->c, r);
}

static void signal_children(const struct pvm *p, int parent, int number)
{
    struct listing l;

    if (pvm_tasks(p, &l))
        for (size_t i = 0; i < l.count; i++)
            for (size_t j = 0; l.replies[i] && j < l.replies[i]->n_tasks; j++)
                if (l.replies[i]->tasks[j]->parent == parent)
                    send_signal(p, l.replies[i]->tasks[j]->tid, number);
    listing_free(&l);
}

static void signal_words(const struct pvm *p, char **words, int number, bool children)
{
    for (; *words; words++) {
        int tid;

        if (!pvm_tid(*words, &tid))
            console_wrong(p->c, "\"%.40s\" is no task's tid", *words);
        else if (tid == client_info(p->client)->tid)
            printf("t%x: that's me.\n", (unsigned)tid);
        else if (children)
            signal_children(p, tid, number);
        else
            send_signal(p, tid, number);
    }
}

void pvm_kill(struct pvm *p, int argc, char **argv)
{
    bool children = !strcmp(argv[1], "-c");

    signal_words(p, argv + 1 + children, SIGTERM, children);
}

void pvm_sig(struct pvm *p, int argc, char **argv)
{
    int number;

    if (words_signal(argv[1], &number))
        signal_words(p, argv + 2, number, false);
    else
        console_wrong(p->c, "\"%.40s\" is no signal", argv[1]);
}

/* ---- reset ---- */

void pvm_reset(struct pvm *p, int argc, char **argv)
{
    struct listing l;

    if (argc > 1 && strcmp(argv[1], "info") != 0) {
        printf("\"%s\" arg to reset not valid\n", argv[1]);
        return;
    }
    if (argc == 1 && pvm_tasks(p, &l))
        for (size_t i = 0; i < l.count; i++)
            for (size_t j = 0; l.replies[i] && j < l.replies[i]->n_tasks; j++)
                if (l.replies[i]->tasks[j]->role != ROLE_CONSOLE_NUMBER)
                    send_signal(p, l.replies[i]->tasks[j]->tid, SIGTERM);
    if (argc == 1)
        listing_free(&l);
    pvm_leftovers(p);
}
