/* run_signals.c: signals that the console gets, and its patience with the tasks.
 *
 * ^C goes to the tasks, harder each time, and each time the console says what it sent
 * and what comes next. Only SIGTERM and what is like it begin a countdown: after a
 * first ^C a program may take its time to clean up.
 */
#include "console/run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "console/text/words.h"
#include "proto/control.pb-c.h"

#define NEXT_MAX 96 /* bytes of what comes next, with its NUL */

static const int passed_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT,
                                     SIGWINCH};

int run_signals_open(struct run *r)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof passed_signals / sizeof passed_signals[0]; i++)
        sigaddset(&set, passed_signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals < 0 ? dvm_fail_errno(DVM_ERR_SYSTEM, "signals cannot be waited for") : DVM_OK;
}

void run_signal(struct run *r, int number)
{
    Dvm__Pb__Kill message = DVM__PB__KILL__INIT;
    char by[CONSOLE_WHO_MAX];

    if (!r->started) {
        r->pending_signal = number;
        return;
    }
    /* the run's own tasks have ended well, and cannot tell */
    if (r->left == 0 && r->result < 0 && r->interrupts > 0)
        r->result = EXIT_SIGNAL + (number == SIGKILL ? SIGINT : number);
    message.signal = number;
    message.by = console_who(r->c, r->client, by);
    for (int i = 0; i < r->count; i++) {
        message.tid = r->tasks[i].tid;
        if (!r->tasks[i].ended)
            client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_KILL,
                        &message.base, NULL);
    }
    run_guests_signal(r, number, by);
}

void run_patience(struct run *r, double seconds)
{
    r->patience = seconds;
    r->grace = clock_seconds() + seconds;
}

/* ^C, harder each time. */
static void interrupt(struct run *r)
{
    static const int steps[] = {SIGINT, SIGTERM, SIGKILL};
    const int last = sizeof steps / sizeof steps[0] - 1;
    char name[WORDS_AGE_MAX], next[NEXT_MAX];
    int step = r->killed && r->interrupts < last ? last : r->interrupts;
    const char *key;

    r->interrupts = step + 1;
    key = run_debug_key(r);
    if (step > last) {
        run_say(r, "leaving %d task%s to the daemons, which end them", run_left(r),
                run_many(run_left(r)));
        r->leaving = true;
        r->result = EXIT_SIGNAL + SIGINT;
        return;
    }
    if (steps[step] == SIGINT) {
        snprintf(next, sizeof next, "%s again sends SIGTERM", key);
    } else if (steps[step] == SIGTERM) {
        run_patience(r, r->s->grace);
        snprintf(next, sizeof next, "SIGKILL follows in %g s, or at the next %s", r->s->grace,
                 key);
    } else {
        r->killed = true;
        run_patience(r, RUN_LEAVE_SECONDS);
        snprintf(next, sizeof next, "%s again leaves them to their daemons", key);
    }
    run_say(r, "%s sent to %d task%s; %s", words_signal_name(name, steps[step]), run_left(r),
            run_many(run_left(r)), next);
    run_signal(r, steps[step]);
}

/* Another signal that asks the console to end. */
static void asked_to_end(struct run *r, int number)
{
    char name[WORDS_AGE_MAX];

    /* asked twice, the console does not ask politely any more */
    if (r->interrupts++ > 0) {
        run_say(r, "%s came again; %d task%s get SIGKILL", words_signal_name(name, number),
                run_left(r), run_many(run_left(r)));
        r->killed = true;
        run_patience(r, RUN_LEAVE_SECONDS);
        run_signal(r, SIGKILL);
        return;
    }
    run_say(r, "%s came; %d task%s get SIGTERM, and SIGKILL in %g s",
            words_signal_name(name, number), run_left(r), run_many(run_left(r)), r->s->grace);
    run_patience(r, r->s->grace);
    run_signal(r, SIGTERM);
}

/* ^Z: the tasks stop and the console with them. Tasks have no terminal and would ignore
 * SIGTSTP. What lets the console go on, SIGCONT, is the next signal that it takes. The
 * clocks stand still meanwhile. */
static void stop_here(struct run *r)
{
    double began = clock_seconds(), stopped;

    run_signal(r, SIGSTOP);
    raise(SIGSTOP);
    stopped = clock_seconds() - began;
    if (r->deadline > 0)
        r->deadline += stopped;
    if (r->grace > 0)
        r->grace += stopped;
}

void run_signals_take(struct run *r)
{
    struct signalfd_siginfo s;

    while (read(r->signals, &s, sizeof s) == (ssize_t)sizeof s) {
        int number = (int)s.ssi_signo;

        if (number == SIGTSTP)
            stop_here(r);
        else if (number == SIGCONT)
            run_signal(r, SIGCONT); /* also when somebody stopped the tasks alone */
        else if (number == SIGWINCH)
            run_debug_resize(r);
        else if (number == SIGINT && r->debug.on && r->interrupts == 0)
            run_debug_interrupt(r);
        else if (number == SIGINT || number == SIGQUIT)
            interrupt(r);
        else
            asked_to_end(r, number);
    }
}

static void time_is_over(struct run *r)
{
    char ranks[RUN_RUNNING_MAX];

    r->deadline = 0;
    r->timed_out = true;
    r->result = EXIT_RUN_TIMEOUT;
    if (r->started) {
        run_say(r, "the time limit of %g s is over; ending %d task%s: %s", r->s->timeout,
                run_left(r), run_many(run_left(r)), run_running(r, ranks));
        run_tell_waits(r);
        run_abort(r, EXIT_RUN_TIMEOUT, "the time limit of dvm run is over");
        run_guests_signal(r, SIGTERM, (char *)(uintptr_t)"the time limit of dvm run");
    } else {
        run_say(r, "the time limit of %g s is over, and the tasks are not started yet",
                r->s->timeout);
        r->leaving = true;
    }
}

void run_clocks(struct run *r, double now)
{
    char ranks[RUN_RUNNING_MAX];

    if (r->deadline > 0 && now >= r->deadline && run_left(r) > 0)
        time_is_over(r);
    if (r->grace <= 0 || now < r->grace || run_left(r) == 0)
        return;
    if (!r->killed) {
        r->killed = true;
        run_say(r, "%d task%s did not end within %g s and get%s SIGKILL: %s", run_left(r),
                run_many(run_left(r)), r->patience, run_left(r) == 1 ? "s" : "",
                run_running(r, ranks));
        run_patience(r, RUN_LEAVE_SECONDS);
        run_signal(r, SIGKILL);
        return;
    }
    run_say(r, "%d task%s cannot be heard of any more (%s); dvm ps shows whether they are left",
            run_left(r), run_many(run_left(r)), run_running(r, ranks));
    r->leaving = true;
    if (r->result < 0 && r->first < 0)
        r->result = EXIT_GENERIC;
}
