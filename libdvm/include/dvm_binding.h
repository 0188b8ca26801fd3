/* dvm_binding.h: what a library that has another interface over DVM needs besides dvm.h.
 *
 * For such libraries (bindings/), not for programs. Their own code stands between the
 * program and the library: what DVM says about a call (its place in the source, what happens
 * when it fails) should be about the program, not about that code.
 */
#ifndef DVM_BINDING_H
#define DVM_BINDING_H

#include "dvm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Until dvm_binding_end, calls of this thread are made for the program's call that returns
 * to site (__builtin_return_address(0) in the function that the program has called; NULL:
 * each call's own), and errors do what mode says (DVM_FATAL, DVM_RETURN or DVM_SILENT)
 * instead of what dvm_errors() chose. */
DVM_API void dvm_binding_begin(const void *site, int mode);

/* End that. */
DVM_API void dvm_binding_end(void);

/* What dvm_errors() chose. */
DVM_API int dvm_binding_errors(void);

/* An error that the binding has found: keep the sentence for dvm_last_error(), with the place that
 * dvm_binding_begin was told, and do what errors do now. Returns code. */
DVM_API int dvm_binding_fail(int code, const char *sentence);

/* ---- for an interface that chooses among messages by itself ------------------------- */

/* Take the earliest message of DVM_UNIVERSE, from anybody and with any tag, as dvm_mprobe
 * does, waiting at most timeout seconds (0: not at all; negative: for ever). source and tag,
 * either DVM_ANY, are what the program waits for: for those who look what it does (dvm why).
 * site: return address of the program's call. *unlike receives whether the sender stores data
 * in another way, 0 or 1: then what is received as DVM_BYTE is not as it would be here. Never
 * prints or ends the program. Errors: TIMEOUT, and those of dvm_mprobe. */
DVM_API int dvm_binding_take(int source, int tag, double timeout, const void *site,
                             struct dvm_message **message, struct dvm_status *status,
                             int *unlike);

/* A further flag of dvm_value_put: by the rules of PVM's mailbox. A value that is kept is not
 * anybody's to change when its task has ended, unless it is DVM_VALUE_OPEN; and the only one of
 * a name may stand beside many. */
#define DVM_BINDING_VALUE_CLOSED 128

/* dvm_bsend in DVM_UNIVERSE to each of these tasks, with one copy for all who need one. Those
 * that have ended are left out. Errors: those of dvm_bsend. */
DVM_API int dvm_binding_send_each(const int *tids, size_t tid_count, int tag, const void *buf,
                                  size_t count, dvm_type type);

/* With on not 0, what tasks that are spawned from now on write is given to take, and goes
 * nowhere else: bytes of a task's stdout (stream 1) or stderr (2), in whole lines but for the
 * last; stream 0 without bytes when it has ended. It is called inside calls that make progress,
 * and may make none of DVM. With on 0 the output of later ones goes where this task's goes. */
DVM_API int dvm_binding_catch(void (*take)(int tid, int stream, const void *bytes, size_t size),
                              int on);

/* dvm_spawn, and the tasks get as argv[0] the path of their program on their host, not the name
 * that it was looked for by: PVM's tasks find themselves so. */
DVM_API int dvm_binding_spawn(const struct dvm_spawn *what, int count, int *tids, int *errors);

/* With on not 0, this task starts the tasks of its host from now on, in the daemon's place: of each
 * a message comes from the daemon, with this tag (docs/protocol.md, "Taskers"). Those enrol by
 * themselves. With on 0, no more. Errors: EXISTS (another does). */
DVM_API int dvm_binding_tasker(int tag, int on);

/* A task that this one has started so has ended, or could not be started; status as wait() has
 * it. Error: REFUSED (it is no such task). */
DVM_API int dvm_binding_task_over(int tid, int status);

/* A command, at most size bytes with the NUL, that a program may run on another computer, in a
 * way of its own, to start a daemon there. It holds no secret: the daemon makes a key, prints that
 * one's public half, and joins when dvm_binding_admit was called with it (docs/protocol.md,
 * "Invite"). Errors: ARG (size too small), NO_PROGRAM, and the daemon's. */
DVM_API int dvm_binding_offer(char *command, size_t size);

/* Let who has made this key, of 32 bytes, join the machine once, within so many seconds. Errors:
 * EXISTS (a host's key, or one that was admitted before), and the daemon's. */
DVM_API int dvm_binding_admit(const void *key, double seconds);

/* Copy the path of this host's runtime folder, at most size bytes with the NUL: where files
 * that all tasks of the host share may lie, such as those named below; the daemon removes
 * these at its end. Error: ARG (size too small). */
DVM_API int dvm_binding_folder(char *folder, size_t size);
#define DVM_BINDING_CONTEXTS "pvm-contexts"
#define DVM_BINDING_GROUPS "pvm-groups"

#ifdef __cplusplus
}
#endif

#endif
