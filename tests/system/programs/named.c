/* named.c: tasks that join, leave, meet in and freeze a named group, alone or while the
 * daemon that keeps the names is killed. Arguments: what to do, and a file to wait for.
 *
 *   life       everything once, in a group of all tasks
 *   wait FILE  all but rank 0 wait in a barrier; rank 0 comes when FILE is there
 *   loop FILE  meet again and again until FILE is there
 *   dies HOST  a member that is spawned on HOST ends by SIGKILL; all hear of it once
 *   lost HOST  the same, but HOST is lost while it lives
 *   hold FILE  be in the group "held" until FILE is there
 *   speed N    how long a barrier takes, by name, frozen, and of DVM_WORLD
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP "of all"
#define TAG 5
#define MANY 64 /* tasks, at most */
#define POLL_US 2000
#define TURNS 20 /* of a measurement */

static int me, n;
static const char *program; /* this one */

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("rank %d: %s: %s\n", me, what, dvm_last_error());
    fflush(stdout);
    dvm_abort(DVM_WORLD, 3);
}

static void await_file(const char *path)
{
    while (access(path, F_OK) != 0)
        usleep(POLL_US); /* until the file is there */
}

/* All are in the group, each instance once. */
static void join_all(void)
{
    int instance, seen[MANY] = {0}, all[MANY];

    dvm_named_join(GROUP, &instance);
    dvm_named_barrier(GROUP, n);
    dvm_allgather(DVM_WORLD, &instance, all, 1, DVM_INT);
    for (int i = 0; i < n; i++)
        must(all[i] >= 0 && all[i] < n && !seen[all[i]]++, "instances");
}

static void look(void)
{
    int size, tid, instance, tids[MANY];
    size_t count;

    dvm_named_size(GROUP, &size);
    must(size == n, "size");
    dvm_named_instance(GROUP, dvm_self(), &instance);
    dvm_named_tid(GROUP, instance, &tid);
    must(tid == dvm_self(), "tid");
    dvm_named_tids(GROUP, tids, MANY, &count);
    must(count == (size_t)n && tids[instance] == tid, "tids");
}

static void leave_and_return(void)
{
    int size, before, after;

    if (me == 1) {
        dvm_named_instance(GROUP, dvm_self(), &before);
        dvm_named_leave(GROUP);
    }
    dvm_barrier(DVM_WORLD);
    dvm_named_size(GROUP, &size);
    must(size == n - 1, "size without one");
    dvm_barrier(DVM_WORLD);
    if (me == 1) {
        dvm_named_join(GROUP, &after);
        must(before == after, "the lowest instance that is free");
    }
    dvm_named_barrier(GROUP, n);
}

static void refusals(void)
{
    int x;

    dvm_errors(DVM_SILENT);
    must(dvm_named_join(GROUP, &x) == DVM_ERR_EXISTS, "joined twice");
    must(dvm_named_join("", &x) == DVM_ERR_ARG, "no name");
    must(dvm_named_size("nobody's", &x) == DVM_ERR_GROUP, "a group that is not there");
    must(strstr(dvm_last_error(), "nobody's") != NULL, "which names it");
    must(dvm_named_tid(GROUP, n, &x) == DVM_ERR_RANK, "an instance that is not there");
    must(dvm_named_barrier(GROUP, 0) == DVM_ERR_ARG, "a barrier of 0");
    dvm_errors(DVM_FATAL);
}

static void tell_all(void)
{
    int word = 17, got = 0;

    if (me == 0)
        dvm_named_bcast(GROUP, TAG, &word, 1, DVM_INT);
    else
        dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, &got, 1, DVM_INT, NULL);
    must(me == 0 || got == word, "broadcast");
    dvm_named_barrier(GROUP, n);
}

static void freeze(void)
{
    int rank, instance, size;
    dvm_group frozen;

    dvm_named_freeze(GROUP, n, &frozen);
    dvm_group_rank(frozen, &rank);
    dvm_group_size(frozen, &size);
    dvm_named_instance(GROUP, dvm_self(), &instance);
    must(rank == instance && size == n, "ranks are instances");
    for (int i = 0; i < 100; i++)
        dvm_named_barrier(GROUP, n);
    dvm_errors(DVM_SILENT);
    must(dvm_named_leave(GROUP) == DVM_ERR_REFUSED, "left a frozen group");
    dvm_errors(DVM_FATAL);
    dvm_barrier(frozen);
}

static void life(void)
{
    join_all();
    look();
    dvm_barrier(DVM_WORLD); /* all have looked before one leaves */
    refusals();
    leave_and_return();
    tell_all();
    freeze();
}

static void wait_for_one(const char *path)
{
    join_all();
    if (me == 0) {
        printf("ready\n");
        fflush(stdout);
        await_file(path);
    }
    dvm_named_barrier(GROUP, n);
    look();
}

