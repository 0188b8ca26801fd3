/* hello: becoming a task: what a daemon may answer to HELLO, and what is not believed.
 * The daemon is a thread with the other end of a socket pair. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "proto/segment.h"
#include "vm/vm.h"

#define TID 0x40003
#define INDEX 5
#define WORLD_MANY 30000 /* more tids than fit into a frame */

static int ends[2];         /* the task's, the daemon's */
static Dvm__Pb__Hello *hello; /* what the daemon heard */

static void set_up(void)
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void tear_down(void)
{
    if (hello)
        dvm__pb__hello__free_unpacked(hello, NULL);
}

TestSuite(hello, .init = set_up, .fini = tear_down);

/* ---- the daemon's side ------------------------------------------------------------ */

static void hear(void)
{
    uint8_t packet[DVM_FRAME_MAX];
    struct dvm_frame f;
    ssize_t got = recv(ends[1], packet, sizeof packet, 0);

    cr_assert_gt(got, 0);
    cr_assert_eq(dvm_frame_decode(&f, packet, (size_t)got), 0);
    cr_assert_eq(f.op, DVM_OP_CONTROL);
    cr_assert_eq(f.tag, DVM_CTL_HELLO);
    if (hello)
        dvm__pb__hello__free_unpacked(hello, NULL);
    hello = dvm__pb__hello__unpack(NULL, f.length, packet + DVM_FRAME_BYTES);
    cr_assert_not_null(hello);
}

/* Send one frame of a message; fd: to pass along, or -1. */
static void put(int type, const uint8_t *whole, size_t size, size_t from, size_t length, int fd)
{
    const struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                                .flags = DVM_FLAG_REPLY, .tag = type, .size = size, .ref = 1,
                                .extra = from, .length = (uint32_t)length,
                                .src = DVM_TID_DAEMON(1)};
    uint8_t header[DVM_FRAME_BYTES];
    _Alignas(struct cmsghdr) char passed[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)(whole + from), length}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

    dvm_frame_encode(header, &f);
    if (fd >= 0) {
        m.msg_control = passed;
        m.msg_controllen = sizeof passed;
        CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
        CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
        CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
    }
    cr_assert_gt(sendmsg(ends[1], &m, MSG_NOSIGNAL), 0);
}

static void say(int type, const ProtobufCMessage *message, int fd)
{
    size_t size = protobuf_c_message_get_packed_size(message), at = 0;
    uint8_t *bytes = malloc(size + 1);

    protobuf_c_message_pack(message, bytes);
    do {
        size_t length = size - at < DVM_PAYLOAD_MAX ? size - at : DVM_PAYLOAD_MAX;

        put(type, bytes, size, at, length, at == 0 ? fd : -1);
        at += length;
    } while (at < size);
    free(bytes);
}

