/* pvm3.h: the interface of PVM 3.4, on DVM.
 *
 * For programs that were written for PVM: names, numbers and structures are PVM's, so that
 * such programs compile unchanged and those that are compiled run unchanged. dvm-pvm(7) tells
 * what differs. New programs are better served by <dvm.h>.
 *
 * Functions return PvmOk or what they say, or one of the negative codes below. With the option
 * PvmAutoErr, which is on at first, an error is also told on stderr. The first call of any
 * makes the process a task of the machine; each may return PvmSysErr when there is no daemon.
 */
#ifndef _PVM3_H_
#define _PVM3_H_

#include <sys/time.h>

#define PVM_VER "3.4.6"
#define PVM_MAJOR_VERSION 3
#define PVM_MINOR_VERSION 4
#define PVM_PATCH_VERSION 6

/* encodings of a message buffer: pvm_initsend, pvm_mkbuf */
#define PvmDataDefault 0 /* XDR: understood by every host */
#define PvmDataRaw 1     /* as it lies in memory */
#define PvmDataInPlace 2 /* the same, taken from its place when it is sent */
#define PvmDataFoo PvmDataDefault
#define PvmDataTrace 4

/* flags of pvm_spawn */
#define PvmTaskDefault 0
#define PvmTaskHost 1  /* where is a host */
#define PvmTaskArch 2  /* where is an architecture */
#define PvmTaskDebug 4
#define PvmTaskTrace 8
#define PvmMppFront 16
#define PvmHostCompl 32 /* all hosts but those */
#define PvmNoSpawnParent 64

/* events of pvm_notify */
#define PvmTaskExit 1
#define PvmHostDelete 2
#define PvmHostAdd 3
#define PvmRouteAdd 4
#define PvmRouteDelete 5
#define PvmNotifyCancel 256

/* options of pvm_setopt and pvm_getopt, and some of their values */
#define PvmRoute 1
#define PvmDontRoute 1
#define PvmAllowDirect 2
#define PvmRouteDirect 3
#define PvmDebugMask 2
#define PvmAutoErr 3
#define PvmOutputTid 4
#define PvmOutputCode 5
#define PvmTraceTid 6
#define PvmTraceCode 7
#define PvmTraceBuffer 8
#define PvmTraceOptions 9
#define PvmTraceFull 1
#define PvmTraceTime 2
#define PvmTraceCount 3
#define PvmFragSize 10
#define PvmResvTids 11
#define PvmSelfOutputTid 12
#define PvmSelfOutputCode 13
#define PvmSelfTraceTid 14
#define PvmSelfTraceCode 15
#define PvmSelfTraceBuffer 16
#define PvmSelfTraceOptions 17
#define PvmShowTids 18
#define PvmPollType 19
#define PvmPollConstant 1
#define PvmPollSleep 2
#define PvmPollTime 20
#define PvmOutputContext 21
#define PvmTraceContext 22
#define PvmSelfOutputContext 23
#define PvmSelfTraceContext 24
#define PvmNoReset 25

/* whose trace mask */
#define PvmTaskSelf 0
#define PvmTaskChild 1

#define PvmBaseContext 0 /* the context that programs begin in */

/* flags of pvm_putinfo and pvm_recvinfo */
#define PvmMboxDefault 0
#define PvmMboxPersistent 1
#define PvmMboxMultiInstance 2
#define PvmMboxOverWritable 4
#define PvmMboxFirstAvail 8
#define PvmMboxReadAndDelete 16
#define PvmMboxWaitForInfo 32
#define PvmMboxMaxFlag 512
#define PvmMboxDirectIndexShift 10
#define PvmMboxMaxDirectIndex ((unsigned)1 << (31 - PvmMboxDirectIndexShift))
#define PvmMboxDirectIndexOf(flags)                                                       \
    (((flags) & ((PvmMboxMaxDirectIndex - 1) << PvmMboxDirectIndexShift)) >>              \
     PvmMboxDirectIndexShift)
#define PvmMboxDirectIndex(index)                                                         \
    ((unsigned)(index) >= PvmMboxMaxDirectIndex ? 0 : (index) << PvmMboxDirectIndexShift)

/* classes of the mailbox that PVM's own tasks use */
#define PVMNORESETCLASS "###_PVM_NO_RESET_###"
#define PVMHOSTERCLASS "###_PVM_HOSTER_###"
#define PVMTASKERCLASS "###_PVM_TASKER_###"
#define PVMTRACERCLASS "###_PVM_TRACER_###"
#define PVMRMCLASS "###_PVM_RM_###"

