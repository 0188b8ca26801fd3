/* candidates.c: dvm doctor HOST...: each host goes the way of dvm add (console/remote/) up to
 * dvmd, which then only looks (--check) with a ticket that is never used up. What fails
 * before that is judged as in dvm add. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/runtime.h"
#include "console/ask.h"
#include "console/doctor/doctor.h"
#include "console/invite.h"
#include "console/remote/launch.h"
#include "console/remote/remote.h"
#include "console/remote/shell.h"
#include "console/remote/verdict.h"
#include "console/text/progress.h"

struct candidates {
    struct doctor *d;
    const struct hostlist *names;
    struct launch *launches;
    struct remote_host *talks; /* one for each launch */
    size_t *host;              /* likewise: which of d->hosts it is */
    size_t count, done;
    struct shell shell;
    struct remote remote;
};

static struct doctor_host *host_of(struct candidates *a, const struct launch *l)
{
    return &a->d->hosts[a->host[l - a->launches]];
}

static void heard(struct launch *l, const char *line, void *arg)
{
    struct candidates *a = arg;
    struct findings *f = &host_of(a, l)->findings;
    struct finding one;

    if (!finding_read(line, &one))
        remote_heard(&a->remote, &a->talks[l - a->launches], l, line);
    else if (f->count < FINDING_MAX)
        f->list[f->count++] = one;
}

static bool ended(struct launch *l, void *arg)
{
    struct candidates *a = arg;
    struct doctor_host *h = host_of(a, l);
    const struct remote_host *talk = &a->talks[l - a->launches];
    struct verdict v;

    if (launch_good(l) && h->findings.count > 0) {
        finding_well(&h->findings, "program", "%s", talk->pushed
                         ? "dvmd is not there, and can be copied" : "dvmd is there, and runs");
        doctor_compare_version(h);
    } else {
        verdict_make(&v, l);
        /* an older dvmd knows no --check */
        if (strstr(l->said, "--check is no option"))
            v.code = JOIN_VERSION;
        finding_join(&h->findings, (int)v.code, v.cause);
    }
    a->done++;
    progress_show(a->d->c, "%zu of %zu hosts looked at", a->done, a->count);
    return false;
}

/* ---- who is a member ----------------------------------------------------------------- */

static bool is_member(const Dvm__Pb__HostsReply *hosts, const char *name)
{
    for (size_t i = 0; hosts && i < hosts->n_hosts; i++)
        if (!strcmp(hosts->hosts[i]->name, name) && hosts->hosts[i]->state == DVM_HOST_UP)
            return true;
    return false;
}

static int list_hosts(struct candidates *a, const Dvm__Pb__HostsReply *members)
{
    char name[DVM_NAME_MAX];

    for (size_t i = 0; i < a->names->count; i++) {
        struct doctor_host *h = doctor_host_add(a->d, a->names->names[i], DOCTOR_CANDIDATE);

        if (!h)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts", a->names->count);
        shell_host_name(name, a->names->names[i]);
        if (is_member(members, name)) {
            h->kind = DOCTOR_MEMBER;
            finding_well(&h->findings, "register", "it is in the machine already: dvm doctor "
                         "without operands looks at it");
        } else {
            a->host[a->count++] = a->d->count - 1;
        }
    }
    return DVM_OK;
}

/* ---- looking -------------------------------------------------------------------------- */

static int describe(struct candidates *a, size_t i)
{
    struct launch *l = &a->launches[i];
    const char *called = a->d->hosts[a->host[i]].name;
    char name[DVM_NAME_MAX];

    shell_host_name(name, called);
    shell_line(&a->shell, called, l);
    l->seconds = a->d->seconds;
    l->heard = heard;
    return remote_script(&a->remote, &a->talks[i], name);
}

static int look(struct candidates *a, const char *ticket, bool push)
{
    char input[LAUNCH_SAID_MAX], dvmd[PATH_MAX], machine[DVM_NAME_MAX];
    int r = runtime_machine(machine, sizeof machine);

    if (!r)
        r = remote_open(&a->remote, launch_daemon_path(dvmd, sizeof dvmd), machine, push);
    if (r)
        return r;
    snprintf(input, sizeof input, "%s\n", ticket);
    a->remote.ticket = input;
    a->remote.check = true;
    for (size_t i = 0; !r && i < a->count; i++) {
        r = describe(a, i);
        a->launches[i].input = a->talks[i].script;
    }
    if (!r)
        launch_all(a->launches, a->count, ended, a);
    progress_clear(a->d->c);
    explicit_bzero(input, sizeof input);
    remote_close(&a->remote);
    return r;
}

/* With a machine: its ticket, and who is in it. */
static int ask_machine(struct candidates *a, struct client *client, char **ticket)
{
    double rounds = 2 + (double)(a->names->count / LAUNCH_AT_ONCE);
    Dvm__Pb__HostsReply *members = NULL;
    int r = client ? ask_hosts(client, &members) : DVM_OK;

    if (!r && members)
        snprintf(a->d->machine, sizeof a->d->machine, "%s", members->machine);
    if (!r)
        r = list_hosts(a, members);
    if (!r && client && a->count > 0)
        r = invite_ticket(client, 1, rounds * a->d->seconds, ticket);
    dvm__pb__hosts_reply__free_unpacked(members, NULL);
    return r;
}

int doctor_candidates(struct doctor *d, const struct hostlist *names, const char *command,
                      bool push)
{
    struct candidates a = {.d = d, .names = names};
    struct client *client;
    char *ticket = NULL;
    int r = shell_open(&a.shell, d->c, command);

    if (r) {
        shell_close(&a.shell);
        return r;
    }
    a.launches = calloc(names->count, sizeof *a.launches);
    a.talks = calloc(names->count, sizeof *a.talks);
    a.host = calloc(names->count, sizeof *a.host);
    client = console_look();
    if (!client)
        console_say(d->c, "no machine runs: whether the hosts could reach it is not looked at");
    r = a.launches && a.talks && a.host
            ? ask_machine(&a, client, &ticket)
            : dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts", names->count);
    client_close(client);
    if (!r && a.count > 0)
        r = look(&a, ticket ? ticket : "", push);
    invite_free(ticket);
    shell_close(&a.shell);
    for (size_t i = 0; a.talks && i < a.count; i++)
        free(a.talks[i].script);
    free(a.launches);
    free(a.talks);
    free(a.host);
    return r ? console_failed(d->c, r) : EXIT_OK;
}
