/* bell_set.c: sleeping over descriptors: an epoll set and the bell's datagram socket.
 *
 * The set is made with the first descriptor that is watched and kept until the end. In
 * it are the bell, the socket to the daemon, and what is watched. A sleep only notes
 * which descriptors were found ready, since the sleeper does not hold the library's
 * lock; they are called with it, in bell_set_take. Until then another thread may have
 * unwatched one, or watched another with the same number: so each carries a count of
 * its making, and a found one that is another now is passed over.
 *
 * In MULTIPLE use the sleeper alone writes found, and only while count is 0; then it
 * publishes count (release), and whoever has the lock takes them (acquire).
 *
 * A descriptor that its owner reads all the time may stand aside, out of the kernel's set: else
 * each packet for it calls the set. Whoever is about to sleep there, or to look at all, takes
 * those back first.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/bell.h"

#define ASIDE_MAX 4     /* descriptors that stand aside */
#define FOUND_MAX 16    /* descriptors that one sleep finds; more are found by the next */
#define RINGS_MAX 16    /* datagrams that are taken at a time */
#define NAME_TRIES 4    /* random names for the bell */
#define TABLE_START 32  /* places of the first table of watched descriptors */
#define MAKING_SHIFT 32 /* of an event's data: how often watched, then the descriptor */
#define MS_A_SECOND 1000.0

struct watched {
    void (*ready)(void *arg, uint32_t events); /* NULL: not watched */
    void *arg;
    uint32_t making; /* which of the descriptors that had this number */
    uint32_t events; /* that are waited for */
};

static struct {
    int epoll, bell;        /* -1: not made */
    int daemon;             /* -1: not told, or in another process */
    void (*daemon_ready)(void);
    struct watched *table;  /* by descriptor; of size; owned */
    size_t size;
    _Atomic unsigned count; /* of what is watched, without bell and daemon */
    bool patient;           /* the sleeper is here without anything watched */
    bool shown;             /* the program has the set's descriptor */
    int aside[ASIDE_MAX];   /* watched, but not in the kernel's set */
    unsigned asides;
    uint32_t makings;
    struct epoll_event found[FOUND_MAX];
    _Atomic int found_count;
} set = {.epoll = -1, .bell = -1, .daemon = -1};

bool bell_watching(void)
{
    /* pairs with bell_watch's add, behind the making of the set: the sleeper has no lock */
    return atomic_load_explicit(&set.count, memory_order_acquire) != 0;
}

bool bell_set_found(void)
{
    return atomic_load_explicit(&set.found_count, memory_order_relaxed) != 0;
}

/* ---- the bell --------------------------------------------------------------------- */

/* Take the datagrams: all that rang are in the bitmap. */
static void bell_ready(void *arg, uint32_t events)
{
    struct mmsghdr rings[RINGS_MAX];

    memset(rings, 0, sizeof rings);
    while (recvmmsg(set.bell, rings, RINGS_MAX, MSG_DONTWAIT, NULL) == RINGS_MAX)
        continue;
}

/* Bind a socket to a random name. Returns its descriptor, or an error. */
static int bell_bind(uint64_t *name)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;

    if (fd < 0)
        return dvm_fail_errno(errno == EMFILE || errno == ENFILE ? DVM_ERR_LIMIT : DVM_ERR_SYSTEM,
                              "cannot make a bell for this task");
    for (int i = 0; i < NAME_TRIES; i++) {
        if (getrandom(name, sizeof *name, 0) != sizeof *name)
            break;
        if (bind(fd, (struct sockaddr *)&address, dvm_bell_address(*name, &address)) == 0)
            return fd;
    }
    dvm_fail_errno(DVM_ERR_SYSTEM, "cannot give this task's bell a name");
    close(fd);
    return DVM_ERR_SYSTEM;
}

/* Have the kernel drop what does not hold the key. Where it cannot, a stranger's
 * datagram wakes this task for nothing. */
