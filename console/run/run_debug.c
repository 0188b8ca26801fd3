/* run_debug.c: --gdb: some ranks are started under gdb, wherever they run.
 *
 * gdb runs on the rank's own host, as the task: nothing but the machine's streams is
 * needed, no port and no second connection. One rank and a terminal here: gdb gets a
 * terminal there, and this one passes every key on, so gdb is as it always is (^] alone
 * is the way out). Several ranks, or input that is no terminal: gdb reads lines, and all
 * get the same ones.
 */
#include "console/run/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "proto/control.pb-c.h"

#define LEAVE_KEY 0x1d /* ^] */
#define CHOICE_MAX 256 /* bytes of a list of ranks behind '@', with its NUL */

/* the status of the program is the task's */
static const char *const gdb_words[] = {"gdb", "-q", "--return-child-result", "--args"};

bool run_debugged(const struct run *r, int rank)
{
    return r->debug.on && ranks_has(&r->debug.ranks, rank);
}

bool run_debug_owns(const struct run *r, int rank)
{
    return r->debug.terminal && ranks_has(&r->debug.ranks, rank);
}

static int put_ranks(struct run *r, Dvm__Pb__Debug *request)
{
    request->ranks = calloc((size_t)r->debug.ranks.members, sizeof *request->ranks);
    if (!request->ranks)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d ranks", r->debug.ranks.members);
    for (int rank = 0; rank < r->count; rank++)
        if (ranks_has(&r->debug.ranks, rank))
            request->ranks[request->n_ranks++] = (uint32_t)rank;
    return DVM_OK;
}

int run_debug_begin(struct run *r, Dvm__Pb__Debug *request)
{
    struct winsize size = {0};
    int code = DVM_OK;

    if (!r->s->gdb)
        return DVM_OK;
    if (!ranks_make(&r->debug.ranks, r->count))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d ranks", r->count);
    r->debug.on = true;
    if (strcmp(r->s->gdb, "all"))
        code = ranks_option(&r->debug.ranks, "--gdb", r->s->gdb);
    for (int rank = 0; rank < r->count && !strcmp(r->s->gdb, "all"); rank++)
        ranks_add(&r->debug.ranks, rank);
    if (!code)
        code = put_ranks(r, request);
    request->words = (char **)(uintptr_t)gdb_words;
    request->n_words = sizeof gdb_words / sizeof gdb_words[0];
    r->debug.terminal = r->debug.ranks.members == 1 && isatty(STDIN_FILENO) &&
                        isatty(STDOUT_FILENO) && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0;
    request->terminal = r->debug.terminal;
    request->rows = size.ws_row;
    request->columns = size.ws_col;
    if (r->debug.ranks.members > 1 && !r->s->on_failure)
        r->policy = RUN_NOTIFY; /* who leaves one gdb does not want to leave all */
    r->tag = r->tag || (!r->debug.terminal && r->count > 1);
    return code;
}

/* Mute those readers that are not in a set; error: one of the set is no reader. */
static int mute_others(struct run *r, const struct ranks *chosen)
{
    struct run_input *in = &r->input;

    for (int rank = 0; rank < r->count; rank++)
        if (ranks_has(chosen, rank) && !run_debugged(r, rank))
            return dvm_fail(DVM_ERR_ARG, "rank %d is not under gdb", rank);
    for (size_t i = 0; i < in->count; i++)
        in->readers[i].muted = !ranks_has(chosen, in->readers[i].rank);
    return DVM_OK;
}

static void choose(struct run *r, const char *list)
{
    struct ranks chosen;
    char text[RANKS_TEXT_MAX];
    int code;

    if (!ranks_make(&chosen, r->count)) {
        run_broken(r, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d ranks", r->count));
        return;
    }
    code = strcmp(list, "all") ? ranks_parse(&chosen, list) : DVM_OK;
    if (!code)
        code = mute_others(r, strcmp(list, "all") ? &chosen : &r->debug.ranks);
    if (code)
        run_say(r, "%s; nothing has changed", dvm_last_error());
    else if (strcmp(list, "all"))
        run_say(r, "what you type goes to rank%s %s now, and after @all to all again",
                run_many(chosen.members), ranks_text(&chosen, text));
    else
        run_say(r, "what you type goes to all ranks under gdb");
    ranks_free(&chosen);
}

size_t run_debug_choose(struct run *r, const char *text, size_t size)
{
    const char *end = size > 0 && text[0] == '@' ? memchr(text, '\n', size) : NULL;
    char list[CHOICE_MAX];
    size_t length = end ? (size_t)(end - text) : 0;

    if (!end)
        return 0;
    snprintf(list, sizeof list, "%.*s", (int)length - 1, text + 1);
    list[strcspn(list, " \r")] = '\0';
    choose(r, list);
    return length + 1;
}

/* Send every key on: ^C is for gdb. What other tasks write keeps its line ends. */
void run_debug_started(struct run *r)
{
    struct termios raw;

    if (!r->debug.terminal || r->debug.changed || tcgetattr(STDIN_FILENO, &r->debug.saved))
        return;
    raw = r->debug.saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST | ONLCR;
    r->debug.changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void run_debug_resize(struct run *r)
{
    Dvm__Pb__Stdin message = DVM__PB__STDIN__INIT;
    struct winsize size;

    if (!r->debug.changed || ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
        return;
    for (int rank = 0; rank < r->count; rank++) {
        if (!run_debug_owns(r, rank) || r->tasks[rank].ended)
            continue;
        message.tid = r->tasks[rank].tid;
        message.rows = size.ws_row;
        message.columns = size.ws_col;
        client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_STDIN,
                    &message.base, NULL);
    }
}

const char *run_debug_key(const struct run *r)
{
    if (r->debug.changed)
        return "^]";
    return r->debug.on && r->interrupts == 0 ? "^\\" : "^C";
}

void run_debug_interrupt(struct run *r)
{
    Dvm__Pb__Kill message = DVM__PB__KILL__INIT;
    char ranks[RANKS_TEXT_MAX], by[CONSOLE_WHO_MAX];

    message.signal = SIGINT;
    message.by = console_who(r->c, r->client, by);
    for (int rank = 0; rank < r->count; rank++) {
        message.tid = r->tasks[rank].tid;
        if (r->started && run_debugged(r, rank) && !r->tasks[rank].ended)
            client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_KILL,
                        &message.base, NULL);
    }
    run_say(r, "SIGINT sent to rank%s %s under gdb; %s is for all tasks",
            run_many(r->debug.ranks.members), ranks_text(&r->debug.ranks, ranks),
            run_debug_key(r));
}

bool run_debug_leaves(const struct run *r, const char *keys, size_t count)
{
    return r->debug.changed && memchr(keys, LEAVE_KEY, count);
}

void run_debug_restore(struct run *r)
{
    if (r->debug.changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &r->debug.saved);
    r->debug.changed = false;
}

void run_debug_end(struct run *r)
{
    run_debug_restore(r);
    ranks_free(&r->debug.ranks);
}
