/* run.h: one dvm run: what its parts share.
 *
 *   ../commands/run.c  options; the machine it runs on; the report
 *   run.c              the loop: messages, signals, input, output, clocks
 *   run_end.c          which tasks have ended and how, what that means for the rest
 *   run_signals.c      ^C and other signals, and how patient the console is
 *   run_stdio.c        what a task wrote: whole lines, tags, where it goes
 *   run_output.c       the queue of what goes to stdout and stderr
 *   fold.c, files.c    --collapse, --output
 *   run_input.c        stdin for the ranks that get it
 *   run_debug.c        --gdb
 *   run_guests.c       what tasks of the run have spawned
 *   run_pvm.c          --pvm
 *   run_waits.c        what the tasks wait for when it takes too long
 *   ranks.c            sets of ranks
 */
#ifndef DVM_CONSOLE_RUN_H
#define DVM_CONSOLE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "console/console.h"
#include "console/held.h"
#include "console/lost.h"
#include "console/run/files.h"
#include "console/run/fold.h"
#include "console/run/ranks.h"
#include "console/run/run_output.h"
#include "console/spawning.h"

#define RUN_GRACE_SECONDS 5.0      /* from SIGTERM to SIGKILL, unless --grace says otherwise */
#define RUN_LEAVE_SECONDS 5.0      /* from ABORT to SIGKILL, and from there to leaving */
#define RUN_LINE_MAX (64 * 1024)   /* longest line that stays in one piece, bytes */
#define RUN_LAST_MAX 256           /* of a task's last line that is kept, with its NUL */
#define RUN_NEWS_MAX 8             /* failures that are told one by one with notify */
#define RUN_SENTENCE_MAX 1024      /* bytes of what the console says, with its NUL */

struct run_settings {
    int count;
    const char *where;
    bool tag, collapse, raw;
    bool pvm;               /* the program is one of PVM */
    bool push;              /* copy the program to hosts that have it not */
    const char *output;     /* folder, NULL: to the console's own streams */
    const char *input;      /* who gets stdin: ranks, "all", "none" */
    const char *on_failure; /* a word of run_policy */
    const char *gdb;        /* ranks or "all", NULL: none */
    double timeout;         /* seconds, 0: none */
    double watch;           /* seconds of quiet before a look for a deadlock, 0: no look,
                             * negative: not chosen */
    double grace;           /* seconds */
};

/* What the failure of a task means for the others. */
enum run_policy { RUN_KILL, RUN_NOTIFY, RUN_IGNORE };

/* Of one of a task's outputs. */
struct run_stream_state {
    char *held;       /* owned: the begin of a long line that has not ended */
    size_t held_size;
    bool split;       /* a line that is too long is under way */
    bool middle;      /* with --collapse: what came last did not end a line */
};

struct run_task {
    int tid;      /* 0: not known yet */
    bool ended;
    int status, signal; /* as of TaskExit */
    bool lost, by_machine;
    double age;
    char host[DVM_NAME_MAX];
    char *text;   /* how it ended, in words; owned, NULL before */
    struct run_stream_state streams[2]; /* stdout, stderr */
    char *last;   /* its last line on stderr, RUN_LAST_MAX bytes; owned, NULL: none */
    bool last_ended; /* that line has its end */
};

/* One who gets stdin. */
struct run_reader {
    int rank;
    uint64_t sent;    /* bytes of stdin that went to it */
    uint64_t ref;     /* of the last STDIN */
    bool waiting;     /* for the OK to that */
    bool done;        /* it gets no more */
    bool muted;       /* it gets nothing now: other ranks are chosen */
    double since;     /* when it was sent the last, seconds */
};

/* How far stdin has come: bytes[0] is byte number gone of it, used bytes are here for
 * the readers. With gdb more follow, which wait until it is known whom they are for. */
struct run_input {
    bool open;        /* stdin may give more */
    bool terminal;    /* read only while this process is in its foreground */
    char *bytes;      /* owned */
    size_t used, more, room;
    bool within;      /* what was given to the readers last did not end a line */
    uint64_t gone;
    struct run_reader *readers; /* owned */
    size_t count, left;         /* readers; and how many are not done */
    bool waited;      /* it was said that some wait for others */
};

/* Tasks that tasks of the run have spawned: they write here, too. */
struct run_guests {
    struct run_guest *list; /* owned */
    size_t count, room;
    int left;      /* that have not ended */
    struct lost_hosts lost; /* hosts whose news may come before that of tasks there */
    double say_at; /* when it is said that they are waited for; 0: not at all */
    bool said;
};

/* Ranks under gdb. */
struct run_debug {
    bool on;
    bool terminal;        /* one rank, whose terminal is shown here */
    bool changed;         /* this terminal passes every key on; saved: as it was */
    struct termios saved;
    struct ranks ranks;   /* owned */
};

