/* machine.h: who is a member: a pure state machine.
 *
 * No socket, no clock, no libev, no ZeroMQ: events come in with the time, and
 * actions are fetched with machine_action() after each. The members are what a log
 * of entries says (a host was added, left, or was lost). One member, the coordinator,
 * orders the entries and sends them to all, who apply them in order; a gap is filled
 * on the heartbeat that shows it. Heartbeats run between each member and the
 * coordinator only. Today the log has one voter, its coordinator: a member that loses
 * it has lost its tasks with it, and comes back as a new one (away.c), or ends. Nothing
 * here takes the coordinator for slot 1 or for ever the same.
 */
#ifndef DVMD_MACHINE_MACHINE_H
#define DVMD_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting.h"
#include "dvm.h"
#include "proto/frame.h"

#define MACHINE_ADDRESSES 16
#define MACHINE_ADDRESS_BYTES 64
#define MACHINE_KEY_BYTES 32
#define MACHINE_NONCE_BYTES 16
#define MACHINE_REASON_BYTES 160
#define MACHINE_SLOTS (DVM_SLOT_MAX + 1)
#define MACHINE_LOG_KEPT 1024            /* entries; who is further behind gets all hosts */
#define MACHINE_QUARANTINE_MS 600000     /* a slot is not given again so soon */
#define MACHINE_TICK_MS 250              /* of a coordinator that has members, at most */
#define MACHINE_TICKS_PER_SILENCE 12
#define MACHINE_PING_MAX_MS 1000         /* from a ping that is answered to the next */
#define MACHINE_PING_MIN_MS 50
#define MACHINE_PINGS_PER_SILENCE 3      /* of the silence without the next: */
#define MACHINE_GAP_MS 500               /* what TCP may need to repeat, however short it is */
#define MACHINE_AGAINS_PER_SILENCE 6     /* the same while there is no answer */
#define MACHINE_AGAIN_MAX_MS 333
#define MACHINE_DOUBTS_PER_SILENCE 3     /* after this part of a silence another way is tried */
#define MACHINE_SUSPECT_MS 800           /* after a reset: lost, unless it is back; strain adds */
#define MACHINE_LEAVE_MS 3000            /* for a removed host or a halt to be done */
#define MACHINE_SILENCE_DEFAULT_MS 3000
#define MACHINE_SILENCE_MIN_MS ((uint64_t)(SETTING_SILENCE_MIN_S * 1000))
#define MACHINE_SILENCE_MAX_MS (SETTING_SILENCE_MAX_S * UINT64_C(1000))
#define MACHINE_REJOIN_DEFAULT_MS 600000 /* for so long a lost host may come back */
#define MACHINE_REJOIN_MAX_MS (SETTING_REJOIN_MAX_S * UINT64_C(1000))
#define MACHINE_TRY_MIN_MS 250           /* from one try to the next, doubled each time */
#define MACHINE_TRY_MAX_MS 5000
#define MACHINE_LATE_MS 50               /* a timer that is less late than this is in time */
#define MACHINE_STRAIN_HALF_MS 10000     /* in which the memory of lateness halves */
#define MACHINE_STRAIN_FACTOR 4          /* patience for each ms of lateness, */
#define MACHINE_STRAIN_SILENCES 2        /* at most so many times of silence more */
#define MACHINE_ALL 0                    /* as the target of a message: every member */
#define MACHINE_NEVER UINT64_MAX

struct machine_host {
    int slot;
    uint64_t incarnation;
    int state; /* DVM_HOST_... */
    int cores, tasks;
    uint64_t computer; /* the same for hosts of one computer; 0: not known */
    uint64_t change; /* which change of tasks that is, counted by the host itself */
    char name[DVM_NAME_MAX];
    char arch[16], version[16];
    uint8_t key[MACHINE_KEY_BYTES];
    int port; /* 0: it listens nowhere (yet) */
    size_t addresses;
    char address[MACHINE_ADDRESSES][MACHINE_ADDRESS_BYTES];
};

