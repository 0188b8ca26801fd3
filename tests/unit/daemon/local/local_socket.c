/* local socket: a daemon believes nothing that a client says, refuses in words,
 * serves others meanwhile, and goes on. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/local.h"
#include "dvm.h"
#include "proto/segment.h"
#include "tests/support/own_daemon.h"
#include "tests/support/raw_client.h"

#define TASK 1
#define CONSOLE 2
#define FLOOD 20000
#define RANDOM_PACKETS 3000
#define RANDOM_BYTES 200

static struct own_daemon own;

static void set_up(void)
{
    cr_assert(own_daemon_start(&own, false));
}

static void tear_down(void)
{
    struct raw_client *c = raw_enrol(own.folder, CONSOLE, NULL);

    cr_assert_not_null(c, "the daemon does not answer any more");
    raw_close(c);
    cr_assert_eq(own_daemon_stop(&own), 0);
}

TestSuite(local_socket, .init = set_up, .fini = tear_down);

/* Expect REFUSE with this code, a word of its sentence, and the end. */
static void expect_refusal(struct raw_client *c, int code, const char *word)
{
    int got;

    cr_assert(raw_expect(c, DVM_CTL_REFUSE));
    cr_assert_not_null(strstr(raw_text(c, &got), word), "'%s'", raw_text(c, &got));
    cr_assert_eq(got, code);
    cr_assert_eq(raw_receive(c, RAW_SECONDS), 0, "the connection goes on");
    raw_close(c);
}

static struct dvm_frame eager(const struct raw_client *from, int dst)
{
    return (struct dvm_frame){.op = DVM_OP_EAGER, .src = from->tid, .dst = dst, .seq = 1};
}

Test(local_socket, welcome_says_who_and_where)
{
    struct raw_client *t = raw_connect(own.folder);
    Dvm__Pb__Welcome *w;
    struct stat st;

    cr_assert(raw_hello(t, TASK, NULL, 1, 7));
    cr_assert(raw_expect(t, DVM_CTL_WELCOME));
    w = dvm__pb__welcome__unpack(NULL, t->frame.length, t->payload);
    cr_assert_eq(w->protocol, 1);
    cr_assert_eq(DVM_TID_SLOT(w->tid), (int)w->slot);
    cr_assert_str_eq(w->host, "h");
    cr_assert_str_eq(w->machine, "unit");
    cr_assert_eq(w->n_world_tids, 1);
    cr_assert_eq(w->world_tids[0], w->tid);
    cr_assert_neq(w->index, 0);
    cr_assert_not(w->child);
    dvm__pb__welcome__free_unpacked(w, NULL);
    cr_assert_eq(t->fd_count, 1);
    cr_assert_eq(fstat(t->fds[0], &st), 0);
    cr_assert_eq(st.st_size, DVM_INBOX_BYTES);
    cr_assert(fcntl(t->fds[0], F_GET_SEALS) & F_SEAL_SHRINK);
    raw_close(t);
}

Test(local_socket, strangers_are_refused_in_words)
{
    struct raw_client *c = raw_connect(own.folder);

    raw_hello(c, TASK, NULL, 2, 3);
    expect_refusal(c, DVM_ERR_VERSION, "speaks protocol 2 to 3");
    c = raw_connect(own.folder);
    raw_hello(c, 9, NULL, 1, 1);
    expect_refusal(c, DVM_ERR_PROTOCOL, "no role 9");
    c = raw_connect(own.folder);
    raw_hello(c, TASK, "00112233445566778899aabbccddeeff", 1, 1);
    expect_refusal(c, DVM_ERR_REFUSED, "token");
    c = raw_connect(own.folder);
    raw_control(c, DVM_TID_DAEMON(1), DVM_CTL_HOSTS, NULL);
    expect_refusal(c, DVM_ERR_PROTOCOL, "must be HELLO");
}

