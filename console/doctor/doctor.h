/* doctor.h: what dvm doctor finds out and shows: hosts with their findings, and the ways
 * between each pair of members. */
#ifndef DVM_CONSOLE_DOCTOR_DOCTOR_H
#define DVM_CONSOLE_DOCTOR_DOCTOR_H

#include "base/finding.h"
#include "base/hostlist.h"
#include "console/console.h"
#include "proto/control.pb-c.h"
#include "proto/probe.h"

enum doctor_kind {
    DOCTOR_SELF,      /* this computer */
    DOCTOR_CANDIDATE, /* a host that may join */
    DOCTOR_MEMBER
};

struct doctor_host {
    char name[DVM_NAME_MAX];
    enum doctor_kind kind;
    int slot;                 /* of a member */
    struct findings findings;
    Dvm__Pb__Probed *report;  /* of a member, owned; NULL when it did not answer */
};

enum doctor_way {
    DOCTOR_DIRECT,  /* a direct connection is possible, or there is one */
    DOCTOR_RELAYED, /* the coordinator's daemon passes on what they send each other */
    DOCTOR_UNKNOWN  /* who would have to connect did not say */
};

/* Two members. The one with the higher slot is who connects. */
struct doctor_pair {
    const struct doctor_host *low, *high; /* borrowed */
    const Dvm__Pb__ProbedHost *there;     /* what high says of low, and low of high: */
    const Dvm__Pb__ProbedHost *back;      /* borrowed, may be NULL */
    enum doctor_way way;
    bool connected;        /* it stands already */
    const char *address;   /* of low, that high reaches; "" for none, borrowed */
    uint32_t rtt_us;       /* of the network, 0: not known */
    uint32_t echo_us;      /* from daemon to daemon and back, as frames go now; 0: none */
    struct finding fault;  /* what is not well; level FINDING_WELL: nothing */
    const struct doctor_host *who, *where; /* of a fault: who does not reach whom; the
                                            * remedy is for where */
    enum doctor_way lane;      /* likewise for connections between their tasks: tasks of low */
    const char *lane_address;  /* dial those of high, here; "" for none, borrowed */
    struct finding lane_fault; /* why they cannot; level FINDING_WELL: they can, or unknown */
};

struct doctor {
    const struct console *c;
    struct doctor_host *hosts; /* owned */
    size_t count;
    char machine[DVM_NAME_MAX]; /* "" when none runs */
    const struct doctor_host *coordinator;
    struct doctor_pair *pairs; /* owned; low slots first */
    size_t pair_count;
    double seconds;            /* how long one host may take */
};

/* A host more, or NULL without memory. Pointers to earlier ones may not be used any more. */
struct doctor_host *doctor_host_add(struct doctor *d, const char *name, enum doctor_kind kind);

/* Free what it holds. */
void doctor_free(struct doctor *d);

/* Whether anything is FINDING_BAD. */
bool doctor_is_bad(const struct doctor *d);

/* ---- local.c ---- */
/* Look at this computer: dvmd and what it says, ssh. Errors: NO_MEMORY. */
int doctor_local(struct doctor *d);

/* Note when dvmd is of another version than this program. */
void doctor_compare_version(struct doctor_host *h);

/* ---- candidates.c ---- */
/* Look at hosts that may join, behind a remote shell (command: NULL for ssh), all at the
 * same time; those that are members already are only said to be. Prints what is wrong;
 * returns an exit code. */
int doctor_candidates(struct doctor *d, const struct hostlist *names, const char *command,
                      bool push);

/* ---- pairs.c ---- */
/* Ask all members how they reach each other and how they are, and judge the pairs. Prints
 * what is wrong; returns an exit code. */
int doctor_members(struct doctor *d, struct client *client);

/* ---- show.c, matrix.c, report.c ---- */
/* Print all of it: tables, and each fault with its remedy. Returns an exit code. */
int doctor_show(const struct doctor *d);
/* The ways between all pairs; hosts that are well with each other are one line of it when
 * there are many. Returns an exit code. */
int doctor_matrix(const struct doctor *d);
/* A time, as in the matrix: "85 us", "1.2 ms"; "?" for 0. */
#define DOCTOR_TIME_BYTES 16
const char *doctor_time(char text[DOCTOR_TIME_BYTES], uint32_t us);
/* Print doctor/1. */
void doctor_json(const struct doctor *d);
/* The word for a way, and for what came of an address. */
const char *doctor_way_name(enum doctor_way way);
const char *doctor_probe_name(uint32_t result);

#endif