enum machine_event { MACHINE_ADD = 1, MACHINE_LEFT = 2, MACHINE_LOST = 3 };

struct machine_entry {
    uint64_t index;
    int event; /* enum machine_event */
    struct machine_host host;
    char reason[MACHINE_REASON_BYTES];
};

enum machine_message_type {
    MACHINE_PING = 1, /* log_index, tasks, change */
    MACHINE_PONG,     /* log_index, loads */
    MACHINE_MEMBERS,  /* entries, or snapshot; log_index: of the last */
    MACHINE_GOODBYE   /* reason, halt */
};

struct machine_load {
    int slot, tasks;
    uint64_t change;
};

struct machine_message {
    int type;
    uint64_t sent_ms; /* PING: the sender's clock; PONG: the same again */
    uint64_t log_index;
    int tasks;
    uint64_t change;
    uint64_t strain_ms; /* PING, PONG: how late the sender's own timers are */
    bool halt;
    char reason[MACHINE_REASON_BYTES];
    struct machine_entry *entries; /* owned */
    size_t entry_count;
    struct machine_host *snapshot; /* owned: all members */
    size_t snapshot_count;
    struct machine_load *loads; /* owned */
    size_t load_count;
};

enum machine_action_type {
    MACHINE_DO_SEND = 1, /* message to slot, or to all members (MACHINE_ALL) */
    MACHINE_DO_UP,       /* host is a member from now on */
    MACHINE_DO_DOWN,     /* host no longer is: lost, text says why */
    MACHINE_DO_REMOVED,  /* the request with token is done: host has gone */
    MACHINE_DO_DOUBT,    /* slot is silent: perhaps only the way to it is dead */
    MACHINE_DO_END,      /* this daemon must end: status, text */
    MACHINE_DO_AWAY,     /* the machine is lost to this host (text): end what runs here, then
                          * machine_clear */
    MACHINE_DO_REJOIN    /* ask the coordinator to be let in again; then machine_rejoined,
                          * machine_refused or machine_unanswered */
};

struct machine_action {
    int type;
    int slot;
    bool lost;
    int status;
    uint64_t token;
    struct machine_host host;
    struct machine_message message;
    char text[MACHINE_REASON_BYTES];
};

struct machine;

struct machine_config {
    uint64_t silence_ms; /* 0: the default */
    uint64_t rejoin_ms;  /* for how long a lost host may come back; 0: never */
};

/* Start a machine with self (slot and state are set here) as its coordinator, or
 * NULL without memory. */
struct machine *machine_start(const struct machine_config *config, uint64_t now,
                              const struct machine_host *self);

/* Be a member of a machine: what REGISTERED said. hosts holds self and the
 * coordinator. NULL without memory or when they are not in it. */
struct machine *machine_join(const struct machine_config *config, uint64_t now, int self,
                             int coordinator, uint64_t log_index,
                             const struct machine_host *hosts, size_t count);

void machine_destroy(struct machine *m); /* accepts NULL */

/* ---- what happens ---- */

/* Coordinator: a host asks to join. Gives it a slot and a unique name, adds it to the
 * log. *slot receives its slot. The same nonce again gives the same slot. Errors with
 * a sentence: LIMIT (no slot), CLOSING, REFUSED (not the coordinator), NO_MEMORY. */
int machine_register(struct machine *m, uint64_t now, const struct machine_host *asked,
                     uint64_t incarnation, const uint8_t nonce[MACHINE_NONCE_BYTES], int *slot,
                     char *error, size_t size);

/* Coordinator: a host that proves the key of an earlier member (asked->key, slot and
 * incarnation) asks to be let in again. If that life is still a member it is declared
 * lost now. Gives what machine_register gives. Errors with a sentence: as there, and
 * REFUSED when it was removed, or lost too long ago. */
