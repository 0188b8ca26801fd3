/* schedule.h: a collective as a list of steps: send, receive, combine, copy.
 *
 * An algorithm appends steps; what is in front of a round's end is over before what is
 * behind it begins. So the same algorithm serves calls that wait and calls that do not.
 * Appending never fails: without memory the schedule remembers that, and running it is an
 * error. Buffers of steps must stay as they are until the schedule has run.
 */
#ifndef DVM_COLL_SCHEDULE_H
#define DVM_COLL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coll/coll.h"
#include "type/op.h"

enum step_what { STEP_SEND, STEP_RECEIVE, STEP_COMBINE, STEP_COPY, STEP_RUN, STEP_ROUND };

struct schedule;
struct step;

/* What a step of a call that waits does by itself, waiting. Returns as schedule_run. */
typedef int step_run_function(struct schedule *s, const struct step *step);

struct step {
    enum step_what what;
    int rank;         /* to or from */
    dvm_type type;
    dvm_op op;
    struct op_function own; /* of an operator of the user's, which he may free meanwhile */
    dvm_type of;      /* of a copy: the type at from; type is that at to */
    step_run_function *run;
    size_t count;     /* elements */
    void *to;
    const void *from;
};

/* A message of the round under way. */
struct pending {
    struct dvm_request *request;
    size_t step; /* its place */
};

struct schedule {
    struct coll *coll;    /* NULL: of a group of one, with nothing but copies in it */
    int size, rank;       /* of the group, and of this task in it; or of some of its tasks: */
    const int *among;     /* their ranks (schedule_among); NULL: of all */
    enum coll_kind kind;
    unsigned signature;   /* for the tag */
    uint64_t bytes;       /* that all members must give alike; COLL_BYTES_UNKNOWN */
    uint32_t type;        /* as of a record */
    enum coll_kind told;  /* the call that the board tells of */
    uintptr_t site;       /* return address of the user's call */
    uint32_t sequence;    /* number of the call in its group */
    int tag;              /* of its messages */
    int rc;               /* DVM_OK, or why it cannot be run */
    struct step *steps;   /* owned; room, count: how many */
    size_t room, count, at;
    struct pending *pending; /* owned */
    size_t pending_room, pending_count, pending_at;
    struct space *spaces; /* owned */
    bool kept;            /* for a persistent call: it is run many times, and freed by its owner */
    struct dvm_request *request; /* of a call that does not wait; NULL: it does */
    struct schedule *next;       /* under way as well (start.c) */
    uint64_t looked;      /* messages that had come when mixups were looked for */
};

/* An empty schedule for the group's next collective. signature: of what all members must
 * give alike (a root, an operator), for finding those that do not. Error: NO_MEMORY. */
int schedule_begin(struct coll *c, enum coll_kind kind, unsigned signature, uintptr_t site,
                   struct schedule **s);

/* The same for a collective of the library's own, which is run before one that the program
 * has called: the board tells of that one, told. */
int schedule_begin_before(struct coll *c, enum coll_kind kind, enum coll_kind told,
                          uintptr_t site, struct schedule **s);

/* The same, kept, for many runs; coll is NULL for a group of one. schedule_again comes before
 * each. */
int schedule_keep(struct coll *c, enum coll_kind kind, unsigned signature, uintptr_t site,
                  struct schedule **s);

/* The public function, in its form. */
const char *schedule_call(const struct schedule *s);

/* Be the group's next collective, from the first step on. */
void schedule_again(struct schedule *s);

/* What is appended from here on is for some tasks of the group alone: places in this list of
 * count ranks (not copied), where this task has a place, count as ranks. NULL: for all again. */
void schedule_among(struct schedule *s, const int *ranks, int count, int place);

/* Append: send count elements to a rank, receive exactly so many from one, */
void schedule_send(struct schedule *s, int rank, const void *from, size_t count, dvm_type type);
void schedule_receive(struct schedule *s, int rank, void *to, size_t count, dvm_type type);

/* left[i] = left[i] op right[i], copy bytes (nothing where both places are the same), */
void schedule_combine(struct schedule *s, void *left, const void *right, size_t count,
                      dvm_type type, dvm_op op);
void schedule_copy(struct schedule *s, void *to, const void *from, size_t bytes);

/* the same for elements, also of derived types, */
void schedule_copy_elements(struct schedule *s, void *to, const void *from, size_t count,
                            dvm_type type);

/* which in steps are kept as long as the schedule; of_type: that at from, to_type at to, */
void schedule_copy_between(struct schedule *s, void *to, dvm_type to_type, const void *from,
                           dvm_type of_type, size_t count);

/* do something that waits by itself (only in a call that waits): run is given the step, which
 * has the rest; what was appended before must be over, */
void schedule_do(struct schedule *s, step_run_function *run, int rank, void *to, const void *from,
                 size_t count, dvm_type type);

/* and end a round. */
void schedule_round(struct schedule *s);

/* Keep a type, which exists, as long as the schedule, although the program may free it. */
void schedule_hold(struct schedule *s, dvm_type type);

/* Memory that lives as long as the schedule, for any type; bytes may be 0. NULL when there is
 * none: the steps that use it are never run. */
void *schedule_space(struct schedule *s, size_t bytes);

/* Run all steps, waiting, and end the schedule. On failure all members are told. Errors:
 * TRUNCATE, TYPE, ARG (a member is in another call), TASK_GONE, HOST_GONE, NO_MEMORY. */
int schedule_run(struct schedule *s);

/* Go on as far as that is possible without waiting. Returns DVM_OK when all steps are over, 1
 * when messages are under way, or an error as schedule_run. The schedule is not ended. */
int schedule_advance(struct schedule *s);

/* Whether a wait must end although what it waits for has not come (arg: a schedule), and then
 * why: the error. */
bool schedule_interrupted(void *arg);
int schedule_why(struct schedule *s);

/* The call that the board tells of. */
enum dvm_board_call schedule_board(const struct schedule *s);

/* End it: the coll keeps it for the next call, or it is freed, unless it is kept. rc: what came
 * of it; an error ends the collectives of the group. Returns rc, or the error that is known
 * better. */
int schedule_end(struct schedule *s, int rc);

/* Free all; NULL is taken. Nothing may be under way. */
void schedule_free(struct schedule *s);

#endif
