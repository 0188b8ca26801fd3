/* traced.c: a task that is traced, and the one that gets its events and prints them.
 *
 * traced [BUFFER [OPTION [killed]]] spawns itself as a child whose calls are traced to it, and
 * prints each event by its fields' names, without what differs from run to run (times, ids,
 * addresses).
 * The same lines come from PVM's own library (../../system/pvm_trace.sh compares them).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmtev.h>

#define TRACE 666
#define CONTEXT 77
#define FIELDS_MAX 64
#define NUMBER_MAX 100000 /* more is a tid or a context */

/* What the descriptor of an event said of its fields. */
static struct {
    char name[64];
    int count, did[FIELDS_MAX], type[FIELDS_MAX];
} events[3][TEV_MAX + 1];
static struct {
    char name[16];
} ids[TEV_DID_MAX + 1];
static int ended;

/* What is another number each time, and in another library. */
static int differs(int did)
{
    static const int those[] = {TEV_DID_TS,  TEV_DID_TU,  TEV_DID_TID, TEV_DID_MB,  TEV_DID_MRB,
                                TEV_DID_MSB, TEV_DID_PDA, TEV_DID_CDA, TEV_DID_SRC, TEV_DID_DST,
                                TEV_DID_MT,  TEV_DID_PT,  TEV_DID_TT,  TEV_DID_AST, TEV_DID_IST,
                                TEV_DID_HPT, TEV_DID_CXN, TEV_DID_CXF, TEV_DID_MDL, TEV_DID_NTL,
                                TEV_DID_STL, TEV_DID_SIB, TEV_DID_TW,  TEV_DID_TNT, TEV_DID_CR,
                                TEV_DID_FP,  TEV_DID_TUS, TEV_DID_TUU, TEV_DID_TSS, TEV_DID_TSU,
                                TEV_DID_TGS, TEV_DID_TGU, TEV_DID_HCS, TEV_DID_HCU, TEV_DID_HDS,
                                TEV_DID_HDU, TEV_DID_FDS, TEV_DID_AC,  TEV_DID_CD,  TEV_DID_RST,
                                TEV_DID_GT,  TEV_DID_MHI, TEV_DID_HN};

    for (size_t i = 0; i < sizeof those / sizeof those[0]; i++)
        if (did == those[i])
            return 1;
    return 0;
}

static void show_value(int did, int type)
{
    char text[4096] = "";
    double real = 0;
    long large = 0;
    int number = 0;

    switch (type & ~TEV_DATA_ARRAY) {
    case TEV_DATA_INT:
        pvm_upkint(&number, 1, 1);
        break;
    case TEV_DATA_LONG:
        pvm_upklong(&large, 1, 1);
        number = (int)large;
        break;
    case TEV_DATA_DOUBLE:
        pvm_upkdouble(&real, 1, 1);
        break;
    case TEV_DATA_STRING:
        pvm_upkstr(text);
        break;
    default:
        printf("type %d?", type);
    }
    if ((type & ~TEV_DATA_ARRAY) == TEV_DATA_STRING)
        printf("\"%s\"", differs(did) ? "*" : strrchr(text, '/') ? strrchr(text, '/') + 1 : text);
    else if (did == TEV_DID_PDA || did == TEV_DID_CDA)
        printf("@");
    else if (differs(did) || number > NUMBER_MAX)
        printf("%s", number > 0 ? "+" : number < 0 && number > -40 ? "-" : "*");
    else
        printf("%d", number);
}

static void show_field(int did, int type)
{
    int count = 1;

    printf(" %s=", ids[did].name);
    if (type & TEV_DATA_ARRAY) {
        pvm_upkint(&count, 1, 1);
        printf("[%d]", count);
    }
    for (int i = 0; i < count; i++) {
        if (i)
            putchar(',');
        show_value(did, type);
    }
}

