/* manager.c: a resource manager of PVM's kind, and a program that it serves; on PVM and on DVM.
 *
 *     manager serve      be the manager until a message with tag 1 comes; print each message
 *     manager ask        what a task sees: spawn of 3, config, tasks, wrong names, notify
 *     manager second     register while another has the role
 *     manager stop       end the one that serves
 *     manager child      say hello to the parent
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmproto.h>

#include "holder.h"

#define TEXT 4096
#define MOST 64

static struct pvmhostinfo *hosts;
static int host_count, formats, next_host;

struct order {
    char task[TEXT], where[TEXT], args[MOST][TEXT], env[MOST][TEXT];
    int flag, count, argc, sinks[6], envc;
};

static int get_int(void)
{
    int value = 0;

    pvm_upkint(&value, 1, 1);
    return value;
}

static void put_int(int value)
{
    pvm_pkint(&value, 1, 1);
}

static void get_order(struct order *o)
{
    pvm_upkstr(o->task);
    o->flag = get_int();
    pvm_upkstr(o->where);
    o->count = get_int();
    o->argc = get_int();
    for (int i = 0; i < o->argc && i < MOST; i++)
        pvm_upkstr(o->args[i]);
    pvm_upkint(o->sinks, 6, 1);
    o->envc = get_int();
    for (int i = 0; i < o->envc && i < MOST; i++)
        pvm_upkstr(o->env[i]);
}

/* Send the send buffer with a wait id. */
static void send_with(int tid, int tag, int wid)
{
    struct pvmminfo m;

    pvm_getminfo(pvm_getsbuf(), &m);
    m.wid = wid;
    pvm_setminfo(pvm_getsbuf(), &m);
    pvm_send(tid, tag);
}

/* Start the which-th task of an order on the next host. Returns its tid or PVM's code. */
static int execute(const struct order *o, int whose, int which)
{
    int host = hosts[next_host++ % host_count].hi_tid, tid = PvmNoHost, count;
    static int wid = 100;

    pvm_initsend(PvmDataDefault);
    put_int(whose);
    pvm_pkstr((char *)o->task);
    put_int(o->flag);
    put_int(1);
    put_int(o->argc);
    for (int i = 0; i < o->argc; i++)
        pvm_pkstr((char *)o->args[i]);
    pvm_pkint((int *)o->sinks, 6, 1);
    put_int(o->envc);
    for (int i = 0; i < o->envc; i++)
        pvm_pkstr((char *)o->env[i]);
    put_int(which);
    put_int(o->count);
    send_with((int)(0x80000000 | (unsigned)host), SM_EXEC, ++wid);
    for (;;) { /* other news may come first: who connects, who ends */
        struct pvmminfo m;
        int buf = pvm_recv(-1, SM_EXECACK);

        pvm_getminfo(buf, &m);
        count = get_int();
        tid = get_int();
        if (m.wid == wid)
            break;
        printf("manager: a task is new\n");
    }
    printf("manager: EXECACK %d: %s\n", count, tid > 0 ? "runs" : "failed");
    return tid;
}

static void serve_spawn(int from, int wid)
{
    static struct order o;
    int tids[MOST];

    get_order(&o);
    printf("manager: SPAWN %s flags %d where \"%s\" count %d args %d\n", o.task, o.flag, o.where,
           o.count, o.argc);
    for (int i = 0; i < o.count; i++)
        tids[i] = execute(&o, from, i);
    pvm_initsend(PvmDataDefault);
    put_int(o.count);
    pvm_pkint(tids, o.count, 1);
    send_with(from, SM_SPAWN, wid);
}

static void serve_config(int from, int wid)
{
    printf("manager: CONFIG\n");
    pvm_initsend(PvmDataDefault);
    put_int(1); /* it shows the first only */
    put_int(formats);
    put_int(hosts[0].hi_tid);
    pvm_pkstr(hosts[0].hi_name);
    pvm_pkstr(hosts[0].hi_arch);
    put_int(1234);
    put_int(hosts[0].hi_dsig);
    send_with(from, SM_CONFIG, wid);
}

static void serve_tasks(int from, int wid)
{
    printf("manager: TASK where %d\n", get_int());
    pvm_initsend(PvmDataDefault);
    put_int(0);
    put_int(from);
    put_int(0);
    put_int(hosts[0].hi_tid);
    put_int(4);
    pvm_pkstr("invented");
    put_int(77);
    send_with(from, SM_TASK, wid);
}

