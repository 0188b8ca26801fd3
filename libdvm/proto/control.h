/* control.h: the numbers of the control messages (frame op DVM_OP_CONTROL).
 *
 * A request names itself by ref and is answered by exactly one message with
 * DVM_FLAG_REPLY and the same ref: the reply named here, or FAIL. Requests are
 * addressed by tid like everything else, so a client may ask any daemon of the
 * machine directly: dst = DVM_TID_DAEMON(slot). Payloads are the protobuf
 * messages of the same name in control.proto. docs/protocol.md tells the story
 * of each. A number is never given to another meaning.
 */
#ifndef DVM_PROTO_CONTROL_H
#define DVM_PROTO_CONTROL_H

/* X(NAME, number): NAME also is the handler's name in logs */
#define DVM_CONTROL_LIST(X)                                                                    \
    /* a client with its own daemon */                                                         \
    X(HELLO, 1)         /* client: first frame */                                              \
    X(WELCOME, 2)       /* its answer; passes the inbox segment's descriptor */                \
    X(REFUSE, 3)        /* or this, in words; the connection is closed then */                 \
    X(FAIL, 4)          /* answer to any request: code and sentence */                         \
    X(OK, 5)            /* answer to a request that has no other; no payload */                \
    X(LEAVE, 6)         /* task: it finalizes; answered by OK */                               \
    X(PAIR_OPEN, 7)     /* task: passes a ring's descriptor for a task of this host */         \
    X(PAIR_OFFER, 8)    /* daemon to that task: descriptors of ring and of the opener's inbox */ \
    X(PAIR_READY, 9)    /* daemon to the opener: descriptor of the peer's inbox */             \
    X(HOST_EVENT, 10)   /* daemon to all its clients: a host joined or is gone */              \
    X(RING, 11)         /* task: ring a task of this host, whose bell it cannot reach */       \
    /* requests that every daemon answers */                                                   \
    X(HOSTS, 16)                                                                               \
    X(HOSTS_REPLY, 17)                                                                         \
    X(TASKS, 18)        /* the tasks of that daemon's host */                                  \
    X(TASKS_REPLY, 19)                                                                         \
    X(SPAWN, 20)                                                                               \
    X(SPAWN_REPLY, 21)                                                                         \
    X(KILL, 22)         /* to the daemon of the task's host; answered by OK */                 \
    X(TASK_WAIT, 23)    /* likewise; answered by TASK_EXIT when the task has ended */          \
    X(TASK_EXIT, 24)    /* also unasked, to the task's sink, after all its output */           \
    X(WATCH, 25)        /* likewise; answered by GONE (no reply flag) when it has ended */     \
    X(GONE, 26)         /* a task ended; also to all tasks of its world if it did not LEAVE */ \
    X(NOTIFY, 27)       /* task: send me a message when ...; answered by OK */                 \
    X(ABORT, 28)        /* end these tasks, for this reason */                                 \
    /* standard streams */                                                                     \
    X(STDIO, 32)        /* daemon to sink: bytes of a task's stdout or stderr */               \
    X(STDIO_ACK, 33)    /* sink to daemon: how many bytes it has written out */                \
    X(STDIN, 34)        /* sink to daemon: bytes for a task's stdin; answered by OK */         \
    X(GUESTS, 35)       /* daemon to sink: tasks that a task of yours has spawned */           \
    /* to the coordinator */                                                                   \
    X(INVITE, 40)                                                                              \
    X(INVITE_REPLY, 41)                                                                        \
    X(REMOVE, 42)       /* a host; answered by OK when it has left */                          \
    X(HALT, 43)         /* the machine; answered by OK, then all end */                        \
    /* between daemons */                                                                      \
    X(REGISTER, 64)     /* joiner with a ticket */                                             \
    X(REGISTERED, 65)   /* coordinator: its slot, incarnation, the members; or REFUSE */       \
    X(MEMBERS, 66)      /* coordinator: entries of the membership log */                       \
    X(PING, 67)         /* member to coordinator, with its load; answered by PONG */           \
    X(PONG, 68)                                                                                \
    X(GOODBYE, 69)      /* a member leaves, or must leave; with a reason */                    \
    X(CONNECT, 70)      /* please open a direct link to me */                                  \
    X(RESERVE, 71)      /* originator of a spawn: tids and a look at the program */            \
    X(RESERVED, 72)                                                                            \
    X(LAUNCH, 73)       /* start the reserved tasks */                                         \
    X(LAUNCHED, 74)                                                                            \
    X(RELEASE, 75)      /* give reserved tids back; no reply */                                \
    X(LOAD, 76)         /* to the daemon that placed tasks: how many run now; no reply */  \
    /* for those who look at the machine */                                                    \
    X(EVENTS, 80)       /* to any daemon: what happened, or will */                            \
    X(EVENTS_REPLY, 81)                                                                        \
    X(LOGS, 82)         /* to the daemon of a host: what a task, or itself, has written */     \
    X(LOGS_REPLY, 83)                                                                          \
    X(USAGE, 84)        /* to any daemon: what its host and tasks use now */                   \
    X(USAGE_REPLY, 85)                                                                         \
    /* programs that a host has not (dvm run --push) */                                        \
    X(STAGE, 96)        /* console: is it there, and which of its files are lacking? */        \
    X(STAGED, 97)                                                                              \
    X(STAGE_DATA, 98)   /* a piece of one of them; answered by OK */                           \
    /* dvm doctor */                                                                           \
    X(PROBE, 104)       /* to any daemon: which hosts do you reach, and what is your own like? */ \
    X(PROBED, 105)                                                                             \
    /* settings */                                                                             \
    X(CONFIG, 112)      /* what is in force on that daemon's host, and where it comes from */  \
    X(CONFIG_REPLY, 113)                                                                       \
    /* direct lanes */                                                                         \
    X(LANE_OPEN, 120)   /* task to the peer's daemon: I shall dial its lane port */            \
    X(LANE_READY, 121)  /* its answer: where that is */                                        \
    X(LANE_OFFER, 122)  /* daemon to the peer: passes the connection that came */              \
    X(LANE_WANT, 123)   /* task to the peer's daemon, and on to the peer: dial me */           \
    /* names that the machine keeps */                                                         \
    X(NAMES, 128)       /* client to its own daemon: join, leave, look, meet */                \
    X(NAMES_REPLY, 129)                                                                        \
    X(NAMES_ASK, 130)   /* that daemon to the keeper of names */                               \
    X(NAMES_TOLD, 131)  /* the keeper's answer to it */                                        \
    X(NAMES_COPY, 132)  /* keeper to its deputy: what changes, or the whole book */            \
    X(NAMES_COPIED, 133) /* deputy to the keeper: I have it up to there */                     \
    X(NAMES_FETCH, 134) /* a new keeper to the deputy: give me the book */                         \
    X(TASKER, 140)      /* task: I start my host's tasks, or no more; answered by OK */            \
    X(TASK_OVER, 141)   /* tasker: a task that I have started has ended; answered by OK */

enum dvm_control {
#define DVM_CONTROL_CONSTANT(name, number) DVM_CTL_##name = (number),
    DVM_CONTROL_LIST(DVM_CONTROL_CONSTANT)
#undef DVM_CONTROL_CONSTANT
    DVM_CTL_END = 142
};

/* The name of a control message, "?" for a number that is none. */
const char *dvm_control_name(int type);

#endif