/* The watch for a deadlock: a look after some quiet time, by another process. */
struct run_watch {
    double after;     /* seconds of quiet before the first look, 0: there is none */
    double pause;     /* before the next one, seconds: it grows while nothing is heard */
    double next;      /* when that is, clock_seconds */
    double earliest;  /* and not before, whatever is heard */
    double began;     /* when the look began that is under way */
    pid_t child;      /* who looks, 0: nobody */
    int fd;           /* what that prints, -1: nobody looks */
    char *text;       /* of what it has printed; owned; NULL: nothing is watched any more */
    size_t used;
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
    struct held_list early, early_hosts; /* ends, of tasks and hosts, that came before that */
    char (*host_names)[DVM_NAME_MAX]; /* by slot, owned; NULL when not asked for */
    struct run_output output;
    struct run_input input;
    struct fold *fold;      /* with --collapse, owned */
    struct files *files;    /* with --output, owned */
    struct run_debug debug;
    struct run_guests guests;
    struct run_watch watch;
    bool is_private;        /* the machine ends with the run */
    bool tag;               /* lines are tagged with rank and host */
    enum run_policy policy;
    int failures;           /* tasks that failed by themselves */
    int signals;            /* signalfd */
    int interrupts;         /* how many ^C came */
    int pending_signal;     /* to be sent once the tids are known */
    int echoes;             /* lines of run_echoes.c */
    bool aborted;           /* the rest is being ended */
    bool killed;            /* and has been sent SIGKILL */
    bool timed_out, leaving;
    double deadline;        /* of --timeout, 0: none */
    double grace;           /* when patience with ended tasks is over, 0: none */
    double patience;        /* how long it was, seconds */
    double began;           /* when the command began, seconds */
    int first;              /* rank of the first cause, -1: none */
    int result;             /* exit code that is forced, -1: none */
};

/* Send SPAWN and do everything until all tasks have ended. Returns the exit code. */
int run_all(struct run *r);

/* Tell the daemon that has a task that this much of its output is written out. */
void run_acknowledge(struct run *r, int tid, uint64_t bytes);