/* error codes */
#define PvmOk 0
#define PvmBadParam (-2)
#define PvmMismatch (-3)
#define PvmOverflow (-4)
#define PvmNoData (-5)
#define PvmNoHost (-6)
#define PvmNoFile (-7)
#define PvmDenied (-8)
#define PvmNoMem (-10)
#define PvmBadMsg (-12)
#define PvmSysErr (-14)
#define PvmNoBuf (-15)
#define PvmNoSuchBuf (-16)
#define PvmNullGroup (-17)
#define PvmDupGroup (-18)
#define PvmNoGroup (-19)
#define PvmNotInGroup (-20)
#define PvmNoInst (-21)
#define PvmHostFail (-22)
#define PvmNoParent (-23)
#define PvmNotImpl (-24)
#define PvmDSysErr (-25)
#define PvmBadVersion (-26)
#define PvmOutOfRes (-27)
#define PvmDupHost (-28)
#define PvmCantStart (-29)
#define PvmAlready (-30)
#define PvmNoTask (-31)
#define PvmNotFound (-32)
#define PvmExists (-33)
#define PvmHostrNMstr (-34)
#define PvmParentNotSet (-35)
#define PvmIPLoopback (-36)
#define PvmNoEntry PvmNotFound
#define PvmDupEntry PvmDenied

/* types of pvm_psend, pvm_precv and the collectives */
#define PVM_STR 0
#define PVM_BYTE 1
#define PVM_SHORT 2
#define PVM_INT 3
#define PVM_FLOAT 4
#define PVM_CPLX 5
#define PVM_DOUBLE 6
#define PVM_DCPLX 7
#define PVM_LONG 8
#define PVM_USHORT 9
#define PVM_UINT 10
#define PVM_ULONG 11

struct pvmhostinfo {
    int hi_tid;    /* of its daemon */
    char *hi_name;
    char *hi_arch;
    int hi_speed;  /* always 1000 */
    int hi_dsig;   /* hosts with the same store data alike */
};

struct pvmtaskinfo {
    int ti_tid;
    int ti_ptid;    /* of its parent, 0 for none */
    int ti_host;    /* of its daemon */
    int ti_flag;
    char *ti_a_out; /* program */
    int ti_pid;
};

struct pvmminfo {
    int len; /* bytes */
    int ctx;
    int tag;
    int wid;
    int enc;
    int crc;
    int src;
    int dst;
};

struct pvmmboxinfo {
    char *mi_name;
    int mi_nentries;
    int *mi_indices;
    int *mi_owners;
    int *mi_flags;
};

#ifdef NOTMPNAM
#define PVMTMPNAMFUN(x) pvmtmpnam(x)
#define PVMTMPNAMLEN 128
#else
#define PVMTMPNAMFUN(x) tmpnam(x)
#ifdef L_tmpnam
#define PVMTMPNAMLEN L_tmpnam
#else
#define PVMTMPNAMLEN 128
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tasks ------------------------------------------------------------------- */

/* This task's tid. */
int pvm_mytid(void);

/* Leave the machine, once all that was sent is with its receiver or a daemon; the process goes
 * on. */
int pvm_exit(void);

/* Start ntask copies of a program. Returns how many started; their tids come first in tids,
 * then the error codes of the others. where: as flag says. argv: without the program's name,
 * NULL at the end; or NULL. */
int pvm_spawn(char *task, char **argv, int flag, char *where, int ntask, int *tids);

/* Ask a task to end (SIGTERM); send it a signal. A task that has ended is no error. */
int pvm_kill(int tid);
int pvm_sendsig(int tid, int signum);

/* The tid of the task that spawned this one; PvmNoParent. */
int pvm_parent(void);

/* The tasks that were spawned together with this one: how many; *tids receives a list of the
 * library's. */
int pvm_siblings(int **tids);

/* Add a variable of the environment to those that spawned tasks get; take it away. */
int pvm_export(char *name);
int pvm_unexport(char *name);

/* All tasks (where 0), those of a host, or one. The list is the library's, until the next
 * call. */
int pvm_tasks(int where, int *ntask, struct pvmtaskinfo **list);

/* Whether a task runs: PvmOk or PvmNoTask. */
int pvm_pstat(int tid);

/* ---- hosts ------------------------------------------------------------------- */

/* The host of a tid. */
int pvm_tidtohost(int tid);

/* The hosts of the machine; the list is the library's, until the next call. Each place for a
 * result may be NULL. */
int pvm_config(int *nhost, int *narch, struct pvmhostinfo **list);

/* Whether a host is in the machine: PvmOk, PvmNoHost, PvmHostFail. */
int pvm_mstat(char *host);

