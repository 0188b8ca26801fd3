/* run.h: one dvm run: what its parts share.
 *
 *   ../commands/run.c  options; the machine it runs on; the report
 *   run.c              the loop: messages, signals, input, output, clocks
 *   run_end.c          which tasks have ended and how, what that means for the rest
 *   run_output.c       the queue of what the tasks write
 *   run_input.c        stdin for rank 0
 */
#ifndef DVM_CONSOLE_RUN_H
#define DVM_CONSOLE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/console.h"
#include "console/run/run_output.h"
#include "console/spawning.h"

#define RUN_GRACE_SECONDS 5.0 /* from ABORT to SIGKILL, and from there to leaving */

struct run_settings {
    int count;
    const char *where;
    bool tag;
    double timeout; /* seconds, 0: none */
};

struct run_task {
    int tid;      /* 0: not known yet */
    bool ended;
    int status, signal; /* as of TaskExit */
    bool lost, by_machine;
    double age;
    char host[DVM_NAME_MAX];
    char *text;   /* how it ended, in words; owned, NULL before */
};

/* How far stdin has come. */
struct run_input {
    bool open;      /* rank 0 may get more */
    bool terminal;  /* read only while this process is in its foreground */
    bool waiting;   /* for the OK to what was sent */
    uint64_t ref;   /* of that */
};

struct run {
    const struct console *c;
    const struct run_settings *s;
    struct client *client;
    const struct spawning *spawning;
    struct run_task *tasks; /* by rank */
    int count, left;        /* tasks; and how many have not ended */
    uint64_t spawn_ref;     /* number of the SPAWN, 0 once it is answered */
    uint64_t hosts_ref;     /* likewise of HOSTS */
    bool started;           /* SPAWN was answered well */
    char (*host_names)[DVM_NAME_MAX]; /* by slot, owned; NULL when not asked for */
    struct run_output output;
    struct run_input input;
    int signals;            /* signalfd */
    int interrupts;         /* how many ^C came */
    int pending_signal;     /* to be sent once the tids are known */
    bool aborted;           /* the rest is being ended */
    bool killed;            /* and has been sent SIGKILL */
    bool timed_out, leaving;
    double deadline;        /* of --timeout, 0: none */
    double grace;           /* when patience with ended tasks is over, 0: none */
    double began;           /* when the command began, seconds */
    int first;              /* rank of the first cause, -1: none */
    int result;             /* exit code that is forced, -1: none */
};

/* Send SPAWN and do everything until all tasks have ended. Returns the exit code. */
int run_all(struct run *r);

/* ---- run_end.c ---- */

/* The answer to SPAWN: the tids. */
void run_spawned(struct run *r, const uint8_t *payload, size_t length);
/* The answer to SPAWN when it failed. */
void run_not_spawned(struct run *r, int code);
void run_task_exit(struct run *r, const uint8_t *payload, size_t length);
void run_host_event(struct run *r, const uint8_t *payload, size_t length);
/* Send a signal to all tasks that run. */
void run_signal(struct run *r, int number);
/* A signal reached the console: pass it on, harder each time. */
void run_interrupted(struct run *r, int number);
/* End the tasks that run, with a status and a reason for them. */
void run_abort(struct run *r, int status, const char *why);
/* Look at the clocks: --timeout, and tasks that do not end. */
void run_clocks(struct run *r, double now);
/* The exit code once all have ended. */
int run_status(const struct run *r);

/* ---- run_input.c ---- */

/* Find out whether stdin has anything to carry. */
void run_input_begin(struct run *r);
/* Whether stdin should be polled now. */
bool run_input_wanted(const struct run *r);
/* stdin can be read. */
void run_input_ready(struct run *r);
/* An answer came; returns true when it was to input. */
bool run_input_answer(struct run *r, uint64_t ref, bool good);

#endif