/* Say something behind the output that has come so far. */
void run_say(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The run cannot go on, with dvm_last_error() as the reason: its tasks are ended. */
void run_broken(struct run *r, int code);

/* How many tasks have not ended: the run's, and what they have spawned. */
int run_left(const struct run *r);

/* "" or "s" */
const char *run_many(int count);

/* ---- run_waits.c ---- */

/* Say what the tasks wait for, and whether it is a deadlock, as dvm why does. Takes at most a
 * few seconds; nothing is said with --json. */
void run_tell_waits(struct run *r);

/* Watch for a deadlock from now on: a quiet run is looked at after so many seconds, and when
 * tasks of it can never go on that is said, once. 0: no watch; nor with --json, -q or gdb. */
void run_watch_begin(struct run *r, double after);
/* The run is not quiet: something came of its tasks. */
void run_watch_heard(struct run *r, double now);
/* A descriptor to be polled, -1: none; and that it can be read. */
int run_watch_fd(const struct run *r);
void run_watch_ready(struct run *r);
/* Look, when it is time; when that is, clock_seconds, 0: never. */
void run_watch_clock(struct run *r, double now);
double run_watch_deadline(const struct run *r);
/* No watch any more; whoever looks is ended. */
void run_watch_end(struct run *r);

/* Whether it is being ended on purpose: by ^C, or as its time is over. */
static inline bool run_stopped(const struct run *r)
{
    return r->interrupts > 0 || r->timed_out;
}

/* ---- run_echoes.c ---- */

/* Whether a line that a task has written to stderr of a run that is stopped is only counted. */
bool run_echo(struct run *r, const char *line, size_t size);
/* Say how many there were. */
void run_tell_echoes(struct run *r);

/* ---- run_end.c ---- */

/* The answer to SPAWN: the tids. */
void run_spawned(struct run *r, const uint8_t *payload, size_t length);
/* The answer to SPAWN when it failed. */
void run_not_spawned(struct run *r, int code);
void run_task_exit(struct run *r, const struct dvm_frame *f, const uint8_t *payload);
void run_host_event(struct run *r, const struct dvm_frame *f, const uint8_t *payload);
/* End the tasks that run, with a status and a reason for them. */
void run_abort(struct run *r, int status, const char *why);
/* All have ended: what is to be said of them together. */
void run_summary(struct run *r);
/* The ranks that have not ended, as "ranks 0-3"; text: RUN_RUNNING_MAX bytes. */
#define RUN_RUNNING_MAX (RANKS_TEXT_MAX + 8)
const char *run_running(const struct run *r, char *text);
/* The exit code once all have ended. */
int run_status(const struct run *r);

/* ---- run_guests.c ---- */

/* Some were spawned; one has ended; a host, at most DVM_SLOT_MAX, was lost with its, or has
 * joined. */
void run_guests_started(struct run *r, const uint8_t *payload, size_t length);
void run_guests_ended(struct run *r, int tid);
void run_guests_host(struct run *r, int slot, bool lost);
/* Whether the run goes on for them alone: its own tasks have ended, and well. */
bool run_guests_waited(const struct run *r);
/* Say so, if it takes long; when to look at that next, clock_seconds, 0: never. */
void run_guests_clock(struct run *r, double now);
double run_guests_deadline(const struct run *r);
/* Send them a signal. */
void run_guests_signal(struct run *r, int number, char *by);
/* Their tids, as "tasks 0x40002,0x80001"; text: RUN_RUNNING_MAX bytes. */
const char *run_guests_text(const struct run *r, char *text);
/* The run ends: say which go on. */
void run_guests_leave(struct run *r);
void run_guests_free(struct run *r);

/* ---- run_signals.c ---- */

/* Begin to take signals from a descriptor. Error: SYSTEM. */
int run_signals_open(struct run *r);
/* That descriptor can be read. */
void run_signals_take(struct run *r);
/* Send a signal to all tasks that run. */
void run_signal(struct run *r, int number);
/* The tasks have this many seconds from now, then they get SIGKILL. */
void run_patience(struct run *r, double seconds);
/* Look at the clocks: --timeout, and tasks that do not end. */
void run_clocks(struct run *r, double now);

/* ---- run_stdio.c ---- */

/* A task wrote something. */
void run_stdio(struct run *r, const uint8_t *payload, size_t length);
/* A task has ended: what is held of it goes out. */
void run_stdio_end(struct run *r, int rank);
/* The part of a task's last line on stderr that should be told with its failure, or
 * NULL: it wrote none, or the line stands right above. */
const char *run_stdio_last(struct run *r, int rank);
/* Free what is kept of the tasks' output. */
void run_stdio_free(struct run *r);

/* ---- run_debug.c ---- */

/* Find out which ranks are debugged and how, and fill the request, whose ranks are to be
 * freed. Errors: ARG (--gdb is wrong), NO_MEMORY. */
int run_debug_begin(struct run *r, Dvm__Pb__Debug *request);
/* Whether a rank runs under gdb; and whether it has a terminal there, which is shown here. */
bool run_debugged(const struct run *r, int rank);
bool run_debug_owns(const struct run *r, int rank);
/* A line of stdin that begins with '@' chooses who gets the next ones: do so for the one at
 * the front of text, if it is one, and return its length; 0: it is none, or is not
 * complete yet. The chosen readers are those that are not muted then. */
size_t run_debug_choose(struct run *r, const char *text, size_t size);
/* The tasks are there: this terminal is theirs. */
void run_debug_started(struct run *r);
/* This terminal has another size. */
void run_debug_resize(struct run *r);
/* What to press for the end of the run: ^C, unless gdb gets that. */
const char *run_debug_key(const struct run *r);
/* ^C, where it is no key: for the programs under gdb. */
void run_debug_interrupt(struct run *r);
/* Whether keys that were read for gdb ask for the end of the run. */
bool run_debug_leaves(const struct run *r, const char *keys, size_t count);
/* This terminal is as it was; end: and nothing is kept. */
void run_debug_restore(struct run *r);
void run_debug_end(struct run *r);

/* ---- run_input.c ---- */

/* Find out whether stdin has anything to carry, and to whom; fill the request. Errors:
 * ARG (--stdin is wrong), NO_MEMORY. */
int run_input_begin(struct run *r, Dvm__Pb__Spawn *request, Dvm__Pb__Streams *streams);
/* Whether stdin should be polled now. */
bool run_input_wanted(const struct run *r);
/* stdin can be read. */
void run_input_ready(struct run *r);
/* The tasks are there, or time has passed: send what can be sent. */
void run_input_pump(struct run *r, double now);
/* When run_input_pump must be called again, clock_seconds; 0: for no reason of time. */
double run_input_deadline(const struct run *r);
/* An answer came; returns true when it was to input. */
bool run_input_answer(struct run *r, uint64_t ref, bool good);
/* Free what is kept of stdin. */
void run_input_free(struct run *r);

/* run_pvm.c: set in this process, for the tasks, what a program of PVM looks for. Errors:
 * NO_PROGRAM (PVM's library over DVM is not there), NO_MEMORY. */
int run_pvm_environment(void);

/* run_pvm.c: the path of a file below the folder of PVM's libraries. Error: DVM_ERR_NO_PROGRAM. */
int run_pvm_file(const char *name, char *path, size_t size);

#endif