static void bell_guard(int fd, uint64_t key)
{
    uint32_t halves[2];
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof halves[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, sizeof key),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    memcpy(halves, &key, sizeof key);
    code[1].k = ntohl(halves[0]); /* a filter's words are of the network's order */
    code[3].k = ntohl(halves[1]);
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int bell_make(void)
{
    uint64_t name, key;
    int fd = bell_bind(&name);

    if (fd < 0)
        return fd;
    if (getrandom(&key, sizeof key, 0) != sizeof key)
        key = name;
    bell_guard(fd, key);
    /* read by ringers behind sleep, whose store in bell_sleep is sequentially consistent */
    atomic_store_explicit(&bell_inbox()->bell, name, memory_order_relaxed);
    atomic_store_explicit(&bell_inbox()->bell_key, key, memory_order_relaxed);
    set.bell = fd;
    return DVM_OK;
}

/* ---- the set ---------------------------------------------------------------------- */

/* Room in the table for a descriptor. */
static bool table_grow(int fd)
{
    size_t size = set.size ? set.size : TABLE_START;
    struct watched *table;

    while (size <= (size_t)fd)
        size *= 2;
    if (size == set.size)
        return true;
    table = realloc(set.table, size * sizeof *table);
    if (!table)
        return false;
    memset(table + set.size, 0, (size - set.size) * sizeof *table);
    set.table = table;
    set.size = size;
    return true;
}

/* Add, or change, a descriptor of the table in the set. */
static int set_control(int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events};

    set.table[fd].events = events;
    event.data.u64 = (uint64_t)set.table[fd].making << MAKING_SHIFT | (uint32_t)fd;
    if (epoll_ctl(set.epoll, operation, fd, &event))
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot watch descriptor %d", fd);
    return DVM_OK;
}

static int set_add(int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg)
{
    int rc;

    if (!table_grow(fd))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to watch descriptor %d", fd);
    if (set.table[fd].ready)
        return dvm_fail(DVM_ERR_EXISTS, "descriptor %d is watched already", fd);
    set.table[fd] = (struct watched){ready, arg, ++set.makings, events};
    rc = set_control(EPOLL_CTL_ADD, fd, events);
    if (rc)
        set.table[fd].ready = NULL;
    return rc;
}

static void daemon_rang(void *arg, uint32_t events)
{
    set.daemon_ready();
}

static int set_make(void)
{
    int rc;

    set.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (set.epoll < 0)
        return dvm_fail_errno(errno == EMFILE || errno == ENFILE ? DVM_ERR_LIMIT : DVM_ERR_SYSTEM,
                              "cannot make an epoll set for this task");
    rc = bell_make();
    if (!rc)
        rc = set_add(set.bell, EPOLLIN, bell_ready, NULL);
    if (!rc && set.daemon >= 0)
        rc = set_add(set.daemon, EPOLLIN, daemon_rang, NULL);
    if (rc)
        bell_set_forked();
    return rc;
}

void bell_daemon(int fd, void (*ready)(void))
{
    assert(set.epoll < 0);
    set.daemon = fd;
    set.daemon_ready = ready;
}

int bell_watch(int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg)
{
    int rc = set.epoll >= 0 ? DVM_OK : set_make();

    assert(fd >= 0 && ready);
    if (!rc)
        rc = set_add(fd, events, ready, arg);
    /* a thread that sleeps on the futex must come here */
    if (!rc && atomic_fetch_add(&set.count, 1) == 0)
        dvm_inbox_ring(bell_inbox(), bell_index());
    return rc;
}

int bell_rewatch(int fd, uint32_t events)
{
    assert((size_t)fd < set.size && set.table[fd].ready);
    bell_set_whole();
    return set_control(EPOLL_CTL_MOD, fd, events);
}

/* The place of fd among those that stand aside, or their number. */
static unsigned aside_place(int fd)
{
    unsigned i = 0;

    while (i < set.asides && set.aside[i] != fd)
        i++;
    return i;
}

void bell_aside(int fd)
{
    if (set.shown || set.asides == ASIDE_MAX || aside_place(fd) < set.asides ||
        epoll_ctl(set.epoll, EPOLL_CTL_DEL, fd, NULL))
        return;
    set.aside[set.asides++] = fd;
}