static void show_event(int eid, int described)
{
    int kind = eid & 0xfff, side = eid & TEV_EVENT_ENTRY ? 1 : eid & TEV_EVENT_EXIT ? 2 : 0;
    int did = 0, type;

    if (described) {
        pvm_upkstr(events[side][kind].name);
        events[side][kind].count = 0;
    }
    printf("%s %s", events[side][kind].name, side == 1 ? "entry" : side == 2 ? "exit" : "event");
    for (int i = 0;; i++) {
        if (described) {
            pvm_upkint(&did, 1, 1);
            if (did < 0)
                break;
            pvm_upkint(&type, 1, 1);
            events[side][kind].did[i] = did;
            events[side][kind].type[i] = type;
            events[side][kind].count++;
        }
        if (i >= events[side][kind].count) {
            pvm_upkint(&did, 1, 1);
            break;
        }
        show_field(events[side][kind].did[i], events[side][kind].type[i]);
    }
    printf(" end %d\n", did);
    if (kind == TEV_ENDTASK)
        ended++;
}

static void learn_ids(void)
{
    char text[256];
    int id;

    for (;;) {
        pvm_upkint(&id, 1, 1);
        if (id < 0)
            break;
        pvm_upkstr(ids[id].name);
        pvm_upkstr(text);
    }
    printf("names of data, end %d\n", id);
}

static void show_message(void)
{
    int mark, eid, more = 1, buffered = 0;

    while (more) {
        if (pvm_upkint(&mark, 1, 1) < 0)
            break;
        switch (mark) {
        case TEV_MARK_EVENT_BUFFER:
            printf("buffer\n");
            buffered = 1;
            break;
        case TEV_MARK_EVENT_BUFFER_END:
            printf("buffer end\n");
            more = 0;
            break;
        case TEV_MARK_DATA_ID:
            learn_ids();
            more = 0;
            break;
        case TEV_MARK_EVENT_DESC:
        case TEV_MARK_EVENT_RECORD:
            pvm_upkint(&eid, 1, 1);
            show_event(eid, mark == TEV_MARK_EVENT_DESC);
            more = buffered;
            break;
        case TEV_MARK_USER_EVENT_RECORD:
            printf("user's event\n");
            more = 0;
            break;
        default:
            printf("mark %d?\n", mark);
            more = 0;
        }
    }
}

static int handler(int id)
{
    int value = 0;

    pvm_upkint(&value, 1, 1);
    return id > 0 ? value : 0;
}

/* ---- the child --------------------------------------------------------------------- */

static void pack_all(void)
{
    char bytes[4] = "abc";
    float f[4] = {1, 2, 3, 4};
    double d[4] = {1, 2, 3, 4};
    int i[4] = {1, 2, 3, 4};
    long l[4] = {1, 2, 3, 4};
    short s[4] = {1, 2, 3, 4};
    unsigned ui = 1;
    unsigned long ul = 2;
    unsigned short us = 3;

    pvm_pkbyte(bytes, 4, 1);
    pvm_pkcplx(f, 2, 1);
    pvm_pkdcplx(d, 2, 1);
    pvm_pkdouble(d, 4, 1);
    pvm_pkfloat(f, 4, 1);
    pvm_pkint(i, 2, 2);
    pvm_pkuint(&ui, 1, 1);
    pvm_pklong(l, 4, 1);
    pvm_pkulong(&ul, 1, 1);
    pvm_pkshort(s, 4, 1);
    pvm_pkushort(&us, 1, 1);
    pvm_pkstr("text");
    pvm_packf("%d", 7);
}

