/* stdio.c: see stdio.h.
 *
 * Each output has a buffer of one piece; whatever of it is whole lines is sent
 * after each read, so that lines of different tasks never mix. An acknowledgement
 * tells how many bytes more have been written out. STDIN is answered when its
 * bytes are in the pipe, which holds back whoever sends them.
 *
 * A question has no end of line, and nothing comes behind it before it is answered:
 * a few bytes that stay a while go out as they are, of the task with stdin only.
 */
#include "daemon/tasks/stdio.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/terminal.h"
#include "daemon/watch.h"

#define OUTPUTS 2 /* stdout, stderr */
#define READS_PER_TURN 4
#define QUESTION_MAX 512 /* bytes of a line without end that goes out after */
#define QUESTION_SECONDS 0.2
#define TERMINAL_REST (64 * 1024) /* bytes that a terminal may hold at the end of its task */

/* Bytes for a task's stdin, and the request that brought them. */
struct input {
    struct input *next;
    struct dvm_frame request;
    bool end;
    size_t size, done;
    uint8_t bytes[];
};

struct output {
    int fd; /* read end, or -1 */
    int stream; /* 1 stdout, 2 stderr */
    struct task *task; /* borrowed */
    ev_io readable;
    ev_timer question;
    size_t used;
    char line[STDIO_LINE_MAX];
};

struct stdio {
    struct output out[OUTPUTS];
    bool raw;     /* lines are not waited for */
    bool terminal;
    size_t ahead; /* sent, not acknowledged */
    int in; /* write end, or -1 */
    ev_io writable;
    struct input *first, *last;
    size_t waiting;
};

static void on_readable(struct ev_loop *loop, ev_io *w, int revents);
static void on_writable(struct ev_loop *loop, ev_io *w, int revents);
static void on_question(struct ev_loop *loop, ev_timer *w, int revents);

static int no_streams(struct tasks *t)
{
    return daemon_fail_files(t->d, "make the standard streams of a task");
}

/* A pipe with one end for the task and a nonblocking one for the daemon. */
static int make_pipe(struct tasks *t, int *task_end, int *own_end, bool task_reads)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return no_streams(t);
    *task_end = ends[task_reads ? 0 : 1];
    *own_end = ends[task_reads ? 1 : 0];
    fcntl(*own_end, F_SETFL, O_NONBLOCK);
    if (!daemon_files_low(t->d, *own_end))
        return DVM_OK;
    errno = EMFILE;
    return no_streams(t);
}

static int open_input(struct tasks *t, struct stdio *s, bool with_stdin, int *end)
{
    if (with_stdin)
        return make_pipe(t, end, &s->in, true);
    *end = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return *end < 0 ? no_streams(t) : DVM_OK;
}

static void watch_output(struct tasks *t, struct output *o)
{
    ev_io_init(&o->readable, on_readable, o->fd, EV_READ);
    o->readable.data = o;
    ev_io_start(t->d->loop, &o->readable);
    ev_init(&o->question, on_question);
    o->question.repeat = QUESTION_SECONDS;
    o->question.data = o;
}

