/* notify.c: spawn, and hear of what happens to what was spawned.
 *
 *   notify tasks        three workers: one ends with status 3, one is killed by a
 *                       signal, one leaves in good order. One message comes for
 *                       each, also when asked for after the end.
 *   notify host NAME    a worker on host NAME; print "ready NAME" and wait for the news
 *                       of host and worker, which somebody else brings about
 *   notify new          print "ready new" and wait for a host that joins
 *
 * Started by itself as a worker with an argument "worker-...".
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAG_GO = 1, TAG_TASK = 2, TAG_HOST = 3, TAG_LATE = 4, WORKERS = 3, FIELDS = 4 };

static void expect(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "notify: wrong: %s\n", what);
        dvm_abort(DVM_WORLD, 9);
    }
}

/* What is expected of the news about one tid. */
struct news {
    int tid, status, signal, lost;
};

/* Receive count messages with this tag from source, one about each of the rows, in any
 * order. A receive from a task that has ended fails, one from a host does not. */
static void hear(int source, int tag, const struct news *rows, int count)
{
    struct dvm_status where;
    int got[FIELDS], i, n;

    for (n = 0; n < count; n++) {
        dvm_recv(DVM_UNIVERSE, source, tag, got, FIELDS, DVM_INT, &where);
        printf("news of 0x%x: status %d, signal %d, lost %d\n", (unsigned)got[0], got[1],
               got[2], got[3]);
        expect(where.source == got[0] && where.count == FIELDS, "source or count");
        for (i = 0; i < count && rows[i].tid != got[0]; i++)
            ;
        expect(i < count, "tid");
        expect(got[1] == rows[i].status, "status");
        expect(got[2] == rows[i].signal, "signal");
        expect(got[3] == rows[i].lost, "lost");
    }
}

static int worker(const char *how)
{
    int go = 0;

    dvm_recv(DVM_UNIVERSE, dvm_parent(), TAG_GO, &go, 1, DVM_INT, NULL);
    if (strcmp(how, "worker-killed") == 0)
        for (;;)
            pause();
    dvm_finalize();
    return strcmp(how, "worker-fails") == 0 ? 3 : 0;
}

static int spawn(const char *program, const char *how, const char *where)
{
    const char *const args[] = { how, NULL };
    struct dvm_spawn what = { .program = program, .args = args, .where = where };
    int tid = 0;

    dvm_spawn(&what, 1, &tid, NULL);
    expect(DVM_TID_SLOT(tid) > 0, "tid of the spawned task");
    return tid;
}

static void watch_tasks(const char *program)
{
    int fails = spawn(program, "worker-fails", NULL);
    int killed = spawn(program, "worker-killed", NULL);
    int leaves = spawn(program, "worker-leaves", NULL);
    int all[WORKERS] = { fails, killed, leaves };
    const struct news rows[WORKERS] = {
        { fails, 3, 0, 0 }, { killed, -1, SIGTERM, 0 }, { leaves, 0, 0, 0 }
    };
    struct dvm_exit how;
    int i, go = 1;

    dvm_notify(DVM_TASK_EXIT, all, WORKERS, TAG_TASK);
    for (i = 0; i < WORKERS; i++)
        dvm_send(DVM_UNIVERSE, all[i], TAG_GO, &go, 1, DVM_INT);
    dvm_kill(killed, SIGTERM);
    hear(DVM_ANY, TAG_TASK, rows, WORKERS);
    dvm_notify(DVM_TASK_EXIT, &fails, 1, TAG_LATE);
    hear(DVM_ANY, TAG_LATE, rows, 1); /* of one that has ended already */
    dvm_task_wait(killed, -1, &how);
    expect(how.tid == killed && how.status == -1 && how.signal == SIGTERM, "dvm_task_wait");
}

static void watch_host(const char *program, const char *name)
{
    int tid = spawn(program, "worker-killed", name);
    int host = DVM_TID_SLOT(tid) << 18;
    int go = 1;

    dvm_notify(DVM_TASK_EXIT, &tid, 1, TAG_TASK);
    dvm_notify(DVM_HOST_DOWN, &host, 1, TAG_HOST);
    dvm_send(DVM_UNIVERSE, tid, TAG_GO, &go, 1, DVM_INT);
    printf("ready %s\n", name);
    hear(DVM_ANY, TAG_TASK, &(const struct news){ tid, -1, 0, 1 }, 1);
    hear(host, TAG_HOST, &(const struct news){ host, -1, 0, 1 }, 1);
}

static void watch_new(void)
{
    struct dvm_status where;
    int news[FIELDS] = { 0 };

    dvm_notify(DVM_HOST_NEW, NULL, 1, TAG_HOST);
    printf("ready new\n");
    dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG_HOST, news, FIELDS, DVM_INT, &where);
    expect(DVM_TID_SLOT(news[0]) > 0 && where.source == news[0], "tid of the new host");
    printf("a host joined in slot %d\n", DVM_TID_SLOT(news[0]));
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "tasks";

    dvm_init(&argc, &argv);
    if (strncmp(how, "worker", strlen("worker")) == 0)
        return worker(how);
    if (strcmp(how, "host") == 0 && argc > 2)
        watch_host(argv[0], argv[2]);
    else if (strcmp(how, "new") == 0)
        watch_new();
    else
        watch_tasks(argv[0]);
    printf("notify: ok\n");
    dvm_finalize();
    return 0;
}
