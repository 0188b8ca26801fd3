/* hoster_task.c: the side of those that have hosts added by a hoster.
 *
 * All hosts go out in one message. The answer brings a key of each daemon that was started; the
 * machine is asked to admit it, and the host is there when its daemon, which tries on, has come in.
 */
#include "bindings/pvm3/roles/hoster.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/roles/adding.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/roles/roles.h"

#define COMMAND_ROOM 8192    /* bytes */
#define KEY_BYTES 32
#define ANSWER_SECONDS 300.0 /* a hoster may have to ask a person */
#define PATIENCE "DVM_HOSTER_SECONDS" /* fewer than these two */
#define JOIN_SECONDS 30.0    /* for those that were admitted, together */
#define LOOK_MS 20
#define STATUS_BEGIN "ddpro<"
#define STATUS_KEY " key<"

struct adding {
    struct pvm3_hostline line;
    int tid;       /* that the hoster names it by; 0: it is not the hoster's */
    bool admitted; /* and now it is waited for */
};

struct job {
    const char *call;
    struct adding *hosts;
    int count, *results;
};

/* What a hoster says of a host whose daemon it could not start. */
static const struct {
    const char *name;
    int code;
} words[] = {
    {"PvmBadParam", PvmBadParam}, {"PvmNoHost", PvmNoHost},       {"PvmNoFile", PvmNoFile},
    {"PvmDenied", PvmDenied},     {"PvmNoMem", PvmNoMem},         {"PvmSysErr", PvmSysErr},
    {"PvmHostFail", PvmHostFail}, {"PvmNotImpl", PvmNotImpl},     {"PvmDSysErr", PvmDSysErr},
    {"PvmOutOfRes", PvmOutOfRes}, {"PvmDupHost", PvmDupHost},     {"PvmCantStart", PvmCantStart},
    {"PvmAlready", PvmAlready},   {"PvmBadVersion", PvmBadVersion},
};

/* How long something may take; no longer than the environment says. */
static double patience(double seconds)
{
    const char *text = getenv(PATIENCE);
    double chosen = text ? strtod(text, NULL) : 0;

    return chosen > 0 && chosen < seconds ? chosen : seconds;
}

/* ---- the request ------------------------------------------------------------------- */

/* Names become words of a shell's command. */
static bool is_plain(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
            return false;
    return name[0] && name[0] != '-';
}

static int highest_slot(void)
{
    struct dvm_host *hosts;
    size_t count;
    int most = 0;

    if (pvm3_hosts(&hosts, &count) != DVM_OK)
        return 0;
    for (size_t i = 0; i < count; i++)
        most = hosts[i].slot > most ? hosts[i].slot : most;
    free(hosts);
    return most;
}

/* Choose those that the hoster is asked for. Returns how many. */
static int choose(struct job *j, char **lines)
{
    int slot = highest_slot(), asked = 0;

    for (int i = 0; i < j->count; i++) {
        struct adding *h = &j->hosts[i];

        if (!pvm3_hostline_read(lines[i], &h->line))
            j->results[i] = pvm3_fail(j->call, PvmNoMem, NULL);
        else if (pvm3_host_tid(h->line.name) > 0)
            j->results[i] = PvmDupHost;
        else if (!is_plain(h->line.name))
            j->results[i] = pvm3_fail(j->call, PvmBadParam, "'%s' is no name that a hoster can "
                                      "give to a host", h->line.name);
        else
            h->tid = PVM3_HOST_TID(slot + ++asked);
    }
    return asked;
}

static void put_host(struct pvm3_buffer *b, const struct adding *h, const char *command)
{
    const char *arguments = strchr(command, ' ');
    char whole[COMMAND_ROOM * 2];

    if (h->line.daemon[0] && arguments)
        snprintf(whole, sizeof whole, "%s%s --host %s", h->line.daemon, arguments, h->line.name);
    else
        snprintf(whole, sizeof whole, "%s --host %s", command, h->line.name);
    pvm3_put_int(b, h->tid);
    pvm3_put_text(b, h->line.how);
    pvm3_put_text(b, h->line.target);
    pvm3_put_text(b, whole);
    pvm3_put_text(b, ""); /* a command for Windows */
    pvm3_put_text(b, ""); /* the name of the virtual machine */
}

static struct pvm3_buffer *request(const struct job *j, int asked)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
    char command[COMMAND_ROOM];

    if (b && dvm_binding_offer(command, sizeof command) != DVM_OK) {
        pvm3_buffer_free(b);
        return NULL; /* what DVM does itself fails likewise, and tells it */
    }
    if (!b)
        return NULL;
    pvm3_put_int(b, asked);
    for (int i = 0; i < j->count; i++)
        if (j->hosts[i].tid)
            put_host(b, &j->hosts[i], command);
    return b;
}

/* ---- the answer -------------------------------------------------------------------- */

static bool read_key(const char *text, unsigned char key[KEY_BYTES])
{
    const char *at = strncmp(text, STATUS_BEGIN, strlen(STATUS_BEGIN)) == 0
                         ? strstr(text, STATUS_KEY) : NULL;

    if (!at)
        return false;
    at += strlen(STATUS_KEY);
    if (strspn(at, "0123456789abcdef") != (size_t)2 * KEY_BYTES || at[2 * KEY_BYTES] != '>')
        return false;
    for (int i = 0; i < KEY_BYTES; i++)
        sscanf(at + 2 * i, "%2hhx", &key[i]);
    return true;
}

