/* sweep.h: removing what daemons left behind that could not do it themselves: those
 * that were killed, and those that ended with an error, whose logs tell why.
 *
 * A folder is swept only if it lies in this user's folder in /tmp, is laid out as
 * runtime.h says, holds nothing but a daemon's files, and its lock is free; the lock
 * is held meanwhile. Errors are ignored: what cannot be swept stays.
 */
#ifndef DVM_BASE_SWEEP_H
#define DVM_BASE_SWEEP_H

/* How long another machine's log may be read after its last line, seconds. */
#define SWEEP_LOG_SECONDS 600

/* Machines with names that begin so are private ones: nobody reads their logs. */
#define SWEEP_PRIVATE "private-"

/* Sweep the folders of a machine and of private machines, and those of other machines
 * whose logs are old. machine: its name. */
void sweep_folders(const char *machine);

/* Sweep one folder as runtime_folder names it, which may also be a DVM_DIR. Waits for
 * its lock for an instant: its holder may be about to end. */
void sweep_folder(const char *folder);

#endif