/* An inbox as the daemon makes it. */
static int make_inbox_of(uint32_t version, size_t bytes, int seals)
{
    int fd = memfd_create("inbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct dvm_inbox *inbox;

    cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
    inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    inbox->magic = DVM_INBOX_MAGIC;
    inbox->version = version;
    inbox->tid = TID;
    inbox->index = INDEX;
    munmap(inbox, DVM_INBOX_BYTES);
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static int make_inbox(size_t bytes, int seals)
{
    return make_inbox_of(DVM_SEGMENT_VERSION, bytes, seals);
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static int32_t world[WORLD_MANY];

/* A WELCOME to spoil. */
static Dvm__Pb__Welcome sound(void)
{
    Dvm__Pb__Welcome w = DVM__PB__WELCOME__INIT;

    for (int i = 0; i < WORLD_MANY; i++)
        world[i] = 0x40001 + i;
    w.protocol = VM_PROTOCOL_MAX;
    w.tid = TID;
    w.slot = 1;
    w.host = (char *)"alpha";
    w.machine = (char *)"lab";
    w.version = (char *)"9.9.9";
    w.world = 42;
    w.world_tids = world;
    w.n_world_tids = 4;
    w.rank = 2;
    w.index = INDEX;
    w.coordinator = 1;
    w.child = true;
    return w;
}

typedef void daemon_f(void);

static void *daemon_thread(void *function)
{
    hear();
    (*(daemon_f **)function)();
    return NULL;
}

/* Enrol with a daemon that does this after HELLO. */
static int enrol(daemon_f *function, const char *token, bool owner, struct vm_welcome *w)
{
    pthread_t thread;
    int rc;

    pthread_create(&thread, NULL, daemon_thread, &function);
    rc = hello_enrol(ends[0], token, owner, w);
    pthread_join(thread, NULL);
    return rc;
}

/* ---- what goes well ------------------------------------------------------------------ */

static void welcomes(void)
{
    Dvm__Pb__Welcome w = sound();

    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

Test(hello, a_welcome_is_taken_over)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(welcomes, NULL, false, &w), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(w.tid, TID);
    cr_assert_eq(w.slot, 1);
    cr_assert_eq(w.world, 42);
    cr_assert_eq(w.world_size, 4);
    cr_assert_eq(w.rank, 2);
    cr_assert_eq(w.world_tids[3], 0x40004);
    cr_assert_eq(w.index, INDEX);
    cr_assert(w.child);
    cr_assert_str_eq(w.host, "alpha");
    cr_assert_str_eq(w.machine, "lab");
    cr_assert_eq(w.inbox->tid, TID);
    free(w.world_tids);
}

Test(hello, the_daemon_hears_who_it_is)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(welcomes, "00ff10aB", true, &w), DVM_OK);
    cr_assert_eq(hello->role, VM_ROLE_TASK);
    cr_assert_eq(hello->pid, getpid());
    cr_assert_eq(hello->token.len, 4);
    cr_assert_arr_eq(hello->token.data, "\x00\xff\x10\xab", 4);
    cr_assert(hello->owner);
    cr_assert_eq(hello->protocol_min, VM_PROTOCOL_MIN);
    cr_assert_eq(hello->protocol_max, VM_PROTOCOL_MAX);
    cr_assert_str_eq(hello->version, dvm_version_text());
    free(w.world_tids);
}

static void welcomes_many(void)
{
    Dvm__Pb__Welcome w = sound();

    w.n_world_tids = WORLD_MANY;
    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

Test(hello, a_large_world_comes_in_parts)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(welcomes_many, NULL, false, &w), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(w.world_size, WORLD_MANY);
    cr_assert_eq(w.world_tids[WORLD_MANY - 1], 0x40001 + WORLD_MANY - 1);
    free(w.world_tids);
}

/* ---- what is refused -------------------------------------------------------------------- */

static void refuses(void)
{
    Dvm__Pb__Refuse r = DVM__PB__REFUSE__INIT;

    r.code = DVM_ERR_VERSION;
    r.text = (char *)"dvmd 9.9.9 does not speak with libdvm of yesterday";
    say(DVM_CTL_REFUSE, &r.base, -1);
}

Test(hello, a_refusal_is_passed_on)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(refuses, NULL, false, &w), DVM_ERR_VERSION);
    cr_assert_str_eq(dvm_last_error(), "dvmd 9.9.9 does not speak with libdvm of yesterday");
}

static void hangs_up(void)
{
    shutdown(ends[1], SHUT_RDWR);
}

Test(hello, a_daemon_that_hangs_up)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(hangs_up, NULL, false, &w), DVM_ERR_LOST_DAEMON);
    cr_assert_gt(strlen(dvm_last_error()), 0);
}

static void babbles(void)
{
    cr_assert_eq(send(ends[1], "hello yourself, this is not a frame of any kind, is it? no, it is "
                               "not one at all", 80, 0), 80);
}

Test(hello, what_is_no_frame)
{
    struct vm_welcome w;
    int rc = enrol(babbles, NULL, false, &w);

    cr_assert(rc == DVM_ERR_PROTOCOL || rc == DVM_ERR_VERSION);
}