static void unpack_all(void)
{
    char bytes[16];
    float f[4];
    double d[4];
    int i[4];
    long l[4];
    short s[4];
    unsigned ui;
    unsigned long ul;
    unsigned short us;

    pvm_upkbyte(bytes, 4, 1);
    pvm_upkcplx(f, 2, 1);
    pvm_upkdcplx(d, 2, 1);
    pvm_upkdouble(d, 4, 1);
    pvm_upkfloat(f, 4, 1);
    pvm_upkint(i, 2, 2);
    pvm_upkuint(&ui, 1, 1);
    pvm_upklong(l, 4, 1);
    pvm_upkulong(&ul, 1, 1);
    pvm_upkshort(s, 4, 1);
    pvm_upkushort(&us, 1, 1);
    pvm_upkstr(bytes);
    pvm_unpackf("%d", i);
}

static void talk(int me, int parent)
{
    int tids[2] = {parent, me}, id, bytes, tag, tid, length, numbers[4] = {1, 2, 3, 4};
    struct timeval short_time = {0, 1000};

    pvm_initsend(PvmDataDefault);
    pack_all();
    pvm_send(me, 5);
    id = pvm_recv(-1, 5);
    pvm_bufinfo(id, &bytes, &tag, &tid);
    unpack_all();
    pvm_recv(parent, 4);
    pvm_probe(-1, 9);
    pvm_nrecv(-1, 9);
    pvm_trecv(-1, 9, &short_time);
    pvm_mcast(tids, 2, 8);
    pvm_psend(me, 6, numbers, 4, PVM_INT);
    pvm_precv(-1, 6, numbers, 4, PVM_INT, &tid, &tag, &length);
    pvm_send(0, 1); /* wrong */
}

static void buffers(void)
{
    struct pvmminfo info;
    int id = pvm_mkbuf(PvmDataRaw), old = pvm_setsbuf(id);

    pvm_getsbuf();
    pvm_getrbuf();
    pvm_setsbuf(old);
    pvm_setrbuf(pvm_setrbuf(0));
    memset(&info, 0, sizeof info);
    pvm_getminfo(id, &info);
    pvm_setminfo(id, &info);
    pvm_freebuf(id);
    pvm_freebuf(id);
}

static void ask(int me, int parent)
{
    struct pvmhostinfo *hosts;
    struct pvmtaskinfo *tasks;
    struct pvmmboxinfo *boxes;
    int count, types, *list, self[1] = {me};
    char *none[1] = {"nosuchhost"};

    (void)parent;
    pvm_config(&count, &types, &hosts);
    pvm_tasks(me, &count, &tasks);
    pvm_pstat(me);
    pvm_mstat("nosuchhost");
    pvm_siblings(&list);
    pvm_archcode("NOSUCH");
    pvm_tidtohost(me);
    pvm_getfds(&list);
    pvm_getopt(PvmRoute);
    pvm_setopt(PvmRoute, PvmAllowDirect);
    pvm_version();
    pvm_delhosts(none, 1, &count);
    pvm_notify(PvmTaskExit, 44, 1, self);
    pvm_sendsig(0, 9);
    pvm_spawn("nosuchprogram", NULL, PvmTaskHost, ".", 2, NULL);
    pvm_perror("traced");
    pvm_catchout(NULL);
    pvm_recvf(NULL);
    pvm_getmboxinfo("nosuch", &count, &boxes);
}

static void contexts_and_names(int me)
{
    int context = pvm_newcontext(), id, value, numbers[1] = {12};

    pvm_setcontext(pvm_setcontext(context));
    pvm_getcontext();
    pvm_freecontext(context);
    id = pvm_mkbuf(PvmDataDefault);
    pvm_putinfo("traced", id, PvmMboxDefault);
    pvm_recvinfo("traced", 0, PvmMboxDefault);
    pvm_delinfo("traced", 0, PvmMboxDefault);
    pvm_insert("traced2", -1, 5);
    pvm_lookup("traced2", -1, &value);
    pvm_delete("traced2", 0);
    id = pvm_addmhf(-1, 21, -1, handler);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 1, 1);
    pvm_send(me, 21);
    pvm_send(me, 22);
    pvm_recv(me, 22);
    pvm_delmhf(id);
}

