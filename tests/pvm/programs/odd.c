/* odd.c: what programs do with buffers, handlers and events at the edge of what PVM allows: a
 * line for each thing that is not as it should be, and "odd: all ok" when there is none.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>

enum { KEPT = 5, RUN = 7, WANTED = 9, NAMED = 11, EVENT = 20 };

#define MANY 600 /* events with a tag each: more than there are places for at a time */

static int self, wrong;

static void hold(int ok, const char *what)
{
    if (!ok)
        printf("odd: wrong: %s\n", what);
    wrong += !ok;
}

static void send_int(int tag, int value)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(self, tag);
}

static int take_int(void)
{
    int value = -1;

    pvm_upkint(&value, 1, 1);
    return value;
}

/* A message that was only looked at stays in the queue, whatever buffer it is made. */
static void probed(void)
{
    int id;

    send_int(KEPT, 1);
    send_int(WANTED, 2);
    while ((id = pvm_probe(self, KEPT)) == 0)
        ;
    pvm_setrbuf(id);
    hold(take_int() == 1, "looking into a probed message");
    pvm_recv(self, WANTED);
    hold(take_int() == 2, "another message than the probed one");
    pvm_setsbuf(pvm_probe(self, KEPT));
    pvm_initsend(PvmDataDefault);
    pvm_recv(self, KEPT);
    hold(take_int() == 1, "a probed message from its beginning");
}

/* What was received is sent on; then a new message is packed, and another one received. */
static void passed_on(void)
{
    int value = 4;

    send_int(KEPT, 3);
    send_int(WANTED, 2);
    pvm_recv(self, KEPT);
    pvm_setsbuf(pvm_getrbuf());
    pvm_send(self, KEPT);
    pvm_initsend(PvmDataDefault);
    hold(pvm_getrbuf() == 0, "the receive buffer was freed with the send buffer");
    pvm_pkint(&value, 1, 1);
    pvm_recv(self, WANTED);
    hold(pvm_send(self, WANTED) == PvmOk, "what was packed is there");
    pvm_recv(self, WANTED);
    hold(take_int() == 4, "the message that was packed");
    pvm_recv(self, KEPT);
    hold(take_int() == 3, "the message that was sent on");
}

/* It takes what came before, and sends. */
static int handler(int id)
{
    pvm_recv(self, KEPT);
    send_int(WANTED, take_int() + 1);
    return 0;
}

static void handled(void)
{
    int number = pvm_addmhf(self, RUN, -1, handler), before, spare;

    before = pvm_mkbuf(PvmDataDefault);
    pvm_freebuf(before);
    for (int i = 0; i < 20; i++) {
        send_int(KEPT, 10 * i);
        pvm_probe(self, WANTED); /* it is in the queue before the handler runs */
        send_int(RUN, 0);
        pvm_recv(self, WANTED);
        hold(take_int() == 10 * i + 1, "what a handler has sent");
    }
    spare = pvm_mkbuf(PvmDataDefault);
    hold(spare <= before + 2, "no buffers are left over from handlers");
    pvm_freebuf(spare);
    pvm_delmhf(number);
}

/* Each event under a tag of its own, one after the other. */
static void events(void)
{
    int none = (self & 0x7ffc0000) | 200000, tid, failed = 0;

    for (int i = 0; i < MANY; i++) {
        failed += pvm_notify(PvmTaskExit, EVENT + i, 1, &none) != PvmOk;
        if (failed == 0)
            pvm_recv(-1, EVENT + i);
        failed += failed == 0 && (pvm_upkint(&tid, 1, 1) != PvmOk || tid != none);
    }
    hold(failed == 0, "events with a tag each");
}

static void mistakes(void)
{
    int tids[1] = {self};

    hold(pvm_setcontext(-7) == PvmBadParam, "a context below 0");
    hold(pvm_getcontext() == 0, "the context as it was");
    hold(pvm_bufinfo(0, NULL, NULL, NULL) == PvmBadParam, "no buffer's id");
    pvm_setsbuf(0);
    hold(pvm_pkmesg(12345) == PvmNoSuchBuf, "a message that is not there, without a send buffer");
    hold(pvm_spawn("odd", NULL, 0, NULL, 1 << 20, NULL) <= 0, "too many tasks");
    hold(pvm_spawn("no-such-program", NULL, 0, NULL, 1, tids) == 0 && tids[0] < 0,
         "a program that is not there");
}

/* Found by its name, a task has its program's path as argv[0]. */
static void named(void)
{
    char name[300] = "";
    int tid = 0;

    hold(pvm_spawn("odd", (char *[]){"--name", NULL}, 0, NULL, 1, &tid) == 1, "spawn by name");
    if (tid <= 0)
        return;
    pvm_recv(tid, NAMED);
    pvm_upkstr(name);
    hold(name[0] == '/' && strcmp(strrchr(name, '/'), "/odd") == 0, name);
}

static int tell_name(char *name)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkstr(name);
    pvm_send(pvm_parent(), NAMED);
    pvm_exit();
    return 0;
}

/* A copy of this process is a task of its own, which waits for nobody's children. */
static void forked(void)
{
    int status = -1, tid;
    pid_t pid;

    pvm_catchout(stderr);
    pvm_spawn("sleep", (char *[]){"1", NULL}, 0, NULL, 1, &tid);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(200);
        pvm_setopt(PvmAutoErr, 0);
        pvm_mytid();
        pvm_exit();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    hold(status == 0, "a copy of the process leaves");
}

int main(int argc, char **argv)
{
    self = pvm_mytid();
    if (argc > 1)
        return tell_name(argv[0]);
    pvm_setopt(PvmAutoErr, 0);
    probed();
    passed_on();
    handled();
    events();
    mistakes();
    named();
    forked();
    if (wrong == 0)
        printf("odd: all ok\n");
    pvm_exit();
    return wrong != 0;
}