int machine_readmit(struct machine *m, uint64_t now, const struct machine_host *asked,
                    uint64_t incarnation, const uint8_t nonce[MACHINE_NONCE_BYTES], int *slot,
                    char *error, size_t size);

/* A message from a member. It stays the caller's. */
void machine_receive(struct machine *m, uint64_t now, int slot, const struct machine_message *msg);

/* Any sign of life from the work loop of a member. */
void machine_heard(struct machine *m, uint64_t now, int slot);

/* The connection with a member came up or broke. */
void machine_connection(struct machine *m, uint64_t now, int slot, bool up);

/* A connection that broke is taken by the member's computer again, though its daemon has not
 * said a word: so it is there, and only slow, or stopped. Its silence counts, as before. */
void machine_taken(struct machine *m, int slot);

/* The coordinator says that this host is no member (any more). */
void machine_expelled(struct machine *m, uint64_t now, const char *why);

/* ---- away: after MACHINE_DO_AWAY ---- */

/* What ran on this host has ended: the coordinator may be asked. */
void machine_clear(struct machine *m, uint64_t now);

/* The coordinator did not answer. */
void machine_unanswered(struct machine *m, uint64_t now);

/* It does not let this host in, or its computer says that it is gone (why). */
void machine_refused(struct machine *m, const char *why);

/* It let this host in: what REGISTERED said, as for machine_join. False, and nothing is
 * changed, when that makes no sense. */
bool machine_rejoined(struct machine *m, uint64_t now, int self, int coordinator,
                      uint64_t log_index, const struct machine_host *hosts, size_t count);

/* Whether this host is away. */
bool machine_away(const struct machine *m);

/* To be called at machine_deadline(), or before. Being late is allowed: a process
 * that was stopped or starved does not take its own sleep for others' silence, and it
 * tells the others how late it is, so that they have patience with it. */
void machine_tick(struct machine *m, uint64_t now);
uint64_t machine_deadline(const struct machine *m);

/* ---- requests of this host's users ---- */

/* Coordinator: let a host leave, or one that was lost not come back. MACHINE_DO_REMOVED
 * with token follows. Errors with a
 * sentence: NO_HOST, REFUSED. */
int machine_remove(struct machine *m, uint64_t now, const char *name, uint64_t token,
                   char *error, size_t size);

/* Coordinator: end the machine; MACHINE_DO_END follows when all have left. */
int machine_halt(struct machine *m, uint64_t now, const char *reason, char *error, size_t size);

/* This daemon ends by itself: tell the others. Send what machine_action() then gives,
 * and go. */
void machine_leave(struct machine *m, const char *reason);

/* Tasks that run here, for the next heartbeat. */
void machine_load(struct machine *m, int tasks);

/* Tasks that run on another host, by its own word: ignored if a later one is known,
 * because words come over different ways. */
void machine_load_of(struct machine *m, int slot, int tasks, uint64_t change);

/* Where this host listens, once it does: before there are other members. */
void machine_listen(struct machine *m, const struct machine_host *where);

/* ---- actions ---- */

/* Take the next action. *out owns its message: machine_message_free. False: none. */
bool machine_action(struct machine *m, struct machine_action *out);
void machine_message_free(struct machine_message *msg);

/* ---- the members ---- */
int machine_self(const struct machine *m);
int machine_coordinator(const struct machine *m);
uint64_t machine_silence(const struct machine *m); /* ms */
uint64_t machine_rejoin(const struct machine *m);  /* ms */
uint64_t machine_index(const struct machine *m);   /* of the log */
/* A member, or NULL. Valid until the next call with an event. */
const struct machine_host *machine_host(const struct machine *m, int slot);
size_t machine_count(const struct machine *m);
/* The next member after a slot (0 to begin), or NULL. */
const struct machine_host *machine_next(const struct machine *m, int slot);
/* Grows whenever the members change. */
uint64_t machine_version(const struct machine *m);

#endif
