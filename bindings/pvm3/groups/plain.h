/* plain.h: the calls about groups, as they are without events for tracers (trace/plain.h). What
 * they call in libpvm3 is public, and no event inside of one. */
#ifndef PVM3_GROUPS_PLAIN_H
#define PVM3_GROUPS_PLAIN_H

#define pvm_joingroup pvm3_plain_joingroup
#define pvm_lvgroup pvm3_plain_lvgroup
#define pvm_gsize pvm3_plain_gsize
#define pvm_getinst pvm3_plain_getinst
#define pvm_gettid pvm3_plain_gettid
#define pvm_barrier pvm3_plain_barrier
#define pvm_bcast pvm3_plain_bcast
#define pvm_reduce pvm3_plain_reduce
#define pvm_gather pvm3_plain_gather
#define pvm_scatter pvm3_plain_scatter

#endif