/* What the hoster says of one host. */
static void judge(struct job *j, int i, const char *text)
{
    struct adding *h = &j->hosts[i];
    unsigned char key[KEY_BYTES];
    int rc;

    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        if (strncmp(text, words[k].name, strlen(words[k].name)) == 0) {
            j->results[i] = pvm3_fail(j->call, words[k].code, "the hoster says so of %s",
                                      h->line.name);
            return;
        }
    if (!read_key(text, key)) {
        j->results[i] = pvm3_fail(j->call, PvmCantStart, "the hoster's word of %s is not the line "
                                  "that its dvmd printed: '%.200s'", h->line.name, text);
        return;
    }
    rc = dvm_binding_admit(key, JOIN_SECONDS);
    if (rc == DVM_OK)
        h->admitted = true;
    else
        j->results[i] = pvm3_fail_dvm(j->call, rc);
}

/* Wait until those that were admitted are in. */
static void wait_for_hosts(struct job *j)
{
    const double limit = patience(JOIN_SECONDS), end = pvm3_seconds() + limit;
    int left = 1;

    while (left > 0) {
        bool late = pvm3_seconds() > end;

        left = 0;
        for (int i = 0; i < j->count; i++) {
            struct adding *h = &j->hosts[i];
            int tid = h->admitted ? pvm3_host_tid(h->line.name) : PvmNoHost;

            if (h->admitted && tid < 0 && late)
                tid = j->results[i] = pvm3_fail(
                    j->call, PvmCantStart, "the dvmd that the hoster started on %s has not come "
                    "in within %.0f s: can it reach this machine (dvm doctor)?", h->line.name,
                    limit);
            else if (tid > 0)
                j->results[i] = tid;
            h->admitted = h->admitted && !j->results[i];
            left += h->admitted;
        }
        if (left > 0)
            poll(NULL, 0, LOOK_MS);
    }
}

static void take_answer(struct job *j, struct pvm3_buffer *b)
{
    int told = pvm3_get_int(b);

    for (int k = 0; k < told && b->next < b->bytes; k++) {
        int tid = pvm3_get_int(b);
        char *text = pvm3_get_text(b);

        for (int i = 0; text && i < j->count; i++)
            if (j->hosts[i].tid && j->hosts[i].tid == tid) {
                j->hosts[i].tid = 0;
                judge(j, i, text);
            }
        free(text);
    }
    for (int i = 0; i < j->count; i++)
        if (j->hosts[i].tid)
            j->results[i] = pvm3_fail(j->call, PvmDSysErr, "the hoster has said nothing of %s",
                                      j->hosts[i].line.name);
    wait_for_hosts(j);
}

/* No answer: it has gone, or it is silent. */
static void no_answer(struct job *j, int hoster)
{
    if (pvm3_role_holder(PVMHOSTERCLASS) != hoster) {
        fprintf(stderr, "libpvm [t%x]: %s(): the hoster 0x%x has ended or given its role up: DVM "
                "adds hosts itself\n", (unsigned)pvm3_self(), j->call, (unsigned)hoster);
        return;
    }
    for (int i = 0; i < j->count; i++)
        if (j->hosts[i].tid)
            j->results[i] = pvm3_fail(j->call, PvmCantStart, "the hoster 0x%x has said nothing of "
                                      "%s for %.0f s", (unsigned)hoster, j->hosts[i].line.name,
                                      patience(ANSWER_SECONDS));
}

static void ask(struct job *j, int hoster, struct pvm3_buffer *b)
{
    static int wid;
    struct pvm3_buffer *got;

    b->wid = ++wid;
    if (pvm3_role_message(j->call, hoster, SM_STHOST, PVM3_TO_PROGRAM, b) != PvmOk)
        return;
    while ((got = pvm3_role_await(j->call, PVMHOSTERCLASS, hoster,
                                  patience(ANSWER_SECONDS)))) {
        bool ours = got->tag == SM_STHOSTACK && got->wid == wid;

        if (ours)
            take_answer(j, got);
        pvm3_buffer_free(got);
        if (ours)
            return;
    }
    no_answer(j, hoster);
}

void pvm3_hoster_add(const char *call, char **lines, int count, int *results)
{
    int hoster = pvm3_role_is_mine(PVMHOSTERCLASS) ? 0 : pvm3_role_holder(PVMHOSTERCLASS);
    struct job j = {call, NULL, count, results};
    struct pvm3_buffer *b;
    int asked;

    if (!hoster)
        return;
    j.hosts = calloc((size_t)count, sizeof *j.hosts);
    asked = j.hosts ? choose(&j, lines) : 0;
    b = asked > 0 ? request(&j, asked) : NULL;
    if (b)
        ask(&j, hoster, b);
    pvm3_buffer_free(b);
    for (int i = 0; j.hosts && i < count; i++)
        pvm3_hostline_free(&j.hosts[i].line);
    free(j.hosts);
}