static int open_output(struct tasks *t, struct output *o, int *end)
{
    int r;

    if (o->task->sink == 0 && t->d->is_private) {
        *end = fcntl(o->stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return *end < 0 ? no_streams(t) : DVM_OK;
    }
    r = make_pipe(t, end, &o->fd, false);
    if (o->fd >= 0)
        watch_output(t, o);
    return r;
}

/* One terminal for all: what is written to it comes as stdout, lines or not. */
static int open_terminal(struct tasks *t, struct stdio *s, const struct stdio_wish *wish,
                         int ends[3])
{
    struct output *o = &s->out[0];

    if (terminal_open(&o->fd, &ends[0], wish->rows, wish->columns))
        return no_streams(t);
    watch_output(t, o);
    s->in = fcntl(o->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    for (int i = 1; i <= OUTPUTS && s->in >= 0; i++) {
        ends[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (ends[i] < 0)
            return no_streams(t);
    }
    if (s->in >= 0 && !daemon_files_low(t->d, s->in))
        return DVM_OK;
    errno = EMFILE;
    return no_streams(t);
}

static int open_pipes(struct tasks *t, struct stdio *s, const struct stdio_wish *wish,
                      int ends[3])
{
    int r = open_input(t, s, wish->input, &ends[0]);

    for (int i = 0; i < OUTPUTS && !r; i++)
        r = open_output(t, &s->out[i], &ends[i + 1]);
    return r;
}

int stdio_open(struct tasks *t, struct task *task, const struct stdio_wish *wish, int ends[3])
{
    struct stdio *s = calloc(1, sizeof *s);
    int r;

    if (!s)
        return dvm_fail(DVM_ERR_NO_MEMORY, "host %s has no memory for a task's output",
                        t->d->host);
    s->in = -1;
    ends[0] = ends[1] = ends[2] = -1;
    for (int i = 0; i < OUTPUTS; i++) {
        s->out[i].fd = -1;
        s->out[i].stream = i + 1;
        s->out[i].task = task;
    }
    task->stdio = s;
    s->terminal = wish->terminal;
    s->raw = wish->raw || wish->terminal;
    r = wish->terminal ? open_terminal(t, s, wish, ends) : open_pipes(t, s, wish, ends);
    if (s->in >= 0) {
        ev_io_init(&s->writable, on_writable, s->in, EV_WRITE);
        s->writable.data = task;
    }
    if (!r)
        return DVM_OK;
    for (int i = 0; i <= OUTPUTS; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    stdio_close(t, task);
    return r;
}

/* ---- output ---------------------------------------------------------------- */

/* Send the first size bytes of the buffer. more: they are a piece of a line. */
static void forward(struct tasks *t, struct output *o, size_t size, bool more)
{
    const struct task *task = o->task;
    Dvm__Pb__Stdio m = DVM__PB__STDIO__INIT;

    if (size == 0)
        return;
    watch_task_output(t->d->watch, task->tid, o->stream, o->line, size);
    if (task->sink) {
        m.tid = task->tid;
        m.rank = (uint32_t)task->rank;
        m.world = task->world ? task->world->id : 0;
        m.stream = (uint32_t)o->stream;
        m.data.data = (uint8_t *)o->line;
        m.data.len = size;
        m.more = more;
        task->stdio->ahead += size;
        daemon_tell(t->d, CLUSTER_BULK, task->sink, DVM_CTL_STDIO, &m.base);
    }
    o->used -= size;
    memmove(o->line, o->line + size, o->used);
}

static void forward_lines(struct tasks *t, struct output *o)
{
    const char *last = memrchr(o->line, '\n', o->used);

    if (o->task->stdio->raw)
        forward(t, o, o->used, false);
    else if (last)
        forward(t, o, (size_t)(last + 1 - o->line), false);
    if (o->used == sizeof o->line)
        forward(t, o, o->used, true);
}

/* Wait for the rest of a line, but not for ever if it may be a question. */
static void watch_question(struct tasks *t, struct output *o)
{
    if (o->used > 0 && o->used <= QUESTION_MAX && o->task->stdio->in >= 0)
        ev_timer_again(t->d->loop, &o->question);
    else
        ev_timer_stop(t->d->loop, &o->question);
}

static void on_question(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct output *o = w->data;

    ev_timer_stop(loop, w);
    forward(((struct daemon *)ev_userdata(loop))->tasks, o, o->used, false);
}

static void close_output(struct tasks *t, struct output *o)
{
    if (o->fd < 0)
        return;
    ev_io_stop(t->d->loop, &o->readable);
    ev_timer_stop(t->d->loop, &o->question);
    close(o->fd);
    o->fd = -1;
}

/* Read once, at most this much. Returns how much it was; 0 when there is nothing now,
 * or never will be again. */
static size_t read_output(struct tasks *t, struct output *o, size_t most)
{
    size_t room = sizeof o->line - o->used;
    ssize_t got;

    assert(room > 0);
    do
        got = read(o->fd, o->line + o->used, most < room ? most : room);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        o->used += (size_t)got;
        forward_lines(t, o);
        watch_question(t, o);
        return (size_t)got;
    }
    if (got == 0 || errno != EAGAIN) {
        forward(t, o, o->used, false);
        close_output(t, o);
    }
    return 0;
}

/* How much a task's sink may have unacknowledged: what it does not take waits in its
 * daemon, where all tasks of the world share the room. */
static size_t ahead_limit(const struct task *task)
{
    size_t count = task->world && task->world->count > 0 ? (size_t)task->world->count : 1;
    size_t share = STDIO_AHEAD_ALL / count;

    if (share > STDIO_AHEAD)
        return STDIO_AHEAD;
    return share > STDIO_AHEAD_MIN ? share : STDIO_AHEAD_MIN;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct output *o = w->data;
    struct tasks *t = ((struct daemon *)ev_userdata(loop))->tasks;
    const struct stdio *s = o->task->stdio;

    for (int i = 0; i < READS_PER_TURN && o->fd >= 0; i++) {
        size_t limit = ahead_limit(o->task);

        if (s->ahead >= limit) {
            ev_io_stop(loop, w); /* until the sink acknowledges */
            return;
        }
        if (!read_output(t, o, limit - s->ahead))
            return;
    }
}

static void resume(struct tasks *t, struct stdio *s)
{
    for (int i = 0; i < OUTPUTS; i++)
        if (s->out[i].fd >= 0)
            ev_io_start(t->d->loop, &s->out[i].readable);
}

void handle_stdio_ack(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__StdioAck *m = dvm__pb__stdio_ack__unpack(NULL, frame->length, payload);
    struct task *task = m ? tasks_find(d->tasks, m->tid) : NULL;

    if (task && task->stdio && task->sink == frame->src) {
        struct stdio *s = task->stdio;

        s->ahead -= m->bytes < s->ahead ? (size_t)m->bytes : s->ahead;
        if (s->ahead < ahead_limit(task))
            resume(d->tasks, s);
    }
    dvm__pb__stdio_ack__free_unpacked(m, NULL);
}

void stdio_sink_gone(struct tasks *t, struct task *task)
{
    task->sink = 0;
    if (!task->stdio)
        return;
    task->stdio->ahead = 0;
    resume(t, task->stdio);
}

/* ---- input ------------------------------------------------------------------- */

static void answer_input(struct tasks *t, struct task *task, struct input *in, int error)
{
    if (error)
        daemon_fail(t->d, &in->request, error, "task 0x%x does not read its standard input "
                    "any more", (unsigned)task->tid);
    else
        daemon_ok(t->d, &in->request);
    free(in);
}

static void close_input(struct tasks *t, struct task *task)
{
    struct stdio *s = task->stdio;

    if (s->in >= 0) {
        ev_io_stop(t->d->loop, &s->writable);
        close(s->in);
        s->in = -1;
    }
    while (s->first) {
        struct input *in = s->first;

        s->first = in->next;
        answer_input(t, task, in, DVM_ERR_TASK_GONE);
    }
    s->last = NULL;
    s->waiting = 0;
}

/* Write what waits; false when the pipe is full or nobody reads it any more. */
static bool write_first(struct tasks *t, struct task *task)
{
    struct stdio *s = task->stdio;
    struct input *in = s->first;
    ssize_t done = 0;
    bool end = in->end;

    if (in->size > in->done)
        done = write(s->in, in->bytes + in->done, in->size - in->done);
    if (done < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (done < 0) {
        close_input(t, task);
        return false;
    }
    in->done += (size_t)done;
    s->waiting -= (size_t)done;
    if (in->done < in->size)
        return false;
    s->first = in->next;
    if (!s->first)
        s->last = NULL;
    answer_input(t, task, in, 0);
    if (end)
        close_input(t, task);
    return !end;
}

static void write_input(struct tasks *t, struct task *task)
{
    struct stdio *s = task->stdio;

    while (s->first && write_first(t, task))
        continue;
    if (s->in < 0)
        return;
    if (s->first)
        ev_io_start(t->d->loop, &s->writable);
    else
        ev_io_stop(t->d->loop, &s->writable);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    write_input(((struct daemon *)ev_userdata(loop))->tasks, w->data);
}

static void take_input(struct daemon *d, struct task *task, const struct dvm_frame *frame,
                       const Dvm__Pb__Stdin *m)
{
    struct stdio *s = task->stdio;
    struct input *in;

    if (s->waiting + m->data.len > STDIO_IN_MAX) {
        daemon_fail(d, frame, DVM_ERR_LIMIT, "%zu bytes wait for the standard input of task "
                    "0x%x already", s->waiting, (unsigned)task->tid);
        return;
    }
    in = malloc(sizeof *in + m->data.len);
    if (!in) {
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory for standard input");
        return;
    }
    *in = (struct input){.request = *frame, .end = m->end, .size = m->data.len};
    if (m->rows && m->columns)
        terminal_resize(s->in, (unsigned short)m->rows, (unsigned short)m->columns);
    if (m->data.len)
        memcpy(in->bytes, m->data.data, m->data.len);
    if (s->last)
        s->last->next = in;
    else
        s->first = in;
    s->last = in;
    s->waiting += in->size;
    write_input(d->tasks, task);
}

void handle_stdin(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Stdin *m = dvm__pb__stdin__unpack(NULL, frame->length, payload);
    struct task *task = m ? tasks_find(d->tasks, m->tid) : NULL;

    if (!m)
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a STDIN that cannot be read");
    else if (!task || !task->stdio)
        daemon_fail(d, frame, DVM_ERR_NO_TASK, "there is no task 0x%x on host %s any more",
                    (unsigned)m->tid, d->host);
    else if (task->stdio->in < 0)
        daemon_fail(d, frame, DVM_ERR_TASK_GONE, "task 0x%x has no open standard input",
                    (unsigned)m->tid);
    else
        take_input(d, task, frame, m);
    dvm__pb__stdin__free_unpacked(m, NULL);
}

/* ---- the end ------------------------------------------------------------------- */

/* What is in the pipe at this moment; what is written later comes from something else
 * that holds it open, and may never end. */
static void empty(struct tasks *t, struct output *o)
{
    int waiting = 0;
    size_t left;

    if (o->task->stdio->terminal)
        waiting = TERMINAL_REST; /* what the kernel has not moved on yet does not count */
    else if (o->fd >= 0 && ioctl(o->fd, FIONREAD, &waiting))
        waiting = 0;
    for (left = (size_t)waiting; o->fd >= 0 && left > 0;) {
        size_t got = read_output(t, o, left);

        if (got == 0)
            break;
        left -= got;
    }
    forward(t, o, o->used, false); /* a last line without its end */
}

void stdio_finish(struct tasks *t, struct task *task)
{
    if (!task->stdio)
        return;
    for (int i = 0; i < OUTPUTS; i++)
        empty(t, &task->stdio->out[i]);
    stdio_close(t, task);
}

void stdio_close(struct tasks *t, struct task *task)
{
    if (!task->stdio)
        return;
    for (int i = 0; i < OUTPUTS; i++)
        close_output(t, &task->stdio->out[i]);
    close_input(t, task);
    free(task->stdio);
    task->stdio = NULL;
}
