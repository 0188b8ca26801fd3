/* targets.h: the operands that say which tasks are meant.
 *
 *     TASK = TID            such as 0x40001, as dvm ps shows it
 *          | TID:RANKS      ranks of the run that this task is of: 0x40001:0-3,7
 *          | HOST           all tasks of a host, or of several: node[3-8]
 *          | all            all tasks of the machine
 */
#ifndef DVM_CONSOLE_TARGETS_H
#define DVM_CONSOLE_TARGETS_H

#include "console/console.h"

#define TARGETS_OPERANDS "TASK..."
/* For the help of a command that takes them. */
#define TARGETS_TEXT                                                                         \
    "TASK is a tid as dvm ps shows it (0x40001); TID:RANKS, some ranks of the run that this\n" \
    "task is of (0x40001:0-3,7); a host or several (node[3-8]), for all tasks there; or all.\n"

/* What a command wants of them, or-ed. */
enum targets_wish {
    TARGETS_ENDED = 1, /* tasks that have ended, too, as long as daemons remember them */
    TARGETS_HOSTS = 2  /* a host's name means the host itself: a target with its daemon's tid */
};

struct target {
    int tid;
    int rank;                /* -1: not known */
    bool named;              /* by its tid, not as one of many */
    char host[DVM_NAME_MAX]; /* "" when not known */
};

struct targets {
    struct target *list; /* owned; in the order of the operands, none twice */
    size_t count, room;
};

/* Find the tasks that the operands name. Prints what is wrong (an operand that is none, or
 * names nothing) and returns an exit code. *out is to be freed with targets_free, also
 * when this failed. wish: enum targets_wish. */
int targets_find(const struct console *c, struct client *client, unsigned wish, int argc,
                 char **argv, struct targets *out);

/* Whether the operands can be read at all, before a machine is asked. Prints what is wrong
 * and returns an exit code. */
int targets_check(const struct console *c, int argc, char **argv);

/* Free the list. */
void targets_free(struct targets *t);

#endif
