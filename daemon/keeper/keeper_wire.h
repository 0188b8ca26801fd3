/* keeper_wire.h: what dvmd and its keeper say to each other over their
 * SOCK_SEQPACKET pair. Both are one program on one host: plain structs.
 *
 *   dvmd:   struct keeper_order; a START is followed by the cpu set (cpu_bytes),
 *           then strings with their NUL: path, directory, argc arguments, envc
 *           variables; it carries three descriptors. A GUARD is followed by the
 *           path of the folder with its NUL
 *   keeper: struct keeper_news
 */
#ifndef DVMD_KEEPER_WIRE_H
#define DVMD_KEEPER_WIRE_H

#include <stdint.h>

#include "daemon/keeper.h"

#define KEEPER_STDIO 3 /* descriptors of a START */

enum keeper_order_op { KEEPER_START = 1, KEEPER_SIGNAL = 2, KEEPER_GUARD = 3, KEEPER_SWEEP = 4 };

struct keeper_order {
    int32_t op;
    int32_t tid;
    int32_t signal;     /* of SIGNAL */
    uint32_t argc, envc;
    uint32_t cpu_bytes; /* 0: do not bind */
};

enum keeper_news_op { KEEPER_STARTED = 1, KEEPER_ENDED = 2, KEEPER_MEMORY = 3 };

struct keeper_news {
    int32_t op;
    int32_t tid;
    int32_t pid;
    int32_t error;  /* of STARTED: errno */
    int32_t step;   /* enum keeper_step */
    int32_t status; /* of ENDED: as of waitpid; of MEMORY: enum keeper_memory */
};

/* The keeper's whole life, in its own process; does not return. fd: its end of
 * the pair. parent: dvmd. */
void keeper_process(int fd, pid_t parent, const struct keeper_limits *limits)
    __attribute__((noreturn));

#endif
