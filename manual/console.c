/* console.c: the pages of the console, from the tables of commands, options, topics and
 * values: the same ones that --help and dvm help print. */
#include <stdlib.h>
#include <string.h>

#include "base/join.h"
#include "console/command.h"
#include "console/help/topic.h"
#include "manual/pages.h"

#define TITLE_MAX 200 /* bytes of a line for NAME with its NUL */

static void option(FILE *out, const struct option_row *r)
{
    char term[VALUE_NAME_MAX];

    if (r->letter)
        snprintf(term, sizeof term, "-%c, --%s", r->letter, r->name);
    else
        snprintf(term, sizeof term, "--%s", r->name);
    roff_term(out, term, r->value, r->help);
}

static void options(FILE *out, const struct option_row *rows)
{
    for (const struct option_row *r = rows; r && r->name; r++)
        option(out, r);
}

static void synopsis(FILE *out, const struct command *k)
{
    roff_section(out, "SYNOPSIS");
    fprintf(out, "\\fBdvm %s\\fR [\\fIOPTIONS\\fR]", k->name);
    if (k->operands[0]) {
        fputs(" \\fI", out);
        roff_letters(out, k->operands, strlen(k->operands));
        fputs("\\fR", out);
    }
    fputc('\n', out);
}

/* The meanings of the words in capital letters in a text; each is told once on a page. */
struct told {
    FILE *out;
    bool words[64]; /* by their place in value_list */
};

static void tell_value(void *arg, const struct value *v, const char *word, size_t length)
{
    struct told *t = arg;
    size_t place = v ? (size_t)(v - value_list) : 0;

    if (!v || place >= sizeof t->words / sizeof t->words[0] || t->words[place])
        return;
    t->words[place] = true;
    fprintf(t->out, ".TP\n\\fI%s\\fR\n", v->name);
    roff_line(t->out, v->meaning);
}

static void values(FILE *out, const struct command *k)
{
    struct told t = {.out = out};
    char name[VALUE_NAME_MAX];

    roff_section(out, "VALUES");
    for (size_t i = 0; i < 8 && value_operand(k->operands, i, name); i++)
        value_each(name, tell_value, &t);
    for (const struct option_row *r = k->options; r && r->name; r++)
        if (r->value)
            value_each(r->value, tell_value, &t);
    for (const struct option_row *r = console_options; r->name; r++)
        if (r->value)
            value_each(r->value, tell_value, &t);
}

static void aliases(FILE *out, const struct command *k)
{
    const char *at = k->alias;
    char alias[VALUE_NAME_MAX];
    bool first = true;

    for (; command_next_alias(&at, alias); first = false)
        fprintf(out, "%s\\fBdvm %s\\fR", first ? ".PP\nAlso called\n" : ",\n", alias);
    if (!first)
        fputs(".\n", out);
}

static void command_page(struct book *b, const struct command *k)
{
    char name[VALUE_NAME_MAX], title[TITLE_MAX];
    FILE *out;

    snprintf(name, sizeof name, "dvm-%s", k->name);
    snprintf(title, sizeof title, "dvm-%s - %s", k->name, k->summary);
    out = roff_page(b, name, 1, title);
    synopsis(out, k);
    roff_section(out, "DESCRIPTION");
    roff_text(out, k->text[0] ? k->text : k->summary);
    aliases(out, k);
    roff_section(out, "OPTIONS");
    options(out, k->options);
    fputs(".SS Options of every command\n", out);
    options(out, console_options);
    values(out, k);
    if (k->examples)
        roff_examples(out, k->examples);
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (1),\n.BR dvm (7)\n", out);
    roff_close(out);
}

static void topic_rows(FILE *out, const struct topic *t)
{
    for (const struct topic_row *r = t->rows; r && r->term; r++)
        roff_term(out, r->term + strspn(r->term, " "), NULL, r->meaning);
}

static void topic_section(FILE *out, const struct topic *t)
{
    char heading[VALUE_NAME_MAX];

    snprintf(heading, sizeof heading, "%s", t->name);
    for (char *dash = heading; (dash = strchr(dash, '-'));)
        *dash = ' ';
    roff_section(out, heading);
    roff_text(out, t->text[0] ? t->text : t->summary);
    topic_rows(out, t);
    for (const struct value *v = value_list; !strcmp(t->name, "values") && v->name; v++)
        roff_term(out, v->name, NULL, v->meaning);
}

static void main_page(struct book *b)
{
    FILE *out = roff_page(b, "dvm", 1,
                          "dvm - build, watch and stop a virtual machine of many computers");

    roff_section(out, "SYNOPSIS");
    fputs("\\fBdvm\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR ...\n.br\n\\fBdvm\\fR [\\fIOPTIONS\\fR]\n",
          out);
    roff_section(out, "DESCRIPTION");
    fputs(".B dvm\nturns a set of computers into one parallel virtual machine: it starts and stops "
          "the\nmachine, adds and removes hosts, runs programs on them and shows what they do.\n"
          "Without a command it is a prompt, or a script on stdin: see\n.BR dvm (7).\n",
          out);
    roff_section(out, "COMMANDS");
    for (size_t i = 0; command_list[i]; i++)
        if (!command_list[i]->hidden) {
            fprintf(out, ".TP\n.BR dvm\\-%s (1)\n", command_list[i]->name);
            roff_line(out, command_list[i]->summary);
        }
    roff_section(out, "OPTIONS");
    options(out, console_options);
    topic_section(out, topic_find("exit-status"));
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (7),\n.BR dvm (3),\n.BR dvmd (8),\n.BR dvmd.conf (5)\n", out);
    roff_close(out);
}

static void codes(FILE *out)
{
    roff_section(out, "CODES");
    fputs("What stands in brackets behind the verdict of a host that did not join.\n", out);
    for (const struct join_fault *f = join_faults; f->code != JOIN_NONE; f++) {
        char code[JOIN_CODE_BYTES], remedy[JOIN_SENTENCE_MAX];

        join_code_write(f->code, code);
        join_remedy(f->code, NULL, remedy, sizeof remedy);
        roff_term(out, code, f->step, f->cause);
        if (remedy[0]) {
            fputs(".br\n", out);
            roff_line(out, remedy);
        }
    }
}

static void overview_page(struct book *b)
{
    FILE *out = roff_page(b, "dvm", 7, "dvm - the distributed cluster virtual machine: overview");

    roff_section(out, "DESCRIPTION");
    fputs("DVM turns a set of computers into one parallel virtual machine. A daemon,\n"
          ".BR dvmd (8),\n"
          "runs on every host; programs start tasks anywhere in the machine with\n.BR dvm (3),\n"
          "exchange messages, work in groups and learn of failures; the console,\n.BR dvm (1),\n"
          "builds, watches and stops it. Each section below is also a topic of\n"
          ".BR \"dvm help\" .\n",
          out);
    for (const struct topic *t = topic_list; t->name; t++)
        topic_section(out, t);
    codes(out);
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (1),\n.BR dvm (3),\n.BR dvmd.conf (5),\n.BR dvmd (8)\n", out);
    roff_close(out);
}

void pages_console(struct book *b)
{
    main_page(b);
    overview_page(b);
    for (size_t i = 0; command_list[i]; i++)
        if (!command_list[i]->hidden)
            command_page(b, command_list[i]);
}
