/* invite.c: dvm invite: a ticket alone on stdout, how to use it on stderr. */
#include "console/command.h"

#include <stdio.h>

#include "console/ask.h"
#include "console/invite.h"
#include "console/text/words.h"

struct settings {
    int uses;
    double seconds;
};

#define USES_MAX 4095            /* as many as a machine may have hosts */
#define SECONDS_MIN 1            /* shortest life of a ticket, */
#define SECONDS_MAX (7 * 86400) /* and longest, seconds */

static const struct settings defaults = {.uses = 1, .seconds = 600};

static const struct option_row rows[] = {
    {"uses", 0, OPTION_INT, offsetof(struct settings, uses), "N",
     "how many hosts may join with it (default: 1)", 1, USES_MAX},
    {"for", 0, OPTION_TIME, offsetof(struct settings, seconds), "TIME",
     "how long it is good: 30s, 10m, 2h (default: 10m)", SECONDS_MIN, SECONDS_MAX},
    OPTION_END};

static int invite(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct client *client;
    char age[WORDS_AGE_MAX], *ticket;
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = invite_ticket(client, (unsigned)s->uses, s->seconds, &ticket);
    client_close(client);
    if (r)
        return console_failed(c, r);
    if (c->json) {
        console_json(json_pack("{s:s,s:s,s:i,s:f}", "schema", "invite/1", "ticket", ticket, "uses",
                               s->uses, "seconds", s->seconds));
    } else {
        puts(ticket);
        console_flush();
        console_say(c,
                    "This ticket lets %d host%s join within %s. On the host that is to join, run\n"
                    "    dvmd --join -\n"
                    "and give it this line on its standard input. Whoever has it may join: keep "
                    "it secret.",
                    s->uses, s->uses == 1 ? "" : "s", words_span(age, s->seconds));
    }
    invite_free(ticket);
    return EXIT_OK;
}

const struct command command_invite = {
    .name = "invite",
    .operands = "",
    .summary = "make a ticket with which a host can join",
    .text = "The ticket is one line on stdout:  dvm invite | ssh node3 dvmd --join -\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .function = invite,
    .examples = "dvm invite | ssh node3 dvmd --join -       # one host\n"
                "dvm invite --uses 20 --for 2h >ticket      # for a class; keep the file secret\n",
};