Test(local_socket, bad_frames_cut_off_their_sender_only)
{
    struct raw_client *good = raw_enrol(own.folder, CONSOLE, NULL), *c;
    static uint8_t bytes[DVM_FRAME_MAX + 100];

    c = raw_enrol(own.folder, TASK, NULL);
    raw_packet(c, "short", 5, NULL, 0);
    expect_refusal(c, DVM_ERR_PROTOCOL, "no frame");
    c = raw_enrol(own.folder, TASK, NULL);
    bytes[0] = DVM_FRAME_VERSION;
    raw_packet(c, bytes, sizeof bytes, NULL, 0);
    expect_refusal(c, DVM_ERR_PROTOCOL, "no frame");
    c = raw_enrol(own.folder, TASK, NULL);
    bytes[0] = DVM_FRAME_VERSION + 1;
    raw_packet(c, bytes, DVM_FRAME_BYTES, NULL, 0);
    expect_refusal(c, DVM_ERR_VERSION, "different releases");
    c = raw_enrol(own.folder, TASK, NULL);
    raw_send(c, (struct dvm_frame){.op = DVM_OP_EAGER, .src = good->tid, .dst = good->tid},
             NULL, 0, NULL, 0);
    expect_refusal(c, DVM_ERR_PROTOCOL, "as if it were");
    c = raw_enrol(own.folder, TASK, NULL);
    raw_send(c, eager(c, 7), NULL, 0, NULL, 0);
    expect_refusal(c, DVM_ERR_PROTOCOL, "no tid");
    raw_control(good, DVM_TID_DAEMON(1), DVM_CTL_HOSTS, NULL);
    cr_assert(raw_expect(good, DVM_CTL_HOSTS_REPLY));
    raw_close(good);
}

/* A task that sleeps looks at its socket only when it is rung. */
Test(local_socket, a_task_is_rung_when_its_connection_ends)
{
    struct raw_client *t = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *later = raw_enrol(own.folder, CONSOLE, NULL); /* t's welcome is rung */
    struct timespec pause = {0, 1000000};
    double end = clock_seconds() + RAW_SECONDS;
    struct dvm_inbox *inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                                   t->fds[0], 0);

    cr_assert_neq(inbox, MAP_FAILED);
    atomic_store(&inbox->bits[0], 0);
    atomic_store(&inbox->summary, 0);
    cr_assert_eq(shutdown(t->fd, SHUT_WR), 0);
    while (atomic_load(&inbox->summary) == 0 && clock_seconds() < end)
        nanosleep(&pause, NULL); /* poll */
    cr_assert_neq(atomic_load(&inbox->bits[0]) & 1 << DVM_INDEX_DAEMON, 0);
    munmap(inbox, DVM_INBOX_BYTES);
    raw_close(t);
    raw_close(later);
}

Test(local_socket, unknown_requests_are_answered)
{
    struct raw_client *c = raw_enrol(own.folder, TASK, NULL);
    int code;

    raw_control(c, DVM_TID_DAEMON(1), DVM_CTL_RESERVE, NULL);
    cr_assert(raw_expect(c, DVM_CTL_FAIL), "a task may not reserve");
    raw_control(c, DVM_TID_DAEMON(1), 9999, NULL);
    cr_assert(raw_expect(c, DVM_CTL_FAIL));
    raw_text(c, &code);
    cr_assert_eq(code, DVM_ERR_UNSUPPORTED);
    raw_control(c, DVM_TID_DAEMON(77), DVM_CTL_HOSTS, NULL);
    cr_assert(raw_expect(c, DVM_CTL_FAIL));
    raw_text(c, &code);
    cr_assert_eq(code, DVM_ERR_HOST_GONE);
    raw_close(c);
}

Test(local_socket, every_control_message_survives_rubbish)
{
    static const uint8_t rubbish[] = {0x0a, 0xff, 0xff, 0xff, 0x7f, 0x01};

    for (int type = 1; type < DVM_CTL_END; type++) {
        struct raw_client *c = raw_enrol(own.folder, type % 2 ? TASK : CONSOLE, NULL);

        if (type == DVM_CTL_HALT || type == DVM_CTL_REMOVE) {
            raw_close(c);
            continue;
        }
        raw_send(c, (struct dvm_frame){.op = DVM_OP_CONTROL, .src = c->tid, .ref = 5,
                                       .dst = DVM_TID_DAEMON(1), .tag = type},
                 rubbish, sizeof rubbish, NULL, 0);
        raw_send(c, (struct dvm_frame){.op = DVM_OP_CONTROL, .src = c->tid, .ref = 6,
                                       .dst = DVM_TID_DAEMON(1), .tag = type},
                 NULL, 0, NULL, 0);
        raw_control(c, DVM_TID_DAEMON(1), DVM_CTL_HOSTS, NULL);
        while (raw_receive(c, RAW_SECONDS) > 0 && c->frame.tag != DVM_CTL_HOSTS_REPLY)
            continue; /* or it was cut off, which is as good */
        raw_close(c);
    }
}

