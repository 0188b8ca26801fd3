/* daemon.c: dvmd(8) from the daemon's options, dvmd.conf(5) from the table of settings. */
#include "base/setting.h"
#include "daemon/options.h"
#include "manual/pages.h"

static void daemon_page(struct book *b)
{
    FILE *out = roff_page(b, "dvmd", 8, "dvmd - the daemon of one host of a DVM machine");
    const char *name, *value, *help;
    char term[64];

    roff_section(out, "SYNOPSIS");
    fputs("\\fBdvmd\\fR [\\fIOPTION\\fR]...\n", out);
    roff_section(out, "DESCRIPTION");
    fputs("One\n.B dvmd\nruns on each host of a machine. The console starts it:\n"
          ".BR dvm\\-start (1)\non this computer,\n.BR dvm\\-add (1)\non others; by hand it lets a "
          "host join with a ticket that\n.BR dvm\\-invite (1)\nmade. It goes into the background "
          "when its host is usable, and ends with the machine, or\nwhen its host is removed. No "
          "task outlives it.\n",
          out);
    roff_section(out, "OPTIONS");
    for (size_t i = 0; options_row(i, &name, &value, &help); i++) {
        snprintf(term, sizeof term, "--%s", name);
        roff_term(out, term, value, help);
    }
    roff_section(out, "EXIT STATUS");
    fputs("0 once the host is usable (with\n.BR \\-\\-foreground :\nwhen the machine has ended), "
          "1 when it could not start or join; the sentence on stderr\nsays why. 2 for a "
          "wrong option.\n",
          out);
    roff_examples(out, "dvm invite | ssh node3 dvmd --join -     # let node3 join\n");
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (1),\n.BR dvmd.conf (5),\n.BR dvm (7)\n", out);
    roff_close(out);
}

static void settings_page(struct book *b)
{
    FILE *out = roff_page(b, "dvmd.conf", 5, "dvmd.conf - settings of DVM's daemon");

    roff_section(out, "DESCRIPTION");
    roff_text(out,
              "A line is NAME = VALUE; # begins a comment; sizes and times have their unit. A\n"
              "line that cannot be read is an error that names file and line, and the daemon\n"
              "does not start. Nothing needs to be set.\n"
              "\n"
              "A daemon reads when it starts, a later place going before an earlier one:\n"
              "\n"
              "    /etc/dvm/dvmd.conf\n"
              "    etc/dvm/dvmd.conf of the prefix that dvmd is installed in\n"
              "    ~/.config/dvm/dvmd.conf (or $XDG_CONFIG_HOME/dvm/dvmd.conf)\n"
              "    the file that $DVM_CONF names\n"
              "    the environment: DVM_TASK_MEMORY for task_memory, and so on\n"
              "    options of dvmd\n"
              "\n"
              "The first two are the administrator's if they belong to root and nobody else may\n"
              "write to them. Then the values in them are limits, as said below.\n");
    roff_section(out, "SETTINGS");
    setting_manual(out);
    roff_section(out, "EXAMPLES");
    roff_literal(out, "host_tasks    = 64\n"
                      "task_memory   = 2 GiB\n"
                      "oversubscribe = refuse\n");
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm\\-config (1),\n.BR dvmd (8)\n", out);
    roff_close(out);
}

void pages_daemon(struct book *b)
{
    daemon_page(b);
    settings_page(b);
}
