/* book_state.h: inside the book: groups, their seats, and asks that wait or were answered. */
#ifndef DVMD_NAMES_BOOK_STATE_H
#define DVMD_NAMES_BOOK_STATE_H

#include <stddef.h>

#include "daemon/names/book.h"
#include "daemon/table.h"
#include "proto/names.h"

struct named;

/* An ask: it waits in a group's barrier, or its answer is kept for who asks again. */
struct held {
    int origin; /* slot of the daemon that asks */
    uint64_t id;
    int from; /* tid */
    uint32_t what;
    bool passing;         /* a read, or the keeper's own: it is not kept */
    struct named *group;  /* in which it waits, or NULL */
    uint8_t *answer;      /* packed; owned; NULL while it waits */
    size_t length;
    char *name;           /* of the value that it waits for; owned, or NULL */
    int number;           /* its index */
    uint32_t flags;
    struct held *next;         /* of the same origin */
    struct held *next_waiting; /* of the same group, or of all that wait for values */
};

/* A member, at the place of its instance. */
struct seat {
    int tid;    /* 0: free */
    char *owed; /* the end of a member that it has not been told of; owned, or NULL */
};

struct named {
    char *name;          /* owned */
    struct named *next;  /* with the same hash */
    struct seat *seats;  /* owned */
    int room, members;
    int lowest;          /* no instance below it is free */
    struct table places; /* instance + 1 by tid */
    bool frozen;
    struct held *waiting, **waiting_end; /* in the order in which they came */
    int waiting_count;
    uint32_t what; /* what they wait for, and how many of them */
    int count;
};

struct value;

struct book {
    struct table groups; /* struct named by hash of the name; owned */
    size_t group_count, group_bytes;
    struct value **values; /* in order of names and indexes; owned */
    size_t value_count, value_room, value_bytes;
    struct held *awaiting; /* values, in the order in which they came */
    struct held *asks[BOOK_SLOTS]; /* of each origin, in order of their ids; owned */
};

/* What an operation works on. */
struct act {
    struct book *b;
    const Dvm__Pb__NameCall *call;
    struct held *ask; /* NULL once it was answered and is not kept */
    book_told_f *told;
    void *arg;
};

/* ---- book.c ------------------------------------------------------------------- */

/* Answer an ask: it waits no more; unless it is passing the answer is kept. */
void book_answer(struct act *a, struct held *ask, Dvm__Pb__NameAnswer *answer);
void book_ok(struct act *a, int number);
void book_fail(struct act *a, struct held *ask, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- named.c ------------------------------------------------------------------ */

/* The group of a name, or NULL; *instance unless NULL receives the place of tid, -1: none. */
struct named *named_find(const struct book *b, const char *name);
int named_instance(const struct named *g, int tid);

/* A new group. NULL: no memory. */
struct named *named_add(struct book *b, const char *name);

/* Free it if nobody is in it. */
void named_drop_empty(struct book *b, struct named *g);
void named_free(struct named *g);

/* Give tid this place, or the lowest free one for -1. Returns the instance, -1 without
 * memory. */
int named_seat(struct book *b, struct named *g, int tid, int instance);
void named_unseat(struct book *b, struct named *g, int instance);

/* Bytes that a group counts for, without members. */
size_t named_cost(const char *name);

/* Put an ask into, or take it out of, those that wait in the group. */
void named_wait(struct named *g, struct held *ask);
void named_unwait(struct held *ask);

/* The ask of a tid that waits in the group, or NULL. */
struct held *named_waiting(const struct named *g, int tid);

/* All groups: start with *at = 0 and g = NULL; NULL at the end. */
struct named *named_next(const struct book *b, size_t *at, struct named *g);

/* ---- operations ----------------------------------------------------------------- */

typedef void book_op_f(struct act *a);

/* values.c */
book_op_f book_put, book_get, book_take, book_delete, book_await;
/* values_write.c */
book_op_f book_values;
/* groups.c */
book_op_f book_join, book_leave, book_size, book_tid, book_instance, book_members;
/* meet.c */
book_op_f book_meet;
/* ends.c */
book_op_f book_task_end, book_host_end;
/* write.c */
book_op_f book_groups;

#endif
