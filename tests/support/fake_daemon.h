/* fake_daemon.h: tasks without a daemon: forked processes whose sockets lead to a
 * small router in the test itself.
 *
 * The router moves frames by dst, passes rings and inboxes, answers WATCH and LEAVE,
 * and tells of deaths as a daemon does: after everything that the dead task had
 * sent. Tasks may be spread over several hosts (slots), which forces the relay.
 */
#ifndef DVM_TESTS_FAKE_DAEMON_H
#define DVM_TESTS_FAKE_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

struct fake_task {
    int rank, count;
    const int *tids; /* of all, by rank */
    void *arg;
};

/* What a task does: runs between match_start and match_stop, with the library
 * entered. Returns 0 when all was as it should be. */
typedef int fake_task_f(const struct fake_task *me);

struct fake_options {
    const char *lanes;    /* DVM_LANES of the tasks; NULL: default */
    int hosts;            /* tasks take turns on so many hosts; 0: one */
    const int *host_of;   /* the host (from 0) of each rank; NULL: by turns */
    double seconds;       /* limit of the whole; 0: FAKE_SECONDS */
    bool kill;            /* kill this rank with SIGKILL after so many microseconds, */
    int kill_rank;
    uint64_t mortal;      /* ranks (bits) that may kill themselves with SIGKILL at any time; with
                           * host_lost, all of their host end with them */
    unsigned kill_us;     /* counted from when all have begun, */
    const _Atomic unsigned *when; /* and this word that all share, NULL for none, */
    unsigned reached;             /* is so high */
    bool world;           /* tell every task of a death, not only those that asked */
    bool hang_up;         /* the daemon itself goes away after kill_us */
    bool refuse;          /* with hang_up: it only says so, and the connection stays open */
    bool host_lost;       /* with kill: its host is lost (HOST_EVENT instead of GONE) */
    int threads;          /* thread level of the tasks */
    int lane_fd;          /* for direct lanes: a socket that listens (fake_lane_listen), */
    int lane_port;        /* where tasks dial, which may be a proxy's port; 0: no lanes */
    int lane_security;    /* enum lane_security; 0: LANE_PLAIN */
    uint32_t share;       /* bytes of slots that each task may lend; 0: FAKE_SHARE */
};

/* A socket that listens on a free port of 127.0.0.1, for lane_fd; *port receives it. */
int fake_lane_listen(int *port);

#define FAKE_SHARE (4u << 20)
#define FAKE_SHARE_MIDDLE (64u * 1024) /* slots are of middle size then */
#define FAKE_SHARE_NONE 1

#define FAKE_SECONDS 120.0
#define FAKE_LONG 10 /* times that at full size */

/* Run count tasks. Returns 0 when every task that was not killed returned 0 in time;
 * otherwise says on stderr what happened. options may be NULL. */
int fake_run(int count, fake_task_f *task, void *arg, const struct fake_options *options);

/* In a task: say what is wrong and return 1 from the calling function. */
#define FAKE_CHECK(condition)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fake_complain(__FILE__, __LINE__, #condition);                             \
            return 1;                                                                  \
        }                                                                              \
    } while (0)
void fake_complain(const char *file, int line, const char *condition);

/* A pseudo-random number; the same seed gives the same row. */
uint32_t fake_random(uint64_t *seed);

/* The seed of this run: DVM_TEST_SEED, else the clock's; printed on stderr. */
uint64_t fake_seed(const char *test);

#endif