/* The code by which hosts of an architecture store data; PvmNotFound. */
int pvm_archcode(char *arch);

/* Add hosts; remove them. Returns how many; infos, which may be NULL, receives for each its
 * tid (or PvmOk) or an error. */
int pvm_addhosts(char **names, int count, int *infos);
int pvm_delhosts(char **names, int count, int *infos);

/* The clock of a host, and how far it is ahead. */
int pvm_hostsync(int host, struct timeval *clock, struct timeval *delta);

/* Start a daemon on this host; halt the whole machine. */
int pvm_start_pvmd(int argc, char **argv, int block);
int pvm_halt(void);

/* ---- events and options -------------------------------------------------------- */

/* Ask for a message with this tag for each of the given tasks or hosts that ends, or for the
 * next count hosts that join. */
int pvm_notify(int what, int tag, int count, int *tids);

/* The value of an option; set it and return the old one. */
int pvm_getopt(int what);
int pvm_setopt(int what, int value);

/* Tell the last error on stderr after a text of the program; its own text. */
int pvm_perror(char *text);
char *pvm_strerror(void);

/* The version of PVM that this library stands for. */
char *pvm_version(void);

/* Descriptors that are readable when something has come. Returns how many. */
int pvm_getfds(int **fds);

#if defined(EOF)
/* Have what tasks that are spawned from now on write put into a file; NULL: no more. */
int pvm_catchout(FILE *file);
#endif

/* ---- message buffers ------------------------------------------------------------ */

/* Empty the send buffer and begin a message. Returns its id. */
int pvm_initsend(int encoding);

/* Make a buffer; free one. */
int pvm_mkbuf(int encoding);
int pvm_freebuf(int bufid);

/* The send buffer and the receive buffer, 0 for none; make another the one (0: none), which
 * returns the one that was. */
int pvm_getsbuf(void);
int pvm_getrbuf(void);
int pvm_setsbuf(int bufid);
int pvm_setrbuf(int bufid);

/* Bytes, tag and sender of a message; places may be NULL. */
int pvm_bufinfo(int bufid, int *bytes, int *tag, int *tid);

/* All that is known of a message; change context, tag, wait id, source and destination. */
int pvm_getminfo(int bufid, struct pvmminfo *info);
int pvm_setminfo(int bufid, struct pvmminfo *info);

/* Put count items behind what is in the send buffer: each stride-th of an array. Errors:
 * PvmNoBuf, PvmBadParam, PvmNoMem, PvmNotImpl (a stride in place). */
int pvm_pkbyte(char *data, int count, int stride);
int pvm_pkcplx(float *data, int count, int stride);
int pvm_pkdcplx(double *data, int count, int stride);
int pvm_pkdouble(double *data, int count, int stride);
int pvm_pkfloat(float *data, int count, int stride);
int pvm_pkint(int *data, int count, int stride);
int pvm_pklong(long *data, int count, int stride);
int pvm_pkshort(short *data, int count, int stride);
int pvm_pkuint(unsigned int *data, int count, int stride);
int pvm_pkulong(unsigned long *data, int count, int stride);
int pvm_pkushort(unsigned short *data, int count, int stride);
int pvm_pkstr(char *text);

/* By a format: %[count|*][.stride|.*][h|l|u](c|d|f|x|s), %+ begins a message. */
int pvm_packf(const char *format, ...);

/* A whole message as an item of the send buffer; the items of one, behind those there. */
int pvm_pkmesg(int bufid);
int pvm_pkmesgbody(int bufid);

/* Take the next count items from the receive buffer. Errors: PvmNoBuf, PvmNoData (the message
 * ends before), PvmBadMsg, PvmBadParam. */
int pvm_upkbyte(char *data, int count, int stride);
int pvm_upkcplx(float *data, int count, int stride);
int pvm_upkdcplx(double *data, int count, int stride);
int pvm_upkdouble(double *data, int count, int stride);
int pvm_upkfloat(float *data, int count, int stride);
int pvm_upkint(int *data, int count, int stride);
int pvm_upklong(long *data, int count, int stride);
int pvm_upkshort(short *data, int count, int stride);
int pvm_upkuint(unsigned int *data, int count, int stride);
int pvm_upkulong(unsigned long *data, int count, int stride);
int pvm_upkushort(unsigned short *data, int count, int stride);
int pvm_upkstr(char *text);
int pvm_unpackf(const char *format, ...);

/* A message that pvm_pkmesg has put there, as a new buffer. Returns its id. */
int pvm_upkmesg(void);

/* ---- messages --------------------------------------------------------------------- */