bool bell_set_whole(void)
{
    while (set.asides) {
        int fd = set.aside[set.asides - 1];

        if (set_control(EPOLL_CTL_ADD, fd, set.table[fd].events))
            return false;
        set.asides--;
    }
    return true;
}

void bell_unwatch(int fd)
{
    unsigned place;

    if (fd < 0 || (size_t)fd >= set.size || !set.table[fd].ready)
        return;
    place = aside_place(fd);
    if (place < set.asides)
        set.aside[place] = set.aside[--set.asides];
    else
        epoll_ctl(set.epoll, EPOLL_CTL_DEL, fd, NULL);
    set.table[fd].ready = NULL;
    atomic_fetch_sub(&set.count, 1);
}

/* ---- sleeping --------------------------------------------------------------------- */

/* Seconds in milliseconds, rounded up, lest a short time is asked for again and again. */
static int to_ms(double seconds)
{
    if (seconds <= 0)
        return seconds < 0 ? -1 : 0;
    return seconds > INT_MAX / MS_A_SECOND - 1 ? INT_MAX : (int)(seconds * MS_A_SECOND) + 1;
}

void bell_set_sleep(double seconds)
{
    int count = epoll_wait(set.epoll, set.found, FOUND_MAX, to_ms(seconds));

    if (count > 0)
        atomic_store_explicit(&set.found_count, count, memory_order_release);
}

void bell_set_wait(double seconds)
{
    /* not epoll_wait: of several that wait there only one is woken */
    struct pollfd any = {.fd = set.epoll, .events = POLLIN};

    poll(&any, 1, to_ms(seconds));
}

void bell_set_kick(void)
{
    dvm_inbox_nudge(bell_inbox());
}

int bell_alone(void)
{
    int rc = set_make();

    if (rc == DVM_OK)
        atomic_fetch_add(&set.count, 1);
    return rc;
}

bool bell_patient(bool patient)
{
    if (patient == set.patient)
        return true;
    if (patient && set.daemon < 0)
        return false;
    if (patient && set.epoll < 0 && set_make())
        return false;
    atomic_fetch_add(&set.count, patient ? 1 : -1);
    set.patient = patient;
    return true;
}

int bell_descriptor(void)
{
    int rc = set.epoll >= 0 ? DVM_OK : set_make();

    if (rc)
        return rc;
    if (!set.shown)
        atomic_fetch_add(&set.count, 1);
    set.shown = true;
    bell_set_whole();
    dvm_inbox_ring(bell_inbox(), bell_index());
    return set.epoll;
}

void bell_glance(void)
{
    if (bell_watching() && !bell_set_found())
        bell_set_sleep(0);
}

void bell_look(void)
{
    bell_set_whole();
    bell_glance();
}

void bell_set_take(void)
{
    struct epoll_event found[FOUND_MAX];
    int count = atomic_load_explicit(&set.found_count, memory_order_acquire);

    memcpy(found, set.found, sizeof found[0] * (size_t)count);
    atomic_store_explicit(&set.found_count, 0, memory_order_release);
    for (int i = 0; i < count; i++) {
        size_t fd = (uint32_t)found[i].data.u64;
        uint32_t making = (uint32_t)(found[i].data.u64 >> MAKING_SHIFT);

        if (fd < set.size && set.table[fd].ready && set.table[fd].making == making)
            set.table[fd].ready(set.table[fd].arg, found[i].events);
    }
}

/* ---- the end ---------------------------------------------------------------------- */

void bell_set_forked(void)
{
    if (set.epoll >= 0)
        close(set.epoll);
    if (set.bell >= 0)
        close(set.bell);
    set.epoll = set.bell = -1;
    set.shown = set.patient = false;
    set.asides = 0;
    atomic_store(&set.count, 0);
    atomic_store(&set.found_count, 0);
    if (set.size)
        memset(set.table, 0, set.size * sizeof set.table[0]);
}

void bell_set_stop(void)
{
    bell_set_forked();
    free(set.table);
    set.table = NULL;
    set.size = 0;
    set.daemon = -1;
}
