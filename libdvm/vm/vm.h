/* vm.h: this process as a task: what WELCOME said, and asking daemons.
 *
 * vm/ is everything that is done by talking to daemons: becoming a task and
 * ceasing to be one, spawn, hosts, tasks, notify, abort.
 */
#ifndef DVM_VM_VM_H
#define DVM_VM_VM_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dvm.h"
#include "lane/daemon_link.h"

/* Versions of the protocol that this library speaks. */
#define VM_PROTOCOL_MIN 1
#define VM_PROTOCOL_MAX 1

#define VM_ROLE_TASK 1 /* Hello.role */

struct vm {
    pid_t pid;       /* the process that is the task; 0 for none, another's after fork */
    int self, parent;
    int slot, coordinator;
    char host[DVM_NAME_MAX], machine[DVM_NAME_MAX];
    int world_size, world_rank;
    bool catching; /* what tasks that are spawned write comes here (catch.c) */
};

/* Of this process. Valid between dvm_init and dvm_finalize. */
extern struct vm vm;

/* ---- asking ----------------------------------------------------------------- */

/* Send a request with a protobuf message (NULL: no payload) and wait for its
 * answer, which must be of type want. *payload receives the answer's bytes
 * (malloc'd, the caller's; NULL to drop them), *length their number. timeout:
 * seconds, negative for ever. Errors: NO_MEMORY, LIMIT, PROTOCOL, and those of
 * daemon_link_request. */
int vm_ask(int dst, int type, const ProtobufCMessage *message, double timeout, int want,
           uint8_t **payload, size_t *length);

/* How long a daemon may take to answer what needs no other host's time, seconds. */
#define VM_ANSWER_SECONDS 60.0

/* The error of an answer that cannot be unpacked: PROTOCOL with its sentence. */
int vm_bad_answer(int type);

/* Check a tid. Error: NO_TASK. */
int vm_check_tid(const char *call, int tid);

/* ---- becoming a task ----------------------------------------------------------- */

struct vm_welcome {
    int tid, parent, slot, coordinator;
    char host[DVM_NAME_MAX], machine[DVM_NAME_MAX];
    uint64_t world;
    int *world_tids; /* owned: free it */
    int world_size, rank;
    unsigned index;
    bool child, bound;
    int neighbours; /* tasks of its world on its computer, itself included */
    struct dvm_inbox *inbox; /* mapped; owned */
    bool alone;              /* it is memory of this task only: the daemon has another byte order */
};

/* Say HELLO on a connected socket and wait for WELCOME. token: NULL or the hex text
 * of DVM_TOKEN. owner: the daemon is a private machine's and ends with us. Nothing
 * is left behind on failure. Errors: VERSION, REFUSED and other codes of REFUSE,
 * PROTOCOL, TIMEOUT, LOST_DAEMON, NO_MEMORY, SYSTEM. */
int hello_enrol(int socket, const char *token, bool owner, struct vm_welcome *welcome);

/* Start the daemon of a private machine; folder (size bytes) receives its runtime
 * folder when it is ready. Errors: NO_DAEMON (not found, or it failed: its
 * sentence), SYSTEM. */
int private_start(char *folder, size_t size);

/* Wait, for a short time, until the private daemon (if there is one) has ended,
 * and reap it. To be called when its connection is closed; kill_it: when it may
 * never have known its owner, and is killed. */
void private_end(bool kill_it);

/* Refuse to be a lone rank 0 of many under another launcher. Error: NOT_WORLD. */
int launcher_check(void);

/* Find a program of DVM: $variable (if not NULL and set), beside the library
 * (../bin/NAME, ./NAME, ../BUILD/NAME), else in PATH. path: size bytes. Returns
 * false when there is none. */
bool program_find(const char *name, const char *variable, const char *build, char *path,
                  size_t size);

/* ---- ending ------------------------------------------------------------------------ */

/* This process has become a task: at its exit send what it has sent, if it has not called
 * dvm_finalize by then (forgotten.c). */
void forgotten_watch(void);

/* The function behind dvm_fatal_hook: ends DVM_WORLD and this process. */
void abort_on_error(int code, const char *sentence);

#endif
