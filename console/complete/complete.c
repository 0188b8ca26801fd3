/* complete.c: finds what may come next, by the tables.
 *
 * The words before are read as options_read does, only that nothing is stored and
 * nothing is wrong: what cannot be understood is passed over. Then the word under way
 * is a command, an option, a value of an option, or an operand; what a value may be
 * is said by its name (value.h) and found by one function for each kind.
 */
#include "console/complete/complete.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/join.h"
#include "console/command.h"
#include "console/help/topic.h"

#define ITEMS_FIRST 32      /* room that is made at first */
#define ITEMS_MAX 20000     /* more are not offered */
#define PREFIX_MAX 1024     /* bytes of what stands before a part, with its NUL */

void complete_offer(struct complete *c, const char *prefix, const char *word,
                    const char *meaning)
{
    struct complete_item item;

    if (c->count == ITEMS_MAX)
        return;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : ITEMS_FIRST;
        struct complete_item *more = reallocarray(c->items, room, sizeof *more);

        if (!more)
            return;
        c->items = more;
        c->room = room;
    }
    if (asprintf(&item.word, "%s%s", prefix, word) < 0)
        return;
    item.meaning = strdup(meaning);
    if (item.meaning && !strncmp(item.word, c->partial, strlen(c->partial))) {
        c->items[c->count++] = item;
        return;
    }
    free(item.word);
    free(item.meaning);
}

void complete_free(struct complete *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].word);
        free(c->items[i].meaning);
    }
    free(c->items);
    c->items = NULL;
    c->count = c->room = 0;
}

/* ---- values ---- */

/* A value that is offered: what stands before it in its word, and what is typed of it. */
struct offer {
    struct complete *c;
    char prefix[PREFIX_MAX];
    const char *typed;
};

/* Offers of lists begin anew behind each comma, outside brackets. */
static void step_into_list(struct offer *o)
{
    const char *comma = strrchr(o->typed, ',');
    size_t used = strlen(o->prefix), length;

    if (!comma)
        return;
    length = (size_t)(comma + 1 - o->typed);
    if (used + length >= sizeof o->prefix)
        return;
    memcpy(o->prefix + used, o->typed, length);
    o->prefix[used + length] = '\0';
    o->typed = comma + 1;
}

static bool within_brackets(const char *typed)
{
    const char *open = strrchr(typed, '[');

    return open && !strchr(open, ']');
}

static void offer_hosts(struct offer *o)
{
    if (within_brackets(o->typed))
        return;
    step_into_list(o);
    complete_hosts(o->c, o->prefix);
}

static void offer_computers(struct offer *o)
{
    const char *at;
    size_t used;

    if (within_brackets(o->typed))
        return;
    step_into_list(o);
    at = strchr(o->typed, '@');
    used = strlen(o->prefix);
    if (at && used + (size_t)(at + 1 - o->typed) < sizeof o->prefix)
        snprintf(o->prefix + used, sizeof o->prefix - used, "%.*s", (int)(at + 1 - o->typed),
                 o->typed);
    complete_computers(o->c, o->prefix);
}

static void offer_tasks(struct offer *o)
{
    complete_tasks(o->c, o->prefix);
}

static void offer_targets(struct offer *o)
{
    complete_tasks(o->c, o->prefix);
    complete_offer(o->c, o->prefix, "all", "all tasks of the machine");
    offer_hosts(o);
}

static void offer_machines(struct offer *o)
{
    complete_machines(o->c, o->prefix);
}

static void offer_signals(struct offer *o)
{
    bool prefixed = !strncmp(o->typed, "SIG", strlen("SIG"));
    char name[32];

    for (int i = 1; i < SIGRTMIN; i++)
        if (sigabbrev_np(i)) {
            snprintf(name, sizeof name, "%s%s", prefixed ? "SIG" : "", sigabbrev_np(i));
            complete_offer(o->c, o->prefix, name, sigdescr_np(i));
        }
}

static void offer_commands(struct offer *o)
{
    for (size_t i = 0; command_list[i]; i++)
        if (!command_list[i]->hidden)
            complete_offer(o->c, o->prefix, command_list[i]->name, command_list[i]->summary);
}

static void offer_topics(struct offer *o)
{
    for (const struct topic *t = topic_list; t->name; t++)
        complete_offer(o->c, o->prefix, t->name, t->summary);
}

static void offer_codes(struct offer *o)
{
    char code[FINDING_CODE_BYTES];

    complete_offer(o->c, o->prefix, "codes", "all codes of faults");
    /* so many that they would hide the rest */
    for (const struct join_fault *f = join_faults; o->typed[0] == 'J' && f->code; f++) {
        join_code_write(f->code, code);
        complete_offer(o->c, o->prefix, code, f->cause);
    }
    for (const struct finding_row *f = finding_rows; o->typed[0] == 'D' && f->code; f++) {
        finding_code_write(f->code, code);
        complete_offer(o->c, o->prefix, code, f->cause);
    }
}

static void offer_paths(struct offer *o, enum complete_paths paths)
{
    o->c->paths = paths;
    o->c->path = o->typed;
}

static void offer_files(struct offer *o)
{
    offer_paths(o, COMPLETE_FILES);
}

static void offer_folders(struct offer *o)
{
    offer_paths(o, COMPLETE_FOLDERS);
}

