/* handler.h: control messages are handled by tables, indexed by their number.
 *
 * Each part of the daemon (local/, tasks/, the cluster) exports one table; the
 * parts meet here and in daemon.h, not by calling into each other. A message
 * without a row is answered with FAIL and logged with its sender.
 */
#ifndef DVMD_HANDLER_H
#define DVMD_HANDLER_H

#include <stdint.h>

#include "proto/control.h"
#include "proto/frame.h"

struct daemon;

enum role {
    ROLE_TASK = 1,    /* a task, of any host */
    ROLE_CONSOLE = 2, /* a console, of any host */
    ROLE_DAEMON = 4   /* a daemon (src has n == 0), this one included */
};
#define ROLE_CLIENT (ROLE_TASK | ROLE_CONSOLE)
#define ROLE_ALL (ROLE_CLIENT | ROLE_DAEMON)

/* frame->src is who sent it (authenticated: a local client's own tid, or a tid of
 * the host whose key signed the link); payload: frame->length bytes. fds passed by
 * a local client belong to the caller, who closes them afterwards. */
typedef void handler_f(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload);

struct handler {
    int type;            /* enum dvm_control */
    handler_f *function;
    unsigned roles;      /* who may send it: enum role, or-ed */
};

#endif