static void serve_hosts(int from, int tag, int wid)
{
    int count = get_int();

    printf("manager: %s %d\n", tag == SM_ADDHOST ? "ADDHOST" : "DELHOST", count);
    pvm_initsend(PvmDataDefault);
    put_int(count);
    if (tag == SM_ADDHOST)
        put_int(formats);
    for (int i = 0; i < count; i++) {
        put_int(PvmDenied);
        if (tag == SM_ADDHOST) {
            pvm_pkstr("x");
            pvm_pkstr("x");
            put_int(0);
            put_int(0);
        }
    }
    send_with(from, tag, wid);
}

static void serve_notify(int from)
{
    int what = get_int(), ctx = get_int(), tag = get_int(), count = get_int(), about = get_int();

    printf("manager: NOTIFY %d context %d tag %d count %d\n", what, ctx, tag, count);
    pvm_initsend(PvmDataDefault);
    put_int(about);
    pvm_send(from, tag);
}

static int serve(void)
{
    int formats_here;

    pvm_config(&host_count, &formats_here, &hosts);
    formats = formats_here;
    pvm_setopt(PvmResvTids, 1);
    printf("manager: registered: %d\n", pvm_reg_rm(&hosts));
    pvm_config(&host_count, &formats_here, &hosts); /* its own calls go the usual way */
    for (;;) {
        struct pvmminfo m;
        int buf = pvm_recv(-1, -1);

        pvm_getminfo(buf, &m);
        if (m.tag == 1)
            return 0;
        if (m.tag == SM_SPAWN)
            serve_spawn(m.src, m.wid);
        else if (m.tag == SM_CONFIG)
            serve_config(m.src, m.wid);
        else if (m.tag == SM_TASK)
            serve_tasks(m.src, m.wid);
        else if (m.tag == SM_ADDHOST || m.tag == SM_DELHOST)
            serve_hosts(m.src, m.tag, m.wid);
        else if (m.tag == SM_NOTIFY)
            serve_notify(m.src);
        else if (m.tag == SM_EXECACK)
            printf("manager: a task is new\n");
        else if (m.tag == SM_TASKX)
            printf("manager: TASKX of %d bytes\n", m.len);
        fflush(stdout);
    }
}

static void ask_spawn(const char *self)
{
    char *args[] = {"child", NULL};
    int tids[3], n = pvm_spawn((char *)self, args, 0, "", 3, tids), siblings, tid;

    printf("ask: spawn %d\n", n);
    for (int i = 0; i < n; i++) {
        pvm_recv(tids[i], 5);
        pvm_upkint(&siblings, 1, 1);
        pvm_upkint(&tid, 1, 1);
        printf("ask: a child of %d siblings, its parent %s\n", siblings,
               tid == pvm_mytid() ? "is me" : "is another");
    }
    n = pvm_spawn("no-such-program", NULL, 0, "", 2, tids);
    printf("ask: spawn of nothing %d: %d %d\n", n, tids[0], tids[1]);
}

static int ask(const char *self)
{
    char *names[] = {"h1", "h2"};
    int infos[2], n, k, me = pvm_mytid();
    struct pvmtaskinfo *tasks;

    pvm_setopt(PvmAutoErr, 0);
    ask_spawn(self);
    k = pvm_config(&n, NULL, &hosts);
    printf("ask: config %d: %d of speed %d\n", k, n, hosts[0].hi_speed);
    k = pvm_tasks(0, &n, &tasks);
    printf("ask: tasks %d: %d of name %s, pid %d\n", k, n, tasks[0].ti_a_out, tasks[0].ti_pid);
    k = pvm_addhosts(names, 2, infos);
    printf("ask: addhosts %d: %d %d\n", k, infos[0], infos[1]);
    k = pvm_delhosts(names, 2, infos);
    printf("ask: delhosts %d: %d %d\n", k, infos[0], infos[1]);
    printf("ask: notify %d\n", pvm_notify(PvmTaskExit, 9, 1, &me));
    pvm_recv(-1, 9);
    pvm_upkint(&k, 1, 1);
    printf("ask: told of %s\n", k == me ? "it" : "another");
    return 0;
}

static int child(void)
{
    int *siblings, n = pvm_siblings(&siblings), parent = pvm_parent();

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&n, 1, 1);
    pvm_pkint(&parent, 1, 1);
    pvm_send(parent, 5);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "serve";
    int rc = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    pvm_mytid();
    if (strcmp(mode, "serve") == 0)
        rc = serve();
    else if (strcmp(mode, "ask") == 0)
        rc = ask(argv[2]);
    else if (strcmp(mode, "child") == 0)
        rc = child();
    else if (strcmp(mode, "second") == 0)
        printf("second: %d\n", pvm_reg_rm(&hosts));
    else if (strcmp(mode, "there") == 0)
        printf("there: %d\n", holder(PVMRMCLASS) != 0);
    else {
        pvm_initsend(PvmDataDefault);
        pvm_send(holder(PVMRMCLASS), 1);
    }
    pvm_exit();
    return rc;
}