static void answers_ok(void)
{
    put(DVM_CTL_OK, (const uint8_t *)"", 0, 0, 0, -1);
}

Test(hello, another_answer)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(answers_ok, NULL, false, &w), DVM_ERR_PROTOCOL);
    cr_assert_not_null(strstr(dvm_last_error(), "OK"));
}

Test(hello, a_token_that_is_none)
{
    struct vm_welcome w;

    cr_assert_eq(hello_enrol(ends[0], "xyz", false, &w), DVM_ERR_ARG);
    cr_assert_eq(hello_enrol(ends[0], "abc", false, &w), DVM_ERR_ARG);
}

static void other_version(void)
{
    Dvm__Pb__Welcome w = sound();

    w.protocol = VM_PROTOCOL_MAX + 1;
    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

Test(hello, another_version)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(other_version, NULL, false, &w), DVM_ERR_VERSION);
    cr_assert_not_null(strstr(dvm_last_error(), "9.9.9"));
}

static void other_memory(void)
{
    Dvm__Pb__Welcome w = sound();

    say(DVM_CTL_WELCOME, &w.base,
        make_inbox_of(DVM_SEGMENT_VERSION + 1, DVM_INBOX_BYTES, SEALS));
}

Test(hello, shared_memory_of_another_build)
{
    struct vm_welcome w;

    cr_assert_eq(enrol(other_memory, NULL, false, &w), DVM_ERR_VERSION);
    cr_assert_not_null(strstr(dvm_last_error(), "one installation"));
}

static void no_tid(void)
{
    Dvm__Pb__Welcome w = sound();

    w.tid = 7;
    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

static void no_rank(void)
{
    Dvm__Pb__Welcome w = sound();

    w.rank = 4;
    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

static void no_inbox(void)
{
    Dvm__Pb__Welcome w = sound();

    say(DVM_CTL_WELCOME, &w.base, -1);
}

static void unsealed_inbox(void)
{
    Dvm__Pb__Welcome w = sound();

    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, F_SEAL_GROW));
}

static void large_inbox(void)
{
    Dvm__Pb__Welcome w = sound();

    say(DVM_CTL_WELCOME, &w.base, make_inbox(2 * DVM_INBOX_BYTES, SEALS));
}

static void foreign_inbox(void)
{
    Dvm__Pb__Welcome w = sound();

    w.tid = TID + 1;
    say(DVM_CTL_WELCOME, &w.base, make_inbox(DVM_INBOX_BYTES, SEALS));
}

static void too_long(void)
{
    uint8_t byte = 0;

    put(DVM_CTL_WELCOME, &byte, (size_t)1 << 40, 0, 1, -1);
}

Test(hello, an_unsound_welcome)
{
    static daemon_f *const daemons[] = {no_tid,      no_rank,       no_inbox, unsealed_inbox,
                                        large_inbox, foreign_inbox, too_long};
    struct vm_welcome w;

    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++) {
        cr_assert_eq(enrol(daemons[i], NULL, false, &w), DVM_ERR_PROTOCOL, "number %zu", i);
        cr_assert_gt(strlen(dvm_last_error()), 0);
        close(ends[0]);
        close(ends[1]);
        set_up();
    }
}

/* The lowest number that a new descriptor would get. */
static int next_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);

    cr_assert_geq(fd, 0);
    close(fd);
    return fd;
}

/* No descriptor may be left, whatever the daemon said. */
Test(hello, failures_leave_no_descriptor)
{
    static daemon_f *const daemons[] = {no_tid, unsealed_inbox, foreign_inbox, other_version,
                                        other_memory};
    struct vm_welcome w;

    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++) {
        int before = next_descriptor();

        cr_assert_neq(enrol(daemons[i], NULL, false, &w), DVM_OK);
        /* the daemon's own descriptor of the inbox is in this process, too */
        close(before);
        cr_assert_eq(next_descriptor(), before, "number %zu", i);
    }
}
