/* state.h: inside names/: what a daemon has as one that asks, and as keeper or deputy. */
#ifndef DVMD_NAMES_STATE_H
#define DVMD_NAMES_STATE_H

#include "daemon/names.h"
#include "daemon/names/book.h"
#include "daemon/table.h"

/* Answers that have come between two asks, told one by one; more are told by their order. */
#define NAMES_GOT_MAX 64
#define NAMES_OPEN_MAX 256 /* requests of one client that have no answer yet */

/* An ask of this daemon that has no answer yet. */
struct asked {
    Dvm__Pb__NameAsk *ask;   /* owned */
    struct dvm_frame client; /* its request; src 0: nobody waits for the answer */
    struct asked *next;
};

/* An answer that the deputy must have first. */
struct late {
    uint64_t number; /* of the change that it comes from */
    int origin;
    uint64_t id;
    Dvm__Pb__NameAnswer *answer; /* owned */
    struct late *next;
};

/* An ask that came before this daemon was ready as the keeper. */
struct early {
    int origin;
    Dvm__Pb__NameAsk *ask; /* owned */
    struct early *next;
};

struct names {
    struct daemon *d;
    int keeper, deputy; /* slots; deputy 0: this host is alone */
    /* asking: ask.c */
    uint64_t ids;
    struct asked *first, **last; /* in order of their ids; owned */
    uint64_t got[NAMES_GOT_MAX]; /* answers that the keeper may forget */
    size_t got_count;
    struct table users;          /* tids of this host that have joined, or put something */
    /* keeping: keep.c */
    struct book *book; /* of the keeper and of its deputy, or NULL; owned */
    bool keeping;      /* this host is the keeper, and has the book */
    uint64_t number;   /* of the last change in the book */
    uint64_t copied;   /* up to here the deputy has it */
    struct late *late_first, **late_last; /* owned */
    struct early *early_first, **early_last; /* owned */
    int lost;              /* slot of the host that was lost last, and why */
    char lost_text[256];
};

/* ---- ask.c ------------------------------------------------------------------------ */

handler_f names_on_call, names_on_told;

/* Tell the keeper before, who may not know, or no longer, that it is one, to forget what it has
 * not begun. */
void names_withdraw(struct names *n, int keeper);

/* Give the keeper everything that has no answer, as it has changed. */
void names_ask_again(struct names *n);

/* The keeper's answer has come; its keeper is put in. */
void names_told(struct names *n, uint64_t id, Dvm__Pb__NameAnswer *answer);

/* Free all asks. */
void names_ask_free(struct names *n);

/* ---- keep.c ----------------------------------------------------------------------- */

handler_f names_on_ask, names_on_copy, names_on_copied, names_on_fetch;

/* Do what the daemon of origin asks, which may be this one. */
void names_keep(struct names *n, int origin, const Dvm__Pb__NameAsk *ask);

/* The daemon of origin asks another now: drop what of it has not begun. */
void names_withdrawn(struct names *n, int origin);

/* keeper or deputy have changed, or a host is gone. before: who the two were. */
void names_keep_view(struct names *n, int keeper_before, int deputy_before);

/* Free the book, answers and asks. */
void names_keep_free(struct names *n);

#endif
