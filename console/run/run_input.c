/* run_input.c: the console's stdin, for rank 0, some ranks, all or none.
 *
 * All readers get the same bytes, each at its own pace: a piece at a time, the next
 * when its daemon has said OK to the last. For one reader nothing is read ahead. For
 * several, what the slowest has not got is kept here, up to INPUT_BEHIND_MAX; then the
 * others wait for it, and when it has not read for INPUT_SECONDS it gets no more. So one
 * that never reads can neither fill the memory nor stall the others for ever. A console
 * in the background does not touch its terminal.
 *
 * With gdb on several ranks a line such as "@3" chooses who gets the next lines. What
 * follows it waits until the readers have got what came before; those that are not
 * chosen are moved along without getting anything.
 */
#include "console/run/run.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "proto/control.pb-c.h"

#define PIECE_BYTES 32768                   /* read and sent at once */
#define INPUT_BEHIND_MAX (8 * 1024 * 1024)  /* that one reader may be behind another, bytes */
#define INPUT_SECONDS 30.0                  /* that the others wait for one that does not read */
#define MIB (1024 * 1024)

/* Whether a terminal gives its input to this process now. */
static bool is_mine(const struct run *r)
{
    return !r->input.terminal || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Whether there is something that could be read. */
static bool has_stdin(void)
{
    struct stat st, null;

    if (fstat(STDIN_FILENO, &st) < 0)
        return false;
    /* the null device has nothing to carry */
    return stat("/dev/null", &null) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != null.st_rdev;
}

static int choose_readers(struct run *r, struct ranks *set)
{
    const char *who = r->s->input ? r->s->input : "0";

    if (r->debug.on) {
        for (int rank = 0; rank < r->count; rank++)
            if (run_debugged(r, rank))
                ranks_add(set, rank);
        return DVM_OK;
    }
    if (!strcmp(who, "none"))
        return DVM_OK;
    if (strcmp(who, "all"))
        return ranks_option(set, "--stdin", who);
    for (int rank = 0; rank < r->count; rank++)
        ranks_add(set, rank);
    return DVM_OK;
}

/* Tell the daemons who gets a pipe. Rank 0 alone is what they do by themselves. */
static int put_readers(struct run *r, Dvm__Pb__Streams *streams)
{
    const struct run_input *in = &r->input;

    if (in->count == 1 && in->readers[0].rank == 0)
        return DVM_OK;
    if (in->count == (size_t)r->count) {
        streams->stdin_all = true;
        return DVM_OK;
    }
    streams->stdin_ranks = calloc(in->count, sizeof *streams->stdin_ranks);
    if (!streams->stdin_ranks)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu ranks", in->count);
    streams->n_stdin_ranks = in->count;
    for (size_t i = 0; i < in->count; i++)
        streams->stdin_ranks[i] = (uint32_t)in->readers[i].rank;
    return DVM_OK;
}

static int make_readers(struct run *r, const struct ranks *set)
{
    struct run_input *in = &r->input;

    if (set->members == 0)
        return DVM_OK;
    in->readers = calloc((size_t)set->members, sizeof *in->readers);
    if (!in->readers)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d readers of stdin", set->members);
    for (int rank = 0; rank < r->count; rank++)
        if (ranks_has(set, rank))
            in->readers[in->count++].rank = rank;
    in->left = in->count;
    return DVM_OK;
}

int run_input_begin(struct run *r, Dvm__Pb__Spawn *request, Dvm__Pb__Streams *streams)
{
    struct ranks set;
    int code;

    if (!ranks_make(&set, r->count))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d ranks", r->count);
    code = choose_readers(r, &set);
    r->input.open = !code && set.members > 0 && has_stdin();
    if (r->input.open)
        code = make_readers(r, &set);
    ranks_free(&set);
    if (!code && r->input.open)
        code = put_readers(r, streams);
    request->stdin_open = r->input.open;
    r->input.terminal = isatty(STDIN_FILENO);
    return code;
}

void run_input_free(struct run *r)
{
    free(r->input.readers);
    free(r->input.bytes);
}

/* The reader that has got least, of those that are not done; NULL: all are. */
static struct run_reader *slowest(const struct run_input *in)
{
    struct run_reader *found = NULL;

    for (size_t i = 0; i < in->count; i++)
        if (!in->readers[i].done && (!found || in->readers[i].sent < found->sent))
            found = &in->readers[i];
    return found;
}

static bool is_full(const struct run_input *in)
{
    return in->left > 1 && in->used + in->more + PIECE_BYTES > INPUT_BEHIND_MAX;
}

bool run_input_wanted(const struct run *r)
{
    const struct run_input *in = &r->input;

    if (!in->open || !r->started || in->left == 0 || is_full(in))
        return false;
    if (in->left == 1 && (in->used + in->more > 0 || slowest(in)->waiting))
        return false;
    return is_mine(r);
}

static bool make_room(struct run_input *in)
{
    size_t room = in->room ? in->room : PIECE_BYTES;
    char *more;

    while (room < in->used + in->more + PIECE_BYTES)
        room *= 2;
    if (room == in->room)
        return true;
    more = realloc(in->bytes, room);
    if (!more)
        return false;
    in->bytes = more;
    in->room = room;
    return true;
}

void run_input_ready(struct run *r)
{
    struct run_input *in = &r->input;
    char *end;
    ssize_t got;

    if (!make_room(in)) {
        run_broken(r, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for standard input"));
        return;
    }
    end = in->bytes + in->used + in->more;
    got = read(STDIN_FILENO, end, PIECE_BYTES);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got > 0 && run_debug_leaves(r, end, (size_t)got)) {
        raise(SIGQUIT); /* as ^\, which gdb gets */
        return;
    }
    if (got > 0 && in->terminal && end[got - 1] == '\n')
        run_output_typed(&r->output);
    in->open = got > 0; /* what cannot be read has ended, too */
    if (got > 0 && r->debug.on && !r->debug.terminal)
        in->more += (size_t)got;
    else if (got > 0)
        in->used += (size_t)got;
}

static void give_up(struct run_input *in, struct run_reader *reader)
{
    assert(!reader->done && in->left > 0);
    reader->done = true;
    in->left--;
}

/* Send a reader its next piece, or the end. */
static void serve(struct run *r, struct run_reader *reader, double now)
{
    struct run_input *in = &r->input;
    Dvm__Pb__Stdin message = DVM__PB__STDIN__INIT;
    size_t at = (size_t)(reader->sent - in->gone), left = in->used - at;
    size_t size = left < PIECE_BYTES ? left : PIECE_BYTES;

    if (reader->waiting || (size == 0 && (in->open || in->more > 0)))
        return;
    message.tid = r->tasks[reader->rank].tid;
    message.data.data = (uint8_t *)in->bytes + at;
    message.data.len = size;
    message.end = !in->open && in->more == 0 && size == left;
    reader->sent += size;
    reader->since = now;
    reader->waiting = true;
    if (client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_STDIN,
                    &message.base, &reader->ref) || message.end)
        give_up(in, reader);
}

