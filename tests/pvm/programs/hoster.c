/* hoster.c: a hoster of PVM's kind, and a program that adds hosts by it; on PVM and on DVM.
 *
 *     hoster serve        be the hoster until a message with tag 1 comes; print each message. so=
 *                         of a host says what to do: run (the command, here), die, leave (it out
 *                         of the answer), silent (no answer), key (that of a daemon that is not
 *                         there), or what to answer, such as PvmCantStart
 *     hoster ask LINE...  add hosts
 *     hoster second       register while another has the role
 *     hoster stop         end the one that serves
 *     hoster there        whether there is one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>
#include <pvmproto.h>

#define TEXT 16384
#define MOST 16

static FILE *running[MOST]; /* commands, which may run on */
static int running_count;

static int get_int(void)
{
    int value = 0;

    pvm_upkint(&value, 1, 1);
    return value;
}

/* Run a command as on another computer, and take the line that hosters look for. */
static void run(const char *command, char *status)
{
    const char *more = getenv("HOSTER_OPTIONS");
    static char whole[2 * TEXT];
    FILE *out;

    if (getenv("HOSTER_COMMAND") && (out = fopen(getenv("HOSTER_COMMAND"), "w"))) {
        fprintf(out, "%s\n", command);
        fclose(out);
    }
    snprintf(whole, sizeof whole, "%s %s", command, more ? more : "");
    out = popen(whole, "r");
    strcpy(status, "PvmCantStart");
    if (!out || running_count == MOST)
        return;
    running[running_count++] = out;
    while (strncmp(status, "ddpro", 5) != 0 && fgets(status, TEXT, out))
        status[strcspn(status, "\n")] = '\0';
}

/* Unpack a host and pack what became of it. Returns whether there is to be an answer. */
static int start_one(void)
{
    static char how[TEXT], login[TEXT], command[TEXT], windows[TEXT], machine[TEXT], status[TEXT];
    int tid = get_int();

    pvm_upkstr(how);
    pvm_upkstr(login);
    pvm_upkstr(command);
    strcpy(windows, "?");
    strcpy(machine, "?");
    pvm_upkstr(windows);
    pvm_upkstr(machine);
    printf("hoster: %s so=%s, tid %s, command %s, then %s and \"%s\"\n", login, how,
           pvm_tidtohost(tid) == tid ? "of a host" : "of none",
           strstr(command, "pvmd") || strstr(command, "dvmd") ? "of a daemon" : command,
           strcmp(windows, "?") == 0 ? "nothing" : "a text", machine);
    if (strcmp(how, "die") == 0)
        _exit(1);
    if (strcmp(how, "leave") == 0)
        return 1;
    if (strcmp(how, "key") == 0)
        sprintf(status, "ddpro<2316> arch<LINUX64> key<%064d>", 7);
    else if (strcmp(how, "run") == 0)
        run(command, status);
    else
        strcpy(status, how);
    pvm_pkint(&tid, 1, 1);
    pvm_pkstr(status);
    return strcmp(how, "silent") != 0;
}

static void start(int asker, int wid)
{
    struct pvmminfo m;
    int count = get_int(), told, answer, wanted = 1;

    printf("hoster: STHOST %d\n", count);
    pvm_initsend(PvmDataDefault);
    told = count;
    pvm_pkint(&told, 1, 1);
    for (int i = 0; i < count; i++)
        wanted = start_one() && wanted;
    if (!wanted)
        return;
    answer = pvm_getsbuf();
    pvm_getminfo(answer, &m);
    m.wid = wid;
    pvm_setminfo(answer, &m);
    pvm_send(asker, SM_STHOSTACK);
}

static int serve(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    pvm_setopt(PvmResvTids, 1);
    printf("hoster: registered: %d\n", pvm_reg_hoster());
    for (;;) {
        struct pvmminfo m;
        int buf = pvm_recv(-1, -1);

        if (buf < 0)
            return 1;
        pvm_getminfo(buf, &m);
        if (m.tag == 1)
            break;
        if (m.tag == SM_STHOST)
            start(m.src, m.wid);
    }
    printf("hoster: left: %d\n", pvm_reg_hoster());
    return 0;
}

static int ask(int count, char **lines)
{
    int infos[MOST] = {0}, added;

    pvm_setopt(PvmAutoErr, getenv("HOSTER_WHY") != NULL);
    added = pvm_addhosts(lines, count, infos);
    printf("ask: addhosts %d:", added);
    for (int i = 0; i < count; i++)
        printf(infos[i] > 0 ? " a host" : " %d", infos[i]);
    printf("\n");
    return 0;
}

static int hoster(void)
{
    int tid = 0;

    pvm_setopt(PvmAutoErr, 0);
    if (pvm_recvinfo(PVMHOSTERCLASS, 0, PvmMboxDefault) < 0)
        return 0;
    pvm_upkint(&tid, 1, 1);
    return tid;
}

static int stop(void)
{
    pvm_initsend(PvmDataDefault);
    pvm_send(hoster(), 1);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    int rc = 1;

    pvm_mytid();
    if (strcmp(mode, "serve") == 0)
        rc = serve();
    else if (strcmp(mode, "ask") == 0)
        rc = ask(argc - 2 < MOST ? argc - 2 : MOST, argv + 2);
    else if (strcmp(mode, "stop") == 0)
        rc = stop();
    else if (strcmp(mode, "there") == 0)
        rc = printf("there: %d\n", hoster() != 0) < 0;
    else if (strcmp(mode, "second") == 0)
        rc = printf("second: %d\n", pvm_reg_hoster()) < 0;
    pvm_exit();
    return rc;
}
