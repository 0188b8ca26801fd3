/* state.h: what the files of watch/ share; nobody else includes it. */
#ifndef DVMD_WATCH_STATE_H
#define DVMD_WATCH_STATE_H

#include <ev.h>
#include <sys/types.h>

#include "daemon/watch.h"
#include "daemon/watch/events.h"
#include "daemon/watch/output.h"
#include "daemon/watch/pending.h"

struct watch {
    struct daemon *d; /* borrowed */
    struct events events;
    struct output output;
    struct pending_list for_events, for_output, for_log;
    ev_prepare look; /* whether the daemon's log has grown; active while somebody waits */
};

/* Keep a request until there is news; past WATCH_WAITING_MAX the oldest of the list is
 * answered by answer, as if there were. */
void watch_keep(struct watch *w, struct pending_list *list, const struct pending *one,
                void (*answer)(struct watch *w, const struct pending *p));

/* logs.c: a task has written or ended: those who wait for it are answered. */
void logs_news(struct watch *w, int tid);
/* The daemon's log may have grown. */
void logs_look(struct ev_loop *loop, ev_prepare *watcher, int revents);
handler_f handle_logs;

/* own_log.c: bytes of the daemon's own log. */
struct own_log {
    char *bytes; /* owned */
    size_t size;
    uint64_t next; /* the place behind them */
    bool more;
};
/* Read from a place on, or (lines) the last so many lines, at most WATCH_ANSWER_BYTES. A
 * place behind the end of the file is its begin: the log was begun anew. Errors: SYSTEM,
 * NO_MEMORY (dvm_fail). */
int own_log_read(const struct daemon *d, uint64_t after, uint32_t lines, struct own_log *out);
/* Bytes that it has now. */
uint64_t own_log_size(const struct daemon *d);

#endif
