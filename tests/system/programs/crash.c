/* crash.c HOW: rank 1 crashes in some way; the others wait for it. The test finds the lines by
 * their comments "at: NAME". */
#include <dvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int depth = 1 << 30, calls_over, zero;
static int *volatile nowhere;
static char *volatile no_text = (char *)8;
static void (*volatile no_function)(void);

static int deep(int left)
{
    volatile char room[1024] = {0};

    return left > 0 ? deep(left - 1) + room[0] : 0; /* at: deep */
}

static void store(void)
{
    *nowhere = 1; /* at: store */
}

static void *in_thread(void *arg)
{
    store();
    return arg;
}

static void *deep_thread(void *arg)
{
    calls_over += dvm_self() > 0;
    calls_over += deep(depth); /* at: thread */
    return arg;
}

static void own_handler(int number)
{
    (void)number;
    _exit(9);
}

static void crash(const char *how)
{
    pthread_t thread;

    if (strcmp(how, "store") == 0)
        store(); /* at: caller */
    else if (strcmp(how, "deep") == 0)
        calls_over += deep(depth);
    else if (strcmp(how, "divide") == 0)
        calls_over = 1000 / zero; /* at: divide */
    else if (strcmp(how, "abort") == 0)
        abort(); /* at: abort */
    else if (strcmp(how, "library") == 0)
        calls_over += (int)strlen(no_text); /* at: library */
    else if (strcmp(how, "send") == 0)
        dvm_send(DVM_WORLD, 0, 1, no_text, 100, DVM_INT);
    else if (strcmp(how, "function") == 0)
        no_function(); /* at: function */
    else if (strcmp(how, "thread") == 0)
        calls_over += pthread_create(&thread, NULL, in_thread, NULL) || pthread_join(thread, NULL);
    else if (strcmp(how, "deep_thread") == 0)
        calls_over += pthread_create(&thread, NULL, deep_thread, NULL) ||
                      pthread_join(thread, NULL);
    else if (strcmp(how, "own") == 0)
        store();
    calls_over++;
}

/* Before it has become a task. */
static void crash_early(void)
{
    volatile double large[16 << 20];

    large[0] = 1;
    calls_over = (int)large[0];
}

int main(int argc, char **argv)
{
    int me;

    if (strcmp(argv[1], "early") == 0)
        crash_early();
    if (strcmp(argv[1], "own") == 0)
        signal(SIGSEGV, own_handler);
    if (strcmp(argv[1], "deep_thread") == 0)
        dvm_init_thread(&argc, &argv, DVM_THREAD_MULTIPLE, NULL);
    else
        dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    if (me == 1)
        crash(argv[1]); /* at: main */
    dvm_barrier(DVM_WORLD);
    dvm_finalize();
    return 0;
}
