/* crash.c: the implementation of crash.h.
 *
 * In a crashed process nothing may be relied on: a lock of malloc may be held, the heap in
 * pieces. So the handler only makes a copy of the process, as fork does, and waits for that:
 * the copy has the same memory and the same stack, may unwind it and start addr2line, and when
 * that hangs or crashes in turn its alarm, or the kernel, ends it. Behind it the signal is at
 * its default again and comes once more, at the same instruction, so that status and core are
 * those of the crash. The handler has a stack of its own: too deep a recursion is a crash, too.
 *
 * Who has a handler already keeps it: sanitizers, the Fortran runtime, gdb's signals do not
 * come here at all.
 */
#include "base/crash.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/source.h"

#define STACK_BYTES (256 * 1024) /* of the handler and of what the copy does on it */
#define FRAMES_MAX 64            /* that are looked at */
#define TOLD_MAX 6               /* callers that are told of */
#define NEAR (64 * 1024)         /* bytes of the stack's end where its overflow shows */
#define LINES_SECONDS 1.5        /* that it may take to find lines of source, */
#define REST_SECONDS 1           /* and all else, about */
#define STATUS_BYTES 1024        /* of /proc/self/status, where TracerPid is */
#define TEXT_MAX 1024            /* bytes of the line */
#define SPEAKER_MAX 128

static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
    pid_t pid;      /* whose crash is told: not that of a child after fork */
    uintptr_t top;  /* of the first thread's stack, about */
    bool first;     /* the first thread has crashed */
    bool on;        /* crashes are told */
    char speaker[SPEAKER_MAX];
    atomic_flag begun;
} watch = {.begun = ATOMIC_FLAG_INIT};

static _Alignas(16) char stack[STACK_BYTES];

/* Further threads have such a stack each from their first call on, until they end. */
static _Thread_local bool looked __attribute__((tls_model("initial-exec")));
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t stacks;
static bool has_key;

/* A place of the stack. */
struct frame {
    uintptr_t address;
    char module[SOURCE_TEXT_MAX * 4];
    uint64_t there;
    const char *name; /* of the function, where the dynamic linker knows it, else NULL */
    bool library;     /* the C library or this one: not the user's */
};

struct text {
    char bytes[TEXT_MAX];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(t->bytes + t->used, sizeof t->bytes - t->used, format, ap);
    va_end(ap);
    t->used += n > 0 ? (size_t)n : 0;
    if (t->used > sizeof t->bytes - 2)
        t->used = sizeof t->bytes - 2; /* the end of line has its place */
}

/* ---- in the copy -------------------------------------------------------------------------- */

/* Where the thread's stack has come to; 0: not known on this processor. */
static uintptr_t stack_of(const ucontext_t *c)
{
#if defined __x86_64__
    return (uintptr_t)c->uc_mcontext.gregs[REG_RSP];
#elif defined __aarch64__
    return (uintptr_t)c->uc_mcontext.sp;
#else
    (void)c;
    return 0;
#endif
}

/* Whether nothing is there because the stack has no more room. */
static bool is_full(const siginfo_t *info, const ucontext_t *context)
{
    uintptr_t address = (uintptr_t)info->si_addr, end = stack_of(context);

    return info->si_signo == SIGSEGV && info->si_code > 0 && end && address + NEAR >= end &&
           address < (watch.first && end < watch.top ? watch.top : end) + NEAR;
}

/* Where the signal met the thread; likewise. */
static uintptr_t place_of(const ucontext_t *c)
{
#if defined __x86_64__
    return (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t)c->uc_mcontext.pc;
#else
    (void)c;
    return 0;
#endif
}

/* Who has called that, if it is nowhere (a pointer to a function was NULL): what a call leaves;
 * likewise 0. */
static uintptr_t caller_of(const ucontext_t *c)
{
    uintptr_t caller = 0;

#if defined __x86_64__
    memcpy(&caller, (void *)stack_of(c), sizeof caller);
#elif defined __aarch64__
    caller = (uintptr_t)c->uc_mcontext.regs[30];
#else
    (void)c;
#endif
    return caller;
}

static uintptr_t module_of(uintptr_t address)
{
    Dl_info info;

    return dladdr((void *)address, &info) ? (uintptr_t)info.dli_fbase : 0;
}

static void look(struct frame *f, uintptr_t address, bool call)
{
    uintptr_t base = module_of(address);
    Dl_info info;

    *f = (struct frame){.address = call ? address - 1 : address};
    if (!base || !source_place(f->address, f->module, sizeof f->module, &f->there))
        return;
    f->library = base != module_of((uintptr_t)getauxval(AT_ENTRY)) &&
                 (base == module_of((uintptr_t)abort) || base == module_of((uintptr_t)crash_watch));
    if (dladdr((void *)f->address, &info))
        f->name = info.dli_sname;
}

/* The frames from the crash on, without those of the handler; returns how many. */
static size_t unwind(const ucontext_t *context, struct frame *frames)
{
    void *addresses[FRAMES_MAX];
    uintptr_t at = place_of(context);
    int n = backtrace(addresses, FRAMES_MAX), from = 0;
    size_t count = 0;

    while (from < n && (uintptr_t)addresses[from] != at)
        from++;
    if (from < n) {
        if (n < FRAMES_MAX)
            n--; /* the last is what has called main */
    } else {
        look(&frames[count++], at, false);
        if (!frames[0].module[0])
            look(&frames[count++], caller_of(context), true);
        from = n;
    }
    for (int i = from; i < n; i++)
        look(&frames[count++], (uintptr_t)addresses[i], i > from);
    return count;
}

