/* messages.c: pvmf routines about buffers, messages, contexts, the mailbox.
 *
 * A string is packed as the bytes that it has, blanks included, as PVM does. */
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "bindings/pvm3/fortran/text.h"
#include "bindings/pvm3/buffer/pack.h"

#define FOR_EVER (-1) /* seconds of pvmftrecv */

F(pvmfinitsend, int *encoding, int *bufid)
{
    *bufid = pvm_initsend(*encoding);
}

F(pvmfmkbuf, int *encoding, int *bufid)
{
    *bufid = pvm_mkbuf(*encoding);
}

F(pvmffreebuf, int *bufid, int *info)
{
    *info = pvm_freebuf(*bufid);
}

F(pvmfgetsbuf, int *bufid)
{
    *bufid = pvm_getsbuf();
}

F(pvmfgetrbuf, int *bufid)
{
    *bufid = pvm_getrbuf();
}

F(pvmfsetsbuf, int *bufid, int *old)
{
    *old = pvm_setsbuf(*bufid);
}

F(pvmfsetrbuf, int *bufid, int *old)
{
    *old = pvm_setrbuf(*bufid);
}

F(pvmfbufinfo, int *bufid, int *bytes, int *tag, int *tid, int *info)
{
    *info = pvm_bufinfo(*bufid, bytes, tag, tid);
}

/* Fortran's types have the numbers of C's, and a string is bytes. */
static int type_of(int what)
{
    return what == PVM_STR ? PVM_BYTE : what;
}

static int is_type(int what)
{
    return what >= PVM_STR && what <= PVM_LONG;
}

F(pvmfpack, int *what, void *data, int *count, int *stride, int *info)
{
    *info = is_type(*what) ? pvm3_pack("pvmfpack", type_of(*what), data, *count, *stride)
                           : PvmBadParam;
}

F(pvmfunpack, int *what, void *data, int *count, int *stride, int *info)
{
    *info = is_type(*what) ? pvm3_unpack("pvmfunpack", type_of(*what), data, *count, *stride)
                           : PvmBadParam;
}

F(pvmfsend, int *tid, int *tag, int *info)
{
    *info = pvm_send(*tid, *tag);
}

F(pvmfmcast, int *count, int *tids, int *tag, int *info)
{
    *info = pvm_mcast(tids, *count, *tag);
}

F(pvmfpsend, int *tid, int *tag, void *data, int *count, int *type, int *info)
{
    *info = pvm_psend(*tid, *tag, data, *count, type_of(*type));
}

F(pvmfprecv, int *tid, int *tag, void *data, int *count, int *type, int *atid, int *atag,
  int *alen, int *info)
{
    *info = pvm_precv(*tid, *tag, data, *count, type_of(*type), atid, atag, alen);
}

F(pvmfrecv, int *tid, int *tag, int *bufid)
{
    *bufid = pvm_recv(*tid, *tag);
}

F(pvmfnrecv, int *tid, int *tag, int *bufid)
{
    *bufid = pvm_nrecv(*tid, *tag);
}

F(pvmftrecv, int *tid, int *tag, int *seconds, int *microseconds, int *bufid)
{
    struct timeval limit = {*seconds, *microseconds};

    *bufid = pvm_trecv(*tid, *tag, *seconds == FOR_EVER ? NULL : &limit);
}

F(pvmfprobe, int *tid, int *tag, int *bufid)
{
    *bufid = pvm_probe(*tid, *tag);
}

/* A handler gets its argument by value, which a Fortran routine cannot take. */
F(pvmfaddmhf, int *src, int *tag, int *ctx, void (*handler)(int *), int *info)
{
    (void)src;
    (void)tag;
    (void)ctx;
    (void)handler;
    *info = PvmNotImpl;
}

F(pvmfdelmhf, int *number, int *info)
{
    *info = pvm_delmhf(*number);
}

F(pvmfnewcontext, int *context)
{
    *context = pvm_newcontext();
}

F(pvmfsetcontext, int *context, int *old)
{
    *old = pvm_setcontext(*context);
}

F(pvmfgetcontext, int *context)
{
    *context = pvm_getcontext();
}

F(pvmffreecontext, int *context, int *info)
{
    *info = pvm_freecontext(*context);
}

/* A call of the mailbox with a name and two ints. */
static void with_name(const char *fortran, f_length length, int (*call)(char *, int, int), int a,
                      int b, int *result)
{
    char *name = f_text(fortran, length);

    *result = name ? call(name, a, b) : PvmNoMem;
    free(name);
}

F(pvmfputinfo, char *name, int *bufid, int *flags, int *index, f_length length)
{
    with_name(name, length, pvm_putinfo, *bufid, *flags, index);
}

F(pvmfrecvinfo, char *name, int *index, int *flags, int *bufid, f_length length)
{
    with_name(name, length, pvm_recvinfo, *index, *flags, bufid);
}

F(pvmfdelinfo, char *name, int *index, int *flags, int *info, f_length length)
{
    with_name(name, length, pvm_delinfo, *index, *flags, info);
}

/* One class a call, then the first again. */
F(pvmfgetmboxinfo, char *pattern, char *name, int *nclasses, int *nentries, int *indices,
  int *owners, int *flags, int *info, f_length pattern_length, f_length name_length)
{
    static struct pvmmboxinfo *list;
    static int count, next;
    char *text;

    if (next == 0 || *nclasses == -1) {
        next = 0;
        text = f_text(pattern, pattern_length);
        *info = text ? pvm_getmboxinfo(text, &count, &list) : PvmNoMem;
        free(text);
        if (*info < 0)
            return;
    }
    *info = PvmOk;
    *nclasses = count;
    if (count == 0)
        return;
    f_put(list[next].mi_name, name, name_length);
    *nentries = list[next].mi_nentries;
    for (int i = 0; i < *nentries; i++) {
        indices[i] = list[next].mi_indices[i];
        owners[i] = list[next].mi_owners[i];
        flags[i] = list[next].mi_flags[i];
    }
    next = (next + 1) % count;
}
