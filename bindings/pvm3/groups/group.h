/* group.h: PVM's dynamic groups, which are DVM's named ones. */
#ifndef PVM3_GROUPS_GROUP_H
#define PVM3_GROUPS_GROUP_H

/* Begin a call about a group: enrolled, and the name can be one. Returns PvmOk, PvmNullGroup or
 * another error, told already. */
int pvm3_group_enter(const char *call, const char *name);

/* End a call with an error of DVM, in PVM's code for groups. */
int pvm3_group_fail(const char *call, int rc);

/* The tids of a group's members, in order of instances. *tids is the caller's to free. Returns
 * how many, or an error, told already. */
int pvm3_group_tids(const char *call, const char *name, int **tids);

/* Whether a task is in it still. */
int pvm3_group_has(const char *name, int tid);

#endif
