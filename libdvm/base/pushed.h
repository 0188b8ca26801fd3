/* pushed.h: programs that were copied to a host because it had none: in the folder
 * "pushed" of its runtime folder, each with its libraries in a folder of its own.
 *
 *     pushed/dvmd/                 dvmd itself, from dvm add
 *     pushed/KEY/                  a program of dvm run --push; KEY names its contents
 *
 * All of it is the user's alone (0700) and goes with the runtime folder.
 */
#ifndef DVM_BASE_PUSHED_H
#define DVM_BASE_PUSHED_H

#define PUSHED_FOLDER "pushed"

/* Make (or find) the folder NAME for a pushed program in a runtime folder. *fd receives
 * a descriptor of it (close on exec), the caller's; -1 after an error. Errors: those of
 * runtime_open, and REFUSED (it is a link or of another user), SYSTEM. */
int pushed_open(const char *folder, const char *name, int *fd);

/* Remove everything that was pushed to the runtime folder that a descriptor stands for. */
void pushed_remove(int folder);

/* If this process itself was pushed: remove its own copy, and the folders above it as far
 * as they are empty. Only for a process that is about to end. */
void pushed_remove_own(void);

#endif