/* Forget what all have got. */
static void trim(struct run_input *in)
{
    const struct run_reader *last = slowest(in);
    size_t got = last ? (size_t)(last->sent - in->gone) : in->used;

    /* moving a little at a time would cost more than the room that it gives */
    if (got == 0 || (got < in->used && got < INPUT_BEHIND_MAX / 4))
        return;
    memmove(in->bytes, in->bytes + got, in->used + in->more - got);
    in->used -= got;
    in->gone += got;
}

/* The buffer is full of what one has not read. */
static void look_at_slowest(struct run *r, double now)
{
    struct run_input *in = &r->input;
    struct run_reader *last = slowest(in);
    Dvm__Pb__Stdin message = DVM__PB__STDIN__INIT;

    if (!in->waited) {
        in->waited = true;
        run_say(r, "rank %d is %d MiB behind in reading standard input; the others wait for it, "
                   "at most %.0f s at a time", last->rank, INPUT_BEHIND_MAX / MIB, INPUT_SECONDS);
    }
    if (now - last->since < INPUT_SECONDS)
        return;
    run_say(r, "rank %d has not read its standard input for %.0f s; it gets no more of it",
            last->rank, INPUT_SECONDS);
    message.tid = r->tasks[last->rank].tid;
    message.end = true;
    client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_STDIN,
                &message.base, NULL);
    give_up(in, last);
}

static bool all_have_all(const struct run_input *in)
{
    const struct run_reader *last = slowest(in);

    return !last || last->sent == in->gone + in->used;
}

/* The bytes up to the next line that chooses readers, or all. */
static size_t before_choice(const struct run_input *in, const char *text)
{
    const char *at = text, *end = text + in->more;

    if (!in->within && text[0] == '@')
        return in->open ? 0 : in->more; /* its end will not come any more */
    while ((at = memchr(at, '\n', (size_t)(end - at))))
        if (++at == end || *at == '@')
            return (size_t)(at - text);
    return in->more;
}

/* Give the readers that are chosen more of stdin, once all have what was before. */
static void release(struct run *r)
{
    struct run_input *in = &r->input;
    char *text = in->bytes + in->used;
    size_t taken, count;

    if (in->more == 0 || !all_have_all(in))
        return;
    while (!in->within && (taken = run_debug_choose(r, text, in->more)) > 0) {
        in->more -= taken;
        memmove(text, text + taken, in->more);
    }
    count = in->more > 0 ? before_choice(in, text) : 0;
    if (count == 0)
        return;
    in->used += count;
    in->more -= count;
    in->within = text[count - 1] != '\n';
    for (size_t i = 0; i < in->count; i++)
        if (in->readers[i].muted)
            in->readers[i].sent = in->gone + in->used;
}

void run_input_pump(struct run *r, double now)
{
    struct run_input *in = &r->input;

    if (!r->started || in->left == 0)
        return;
    release(r);
    for (size_t i = 0; i < in->count; i++) {
        struct run_reader *reader = &in->readers[i];

        if (!reader->done && r->tasks[reader->rank].ended)
            give_up(in, reader);
        else if (!reader->done)
            serve(r, reader, now);
    }
    trim(in);
    if (in->open && is_full(in))
        look_at_slowest(r, now);
}

double run_input_deadline(const struct run *r)
{
    const struct run_reader *last;

    if (!r->input.open || !is_full(&r->input))
        return 0;
    last = slowest(&r->input);
    return last ? last->since + INPUT_SECONDS : 0;
}

bool run_input_answer(struct run *r, uint64_t ref, bool good)
{
    for (size_t i = 0; i < r->input.count; i++) {
        struct run_reader *reader = &r->input.readers[i];

        if (!reader->waiting || reader->ref != ref)
            continue;
        reader->waiting = false;
        if (!good && !reader->done)
            give_up(&r->input, reader); /* as when a pipe's reader is gone */
        return true;
    }
    return false;
}
