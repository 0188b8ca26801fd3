/* runtime.h: the runtime folder of a host's daemon: where it is, whether it may
 * be trusted, whether a daemon lives in it, and how to connect to that daemon.
 *
 * Shared by daemon, console and library. The folder is $DVM_DIR if that is set,
 * else /tmp/dvm-UID/MACHINE/HOST. It and the levels above it up to dvm-UID are
 * directories (never links) of this user with mode 0700. In it:
 *
 *     lock     flock held by the daemon while it lives; the file alone says nothing
 *     socket   AF_UNIX SOCK_SEQPACKET
 *     log      the daemon's log, 0600; log.old: the one before it
 *     pushed   programs that were copied to this host (pushed.h)
 *
 * Functions return DVM_OK or a negative code with the sentence kept (dvm_fail).
 */
#ifndef DVM_BASE_RUNTIME_H
#define DVM_BASE_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

#define RUNTIME_PATH_MAX 1024 /* bytes of a folder's path with its NUL */
#define RUNTIME_LOCK "lock"
#define RUNTIME_SOCKET "socket"
#define RUNTIME_LOG "log"
#define RUNTIME_LOG_OLD "log.old" /* the one before it (LOG_OLD) */
#define RUNTIME_NAME "name" /* of the host in its machine, where the folder has another */
#define RUNTIME_CONTEXTS "pvm-contexts" /* DVM_BINDING_CONTEXTS: of PVM programs */
#define RUNTIME_GROUPS "pvm-groups"     /* DVM_BINDING_GROUPS */

/* Whether text can be a machine's or host's name and so part of a path: letters,
 * digits, '.', '-' and '_', not '.' first, shorter than DVM_NAME_MAX. */
bool runtime_name_ok(const char *text);

/* The machine's name: $DVM_MACHINE, else the user's name, else "uid-N". name: size
 * bytes (DVM_NAME_MAX is enough). Error: ARG (DVM_MACHINE is no name). */
int runtime_machine(char *name, size_t size);

/* This host's name: $DVM_HOST, else the host name up to its first dot. Error: ARG
 * (DVM_HOST is no name). */
int runtime_host(char *name, size_t size);

/* The path of this user's folder in /tmp. Errors: ARG (longer than size). */
int runtime_user_folder(char *folder, size_t size);

/* The path of a host's folder, without looking at the disk. machine, host: NULL
 * for the values of runtime_machine and runtime_host. DVM_DIR goes before all.
 * Errors: ARG (a bad name, or the path is longer than size). */
int runtime_folder(char *folder, size_t size, const char *machine, const char *host);

/* Make a folder that runtime_folder named, with the levels below /tmp, as far as
 * they are missing, and check all of them. Errors: REFUSED (a level is a link, of
 * another user, or open to others), SYSTEM. */
int runtime_make(const char *folder);

/* Open a folder after checking it as above. *fd receives a descriptor of the
 * directory (close on exec), the caller's. Errors: NO_DAEMON (there is none),
 * REFUSED, SYSTEM. */
int runtime_open(const char *folder, int *fd);

/* Take the folder's lock, after making the folder as runtime_make does: one that an
 * ending daemon removes at the same time is made again. *fd receives the descriptor that
 * holds it (close on exec): closed in every process, it is given back. Errors: EXISTS
 * (another daemon holds it), REFUSED, SYSTEM. */
int runtime_lock(const char *folder, int *fd);

/* Whether a daemon holds the folder's lock. False for a folder that cannot be
 * trusted or is not there. */
bool runtime_alive(const char *folder);

/* Note in the folder which name its host has in the machine. What cannot be written is not
 * noted: runtime_find then knows the folder's name only. */
void runtime_put_name(const char *folder, const char *name);

/* Find the folder of a running daemon of the user's machine: $DVM_DIR, else in
 * /tmp/dvm-UID/MACHINE the host DVM_HOST (by its folder's name, or its name in the machine), or,
 * when that is not set, the real host name, else the first by name whose lock is held. For a task
 * that of its own daemon, whatever that is called. machine: NULL for that of runtime_machine; of a
 * machine that is named, any host will do. Errors: NO_DAEMON (none runs), NO_HOST (some run, but
 * not DVM_HOST), REFUSED, SYSTEM. */
int runtime_find(char *folder, size_t size, const char *machine);

/* Make the listening socket of a daemon that holds the lock; an old file of that
 * name is removed. *fd: close on exec, nonblocking. Errors: NO_DAEMON, REFUSED,
 * SYSTEM. */
int runtime_listen(const char *folder, int *fd);

/* Connect to the daemon of a folder. *fd: close on exec, blocking. Errors:
 * NO_DAEMON (nobody listens there), REFUSED (it is another user's), SYSTEM. */
int runtime_connect(const char *folder, int *fd);

/* As runtime_connect, with the path of the socket (DVM_SOCKET). */
int runtime_connect_socket(const char *path, int *fd);

/* Remove the folder's files and the folder, and the levels above it as far as
 * they are empty. To be called with the lock held. Errors are ignored. */
void runtime_remove(const char *folder);

#endif