static void loop(const char *path)
{
    long rounds = 0, least, most;
    int end = 0;

    join_all();
    while (!end) {
        dvm_named_barrier(GROUP, n);
        if (me == 0 && rounds == 0) {
            printf("ready\n");
            fflush(stdout);
        }
        rounds++;
        if (rounds % 8 == 0) {
            end = me == 0 && access(path, F_OK) == 0;
            dvm_bcast(DVM_WORLD, 0, &end, 1, DVM_INT);
        }
    }
    dvm_allreduce(DVM_WORLD, &rounds, &least, 1, DVM_LONG, DVM_MIN);
    dvm_allreduce(DVM_WORLD, &rounds, &most, 1, DVM_LONG, DVM_MAX);
    must(least == most, "all meet equally often");
    look();
}

/* The member that will end: rank 0 spawns it, all wait until it is in the group. */
static int add_victim(const char *how, const char *host)
{
    const char *const args[] = {how, NULL};
    const struct dvm_spawn victim = {.program = program, .args = args, .where = host};
    int tid = 0, error, size = 0;

    if (me == 0)
        dvm_spawn(&victim, 1, &tid, &error);
    dvm_bcast(DVM_WORLD, 0, &tid, 1, DVM_INT);
    while (size < n + 1)
        dvm_named_size(GROUP, &size);
    return tid;
}

static void hears(int tid)
{
    char whom[32];

    dvm_errors(DVM_SILENT);
    must(dvm_named_barrier(GROUP, n + 1) == DVM_ERR_TASK_GONE, "the end of a member");
    snprintf(whom, sizeof whom, "0x%x", (unsigned)tid);
    must(strstr(dvm_last_error(), whom) != NULL, "which is named");
    if (me == 0) {
        printf("heard: %s\n", dvm_last_error());
        fflush(stdout);
    }
    dvm_errors(DVM_FATAL);
    dvm_named_barrier(GROUP, n); /* once only, and all go on from here */
    look();
}

static void member_ends(const char *host, int lost)
{
    int tid, word = 1;

    join_all();
    tid = add_victim(lost ? "stay" : "victim", host);
    dvm_barrier(DVM_WORLD);
    if (me == 0 && lost) {
        printf("ready\n");
        fflush(stdout);
    } else if (me == 0) {
        dvm_send(DVM_UNIVERSE, tid, TAG, &word, 1, DVM_INT);
    }
    hears(tid);
}

static void victim(int stays)
{
    int word;

    dvm_named_join(GROUP, NULL);
    if (stays)
        for (;;)
            pause();
    dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, &word, 1, DVM_INT, NULL);
    raise(SIGKILL);
}

static void hold(const char *path)
{
    dvm_named_join("held", NULL);
    dvm_named_barrier("held", n);
    printf("ready\n");
    fflush(stdout);
    await_file(path);
}

enum way { BY_NAME, FROZEN, OF_WORLD, WAYS };

/* Microseconds of a barrier, the least of some turns. */
static double time_of(enum way way, long rounds)
{
    double since, best = 1e9, took;

    for (int turn = 0; turn < TURNS; turn++) {
        dvm_barrier(DVM_WORLD);
        since = dvm_wtime();
        for (long i = 0; i < rounds; i++)
            if (way == OF_WORLD)
                dvm_barrier(DVM_WORLD);
            else
                dvm_named_barrier(GROUP, n);
        took = (dvm_wtime() - since) / (double)rounds * 1e6;
        best = took < best ? took : best;
    }
    return best;
}

static void speed(long rounds)
{
    double us[WAYS];
    dvm_group frozen;

    join_all();
    us[BY_NAME] = time_of(BY_NAME, rounds);
    dvm_named_freeze(GROUP, n, &frozen);
    dvm_named_barrier(GROUP, n);
    us[FROZEN] = time_of(FROZEN, rounds);
    us[OF_WORLD] = time_of(OF_WORLD, rounds);
    if (me == 0)
        printf("barrier of %d, us: by name %.1f, frozen %.1f, DVM_WORLD %.1f\n", n, us[BY_NAME],
               us[FROZEN], us[OF_WORLD]);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "life", *where = argc > 2 ? argv[2] : "";

    program = argv[0];
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    if (!strcmp(what, "life"))
        life();
    else if (!strcmp(what, "wait"))
        wait_for_one(where);
    else if (!strcmp(what, "loop"))
        loop(where);
    else if (!strcmp(what, "dies") || !strcmp(what, "lost"))
        member_ends(where, !strcmp(what, "lost"));
    else if (!strcmp(what, "victim") || !strcmp(what, "stay"))
        victim(!strcmp(what, "stay"));
    else if (!strcmp(what, "hold"))
        hold(where);
    else
        speed(strtol(where, NULL, 10));
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        printf("named: ok\n");
    dvm_finalize();
    return 0;
}
