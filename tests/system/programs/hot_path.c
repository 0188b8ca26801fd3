/* hot_path.c FILE: two tasks of one host exchange small messages; from the point on where
 * everything is warm, nothing may be allocated or freed, no lock taken, and no system
 * call made but futex, which is how a task sleeps and is woken, and the two by which one
 * that waits asks whether a core is idle (pread64, at most once a millisecond) or was
 * taken from it (getrusage). (A few allocations pass:
 * blocks that are kept, where more wait at once than ever before.)
 *
 * Allocations and locks are counted by functions of the same names; any other system
 * call comes to a handler (seccomp). A task that has waited for half a second looks whether
 * its daemon lives: where that is what happened the process ends with 75, and proves nothing;
 * else with 159. Because nothing but exit is possible
 * then, the tasks leave without dvm_finalize; FILE, two bytes in shared memory, keeps
 * either from leaving while the other is still at it. Ends with 77 where the kernel
 * has no seccomp.
 */
#include <dvm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WARM = 3000, ROUNDS = 20000, BURST = 20, LARGE = 1024, NEW_BLOCKS = 16, SKIPPED = 77,
       LATE = 75, WRONG = 128 + SIGSYS };
static const double LONG_WAIT = 0.3; /* seconds, and some to spare */

static volatile unsigned long allocations, locks;
static volatile double began; /* the exchange under way */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

void free(void *old)
{
    allocations++;
    __libc_free(old);
}

/* Single-threaded: nobody is kept out. */
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    (void)mutex;
    locks++;
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    (void)mutex;
    locks++;
    return 0;
}

/* A system call that is none of those. */
static void on_call(int number, siginfo_t *info, void *context)
{
    static const char what[] = "another system call than those of a task that waits\n";

    (void)number, (void)info, (void)context;
    if (dvm_wtime() - began > LONG_WAIT)
        _exit(LATE);
    _exit(write(STDERR_FILENO, what, sizeof what - 1) < 0 ? 1 : WRONG);
}

/* From now on: the calls of a task that waits, and what the end of this program needs. */
static int only_futex(void)
{
#define ALLOW(call)                                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                             \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(futex),
        ALLOW(sched_yield),
        ALLOW(pread64),
        ALLOW(getrusage),
        ALLOW(write),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog program = { sizeof rules / sizeof rules[0], rules };
    struct sigaction action = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO };

    return sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* One message there and back. */
static void exchange(int me, char *bytes, size_t count)
{
    began = dvm_wtime();
    if (me == 0)
        dvm_send(DVM_WORLD, 1, 1, bytes, count, DVM_CHAR);
    dvm_recv(DVM_WORLD, !me, 1, bytes, count, DVM_CHAR, NULL);
    if (me == 1)
        dvm_send(DVM_WORLD, 0, 1, bytes, count, DVM_CHAR);
}

/* Several messages that wait unexpected, then are received by wildcards. */
static void burst(int me, char *bytes)
{
    for (int i = 0; me == 0 && i < BURST; i++)
        dvm_send(DVM_WORLD, 1, 2, bytes, 8, DVM_CHAR);
    exchange(me, bytes, 8);
    for (int i = 0; me == 1 && i < BURST; i++)
        dvm_recv(DVM_WORLD, DVM_ANY, 2, bytes, 8, DVM_CHAR, NULL);
}

static void work(int me, int rounds)
{
    static char bytes[LARGE];

    for (int i = 0; i < rounds; i++) {
        exchange(me, bytes, 8);
        exchange(me, bytes, LARGE);
        if (i % BURST == 0)
            burst(me, bytes);
    }
}

int main(int argc, char **argv)
{
    volatile char *over;
    int me, fd;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    fd = open(argc > 1 ? argv[1] : "", O_RDWR);
    over = mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || over == MAP_FAILED) {
        perror("hot_path: FILE");
        return 1;
    }
    printf("rank %d: warming\n", me);
    work(me, WARM);
    dvm_barrier(DVM_WORLD);
    if (only_futex()) {
        perror("hot_path: seccomp");
        dvm_abort(DVM_WORLD, errno == EINVAL || errno == ENOSYS ? SKIPPED : 1);
    }
    allocations = locks = 0;
    work(me, ROUNDS);
    unsigned long allocated = allocations, locked = locks;
    over[me] = 1;
    while (!over[!me])
        sched_yield();
    printf("rank %d: %lu allocations, %lu locks\n", me, allocated, locked);
    _exit(allocated > NEW_BLOCKS || locked);
}
