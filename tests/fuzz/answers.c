/* What daemons say to a task, from anywhere: first the answer to HELLO, or, in other
 * inputs, answers to the requests of the public functions and words that nobody asked
 * for. The wait for an answer is this file's own: it hands out the next packets of the
 * input instead of sleeping, and gives up when there are no more.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "group/group.h"
#include "lane/uplink.h"
#include "match/match.h"
#include "proto/control.h"
#include "tests/fuzz/input.h"
#include "vm/vm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF DVM_TID_MAKE(1, 1)
#define OTHER DVM_TID_MAKE(1, 2)
#define FAR DVM_TID_MAKE(2, 1)
#define SELF_INDEX 1
#define LIST_MAX 4
#define WORLD_CONTEXT UINT64_C(0x4000000000002)

static struct {
    struct input in;
    int daemon;            /* the other end of the task's socket */
    struct dvm_frame last; /* the last request */
} a;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    dvm_errors(DVM_SILENT);
    return 0;
}

/* An inbox as the daemon makes it, and its descriptor. */
static struct dvm_inbox *make_inbox(int *fd)
{
    struct dvm_inbox *inbox;

    *fd = input_segment(DVM_INBOX_BYTES);
    inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (inbox == MAP_FAILED)
        abort();
    inbox->magic = DVM_INBOX_MAGIC;
    inbox->version = DVM_SEGMENT_VERSION;
    inbox->tid = SELF;
    inbox->index = SELF_INDEX;
    return inbox;
}

/* ---- HELLO ---------------------------------------------------------------------- */

static void check_welcome(const struct vm_welcome *w)
{
    if (!DVM_TID_OK(w->tid) || w->slot < 0 || w->slot > DVM_SLOT_MAX || w->coordinator < 0 ||
        w->coordinator > DVM_SLOT_MAX || w->rank < 0 || w->rank >= w->world_size)
        abort();
    for (int i = 0; i < w->world_size; i++)
        if (!DVM_TID_OK(w->world_tids[i]))
            abort();
}

static void try_hello(int task, int daemon)
{
    static struct input_packet p;
    struct dvm_frame f;
    struct vm_welcome w = {0};
    int fd;

    munmap(make_inbox(&fd), DVM_INBOX_BYTES);
    while (a.in.left > 0) {
        input_packet(&a.in, &p, &f, DVM_TID_DAEMON(1), SELF);
        input_send(daemon, p.bytes, p.size, &fd, p.repairs >> 7);
    }
    shutdown(daemon, SHUT_WR); /* so that nothing is waited for */
    if (hello_enrol(task, NULL, false, &w) == DVM_OK) {
        check_welcome(&w);
        if (group_start(w.tid, w.world, w.world_tids, w.world_size, w.rank) == DVM_OK)
            group_stop();
        free(w.world_tids);
        munmap(w.inbox, DVM_INBOX_BYTES);
    }
    close(task);
    close(fd);
}

/* ---- requests --------------------------------------------------------------------- */

/* Take in what the task has said; its addresses must be such. */
static void listen_to_task(void)
{
    static uint8_t packet[INPUT_PACKET_MAX];
    int fds[INPUT_FDS], fd_count;
    ssize_t got;

    while ((got = input_receive(a.daemon, packet, sizeof packet, fds, &fd_count)) > 0) {
        struct dvm_frame f;

        if (dvm_frame_decode(&f, packet, (size_t)got) || f.src != SELF || !DVM_TID_OK(f.dst))
            abort();
        if (f.op == DVM_OP_CONTROL && f.extra == 0)
            a.last = f;
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    }
}

static void say_next(void)
{
    static struct input_packet p;
    struct dvm_frame f;

    if (input_packet(&a.in, &p, &f, DVM_TID_DAEMON(DVM_TID_SLOT(a.last.dst)), SELF) &&
        (p.repairs & REPAIR_REF)) {
        f.op = DVM_OP_CONTROL;
        f.ref = a.last.ref;
        f.flags |= DVM_FLAG_REPLY;
        dvm_frame_encode(p.bytes, &f);
    }
    input_send(a.daemon, p.bytes, p.size, &a.daemon, p.repairs >> 7);
    uplink_rung();
}

static int wait_for_answer(bool (*done)(void *arg), void *arg, double timeout,
                           const struct board_subject *subject)
{
    listen_to_task();
    while (!done(arg) && a.in.left > 0) {
        say_next();
        listen_to_task();
    }
    return done(arg) ? DVM_OK : DVM_ERR_TIMEOUT;
}

static void ask(unsigned what)
{
    const int tids[] = {OTHER, FAR};
    struct dvm_host hosts[LIST_MAX];
    struct dvm_task tasks[LIST_MAX];
    struct dvm_spawn spawn = {.program = "x", .directory = "/"};
    struct dvm_exit how;
    int new_tids[LIST_MAX], errors[LIST_MAX];
    size_t count;

    switch (what) {
    case 0:
        dvm_hosts(hosts, LIST_MAX, &count);
        break;
    case 1:
        dvm_tasks(tasks, LIST_MAX, &count);
        break;
    case 2:
        dvm_task_wait(FAR, 1, &how);
        break;
    case 3:
        dvm_spawn(&spawn, LIST_MAX, new_tids, errors);
        break;
    case 4:
        dvm_notify(DVM_TASK_EXIT, tids, 2, 1);
        break;
    case 5:
        dvm_kill(OTHER, 1);
        break;
    case 6:
        dvm_remove_host("other");
        break;
    default:
        say_next();
        listen_to_task();
    }
}

static void try_requests(int task, int daemon)
{
    const int world[] = {SELF, OTHER, FAR};
    int fd;
    struct match_config config = {.self = SELF, .socket = task, .index = SELF_INDEX,
                                  .inbox = make_inbox(&fd)};

    close(fd);
    a.daemon = daemon;
    a.last = (struct dvm_frame){.dst = DVM_TID_DAEMON(1)};
    vm = (struct vm){.pid = getpid(), .self = SELF, .slot = 1, .coordinator = 1, .host = "h"};
    if (group_start(SELF, WORLD_CONTEXT, world, sizeof world / sizeof world[0], 0) ||
        match_start(&config))
        abort();
    uplink_wait = wait_for_answer;
    while (a.in.left > 0)
        ask((unsigned)input_int(&a.in, 1) % 8);
    match_stop(0);
    group_stop();
    vm.pid = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int ends[2];
    bool hello;

    a.in = (struct input){data, size};
    hello = input_int(&a.in, 1) & 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        abort();
    if (hello)
        try_hello(ends[0], ends[1]);
    else
        try_requests(ends[0], ends[1]);
    close(ends[1]);
    return 0;
}
