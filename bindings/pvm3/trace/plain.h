/* plain.h: the calls that are traced, as they are without that.
 *
 * A file that defines such a call includes this before pvm3.h, and so defines the call by a name
 * of the library's own; the public one (trace/calls_*.c) is that, with the
 * events around it for a task that has a tracer. Calls of the library's own code, by these
 * names, are no events.
 */
#ifndef PVM3_TRACE_PLAIN_H
#define PVM3_TRACE_PLAIN_H

#define pvm_addhosts pvm3_plain_addhosts
#define pvm_addmhf pvm3_plain_addmhf
#define pvm_archcode pvm3_plain_archcode
#define pvm_bufinfo pvm3_plain_bufinfo
#define pvm_config pvm3_plain_config
#define pvm_delete pvm3_plain_delete
#define pvm_delhosts pvm3_plain_delhosts
#define pvm_delinfo pvm3_plain_delinfo
#define pvm_delmhf pvm3_plain_delmhf
#define pvm_exit pvm3_plain_exit
#define pvm_freebuf pvm3_plain_freebuf
#define pvm_freecontext pvm3_plain_freecontext
#define pvm_getcontext pvm3_plain_getcontext
#define pvm_getfds pvm3_plain_getfds
#define pvm_getmboxinfo pvm3_plain_getmboxinfo
#define pvm_getminfo pvm3_plain_getminfo
#define pvm_getopt pvm3_plain_getopt
#define pvm_getrbuf pvm3_plain_getrbuf
#define pvm_getsbuf pvm3_plain_getsbuf
#define pvm_halt pvm3_plain_halt
#define pvm_initsend pvm3_plain_initsend
#define pvm_insert pvm3_plain_insert
#define pvm_kill pvm3_plain_kill
#define pvm_lookup pvm3_plain_lookup
#define pvm_mcast pvm3_plain_mcast
#define pvm_mkbuf pvm3_plain_mkbuf
#define pvm_mstat pvm3_plain_mstat
#define pvm_mytid pvm3_plain_mytid
#define pvm_newcontext pvm3_plain_newcontext
#define pvm_notify pvm3_plain_notify
#define pvm_nrecv pvm3_plain_nrecv
#define pvm_parent pvm3_plain_parent
#define pvm_pkbyte pvm3_plain_pkbyte
#define pvm_pkcplx pvm3_plain_pkcplx
#define pvm_pkdcplx pvm3_plain_pkdcplx
#define pvm_pkdouble pvm3_plain_pkdouble
#define pvm_pkfloat pvm3_plain_pkfloat
#define pvm_pkint pvm3_plain_pkint
#define pvm_pklong pvm3_plain_pklong
#define pvm_pkshort pvm3_plain_pkshort
#define pvm_pkstr pvm3_plain_pkstr
#define pvm_pkuint pvm3_plain_pkuint
#define pvm_pkulong pvm3_plain_pkulong
#define pvm_pkushort pvm3_plain_pkushort
#define pvm_precv pvm3_plain_precv
#define pvm_probe pvm3_plain_probe
#define pvm_psend pvm3_plain_psend
#define pvm_pstat pvm3_plain_pstat
#define pvm_putinfo pvm3_plain_putinfo
#define pvm_recv pvm3_plain_recv
#define pvm_recvf pvm3_plain_recvf
#define pvm_recvinfo pvm3_plain_recvinfo
#define pvm_reg_hoster pvm3_plain_reg_hoster
#define pvm_reg_rm pvm3_plain_reg_rm
#define pvm_reg_tasker pvm3_plain_reg_tasker
#define pvm_reg_tracer pvm3_plain_reg_tracer
#define pvm_send pvm3_plain_send
#define pvm_sendsig pvm3_plain_sendsig
#define pvm_setcontext pvm3_plain_setcontext
#define pvm_setminfo pvm3_plain_setminfo
#define pvm_setopt pvm3_plain_setopt
#define pvm_setrbuf pvm3_plain_setrbuf
#define pvm_setsbuf pvm3_plain_setsbuf
#define pvm_siblings pvm3_plain_siblings
#define pvm_spawn pvm3_plain_spawn
#define pvm_start_pvmd pvm3_plain_start_pvmd
#define pvm_tasks pvm3_plain_tasks
#define pvm_tickle pvm3_plain_tickle
#define pvm_trecv pvm3_plain_trecv
#define pvm_upkbyte pvm3_plain_upkbyte
#define pvm_upkcplx pvm3_plain_upkcplx
#define pvm_upkdcplx pvm3_plain_upkdcplx
#define pvm_upkdouble pvm3_plain_upkdouble
#define pvm_upkfloat pvm3_plain_upkfloat
#define pvm_upkint pvm3_plain_upkint
#define pvm_upklong pvm3_plain_upklong
#define pvm_upkshort pvm3_plain_upkshort
#define pvm_upkstr pvm3_plain_upkstr
#define pvm_upkuint pvm3_plain_upkuint
#define pvm_upkulong pvm3_plain_upkulong
#define pvm_upkushort pvm3_plain_upkushort

#endif
