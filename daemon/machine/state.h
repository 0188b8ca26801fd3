/* state.h: what machine.c, coordinator.c and member.c share; nobody else includes it. */
#ifndef DVMD_MACHINE_STATE_H
#define DVMD_MACHINE_STATE_H

#include "daemon/machine/former.h"
#include "daemon/machine/machine.h"

/* What this daemon knows of a member besides its host. */
struct member {
    struct machine_host host;
    uint8_t nonce[MACHINE_NONCE_BYTES];
    uint64_t heard;       /* ms: when last */
    uint64_t suspect_at;  /* lost then, unless heard from; MACHINE_NEVER */
    uint64_t leave_by;    /* asked to leave; MACHINE_NEVER */
    uint64_t token;       /* of the request to remove it, 0 for none */
    uint64_t load_version;/* when its number of tasks changed */
    uint64_t told_load;   /* load version that it was told */
    uint64_t behind_at;   /* when its log was filled up last */
    uint64_t strain_ms;   /* how late its timers are, by its own word */
    bool talked;          /* since it was added */
};

struct queued {
    struct queued *next;
    struct machine_action action;
};

struct machine {
    int self, coordinator;
    uint64_t silence_ms, rejoin_ms;
    struct former *former; /* coordinator; owned */
    uint64_t index;   /* of the last entry applied */
    uint64_t version;
    struct member *members[MACHINE_SLOTS];
    size_t count;
    int highest;      /* slot in use */
    struct machine_entry *log; /* coordinator: ring of MACHINE_LOG_KEPT, by index; owned */
    uint64_t log_first;        /* index of the oldest kept */
    uint64_t log_at[MACHINE_LOG_KEPT]; /* ms: when it was made */
    uint64_t free_at[MACHINE_SLOTS];   /* ms: end of a slot's quarantine */
    uint64_t load_version;
    uint64_t strain_ms, strain_at; /* how late our timers were, and when */
    uint64_t tick_at;    /* next machine_tick by the clock; MACHINE_NEVER */
    uint64_t pinged;     /* member: ms of its last ping */
    uint64_t halt_by;    /* MACHINE_NEVER */
    bool ended;          /* END was said */
    bool away;           /* this host has lost its machine */
    bool clear;          /* nothing runs here any more */
    uint64_t away_until, try_ms;
    char away_why[MACHINE_REASON_BYTES];
    char halt_reason[MACHINE_REASON_BYTES];
    struct queued *first, *last; /* actions, owned */
};

/* ---- machine.c ---- */
struct machine_action *machine_push(struct machine *m, int type);
struct machine_action *machine_push_message(struct machine *m, int slot, int type);
void machine_end(struct machine *m, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Change the members by an entry, with UP or DOWN; the index must be the next. */
bool machine_apply(struct machine *m, uint64_t now, const struct machine_entry *e);
bool machine_insert(struct machine *m, uint64_t now, const struct machine_host *host);
/* How late our own timers are of late, ms. */
uint64_t machine_strain(const struct machine *m, uint64_t now);
/* How long a member may be silent, ms: longer when it or we are short of CPU. */
uint64_t machine_patience(const struct machine *m, uint64_t now, const struct member *who);
/* When its silence has been long enough, ms: that less what the news of its loss may take,
 * for within the time of silence it is to be lost for those who wait for it, too. Later for
 * who has not said a word yet. */
uint64_t machine_silent_at(const struct machine *m, uint64_t now, const struct member *who);
/* From one look of a coordinator to the next, at most, ms. */
uint64_t machine_interval(const struct machine *m);
void machine_erase(struct machine *m, uint64_t now, int slot);

/* Become the member that REGISTERED says, in the place of what was. False, and nothing is
 * changed, when it makes no sense. */
bool machine_become(struct machine *m, uint64_t now, int self, int coordinator,
                    uint64_t log_index, const struct machine_host *hosts, size_t count);

/* ---- away.c ---- */
/* The machine is lost: be away, or end where that is not wanted. */
void away_begin(struct machine *m, uint64_t now, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void away_tick(struct machine *m, uint64_t now);
uint64_t away_deadline(const struct machine *m);

/* ---- coordinator.c ---- */
bool coordinator_open(struct machine *m);
void coordinator_receive(struct machine *m, uint64_t now, struct member *from,
                         const struct machine_message *msg);
void coordinator_tick(struct machine *m, uint64_t now);
uint64_t coordinator_deadline(const struct machine *m);

/* ---- member.c ---- */
void member_receive(struct machine *m, uint64_t now, const struct machine_message *msg);
void member_tick(struct machine *m, uint64_t now);
uint64_t member_interval(const struct machine *m);
uint64_t member_deadline(const struct machine *m);

#endif