static void group(void)
{
    int number = 3, result[1];

    pvm_joingroup("traced");
    pvm_gsize("traced");
    pvm_getinst("traced", pvm_mytid());
    pvm_gettid("traced", 0);
    pvm_barrier("traced", 1);
    pvm_initsend(PvmDataDefault);
    pvm_bcast("traced", 30);
    pvm_reduce(PvmSum, &number, 1, PVM_INT, 31, "traced", 0);
    pvm_gather(result, &number, 1, PVM_INT, 32, "traced", 0);
    pvm_scatter(result, &number, 1, PVM_INT, 33, "traced", 0);
    pvm_lvgroup("traced");
}

static void own_event(void)
{
    int value = 9;

    pvm_initsend(PvmDataTrace);
    pvm_pkint(&value, 1, 1);
    pvm_send(PVM_TRACE_TID, PVM_TRACE_CODE);
}

static int child(const char *how)
{
    int me = pvm_mytid(), parent = pvm_parent();

    talk(me, parent);
    buffers();
    ask(me, parent);
    contexts_and_names(me);
    group();
    own_event();
    if (how && strcmp(how, "killed") == 0)
        raise(SIGKILL);
    pvm_exit();
    return 0;
}

/* ---- the tracer ---------------------------------------------------------------------- */

static void show_until_ended(void)
{
    pvm_setcontext(CONTEXT);
    while (!ended) {
        pvm_recv(-1, TRACE);
        show_message();
    }
}

/* This task is the tracer of those that are started by hand, such as the one that it starts. */
static int be_registered(Pvmtmask mask)
{
    int rc = pvm_reg_tracer(CONTEXT, TRACE, 0, 0, mask, 0, PvmTraceFull), again;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "traced", "0", "1", "by_hand", (char *)NULL);
        _exit(127);
    }
    show_until_ended();
    waitpid(pid, &again, 0);
    pvm_setcontext(0);
    printf("registered: %d %d %d\n", rc, -WEXITSTATUS(again),
           pvm_reg_tracer(CONTEXT, TRACE, 0, 0, mask, 0, PvmTraceFull));
    return 0;
}

/* A task of no spawner; it ends with the code that a second tracer gets. */
static int by_hand(Pvmtmask mask)
{
    int numbers[4] = {1, 2, 3, 4}, rc;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 2, 2);
    rc = pvm_reg_tracer(1, 2, 3, 4, mask, 0, PvmTraceFull);
    pvm_exit();
    return -rc;
}

int main(int argc, char **argv)
{
    static char *words[] = {"child", NULL, NULL};
    const char *how = argc > 3 ? argv[3] : "";
    int me, tid;
    Pvmtmask mask;

    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return child(argv[2]);
    TEV_MASK_INIT(mask);
    for (int i = TEV_FIRST; i <= TEV_MAX; i++)
        TEV_MASK_SET(mask, i);
    if (strcmp(how, "by_hand") == 0)
        return by_hand(mask);
    if (strcmp(how, "registered") == 0)
        return be_registered(mask);
    words[1] = argc > 3 ? argv[3] : NULL;
    me = pvm_mytid();
    pvm_settmask(PvmTaskChild, mask);
    pvm_setopt(PvmTraceTid, me);
    pvm_setopt(PvmTraceCode, TRACE);
    pvm_setopt(PvmTraceContext, CONTEXT);
    pvm_setopt(PvmTraceBuffer, argc > 1 ? atoi(argv[1]) : 0);
    pvm_setopt(PvmTraceOptions, argc > 2 ? atoi(argv[2]) : PvmTraceFull);
    if (pvm_spawn("traced", words, PvmTaskDefault, NULL, 1, &tid) != 1)
        return 1;
    pvm_initsend(PvmDataRaw);
    pvm_send(tid, 4);
    show_until_ended();
    pvm_exit();
    return 0;
}