Test(local_socket, random_frames_do_no_harm)
{
    unsigned seed = (unsigned)time(NULL);
    struct raw_client *c = raw_enrol(own.folder, TASK, NULL);

    fprintf(stderr, "seed %u\n", seed);
    for (int i = 0; i < RANDOM_PACKETS; i++) {
        uint8_t bytes[RANDOM_BYTES];
        struct dvm_frame f = {.op = (uint8_t)(rand_r(&seed) % 9), .src = c->tid,
                              .flags = (uint8_t)(rand_r(&seed) % 4),
                              .dst = DVM_TID_MAKE(1, rand_r(&seed) % 3),
                              .tag = rand_r(&seed) % (DVM_CTL_END + 2),
                              .ref = (uint64_t)rand_r(&seed) % 8,
                              .size = (uint64_t)rand_r(&seed) % 400,
                              .extra = (uint64_t)rand_r(&seed) % 300};

        if (f.tag == DVM_CTL_HALT || f.tag == DVM_CTL_REMOVE || f.tag == DVM_CTL_SPAWN ||
            f.tag == DVM_CTL_ABORT || f.tag == DVM_CTL_KILL)
            f.tag = DVM_CTL_HOSTS;
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)rand_r(&seed);
        if (!raw_send(c, f, bytes, (size_t)rand_r(&seed) % sizeof bytes, NULL, 0)) {
            raw_close(c);
            c = raw_enrol(own.folder, TASK, NULL);
            cr_assert_not_null(c);
        }
        while (raw_receive(c, 0) > 0)
            continue;
    }
    raw_close(c);
}

Test(local_socket, frames_come_in_order_and_ring)
{
    struct raw_client *a = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *b = raw_connect(own.folder);
    struct dvm_inbox *inbox;

    raw_hello(b, TASK, NULL, 1, 1);
    cr_assert(raw_expect(b, DVM_CTL_WELCOME));
    b->tid = b->frame.dst;
    inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ, MAP_SHARED, b->fds[0], 0);
    cr_assert_neq(inbox, MAP_FAILED);
    cr_assert_eq(inbox->tid, b->tid);
    for (int i = 1; i <= FLOOD; i++) {
        struct dvm_frame f = eager(a, b->tid);

        f.seq = (uint64_t)i;
        cr_assert(raw_send(a, f, &i, sizeof i, NULL, 0));
    }
    for (int i = 1; i <= FLOOD; i++) {
        cr_assert_eq(raw_receive(b, RAW_SECONDS), 1);
        cr_assert_eq(b->frame.seq, (uint64_t)i);
        cr_assert_eq(b->frame.src, a->tid);
    }
    cr_assert(inbox->bits[0] & 1, "the daemon did not ring");
    raw_close(a);
    raw_close(b);
}

