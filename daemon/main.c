/* main.c: dvmd, the daemon of one host.
 *
 * The order matters: into the background, then the keeper, which must be forked
 * while there is one thread and nothing to inherit, then all else. The word that
 * the daemon is usable goes out last.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/join.h"
#include "base/log.h"
#include "base/runtime.h"
#include "base/streams.h"
#include "daemon/computer/cgroup.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/keeper.h"
#include "daemon/memory.h"
#include "daemon/options.h"
#include "daemon/start/hosted.h"
#include "daemon/start/look.h"
#include "daemon/start/ready.h"
#include "daemon/start/secret.h"

#define EXIT_USAGE 2
#define NOTE_MAX (2 * DVM_NAME_MAX + 32)

/* Many tasks mean many descriptors; the tasks themselves get the old limit. */
static struct rlimit raise_files(void)
{
    struct rlimit old, new;

    if (getrlimit(RLIMIT_NOFILE, &old))
        old = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    new = (struct rlimit){old.rlim_max, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &new);
    return old;
}

static bool joins(const struct options *o)
{
    return o->join || o->hosted;
}

/* For so long the file of the ticket is waited for: as long as a join may take, where that was
 * made longer. */
static double ticket_seconds(const struct settings *s)
{
    double seconds = settings_number(s, SETTING_JOIN);

    return seconds > SETTING_JOIN_S ? seconds : 0;
}

/* ticket: room for it, of TICKET_MAX bytes. */
static int start_with(struct daemon *d, const struct options *o, struct ready *r, char *ticket)
{
    static struct settings settings;
    static struct cgroup cgroup;
    struct keeper_limits limits = {.files = raise_files()};
    struct keeper *keeper;
    int result = config_read(&settings, o);

    if (!result && o->join)
        result = options_ticket(o, ticket_seconds(&settings), ticket, TICKET_MAX);
    if (!result && o->hosted)
        result = hosted_ticket(o->hosted, ticket, TICKET_MAX);
    if (!result && !o->foreground && !o->is_private)
        result = ready_background(r);
    if (!result) {
        config_limits(&settings, &limits, &cgroup);
        secret_keep(ticket, TICKET_MAX);
        result = keeper_fork(&keeper, &limits);
    }
    if (result)
        return result;
    if (!o->debug)
        secret_no_core();
    return daemon_start(d, o, &settings, joins(o) ? ticket : NULL, keeper);
}

static int start(struct daemon *d, const struct options *o, struct ready *r)
{
    char *ticket = secret_create(TICKET_MAX);
    int result = ticket ? start_with(d, o, r, ticket)
                        : dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start the daemon");

    secret_destroy(ticket, TICKET_MAX);
    return result;
}

/* Say why the daemon did not start; of a join with its code and remedy. */
static int say_failure(struct ready *r, const struct options *o, int code)
{
    char line[2 * JOIN_SENTENCE_MAX], host[DVM_NAME_MAX] = "";

    if (joins(o)) {
        char cause[DVM_SENTENCE_MAX];

        error_save(cause);
        if (!o->host && runtime_host(host, sizeof host))
            host[0] = '\0';
        join_line(join_marked(code), cause, o->host ? o->host : host, line, sizeof line);
    }
    ready_say(r, NULL, joins(o) ? line : dvm_last_error());
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static struct daemon d;
    struct options o;
    struct ready r = {-1, -1, NULL};
    char note[NOTE_MAX];
    int code;

    streams_fill();
    memory_wrap_start();
    if (options_parse(&o, argc, argv)) {
        fprintf(stderr, "dvmd: %s\n", dvm_last_error());
        return EXIT_USAGE;
    }
    if (o.help || o.version) {
        printf("%s", o.help ? options_usage() : "dvmd " DVMD_VERSION "\n");
        return EXIT_SUCCESS;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log that may not grow is no reason to end */
    r.fd = (int)o.ready_fd;
    if (r.fd >= 0)
        fcntl(r.fd, F_SETFD, FD_CLOEXEC);
    if (o.check)
        return look(&o);
    code = start(&d, &o, &r);
    if (code)
        return say_failure(&r, &o, code);
    if (joins(&o)) {
        snprintf(note, sizeof note, "host %s has joined machine %s", d.host, d.machine);
        r.note = note;
    }
    if (ready_say(&r, d.folder, NULL) && o.is_private)
        daemon_end(&d, EXIT_FAILURE, "the program that this private machine was for has ended");
    return daemon_run(&d);
}