/* Send the send buffer, to one task or to several (each once, never to this one). Never waits
 * for the receiver; a task that has ended is no error. */
int pvm_send(int tid, int tag);
int pvm_mcast(int *tids, int count, int tag);

/* Send an array without a buffer. */
int pvm_psend(int tid, int tag, void *data, int count, int type);

/* Receive: the next message from tid (-1: anybody) with this tag (-1: any) becomes the receive
 * buffer. Returns its id. pvm_nrecv and, after timeout (NULL: never), pvm_trecv return 0 when
 * there is none. */
int pvm_recv(int tid, int tag);
int pvm_nrecv(int tid, int tag);
int pvm_trecv(int tid, int tag, struct timeval *timeout);

/* Look for such a message and leave it where it is. Returns its id or 0. */
int pvm_probe(int tid, int tag);

/* Receive into an array of count elements; what is more is cut off. *atid, *atag and *alen
 * (bytes of the message) may be NULL. */
int pvm_precv(int tid, int tag, void *data, int count, int type, int *atid, int *atag,
              int *alen);

/* Choose the function that decides which message a receive gets: 1 takes it, 0 does not, a
 * negative result ends the receive. NULL: the usual. Returns the one that was. */
int (*pvm_recvf(int (*match)(int bufid, int tid, int tag)))(int bufid, int tid, int tag);

/* Have a function called for each message of this source, tag and context (-1: any) when it
 * comes. Returns a number for pvm_delmhf. */
int pvm_addmhf(int src, int tag, int ctx, int (*handler)(int bufid));
int pvm_delmhf(int number);

/* Contexts keep messages apart: a new one, give one back, the one in force. */
int pvm_newcontext(void);
int pvm_freecontext(int context);
int pvm_setcontext(int context);
int pvm_getcontext(void);

/* ---- mailbox ------------------------------------------------------------------------ */

/* Put a message under a name; get one; take one away; look what there is. */
int pvm_putinfo(char *name, int bufid, int flags);
int pvm_recvinfo(char *name, int index, int flags);
int pvm_delinfo(char *name, int index, int flags);
int pvm_getmboxinfo(char *pattern, int *nclasses, struct pvmmboxinfo **classes);

/* The tasks that a reset does not end. */
int pvm_getnoresets(int **tids, int *count);

/* The same for one int under a name, as before 3.4. */
int pvm_insert(char *name, int index, int value);
int pvm_lookup(char *name, int index, int *value);
int pvm_delete(char *name, int index);

/* ---- groups (libgpvm3) ---------------------------------------------------------------- */

/* Join a group, leave it; how many are in it; the number of a task in it, the task of a
 * number. */
int pvm_joingroup(char *group);
int pvm_lvgroup(char *group);
int pvm_gsize(char *group);
int pvm_getinst(char *group, int tid);
int pvm_gettid(char *group, int inst);

/* Make a group of size members one that does not change any more. */
int pvm_freezegroup(char *group, int size);

/* Wait until count members have called it (-1: all). */
int pvm_barrier(char *group, int count);

/* Send the send buffer to all other members. */
int pvm_bcast(char *group, int tag);

/* Combine the members' arrays into the root's; collect them; hand out parts. */
int pvm_reduce(void (*op)(int *type, void *into, void *data, int *count, int *info), void *data,
               int count, int type, int tag, char *group, int root);
int pvm_gather(void *result, void *data, int count, int type, int tag, char *group, int root);
int pvm_scatter(void *result, void *data, int count, int type, int tag, char *group, int root);

/* For pvm_reduce. */
void PvmMax(int *type, void *into, void *data, int *count, int *info);
void PvmMin(int *type, void *into, void *data, int *count, int *info);
void PvmSum(int *type, void *into, void *data, int *count, int *info);
void PvmProduct(int *type, void *into, void *data, int *count, int *info);

/* ---- the machine's insides -------------------------------------------------------------- */

/* Become the task that starts hosts; who is it already gives the role back. PvmAlready: another
 * is it. */
int pvm_reg_hoster(void);
int pvm_reg_tasker(void);
int pvm_reg_rm(struct pvmhostinfo **hosts);
int pvm_reg_tracer(int trace_context, int trace_tag, int output_context, int output_tag,
                   char *mask, int buffer, int options);
int pvm_tickle(int count, int *args, int *nresults, int *results);

#ifdef NOTMPNAM
char *pvmtmpnam(char *name);
#endif
/* The program that starts daemons on other hosts; the folder for temporary files. */
char *pvmgetrsh(void);
char *pvmgettmp(void);

#ifdef __cplusplus
}
#endif

#endif
