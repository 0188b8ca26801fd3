/* calls_message.c: traced calls that send and receive, and about contexts and handlers. */
#include <stdio.h>

#include <pvm3.h>

#include "bindings/pvm3/context.h"
#include "bindings/pvm3/trace/fields.h"

/* Bytes of a message; -1 when there is none. */
static int bytes_of(const struct pvm3_buffer *b)
{
    return b ? (int)b->bytes : -1;
}

static int tag_of(const struct pvm3_buffer *b)
{
    return b ? b->tag : -1;
}

static int source_of(const struct pvm3_buffer *b)
{
    return b ? b->src : -1;
}

/* What a receive has brought: that of an id. */
static const struct pvm3_buffer *got(int id)
{
    return id > 0 ? pvm3_buffer_find(id) : NULL;
}

#define CONTEXT(did) INT(did, pvm3_context())
#define WANTED INT(RST, tid) INT(RMC, tag) CONTEXT(RCX)
#define RECEIVED                                                                               \
    INT(MB, rc) INT(MNB, bytes_of(got(rc))) INT(MC, tag_of(got(rc))) CONTEXT(MCX)              \
        INT(SRC, source_of(got(rc)))

TRACED(send, SEND, (int tid, int tag), (tid, tag),
       INT(MNB, bytes_of(pvm3_sending())) INT(DST, tid) INT(MC, tag) CONTEXT(MCX), INT(CC, rc))
TRACED(mcast, MCAST, (int *tids, int count, int tag), (tids, count, tag),
       INT(MNB, bytes_of(pvm3_sending())) INT(MC, tag) CONTEXT(MCX) INTS(MDL, tids, count),
       INT(CC, rc))
TRACED(psend, PSEND, (int tid, int tag, void *data, int count, int type),
       (tid, tag, data, count, type),
       INT(DST, tid) INT(MC, tag) CONTEXT(MCX) PLACE(PDA, data) INT(PC, count) INT(PDT, type),
       INT(CC, rc))
TRACED(recv, RECV, (int tid, int tag), (tid, tag), WANTED, RECEIVED)
TRACED(nrecv, NRECV, (int tid, int tag), (tid, tag), WANTED, RECEIVED)
TRACED(trecv, TRECV, (int tid, int tag, struct timeval *timeout), (tid, tag, timeout),
       WANTED INT(MTS, timeout ? (int)timeout->tv_sec : -1)
           INT(MTU, timeout ? (int)timeout->tv_usec : -1),
       RECEIVED)
TRACED(probe, PROBE, (int tid, int tag), (tid, tag), WANTED, INT(CC, rc))
TRACED(precv, PRECV,
       (int tid, int tag, void *data, int count, int type, int *atid, int *atag, int *alen),
       (tid, tag, data, count, type, atid, atag, alen),
       WANTED PLACE(PDA, data) INT(PC, count) INT(PDT, type),
       INT(CC, rc) INT(MNB, at(alen, rc, -1)) INT(MC, at(atag, rc, -1)) CONTEXT(MCX)
           INT(SRC, at(atid, rc, -1)))

typedef int (*match_function)(int bufid, int tid, int tag);
TRACED_AS(false, match_function, recvf, RECVF, (match_function match), (match), (), ())

TRACED(addmhf, ADDMHF, (int src, int tag, int ctx, int (*handler)(int bufid)),
       (src, tag, ctx, handler), INT(RST, src) INT(RMC, tag) INT(RCX, ctx), INT(MHI, rc))
TRACED(delmhf, DELMHF, (int number), (number), INT(MHI, number), INT(CC, rc))

TRACED(newcontext, NEWCONTEXT, (void), (), NOTHING, INT(CXN, rc))
TRACED(freecontext, FREECONTEXT, (int context), (context), INT(CXF, context), INT(CC, rc))
TRACED(setcontext, SETCONTEXT, (int context), (context), INT(CXS, context), INT(CC, rc))
TRACED(getcontext, GETCONTEXT, (void), (), NOTHING, INT(CXC, rc))
