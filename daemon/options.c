/* options.c: one table says what each option is called, what it takes, where
 * its value goes and how it is explained; parsing and the usage text follow it. */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/join.h"
#include "base/setting.h"

#define CORES_MAX 65536
#define USAGE_MAX 2048
#define TICKET_LOOK_MS 200 /* between two looks for a file that is not there yet */

enum kind { FLAG, TEXT, NUMBER, SETTING };

static const struct row {
    const char *name, *argument;
    enum kind kind;
    size_t offset; /* of its value in struct options */
    long most;     /* highest number */
    const char *help;
} rows[] = {
#define AT(field) offsetof(struct options, field)
    {"machine", "NAME", TEXT, AT(machine), 0, "name of the machine (default: the user's name)"},
    {"host", "NAME", TEXT, AT(host), 0, "name of this host (default: the host name)"},
    {"folder", "DIR", TEXT, AT(folder), 0, "runtime folder of this host"},
    {"foreground", NULL, FLAG, AT(foreground), 0, "stay in the foreground"},
    {"private", NULL, FLAG, AT(is_private), 0,
     "machine of one program: foreground, no port, ends with its owner"},
    {"join", "FILE", TEXT, AT(join), 0, "join the machine of the ticket in FILE (-: stdin)"},
    {"hosted", "OFFER", TEXT, AT(hosted), 0,
     "join the machine of OFFER when it admits the key that this prints"},
    {"check", NULL, FLAG, AT(check), 0,
     "only look whether it could start here (with --join: join), print that, and end"},
    {"port", "PORTS", TEXT, AT(port), 0,
     "control port N; lanes use N+1. Or N-M: a free pair of these (default: any)"},
    {"bind", "ADDR", TEXT, AT(bind), 0, "address to listen on (default: all)"},
    {"cores", "N", NUMBER, AT(cores), CORES_MAX, "cores for tasks (default: all of this host)"},
    {"simulated", NULL, FLAG, AT(simulated), 0,
     "one of several hosts on this computer: tasks are not bound to cores"},
    {"silence", "TIME", TEXT, AT(silence), 0,
     "a host of the new machine that is silent so long is lost: 500 ms to 1 min (default: 3 s)"},
    {"set", "KEY=VALUE", SETTING, AT(set), 0, "a setting, as in dvmd.conf; may be repeated"},
    {"ready-fd", "N", NUMBER, AT(ready_fd), 65535,
     "write \"ready FOLDER\" or \"error TEXT\" to this descriptor"},
    {"debug", NULL, FLAG, AT(debug), 0, "log every request"},
    {"version", NULL, FLAG, AT(version), 0, "print the version and end"},
    {"help", NULL, FLAG, AT(help), 0, "print this text and end"},
#undef AT
};
#define ROWS (sizeof rows / sizeof rows[0])

static int take(struct options *o, const struct row *row, const char *value)
{
    char *field = (char *)o + row->offset, *end;
    long number;

    errno = 0;
    switch (row->kind) {
    case FLAG:
        *(bool *)(void *)field = true;
        return DVM_OK;
    case TEXT:
        *(const char **)(void *)field = value;
        return DVM_OK;
    case NUMBER:
        number = strtol(value, &end, 10);
        if (errno || end == value || *end || number < 0 || number > row->most)
            return dvm_fail(DVM_ERR_ARG, "--%s takes a number from 0 to %ld, not '%s'",
                            row->name, row->most, value);
        *(long *)(void *)field = number;
        return DVM_OK;
    case SETTING:
        if (!strchr(value, '=') || o->set_count == OPTIONS_SET_MAX)
            return dvm_fail(DVM_ERR_ARG, "--%s takes name=value, at most %d times, not '%s'",
                            row->name, OPTIONS_SET_MAX, value);
        o->set[o->set_count++] = value;
        return DVM_OK;
    }
    return DVM_ERR_ARG;
}

int options_parse(struct options *o, int argc, char **argv)
{
    struct option longs[ROWS + 1];
    int index, c;

    memset(longs, 0, sizeof longs);
    for (size_t i = 0; i < ROWS; i++) {
        longs[i].name = rows[i].name;
        longs[i].has_arg = rows[i].argument ? required_argument : no_argument;
    }
    *o = (struct options){.ready_fd = -1};
    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", longs, &index)) == 0) {
        int r = take(o, &rows[index], optarg);

        if (r)
            return r;
    }
    if (c != -1)
        return dvm_fail(DVM_ERR_ARG, "%s is no option, or lacks its value; try --help",
                        argv[optind - 1]);
    if (optind < argc)
        return dvm_fail(DVM_ERR_ARG, "dvmd takes options only, not '%s'; try --help",
                        argv[optind]);
    if ((o->is_private && o->join) || (o->is_private && o->hosted) || (o->join && o->hosted))
        return dvm_fail(DVM_ERR_ARG, "--private, --join and --hosted exclude each other");
    return DVM_OK;
}

const char *options_usage(void)
{
    static char text[USAGE_MAX];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "usage: dvmd [OPTION]...\n"
                                   "The daemon of one host of a DVM machine; `dvm start` "
                                   "starts it.\n\n");

    for (size_t i = 0; i < ROWS && used < sizeof text; i++) {
        char left[40];

        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        used += (size_t)snprintf(text + used, sizeof text - used, "  %-18s %s\n", left,
                                 rows[i].help);
    }
    return text;
}

bool options_row(size_t i, const char **name, const char **value, const char **help)
{
    if (i >= ROWS)
        return false;
    *name = rows[i].name;
    *value = rows[i].argument;
    *help = rows[i].help;
    return true;
}

static int read_ticket(const char *file, char *ticket, size_t size)
{
    FILE *in = strcmp(file, "-") ? fopen(file, "re") : stdin;
    bool got;

    if (!in)
        return dvm_fail_errno(DVM_ERR_TICKET, "cannot read the ticket in %s", file);
    setvbuf(in, NULL, _IONBF, 0); /* no second copy of a secret */
    got = fgets(ticket, (int)size, in) != NULL;
    if (in != stdin)
        fclose(in);
    if (!got)
        return dvm_fail(DVM_ERR_TICKET, "there is no ticket in %s",
                        in == stdin ? "the standard input" : file);
    ticket[strcspn(ticket, "\r\n")] = '\0';
    return DVM_OK;
}

int options_ticket(const struct options *o, double seconds, char *ticket, size_t size)
{
    double end = clock_seconds() + seconds;
    int r;

    while ((r = read_ticket(o->join, ticket, size)) != DVM_OK && strcmp(o->join, "-") &&
           clock_seconds() < end)
        poll(NULL, 0, TICKET_LOOK_MS);
    if (r)
        join_mark(JOIN_TICKET_NONE);
    return r;
}