Test(local_socket, a_flood_does_not_starve_others)
{
    struct raw_client *flooder = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *idle = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *asker = raw_enrol(own.folder, CONSOLE, NULL);
    static uint8_t bytes[4096];
    pid_t pid = fork();

    if (pid == 0) {
        while (raw_send(flooder, eager(flooder, idle->tid), bytes, sizeof bytes, NULL, 0))
            while (raw_receive(idle, 0) > 0)
                continue;
        _exit(0);
    }
    for (int i = 0; i < 50; i++) {
        raw_control(asker, DVM_TID_DAEMON(1), DVM_CTL_HOSTS, NULL);
        cr_assert(raw_expect(asker, DVM_CTL_HOSTS_REPLY));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    raw_close(flooder);
    raw_close(idle);
    raw_close(asker);
}

static int ring(int seals, size_t size)
{
    int fd = memfd_create("ring", MFD_ALLOW_SEALING);

    cr_assert_eq(ftruncate(fd, (off_t)size), 0);
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void open_pair(struct raw_client *from, int tid, int fd)
{
    Dvm__Pb__PairOpen m = DVM__PB__PAIR_OPEN__INIT;
    uint8_t bytes[32];
    struct dvm_frame f = {.op = DVM_OP_CONTROL, .src = from->tid, .dst = DVM_TID_DAEMON(1),
                          .tag = DVM_CTL_PAIR_OPEN};

    m.tid = tid;
    m.at = DVM_HOME_BYTES;
    f.size = dvm__pb__pair_open__pack(&m, bytes);
    raw_send(from, f, bytes, f.size, &fd, 1);
    close(fd);
}

Test(local_socket, a_ring_is_passed_with_both_inboxes)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    struct raw_client *a = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *b = raw_enrol(own.folder, TASK, NULL);
    Dvm__Pb__PairOffer *offer;
    struct stat st;

    open_pair(a, b->tid, ring(seals, DVM_POOL_BYTES));
    cr_assert(raw_expect(b, DVM_CTL_PAIR_OFFER));
    cr_assert_eq(b->fd_count, 2);
    fstat(b->fds[0], &st);
    cr_assert_eq(st.st_size, DVM_POOL_BYTES);
    offer = dvm__pb__pair_offer__unpack(NULL, b->frame.length, b->payload);
    cr_assert_eq(offer->at, DVM_HOME_BYTES);
    dvm__pb__pair_offer__free_unpacked(offer, NULL);
    cr_assert(raw_expect(a, DVM_CTL_PAIR_READY));
    cr_assert_eq(a->fd_count, 1);
    open_pair(a, DVM_TID_MAKE(1, 9999), ring(seals, DVM_POOL_BYTES));
    cr_assert(raw_expect(a, DVM_CTL_GONE));
    open_pair(a, b->tid, ring(F_SEAL_GROW, DVM_POOL_BYTES));
    expect_refusal(a, DVM_ERR_PROTOCOL, "not sealed");
    open_pair(b, b->tid, ring(seals, DVM_POOL_BYTES / 2));
    expect_refusal(b, DVM_ERR_PROTOCOL, "wrong size");
}

Test(local_socket, task_frames_for_nobody_come_back_as_gone)
{
    struct raw_client *a = raw_enrol(own.folder, TASK, NULL);
    Dvm__Pb__Watch watch = DVM__PB__WATCH__INIT;
    Dvm__Pb__Gone *gone;

    raw_send(a, eager(a, DVM_TID_MAKE(1, 4711)), NULL, 0, NULL, 0);
    cr_assert(raw_expect(a, DVM_CTL_GONE));
    gone = dvm__pb__gone__unpack(NULL, a->frame.length, a->payload);
    cr_assert_eq(gone->tid, DVM_TID_MAKE(1, 4711));
    cr_assert_eq(gone->code, DVM_ERR_NO_TASK);
    dvm__pb__gone__free_unpacked(gone, NULL);
    raw_send(a, eager(a, DVM_TID_MAKE(9, 1)), NULL, 0, NULL, 0);
    cr_assert(raw_expect(a, DVM_CTL_GONE));
    gone = dvm__pb__gone__unpack(NULL, a->frame.length, a->payload);
    cr_assert_eq(gone->code, DVM_ERR_HOST_GONE);
    dvm__pb__gone__free_unpacked(gone, NULL);
    watch.tid = DVM_TID_MAKE(9, 2);
    raw_control(a, DVM_TID_DAEMON(9), DVM_CTL_WATCH, &watch.base);
    cr_assert(raw_expect(a, DVM_CTL_GONE), "a watch on a host that is not there");
    raw_close(a);
}

/* How many descriptors a process has. */
static rlim_t count_files(pid_t pid)
{
    char path[64];
    DIR *dir;
    rlim_t count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    cr_assert_not_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

/* How many it keeps: it may have one more for a moment. */
static rlim_t usual_files(pid_t pid)
{
    rlim_t least = count_files(pid);

    for (int i = 0; i < 20; i++) {
        rlim_t count = count_files(pid);

        least = count < least ? count : least;
    }
    return least;
}

/* Processor time that a process has used, clock ticks. */
static long count_ticks(pid_t pid)
{
    char path[64], text[512] = "";
    unsigned long user = 0, system = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(text, sizeof text, f));
    fclose(f);
    cr_assert_eq(sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                                                "%lu %lu", &user, &system), 2);
    return (long)(user + system);
}

static struct raw_client *console(void)
{
    struct raw_client *c = raw_connect(own.folder);

    cr_assert_not_null(c);
    raw_hello(c, CONSOLE, NULL, 1, 1);
    return c;
}

