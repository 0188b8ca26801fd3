/* tasks.c: pvmf routines about tasks, hosts, events and options. */
#include <stdio.h>
#include <stdlib.h>

#include <pvm3.h>

#include "bindings/pvm3/fortran/text.h"
#include "bindings/pvm3/oldnames.h"

F(pvmfmytid, int *tid)
{
    *tid = pvm_mytid();
}

F(pvmfexit, int *info)
{
    *info = pvm_exit();
}

F(pvmfspawn, char *task, int *flag, char *where, int *ntask, int *tids, int *numt,
  f_length task_length, f_length where_length)
{
    char *program = f_text(task, task_length), *place = f_text(where, where_length);

    *numt = PvmNoMem;
    if (program && place) /* "*" is anywhere */
        *numt = pvm_spawn(program, NULL, *flag,
                          place[0] && !(place[0] == '*' && !place[1]) ? place : NULL, *ntask,
                          tids);
    free(program);
    free(place);
}

F(pvmfkill, int *tid, int *info)
{
    *info = pvm_kill(*tid);
}

F(pvmfsendsig, int *tid, int *signum, int *info)
{
    *info = pvm_sendsig(*tid, *signum);
}

F(pvmfparent, int *tid)
{
    *tid = pvm_parent();
}

F(pvmfsiblings, int *ntids, int *index, int *tid)
{
    int *tids;

    *ntids = pvm_siblings(&tids);
    if (*ntids > 0 && *index >= 0 && *index < *ntids)
        *tid = tids[*index];
    else
        *tid = PvmBadParam;
}

F(pvmfsleep, int *seconds)
{
    pvmsleep(*seconds);
}

/* One task a call, then the first again. */
F(pvmftasks, int *where, int *ntask, int *tid, int *ptid, int *dtid, int *flag, char *aout,
  int *info, f_length aout_length)
{
    static struct pvmtaskinfo *list;
    static int count, next;

    if (next == 0 || *ntask == -1) {
        next = 0;
        *info = pvm_tasks(*where, &count, &list);
        if (*info < 0)
            return;
    }
    *info = PvmOk;
    *ntask = count;
    if (count == 0)
        return;
    *tid = list[next].ti_tid;
    *ptid = list[next].ti_ptid;
    *dtid = list[next].ti_host;
    *flag = list[next].ti_flag;
    f_put(list[next].ti_a_out, aout, aout_length);
    next = (next + 1) % count;
}

F(pvmfpstat, int *tid, int *status)
{
    *status = pvm_pstat(*tid);
}

/* One host a call, likewise. */
F(pvmfconfig, int *nhost, int *narch, int *dtid, char *name, char *arch, int *speed, int *info,
  f_length name_length, f_length arch_length)
{
    static struct pvmhostinfo *list;
    static int count, formats, next;

    if (next == 0 || *nhost == -1) {
        next = 0;
        *info = pvm_config(&count, &formats, &list);
        if (*info < 0)
            return;
    }
    *info = PvmOk;
    *nhost = count;
    *narch = formats;
    if (count == 0)
        return;
    *dtid = list[next].hi_tid;
    *speed = list[next].hi_speed;
    f_put(list[next].hi_name, name, name_length);
    f_put(list[next].hi_arch, arch, arch_length);
    next = (next + 1) % count;
}

/* A routine with one string and one result. */
static void with_text(const char *fortran, f_length length, int (*call)(char *), int *info)
{
    char *text = f_text(fortran, length);

    *info = text ? call(text) : PvmNoMem;
    free(text);
}

F(pvmfmstat, char *host, int *status, f_length length)
{
    with_text(host, length, pvm_mstat, status);
}

F(pvmfarchcode, char *arch, int *code, f_length length)
{
    with_text(arch, length, pvm_archcode, code);
}

F(pvmfperror, char *text, int *info, f_length length)
{
    with_text(text, length, pvm_perror, info);
}

F(pvmftidtohost, int *tid, int *dtid)
{
    *dtid = pvm_tidtohost(*tid);
}

F(pvmfhostsync, int *host, int *clock_s, int *clock_us, int *delta_s, int *delta_us, int *info)
{
    struct timeval clock = {0, 0}, delta = {0, 0};

    *info = pvm_hostsync(*host, &clock, &delta);
    *clock_s = (int)clock.tv_sec;
    *clock_us = (int)clock.tv_usec;
    *delta_s = (int)delta.tv_sec;
    *delta_us = (int)delta.tv_usec;
}

static int add_one(char *host)
{
    int info = 0, added = pvm_addhosts(&host, 1, &info);

    return added == 1 ? info : added < 0 ? added : info;
}

static int remove_one(char *host)
{
    int info = 0, removed = pvm_delhosts(&host, 1, &info);

    return removed < 0 ? removed : info;
}

F(pvmfaddhost, char *host, int *info, f_length length)
{
    with_text(host, length, add_one, info);
}

F(pvmfdelhost, char *host, int *info, f_length length)
{
    with_text(host, length, remove_one, info);
}

F(pvmfhalt, int *info)
{
    *info = pvm_halt();
}

F(pvmfstartpvmd, char *args, int *block, int *info, f_length length)
{
    char *text = f_text(args, length);

    *info = text ? pvm_start_pvmd(text[0] != '\0', &text, *block) : PvmNoMem;
    free(text);
}

F(pvmfnotify, int *what, int *tag, int *count, int *tids, int *info)
{
    *info = pvm_notify(*what, *tag, *count, tids);
}

F(pvmfsetopt, int *what, int *value, int *old)
{
    *old = pvm_setopt(*what, *value);
}

F(pvmfgetopt, int *what, int *value)
{
    *value = pvm_getopt(*what);
}

F(pvmfcatchout, int *on, int *info)
{
    *info = pvm_catchout(*on ? stdout : NULL);
}