static void offer_programs(struct offer *o)
{
    offer_paths(o, COMPLETE_PROGRAMS);
}

/* How a kind is offered; those without a row cannot be. */
static void (*const offers[])(struct offer *o) = {
    [VALUE_HOST] = offer_hosts,         [VALUE_COMPUTER] = offer_computers,
    [VALUE_TASK] = offer_tasks,         [VALUE_TARGET] = offer_targets,
    [VALUE_MACHINE] = offer_machines,
    [VALUE_SIGNAL] = offer_signals,     [VALUE_FILE] = offer_files,
    [VALUE_FOLDER] = offer_folders,     [VALUE_PROGRAM] = offer_programs,
    [VALUE_COMMAND] = offer_commands,   [VALUE_TOPIC] = offer_topics,
    [VALUE_CODE] = offer_codes,
};

static void offer_alternative(void *arg, const struct value *v, const char *word, size_t length)
{
    struct offer o = *(struct offer *)arg; /* each begins where the word begins */
    char text[VALUE_NAME_MAX];

    if (v && v->kind < sizeof offers / sizeof offers[0] && offers[v->kind]) {
        offers[v->kind](&o);
    } else if (!v) {
        snprintf(text, sizeof text, "%.*s", (int)length, word);
        complete_offer(o.c, o.prefix, text, "");
    }
}

/* Offer what a value of this name may be; its first prefix bytes in the word under way are
 * "--name=". */
static void offer_value(struct complete *c, const char *name, size_t prefix)
{
    struct offer o = {.c = c, .typed = c->partial + prefix};

    if (prefix >= sizeof o.prefix)
        return;
    memcpy(o.prefix, c->partial, prefix);
    value_each(name, offer_alternative, &o);
}

/* ---- options ---- */

static void offer_options(struct complete *c, const struct option_row *rows)
{
    char name[VALUE_NAME_MAX];

    for (const struct option_row *r = rows; r && r->name; r++) {
        snprintf(name, sizeof name, "--%s", r->name);
        complete_offer(c, "", name, r->help);
    }
}

static const struct option_row *find_option(const struct command *k, const char *text)
{
    const struct option_row *row = k ? options_find(k->options, text) : NULL;

    return row ? row : options_find(console_options, text);
}

/* The option that takes the next word as its value, or NULL. */
static const struct option_row *wants_value(const struct command *k, const char *text)
{
    const struct option_row *row = find_option(k, text);

    if (!row || row->kind == OPTION_FLAG)
        return NULL;
    return (text[1] == '-' ? strchr(text, '=') != NULL : text[2] != '\0') ? NULL : row;
}

/* ---- the words before ---- */

/* What the words before say about the next one. */
struct place {
    const struct command *command;  /* NULL: none yet, or one that is not known */
    bool named;                     /* a command was named */
    bool options;                   /* options may come */
    const struct option_row *value; /* whose value comes next, or NULL */
    size_t operands;                /* that came */
};

static void pass_word(struct place *p, const char *word)
{
    if (p->value) {
        p->value = NULL;
    } else if (p->options && !strcmp(word, "--")) {
        p->options = !p->named; /* before the command it says only that a command comes */
    } else if (p->options && word[0] == '-' && word[1]) {
        p->value = wants_value(p->command, word);
    } else if (!p->named) {
        p->named = true;
        p->command = command_find(word);
    } else {
        p->operands++;
        if (p->command && p->command->stops)
            p->options = false;
    }
}

static void offer_first_words(struct complete *c)
{
    struct offer o = {.c = c, .typed = c->partial};
    bool unaided;

    offer_commands(&o);
    if (c->prompt) {
        complete_offer(c, "", "quit", "leave the prompt");
        complete_offer(c, "", "exit", "leave the prompt");
    }
    /* PVM's words are there for those who know them */
    unaided = c->count == 0;
    for (size_t i = 0; command_list[i]; i++) {
        const char *at = command_list[i]->alias;
        char alias[VALUE_NAME_MAX];

        while (!command_list[i]->hidden && command_next_alias(&at, alias))
            if (unaided || !strcmp(alias, c->partial))
                complete_offer(c, "", alias, command_list[i]->summary);
    }
}

/* The word under way is an option, perhaps with its value. */
static void offer_option(struct complete *c, const struct place *p)
{
    const char *equals = strchr(c->partial, '=');
    const struct option_row *row = equals ? find_option(p->command, c->partial) : NULL;

    if (row && row->value) {
        offer_value(c, row->value, (size_t)(equals + 1 - c->partial));
    } else if (!equals) {
        offer_options(c, p->command ? p->command->options : NULL);
        offer_options(c, console_options);
    }
}

void complete_words(struct complete *c, int argc, char **argv)
{
    struct place p = {.options = true};
    char name[VALUE_NAME_MAX];

    c->paths = COMPLETE_NOTHING;
    c->path = "";
    for (int i = 0; i < argc; i++)
        pass_word(&p, argv[i]);
    if (p.value)
        offer_value(c, p.value->value, 0);
    else if (p.options && c->partial[0] == '-')
        offer_option(c, &p);
    else if (!p.named)
        offer_first_words(c);
    else if (p.command && value_operand(p.command->operands, p.operands, name))
        offer_value(c, name, 0);
}