Test(local_socket, without_descriptors_clients_are_refused_in_words)
{
    enum { MORE = 8 };
    struct raw_client *in[MORE], *mute, *c;
    double end = clock_seconds() + RAW_SECONDS;
    struct rlimit limit, all;
    long ticks;

    c = raw_enrol(own.folder, CONSOLE, NULL);
    cr_assert_eq(prlimit(own.pid, RLIMIT_NOFILE, NULL, &all), 0);
    limit = (struct rlimit){usual_files(own.pid) + MORE, all.rlim_max};
    cr_assert_eq(prlimit(own.pid, RLIMIT_NOFILE, &limit, NULL), 0);
    for (int i = 0; i < MORE; i++) {
        in[i] = raw_enrol(own.folder, CONSOLE, NULL);
        cr_assert_not_null(in[i], "client %d", i);
    }
    for (int i = 0; i < 3; i++)
        expect_refusal(console(), DVM_ERR_LIMIT, "open files");
    /* one that says nothing holds the place of the refused; meanwhile nothing spins */
    mute = raw_connect(own.folder);
    ticks = count_ticks(own.pid);
    expect_refusal(console(), DVM_ERR_LIMIT, "open files");
    cr_assert_lt(count_ticks(own.pid) - ticks, sysconf(_SC_CLK_TCK));
    raw_close(mute);
    for (int i = 0; i < MORE; i++)
        raw_close(in[i]);
    in[0] = NULL;
    while (!in[0] && clock_seconds() < end) /* until it has seen them go */
        in[0] = raw_enrol(own.folder, CONSOLE, NULL);
    cr_assert_not_null(in[0]);
    raw_close(in[0]);
    raw_close(c);
    cr_assert_eq(prlimit(own.pid, RLIMIT_NOFILE, &all, NULL), 0);
}

/* What came while it stood still is read, though its time is over. */
Test(local_socket, a_daemon_that_stood_still_reads_hello)
{
    const struct timespec nap = {(time_t)LOCAL_HELLO_SECONDS, 300000000};
    struct raw_client *late = raw_connect(own.folder);

    raw_close(raw_enrol(own.folder, CONSOLE, NULL)); /* the one before it is accepted */
    cr_assert_eq(kill(own.pid, SIGSTOP), 0);
    raw_hello(late, CONSOLE, NULL, 1, 1);
    nanosleep(&nap, NULL); /* the nap is what is tested */
    cr_assert_eq(kill(own.pid, SIGCONT), 0);
    cr_assert(raw_expect(late, DVM_CTL_WELCOME));
    raw_close(late);
}

Test(local_socket, leave_and_death_are_told)
{
    struct raw_client *a = raw_enrol(own.folder, TASK, NULL);
    struct raw_client *b = raw_enrol(own.folder, TASK, NULL);
    Dvm__Pb__Watch watch = DVM__PB__WATCH__INIT;
    Dvm__Pb__Gone *gone;

    watch.tid = b->tid;
    raw_control(a, DVM_TID_DAEMON(1), DVM_CTL_WATCH, &watch.base);
    raw_send(b, eager(b, a->tid), "last words", 10, NULL, 0);
    raw_control(b, DVM_TID_DAEMON(1), DVM_CTL_LEAVE, NULL);
    cr_assert(raw_expect(b, DVM_CTL_OK));
    cr_assert_eq(raw_receive(a, RAW_SECONDS), 1);
    cr_assert_eq(a->frame.op, DVM_OP_EAGER, "what it sent comes first");
    cr_assert(raw_expect(a, DVM_CTL_GONE));
    gone = dvm__pb__gone__unpack(NULL, a->frame.length, a->payload);
    cr_assert_eq(gone->tid, b->tid);
    cr_assert(gone->left);
    dvm__pb__gone__free_unpacked(gone, NULL);
    raw_close(b);
    raw_close(a);
}

Test(local_socket, the_end_is_told_to_clients)
{
    struct own_daemon other;
    struct raw_client *c;
    int code;

    cr_assert(own_daemon_start(&other, false));
    c = raw_enrol(other.folder, TASK, NULL);
    kill(other.pid, SIGTERM);
    cr_assert(raw_expect(c, DVM_CTL_REFUSE));
    cr_assert_not_null(strstr(raw_text(c, &code), "signal 15"));
    cr_assert_eq(code, DVM_ERR_CLOSING);
    cr_assert_eq(own_daemon_wait(&other), 0);
    raw_close(c);
}

Test(local_socket, a_private_machine_ends_with_its_owner)
{
    struct own_daemon other;
    struct raw_client *c;
    Dvm__Pb__Hello h = DVM__PB__HELLO__INIT;
    uint8_t bytes[64];
    struct dvm_frame f = {.op = DVM_OP_CONTROL, .tag = DVM_CTL_HELLO};

    cr_assert(own_daemon_start(&other, true));
    c = raw_connect(other.folder);
    h.protocol_min = h.protocol_max = 1;
    h.role = TASK;
    h.owner = true;
    f.size = dvm__pb__hello__pack(&h, bytes);
    raw_send(c, f, bytes, f.size, NULL, 0);
    cr_assert(raw_expect(c, DVM_CTL_WELCOME));
    raw_close(c);
    cr_assert_eq(own_daemon_wait(&other), 0);
}