/* "heat.c:31", else "heat+0x1169"; false: it lies in no file. */
static bool line_of(const struct frame *f, struct source *s)
{
    if (!s->text[0] && f->module[0])
        source_plain(f->module, f->there, s->text);
    return s->text[0];
}

/* Of a function of a library: its name, and the library's. */
static void add_library(struct text *t, const struct frame *f)
{
    const char *slash = strrchr(f->module, '/');

    add(t, " in %s%s%s", f->name ? f->name : "", f->name ? " of " : "",
        slash ? slash + 1 : f->module);
}

/* " at heat.c:31, called from heat.c:77" */
static void add_places(struct text *t, const struct frame *frames, struct source *lines,
                       size_t count)
{
    const char *before = ", called from ", *last = "";
    size_t first = 0, told = 0;

    while (first < count && (frames[first].library || !line_of(&frames[first], &lines[first])))
        first++;
    if (first == count)
        first = 0;
    if (first > 0 && frames[first - 1].module[0])
        add_library(t, &frames[first - 1]);
    else if (first > 0)
        add(t, " at address %#lx, where no function is", (unsigned long)frames[0].address);
    for (size_t i = first; i < count && told <= TOLD_MAX; i++) {
        if (frames[i].library || !line_of(&frames[i], &lines[i]) || !strcmp(last, lines[i].text))
            continue;
        add(t, "%s%s", told ? before : first ? ", called at " : " at ", lines[i].text);
        before = told ? ", " : before;
        last = lines[i].text;
        told++;
    }
}

static _Noreturn void tell(int number, const siginfo_t *info, const ucontext_t *context)
{
    static struct frame frames[FRAMES_MAX + 2];
    static struct source lines[FRAMES_MAX + 2];
    const struct rlimit no_core = {0, 0};
    struct text t = {.used = 0};
    sigset_t clock;
    size_t count;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGALRM, SIG_DFL);
    sigemptyset(&clock);
    sigaddset(&clock, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &clock, NULL);
    alarm((unsigned)source_seconds(LINES_SECONDS) + REST_SECONDS);
    count = unwind(context, frames);
    for (size_t i = 0; i < count; i++)
        lines[i] = (struct source){.module = frames[i].library ? "" : frames[i].module,
                                   .address = frames[i].there};
    source_find(lines, count, LINES_SECONDS);
    add(&t, "dvm: %s%s", watch.speaker, info->si_code == SI_USER ? "ended" : "crashed");
    add_places(&t, frames, lines, count);
    add(&t, ": signal %d (%s", number, strsignal(number));
    if (info->si_code > 0 && (number == SIGSEGV || number == SIGBUS))
        add(&t, ", address %#lx", (unsigned long)(uintptr_t)info->si_addr);
    add(&t, ")%s", is_full(info, context) ? ": its stack is full (ulimit -s)" : "");
    t.bytes[t.used++] = '\n';
    _exit(write(STDERR_FILENO, t.bytes, t.used) < 0);
}

/* ---- in the task -------------------------------------------------------------------------- */

/* Whether a debugger has this process: it shows where, and would take the copy for a thread. */
static bool is_traced(void)
{
    static const char name[] = "TracerPid:\t";
    char text[STATUS_BYTES];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const char *at;

    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    at = strstr(text, name);
    return at && at[sizeof name - 1] != '0';
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    pid_t copy;
    bool other = getpid() != watch.pid;

    while (!other && atomic_flag_test_and_set(&watch.begun))
        pause(); /* another thread has crashed as well, and tells of itself */
    watch.first = syscall(SYS_gettid) == watch.pid;
    /* no fork: that calls what a program has for it, and its end tells the parent by SIGCHLD */
    copy = other || is_traced() ? -1 : (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (copy == 0)
        tell(number, info, context);
    while (copy > 0 && waitpid(copy, NULL, __WALL) < 0 && errno == EINTR)
        continue;
    signal(number, SIG_DFL);
    if (info->si_code <= 0) /* somebody sent it, as abort does; else it comes by itself */
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

void crash_watch(const char *speaker)
{
    const char *set = getenv("DVM_BACKTRACE");
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, old;
    stack_t before;

    watch.pid = getpid();
    if (!watch.top)
        watch.top = (uintptr_t)&own;
    snprintf(watch.speaker, sizeof watch.speaker, "%s%s", speaker, speaker[0] ? ": " : "");
    if (set && !strcmp(set, "0"))
        return;
    watch.on = true;
    if (sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE)
        sigaltstack(&own, NULL);
    action.sa_sigaction = on_crash;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
            old.sa_handler == SIG_DFL)
            sigaction(numbers[i], &action, NULL);
}

/* ---- of further threads ------------------------------------------------------------------- */

/* At a thread's end. */
static void give_back(void *own)
{
    const stack_t none = {.ss_flags = SS_DISABLE};

    sigaltstack(&none, NULL);
    munmap(own, STACK_BYTES);
}

static void make_key(void)
{
    has_key = pthread_key_create(&stacks, give_back) == 0;
}

static void take_stack(void)
{
    stack_t own = {.ss_size = STACK_BYTES};

    pthread_once(&once, make_key);
    if (!has_key)
        return;
    own.ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (own.ss_sp == MAP_FAILED)
        return;
    if (pthread_setspecific(stacks, own.ss_sp) || sigaltstack(&own, NULL)) {
        pthread_setspecific(stacks, NULL);
        munmap(own.ss_sp, STACK_BYTES);
    }
}

void crash_thread(void)
{
    stack_t before;

    if (looked)
        return;
    looked = true;
    if (watch.on && sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE)
        take_stack();
}
