/* adding.c: the calls that add hosts and delete them.
 *
 * A resource manager is asked first. Without one a hoster, if there is one, starts the daemons
 * of hosts that are added; else, and for what the hoster leaves, DVM does it as `dvm add` does.
 */
#include "bindings/pvm3/roles/adding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/roles/hoster.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/roles/roles.h"

#define BLANKS " \t\r\n"

/* The name in front of a line's options, as PVM's host files have them. */
static char *first_word(const char *line)
{
    line += strspn(line, BLANKS "&*$");
    return strndup(line, strcspn(line, BLANKS));
}

/* The value of an option behind the name, such as "lo=", or NULL. To be freed. */
static char *option(const char *line, const char *name)
{
    const size_t length = strlen(name);

    line += strspn(line, BLANKS "&*$");
    for (line += strcspn(line, BLANKS); *line; line += strcspn(line, BLANKS)) {
        line += strspn(line, BLANKS);
        if (strncmp(line, name, length) == 0)
            return strndup(line + length, strcspn(line + length, BLANKS));
    }
    return NULL;
}

static char *option_or_none(const char *line, const char *name)
{
    char *value = option(line, name);

    return value ? value : strdup("");
}

bool pvm3_hostline_read(const char *line, struct pvm3_hostline *h)
{
    char *address = option(line, "ip="), *login = option_or_none(line, "lo=");

    *h = (struct pvm3_hostline){.name = address ? address : first_word(line),
                                .how = option_or_none(line, "so="),
                                .daemon = option_or_none(line, "dx=")};
    if (!h->name || !login ||
        asprintf(&h->target, "%s%s%s", login, login[0] ? "@" : "", h->name) < 0)
        h->target = NULL;
    free(login);
    return h->target && h->how && h->daemon;
}

void pvm3_hostline_free(struct pvm3_hostline *h)
{
    free(h->name);
    free(h->target);
    free(h->how);
    free(h->daemon);
}

static int add_host(const char *line)
{
    struct pvm3_hostline h;
    int rc = PvmNoMem, added = 0;

    if (pvm3_hostline_read(line, &h))
        rc = pvm3_host_tid(h.name) > 0 ? PvmDupHost : PvmOk;
    if (rc == PvmOk) {
        rc = dvm_add_hosts(h.target, &added);
        rc = rc == DVM_OK ? pvm3_host_tid(h.name)
                          : rc == DVM_ERR_NO_HOST ? PvmCantStart : pvm3_code(rc);
        if (rc < 0)
            pvm3_fail("pvm_addhosts", rc, "%s", dvm_last_error());
    }
    pvm3_hostline_free(&h);
    return rc;
}

/* Have the resource manager add hosts, or delete them (tag), which answers with five words a host,
 * or one. false: there is none. */
static bool manager_hosts(const char *call, int tag, char **names, int count, int *infos,
                          int *done)
{
    struct pvm3_buffer *b = pvm3_manager() ? pvm3_buffer_make(PvmDataDefault, 0) : NULL, *got;
    int told;

    if (!b)
        return false;
    pvm3_put_int(b, count);
    for (int i = 0; i < count; i++)
        pvm3_put_text(b, names[i] ? names[i] : "");
    got = pvm3_manager_ask(call, tag, b);
    pvm3_buffer_free(b);
    if (!got)
        return false;
    told = pvm3_get_int(got);
    if (tag == SM_ADDHOST)
        pvm3_get_int(got); /* how many kinds of hosts there are */
    *done = 0;
    for (int i = 0; i < count; i++) {
        int info = i < told ? pvm3_get_int(got) : PvmOutOfRes;

        if (tag == SM_ADDHOST && i < told) {
            free(pvm3_get_text(got));
            free(pvm3_get_text(got));
            got->next += got->bytes - got->next < 8 ? got->bytes - got->next : 8;
        }
        *done += tag == SM_ADDHOST ? info > 0 : info == PvmOk;
        if (infos)
            infos[i] = info;
    }
    pvm3_buffer_free(got);
    return true;
}

/* What both calls begin with. true: that was all of it, and *rc is what the call returns. */
static bool settled(const char *call, int tag, char **names, int count, int *infos, int *rc)
{
    *rc = pvm3_enter(call);
    if (*rc == PvmOk && (!names || count < 1))
        *rc = pvm3_fail(call, PvmBadParam, "%d hosts", count);
    return *rc != PvmOk || manager_hosts(call, tag, names, count, infos, rc);
}

int pvm_addhosts(char **names, int count, int *infos)
{
    static const char call[] = "pvm_addhosts";
    int rc, added = 0, *results;

    if (settled(call, SM_ADDHOST, names, count, infos, &rc))
        return rc;
    results = calloc((size_t)count, sizeof *results);
    if (!results)
        return pvm3_fail(call, PvmNoMem, NULL);
    pvm3_hoster_add(call, names, count, results);
    for (int i = 0; i < count; i++) {
        rc = results[i] ? results[i] : add_host(names[i]);
        added += rc > 0;
        if (infos)
            infos[i] = rc;
    }
    free(results);
    return added;
}

int pvm_delhosts(char **names, int count, int *infos)
{
    int rc, removed = 0;

    if (settled("pvm_delhosts", SM_DELHOST, names, count, infos, &rc))
        return rc;
    for (int i = 0; i < count; i++) {
        rc = pvm3_code(dvm_remove_host(names[i]));
        removed += rc == PvmOk;
        if (infos)
            infos[i] = rc;
    }
    return removed;
}
