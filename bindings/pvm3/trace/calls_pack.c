/* calls_pack.c: traced calls about buffers and what is packed into them. */
#include <pvm3.h>

#include "bindings/pvm3/trace/fields.h"

#define ITEMS(name, kind, type)                                                                \
    TRACED(name, kind, (type *data, int count, int stride), (data, count, stride),             \
           PLACE(PDA, data) INT(PC, count) INT(PSD, stride), INT(CC, rc))

ITEMS(pkbyte, PKBYTE, char)
ITEMS(pkcplx, PKCPLX, float)
ITEMS(pkdcplx, PKDCPLX, double)
ITEMS(pkdouble, PKDOUBLE, double)
ITEMS(pkfloat, PKFLOAT, float)
ITEMS(pkint, PKINT, int)
ITEMS(pklong, PKLONG, long)
ITEMS(pkshort, PKSHORT, short)
ITEMS(pkuint, PKUINT, unsigned int)
ITEMS(pkulong, PKULONG, unsigned long)
ITEMS(pkushort, PKUSHORT, unsigned short)
ITEMS(upkbyte, UPKBYTE, char)
ITEMS(upkcplx, UPKCPLX, float)
ITEMS(upkdcplx, UPKDCPLX, double)
ITEMS(upkdouble, UPKDOUBLE, double)
ITEMS(upkfloat, UPKFLOAT, float)
ITEMS(upkint, UPKINT, int)
ITEMS(upklong, UPKLONG, long)
ITEMS(upkshort, UPKSHORT, short)
ITEMS(upkuint, UPKUINT, unsigned int)
ITEMS(upkulong, UPKULONG, unsigned long)
ITEMS(upkushort, UPKUSHORT, unsigned short)

TRACED(pkstr, PKSTR, (char *text), (text), PLACE(PDA, text), INT(CC, rc))
TRACED(upkstr, UPKSTR, (char *text), (text), PLACE(PDA, text), INT(CC, rc))

TRACED(initsend, INITSEND, (int encoding), (encoding), INT(ME, encoding), INT(MSB, rc))
TRACED(mkbuf, MKBUF, (int encoding), (encoding), INT(ME, encoding), INT(MB, rc))
TRACED(freebuf, FREEBUF, (int id), (id), INT(MB, id), INT(CC, rc))
TRACED(getsbuf, GETSBUF, (void), (), NOTHING, INT(MSB, rc))
TRACED(getrbuf, GETRBUF, (void), (), NOTHING, INT(MRB, rc))
TRACED(setsbuf, SETSBUF, (int id), (id), INT(MB, id), INT(MSB, rc))
TRACED(setrbuf, SETRBUF, (int id), (id), INT(MB, id), INT(MRB, rc))
TRACED(getminfo, GETMINFO, (int id, struct pvmminfo *info), (id, info), INT(MB, id), INT(CC, rc))
TRACED(setminfo, SETMINFO, (int id, struct pvmminfo *info), (id, info), INT(MB, id), INT(CC, rc))

TRACED(bufinfo, BUFINFO, (int id, int *bytes, int *tag, int *tid), (id, bytes, tag, tid),
       INT(MB, id),
       INT(CC, rc) INT(INB, at(bytes, rc, -1)) INT(IMC, at(tag, rc, -1)) INT(IST, at(tid, rc, -1)))
