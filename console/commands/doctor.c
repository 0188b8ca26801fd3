/* doctor.c: dvm doctor: what a host needs to join, and what hosts need between each other. */
#include "console/command.h"

#include "base/hostlist.h"
#include "console/doctor/doctor.h"
#include "console/operands.h"

#define TIMEOUT_MIN 0.1
#define TIMEOUT_MAX 86400

struct settings {
    const char *ssh;
    double timeout;
    bool no_push;
};

static const struct settings defaults = {.timeout = 60};

static const struct option_row rows[] = {
    {"ssh", 0, OPTION_TEXT, offsetof(struct settings, ssh), "PROGRAM",
     "run PROGRAM COMPUTER sh in place of ssh, as dvm add", 0, 0},
    {"timeout", 0, OPTION_TIME, offsetof(struct settings, timeout), "TIME",
     "how long one host may take (default: 60s)", TIMEOUT_MIN, TIMEOUT_MAX},
    {"no-push", 0, OPTION_FLAG, offsetof(struct settings, no_push), NULL,
     "dvmd must be there, and is not copied to look", 0, 0},
    OPTION_END};

static int look_at_machine(struct doctor *d)
{
    struct client *client;
    int r = doctor_local(d);

    if (r)
        return console_failed(d->c, r);
    client = console_look();
    if (!client) {
        console_say(d->c, "no machine runs; this is what is found of this computer");
        return EXIT_OK;
    }
    r = doctor_members(d, client);
    client_close(client);
    return r;
}

static int look_at_hosts(struct doctor *d, const struct settings *s, int argc, char **argv)
{
    struct hostlist names;
    int r = operands_hosts(d->c, &names, argc, argv);

    if (r)
        return r;
    r = doctor_candidates(d, &names, s->ssh, !s->no_push);
    hostlist_free(&names);
    return r;
}

static int doctor(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct doctor d = {.c = c, .seconds = s->timeout};
    int r = argc > 0 ? look_at_hosts(&d, s, argc, argv) : look_at_machine(&d);

    if (!r && c->json)
        doctor_json(&d);
    else if (!r)
        r = doctor_show(&d);
    if (!r && doctor_is_bad(&d))
        r = EXIT_PARTIAL;
    doctor_free(&d);
    return r;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "[COMPUTER...]",
    .summary = "look for what is wrong: here, between hosts, before a join",
    .text = "Without operands: this computer, each host of the machine, and all pairs of them:\n"
            "every daemon tries the addresses of every other with its key. A pair that cannot\n"
            "connect is relayed by the coordinator's daemon, which costs time; why, is told.\n"
            "\n"
            "With operands: what dvm add would find on these computers, up to the addresses of\n"
            "the machine as seen from there; nothing joins, nothing stays.\n"
            "\n"
            "Each fault is told as CAUSE -> REMEDY [CODE]; dvm help CODE has more. The status is\n"
            "3 when something is bad, 0 when all is well or only notes were made.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_max = COMMAND_ANY,
    .function = doctor,
    .examples = "dvm doctor                            # the machine, or this computer\n"
                "dvm doctor node[1-8]                  # before dvm add node[1-8]\n"
                "dvm doctor --json | jq '.pairs[] | select(.way != \"direct\")'\n",
};
