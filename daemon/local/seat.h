/* seat.h: inside local/: seats, connections, and how they belong together. */
#ifndef DVMD_LOCAL_SEAT_H
#define DVMD_LOCAL_SEAT_H

#include <ev.h>
#include <sys/types.h>

#include "daemon/local.h"
#include "daemon/outbox.h"
#include "daemon/table.h"
#include "proto/segment.h"

struct connection;

struct seat {
    int tid;
    enum role role;
    struct connection *client;   /* who sits there, or NULL */
    struct outbox waiting;   /* frames for it */
    bool left;               /* it takes no task frames any more */
    unsigned index;          /* its bit in inboxes, 0: none yet */
    int inbox_fd;            /* owned, or -1 */
    struct dvm_inbox *inbox; /* mapped, or NULL */
};

/* One connection. */
struct connection {
    struct connection *next, *previous; /* of local->clients, or graveyard */
    struct local *local;            /* borrowed */
    struct seat *seat;              /* NULL before HELLO */
    int fd;                         /* owned; -1 when closed */
    pid_t pid;
    uid_t uid;
    bool owner; /* of a private machine */
    bool eof;   /* the other side is closed: nothing is written any more */
    bool cut;   /* refused: to be closed at its next turn */
    bool last;  /* it has the spare descriptor: to be refused at its HELLO */
    ev_io readable, writable;
    ev_timer hello; /* its deadline, */
    double hello_by; /* clock_seconds */
    int away;       /* slot of the host that takes no more of what it sends; 0: none */
    ev_timer again; /* then it is read again */
};

struct local {
    struct daemon *d; /* borrowed */
    int listening;    /* owned */
    int spare;        /* owned: given up to refuse one more client in words; -1 meanwhile */
    ev_io acceptable;
    ev_timer rest;             /* after descriptors ran out */
    ev_prepare bury;           /* frees the graveyard when nobody looks at it */
    struct connection *clients;    /* owned */
    struct connection *graveyard;  /* owned: closed, to be freed */
    struct table seats;        /* by tid; owned */
    int *passed;               /* see local_passed */
    int passed_count;
    bool passed_lost;          /* some did not get through: this process is at its limit */
    uint64_t index_used[DVM_INBOX_WORDS];
    int inboxes;               /* of seats */
    bool full;                 /* no descriptor was left for the last that connected */
    bool ending;
};

/* seat.c */

/* The seat of a tid, or NULL. */
struct seat *seat_find(const struct local *l, int tid);
/* Free a seat that is out of the table; what waits in it is dropped. */
void seat_free(struct local *l, struct seat *s);

/* Make the inbox of a seat, if it has none. Errors: LIMIT (no index is free),
 * SYSTEM (dvm_fail). */
int seat_inbox(struct local *l, struct seat *s);

/* Put one frame into a seat and ring. Errors: NO_MEMORY, LIMIT. */
int seat_put(struct seat *s, const struct dvm_frame *frame, const uint8_t *payload,
             const int *fds, int fd_count);

/* local.c: have a descriptor in reserve again. */
void local_spare(struct local *l);

/* connection.c */

/* Take over an accepted connection. Error: NO_MEMORY. */
int connection_accept(struct local *l, int fd, pid_t pid, uid_t uid);

/* Close an accepted connection that was not taken over, with the code and the sentence of the
 * last error as REFUSE, which needs no memory. */
void connection_turn_away(struct local *l, int fd, int code);

/* Close a connection without a word; its seat stays. */
void connection_close(struct connection *c);

/* Say why (REFUSE) and log it; nothing more is read, and the connection is closed
 * in its next turn. */
void connection_refuse(struct connection *c, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Send what waits in the client's seat. */
void connection_flush(struct connection *c);

/* Read frames until limit bytes or frames, or until the socket is empty. */
void connection_read(struct connection *c, size_t bytes, int frames);

/* hello.c: handle the first frame: seat the client, or refuse it. */
void hello_take(struct connection *c, const struct dvm_frame *frame, const uint8_t *payload);

/* pair.c */
handler_f pair_open, pair_ring;

#endif
