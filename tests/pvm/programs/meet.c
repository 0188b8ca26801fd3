/* meet.c SIZE ROUNDS FILE: the members of a group that is not frozen meet again and again.
 *
 * Each writes how far it is into FILE, which all map, and looks after each barrier whether
 * all others are as far. Some come late; one leaves and joins again; at last one is killed, and
 * the others are told. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <pvm3.h>

#define NAME "meeting"
#define SIZE_MAX_HERE 64
#define LATE_SECONDS 0.002
#define LATE_EVERY 53 /* rounds */

static struct {
    atomic_int at[SIZE_MAX_HERE]; /* the round that each is in */
    atomic_int wrong;
} *shared;

static void map(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    if (fd < 0 || ftruncate(fd, sizeof *shared) != 0)
        exit(2);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        exit(2);
    close(fd);
}

static void check(int ok, const char *what, int round)
{
    if (ok)
        return;
    fprintf(stderr, "meet: wrong: %s, round %d\n", what, round);
    atomic_fetch_add(&shared->wrong, 1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void compute(double seconds)
{
    double end = now() + seconds;

    while (now() < end) {
    }
}

static void once(int me, int size, int round)
{
    if (round % LATE_EVERY == me)
        compute(LATE_SECONDS);
    atomic_store(&shared->at[me], round);
    check(pvm_barrier(NAME, size) == PvmOk, "barrier", round);
    for (int i = 0; i < size; i++)
        check(atomic_load(&shared->at[i]) >= round, "somebody was not there", round);
    for (int i = 0; i < size; i++)
        check(atomic_load(&shared->at[i]) <= round + 1, "somebody was let through", round);
}

/* The last of them is killed; the others learn of it, and meet without it. */
static void lose(int me, int size)
{
    if (me == size - 1)
        raise(SIGKILL);
    pvm_setopt(PvmAutoErr, 0);
    check(pvm_barrier(NAME, size) == PvmNoInst, "the end of one", 0);
    pvm_setopt(PvmAutoErr, 1);
    check(pvm_barrier(NAME, size - 1) == PvmOk, "without it", 0);
}

int main(int argc, char **argv)
{
    int size = argc > 3 ? atoi(argv[1]) : 0, rounds = size ? atoi(argv[2]) : 0, me;

    if (size < 3 || size > SIZE_MAX_HERE)
        return 2;
    map(argv[3]);
    me = pvm_joingroup(NAME);
    if (pvm_parent() < 0)
        check(pvm_spawn(argv[0], argv + 1, 0, NULL, size - 1, NULL) == size - 1, "spawn", 0);
    for (int round = 1; round <= rounds; round++) {
        once(me, size, round);
        if (round == rounds / 3 && me == size - 1) {
            check(pvm_lvgroup(NAME) == PvmOk, "leave", round);
            check(pvm_joingroup(NAME) == me, "join", round);
        }
    }
    lose(me, size);
    if (pvm_parent() < 0)
        printf("meet: %s\n", atomic_load(&shared->wrong) ? "wrong" : "all ok");
    pvm_exit();
    return 0;
}
