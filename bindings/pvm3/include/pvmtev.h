/* pvmtev.h: trace masks of PVM 3.4, on DVM.
 *
 * A mask says which calls a task tells of. This library keeps the masks and traces nothing:
 * `dvm top`, `dvm why` and `dvm events` look at tasks as they are.
 */
#ifndef _PVMTEV_H_
#define _PVMTEV_H_

#define TEV_MASK_LENGTH 36

typedef char Pvmtmask[TEV_MASK_LENGTH];

#ifdef __cplusplus
extern "C" {
#endif

/* The trace mask of this task (PvmTaskSelf) or of those that it spawns (PvmTaskChild); set it.
 * Error: PvmBadParam. */
int pvm_gettmask(int who, Pvmtmask mask);
int pvm_settmask(int who, Pvmtmask mask);

#ifdef __cplusplus
}
#endif

#endif
