/* setting.c: the table of settings and the values of each kind; see setting.h.
 *
 * A value is kept as a number and as a text in one way of writing, so that what is shown
 * can be put into a file again. Words such as "unlimited" are values, too: a user may
 * not choose them where an administrator gave a number.
 */
#include "base/setting.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "base/network.h"

#define KIB 1024.0
#define MIB (KIB * 1024.0)
#define TIB (MIB * MIB)
#define PORT_LOW 1.0
#define NUMBER_DIGITS 12  /* significant ones of a number in a text */
#define WHOLE_MAX 9e18    /* below what fits into 64 bits */
#define RANGE_MAX 192     /* bytes of what a setting takes, in words */

static const char *const oversubscribe_words[] = {"allow", "warn", "refuse", NULL};
static const char *const placement_words[] = {"spread", "pack", NULL};
static const char *const security_words[] = {"off", "auth", "full", NULL};
static const char *const cgroup_words[] = {"auto", "off", NULL};

static const struct setting_row rows[SETTING_COUNT] = {
    [SETTING_HOST_TASKS] = {"host_tasks", SETTING_NUMBER, SETTING_AT_MOST, "unlimited",
        "unlimited", 1, 262143, NULL, "N",
        "Tasks that may run on a host at the same time. A spawn that would pass it is refused "
        "before anything is started."},
    [SETTING_TASK_MEMORY] = {"task_memory", SETTING_SIZE, SETTING_AT_MOST, "unlimited",
        "unlimited", MIB, 64 * TIB, NULL, "SIZE",
        "Memory of a task. With a cgroup of its own (see cgroup) all processes of the task "
        "count together, and a task past it is killed; otherwise each process may have so much "
        "data (RLIMIT_DATA), and gets no more."},
    [SETTING_TASK_CORES] = {"task_cores", SETTING_DECIMAL, SETTING_AT_MOST, "unlimited",
        "unlimited", 0.01, 65536, NULL, "N",
        "Cores that a task may use, 0.5 for half of one. With a cgroup of its own it gets so "
        "much time; otherwise it is bound to so many cores, a part of one counting as one."},
    [SETTING_TASK_FILES] = {"task_files", SETTING_NUMBER, SETTING_AT_MOST, "inherit",
        "inherit", 16, 1048576, NULL, "N",
        "Files that a process of a task may have open; inherit: as many as the daemon's "
        "starter."},
    [SETTING_OVERSUBSCRIBE] = {"oversubscribe", SETTING_CHOICE, SETTING_AT_LEAST, "warn", NULL,
        0, 0, oversubscribe_words, "WORD",
        "A spawn of more tasks than there are cores: allow says nothing, warn says so, refuse "
        "refuses the tasks on hosts where they would be more than the cores."},
    [SETTING_PLACEMENT] = {"placement", SETTING_CHOICE, SETTING_FREE, "spread", NULL, 0, 0,
        placement_words, "WORD",
        "Where the tasks of a spawn go: spread gives each to the host with the largest share of "
        "a core left, pack fills the cores of one host before the next."},
    [SETTING_SILENCE] = {"silence", SETTING_TIME, SETTING_FREE, "3 s", NULL,
        SETTING_SILENCE_MIN_S, SETTING_SILENCE_MAX_S, NULL, "TIME",
        "Time after which a host that is silent is lost. The value of the daemon that starts the "
        "machine holds for all of it."},
    [SETTING_JOIN] = {"join", SETTING_TIME, SETTING_FREE, "20 s", NULL, 1, SETTING_REJOIN_MAX_S,
        NULL, "TIME",
        "For so long dvmd --join tries to reach the machine. With more than 20 s it has patience: "
        "it also waits so long for the file of the ticket, and goes on where nobody answers yet. "
        "With a ticket from standard input it is 20 s at most."},
    [SETTING_REJOIN] = {"rejoin", SETTING_TIME, SETTING_FREE, "10 min", "never", 1,
        SETTING_REJOIN_MAX_S, NULL, "TIME",
        "For so long a host that was lost tries to come back, and may: with its own key, as a new "
        "member. The value of the daemon that starts the machine holds for all of it."},
    [SETTING_PORT] = {"port", SETTING_PORTS, SETTING_WITHIN, "any", "any", PORT_LOW,
        SETTING_PORT_MAX, NULL, "PORTS",
        "Control port of the daemon, or a range of which the first free pair is taken: the port "
        "above it is used, too."},
    [SETTING_BIND] = {"bind", SETTING_NETWORK, SETTING_FIXED, "all", "all", 0, 0, NULL,
        "ADDRESS",
        "Numeric address to listen on, or a network of which this host's first address is "
        "taken."},
    [SETTING_OFFER] = {"offer", SETTING_NETWORKS, SETTING_FIXED, "all", "all", 0, 0, NULL,
        "NETWORKS",
        "Networks whose addresses are offered to other hosts, with commas. 127.0.0.1 is offered "
        "in any case, for other hosts on the same computer."},
    [SETTING_LANE_SECURITY] = {"lane_security", SETTING_CHOICE, SETTING_AT_LEAST, "full", NULL,
        0, 0, security_words, "WORD",
        "Protection of direct connections between tasks of different hosts: full encrypts, auth "
        "only authenticates, off does neither. The value of the daemon that starts the machine "
        "holds for all of it; a host whose administrator demands more does not join. What "
        "goes through the daemons is always encrypted."},
    [SETTING_CGROUP] = {"cgroup", SETTING_PATH, SETTING_FIXED, "auto", NULL, 0, 0, cgroup_words,
        "WHERE",
        "Where each task gets a cgroup (version 2) of its own: auto, below the cgroup that the "
        "daemon was started in, when that is delegated to it; off, nowhere; or the folder of a "
        "delegated one."},
    [SETTING_LOG_SIZE] = {"log_size", SETTING_SIZE, SETTING_AT_MOST, "16 MiB", NULL, 64 * KIB,
        64 * KIB * MIB, NULL, "SIZE",
        "Size of the daemon's log. A log that has reached it becomes log.old, in place of the "
        "one before."},
};

const struct setting_row *setting_row(enum setting_key key)
{
    assert(key < SETTING_COUNT);
    return &rows[key];
}

enum setting_key setting_find(const char *name, size_t length)
{
    int key = 0;

    while (key < SETTING_COUNT && (strlen(rows[key].name) != length ||
                                   memcmp(rows[key].name, name, length) != 0))
        key++;
    return (enum setting_key)key;
}

const char *setting_nearest(const char *name, size_t length)
{
    struct nearest near;
    char word[NEAREST_MAX];

    snprintf(word, sizeof word, "%.*s", (int)(length < NEAREST_MAX ? length : NEAREST_MAX - 1),
             name);
    nearest_begin(&near, word, strlen(word));
    for (int key = 0; key < SETTING_COUNT; key++)
        nearest_offer(&near, "", rows[key].name);
    for (int key = 0; key < SETTING_COUNT; key++)
        if (near.best[0] && strcmp(near.best, rows[key].name) == 0)
            return rows[key].name;
    return NULL;
}

/* ---- units --------------------------------------------------------------------------- */

struct unit {
    const char *name;
    double factor;
};

/* From the largest to the smallest. */
static const struct unit sizes[] = {{"TiB", TIB}, {"GiB", KIB * MIB}, {"MiB", MIB},
                                    {"KiB", KIB}, {"B", 1}, {NULL, 0}};
static const struct unit times[] = {{"h", 3600}, {"min", 60}, {"m", 60}, {"s", 1},
                                    {"ms", 0.001}, {NULL, 0}};

/* The library is linked without libm. */
static bool is_whole(double number)
{
    return number < WHOLE_MAX && number == (double)(int64_t)number;
}

static const struct unit *units_of(enum setting_kind kind)
{
    return kind == SETTING_SIZE ? sizes : kind == SETTING_TIME ? times : NULL;
}

/* A number from the start of text, without sign or exponent; *end: behind it. */
static bool read_number(const char *text, const char **end, double *number)
{
    size_t digits = strspn(text, "0123456789"), rest = 0;

    if (digits > 0 && text[digits] == '.')
        rest = strspn(text + digits + 1, "0123456789") + 1;
    if (digits == 0 || rest == 1 || digits + rest > 2 * NUMBER_DIGITS)
        return false;
    *number = strtod(text, NULL);
    *end = text + digits + rest;
    return true;
}

/* A number and its unit. */
static bool read_measure(const char *text, const struct unit *units, double *number)
{
    const char *rest;

    if (!read_number(text, &rest, number))
        return false;
    rest += strspn(rest, " \t");
    for (; units->name; units++)
        if (strcmp(rest, units->name) == 0) {
            *number *= units->factor;
            return true;
        }
    return false;
}

/* With the largest unit of which it is a whole number, or that leaves few digits. */
static void write_measure(double number, const struct unit *units, char *text, size_t size)
{
    while (units[1].name && (number < units->factor ||
                             !is_whole(number / units->factor * 1000)))
        units++;
    snprintf(text, size, "%.*g %s", NUMBER_DIGITS + 3, number / units->factor, units->name);
}

static void write_number(enum setting_kind kind, double number, char *text, size_t size)
{
    if (units_of(kind))
        write_measure(number, units_of(kind), text, size);
    else
        snprintf(text, size, "%.*g", NUMBER_DIGITS, number);
}

/* ---- reading a value ------------------------------------------------------------------ */

static bool in_range(const struct setting_row *row, double number)
{
    return number >= row->low && number <= row->high;
}

static bool take_number(const struct setting_row *row, const char *text, struct setting_value *v)
{
    const char *rest = "";
    bool good = units_of(row->kind) ? read_measure(text, units_of(row->kind), &v->number)
                                    : read_number(text, &rest, &v->number) && !*rest;

    if (!good || v->number > row->high)
        return false;
    if (row->kind == SETTING_SIZE)
        v->number = (double)(int64_t)v->number;
    else /* as exact as it is written */
        v->number = (double)(int64_t)(v->number * 1e6 + 0.5) / 1e6;
    if (!in_range(row, v->number) ||
        (row->kind == SETTING_NUMBER && !is_whole(v->number)))
        return false;
    write_number(row->kind, v->number, v->text, sizeof v->text);
    return true;
}

static bool take_ports(const struct setting_row *row, const char *text, struct setting_value *v)
{
    const char *rest;

    if (!read_number(text, &rest, &v->number))
        return false;
    v->most = v->number;
    rest += strspn(rest, " \t");
    if (*rest == '-' &&
        !read_number(rest + 1 + strspn(rest + 1, " \t"), &rest, &v->most))
        return false;
    if (*rest || !is_whole(v->number) || !is_whole(v->most) ||
        !in_range(row, v->number) || !in_range(row, v->most) || v->number > v->most)
        return false;
    if (v->most == v->number)
        snprintf(v->text, sizeof v->text, "%.0f", v->number);
    else
        snprintf(v->text, sizeof v->text, "%.0f-%.0f", v->number, v->most);
    return true;
}

static bool take_networks(const struct setting_row *row, const char *text,
                          struct setting_value *v)
{
    char word[SETTING_TEXT_MAX];
    struct network n;
    size_t used = 0;
    const char *next;

    v->text[0] = '\0';
    while ((next = network_next(text, word, sizeof word))) {
        if (!network_parse(word, &n) || used + strlen(word) + 2 >= sizeof v->text ||
            (row->kind == SETTING_NETWORK && used > 0))
            return false;
        used += (size_t)snprintf(v->text + used, sizeof v->text - used, "%s%s",
                                 used ? ", " : "", word);
        text = next;
    }
    return used > 0 && text[strspn(text, ", \t")] == '\0';
}

static bool take_word(const struct setting_row *row, const char *text, struct setting_value *v)
{
    int place = 0;

    while (row->choices[place] && strcmp(row->choices[place], text) != 0)
        place++;
    if (!row->choices[place] && (row->kind != SETTING_PATH || text[0] != '/' ||
                                 strlen(text) >= sizeof v->text))
        return false;
    v->number = place;
    snprintf(v->text, sizeof v->text, "%s", text);
    return true;
}

int setting_parse(enum setting_key key, const char *text, struct setting_value *out)
{
    static bool (*const take[])(const struct setting_row *row, const char *text,
                                struct setting_value *v) = {
        [SETTING_NUMBER] = take_number, [SETTING_DECIMAL] = take_number,
        [SETTING_SIZE] = take_number, [SETTING_TIME] = take_number,
        [SETTING_PORTS] = take_ports, [SETTING_NETWORK] = take_networks,
        [SETTING_NETWORKS] = take_networks, [SETTING_CHOICE] = take_word,
        [SETTING_PATH] = take_word};
    const struct setting_row *row = setting_row(key);
    struct setting_value v = {0};
    char range[RANGE_MAX];

    if (row->nothing && strcmp(text, row->nothing) == 0) {
        v.nothing = true;
        snprintf(v.text, sizeof v.text, "%s", text);
    } else if (!take[row->kind](row, text, &v)) {
        setting_range(key, range, sizeof range);
        return dvm_fail(DVM_ERR_ARG, "%s takes %s; \"%.80s\" is none of these", row->name, range,
                        text);
    }
    *out = v;
    return DVM_OK;
}

bool setting_exceeds(enum setting_key key, const struct setting_value *value,
                     const struct setting_value *limit)
{
    switch (rows[key].rule) {
    case SETTING_FREE:
        return false;
    case SETTING_AT_MOST:
        return !limit->nothing && (value->nothing || value->number > limit->number);
    case SETTING_AT_LEAST:
        return value->number < limit->number;
    case SETTING_WITHIN:
        return !limit->nothing && (value->nothing || value->number < limit->number ||
                                   value->most > limit->most);
    case SETTING_FIXED:
        return strcmp(value->text, limit->text) != 0;
    }
    return true;
}

/* ---- words about it ------------------------------------------------------------------- */

static const char *kind_text(enum setting_kind kind)
{
    static const char *const texts[] = {
        [SETTING_NUMBER] = "a whole number", [SETTING_DECIMAL] = "a number",
        [SETTING_SIZE] = "a size with its unit (KiB, MiB, GiB, TiB)",
        [SETTING_TIME] = "a time with its unit (ms, s, min, h)",
        [SETTING_PORTS] = "a port or a range of ports (7100-7199)",
        [SETTING_NETWORK] = "a numeric address or a network (10.0.0.0/8)",
        [SETTING_NETWORKS] = "networks (10.0.0.0/8, fd00::/8)",
        [SETTING_CHOICE] = "", [SETTING_PATH] = ""};

    return texts[kind];
}

static void choices_text(const struct setting_row *row, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; row->choices[i]; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                ? ""
                                 : row->choices[i + 1] ? ", "
                                 : row->kind == SETTING_PATH ? ", "
                                                             : " or ",
                                 row->choices[i]);
    if (row->kind == SETTING_PATH)
        snprintf(text + used, size - used, " or an absolute path");
}

void setting_range(enum setting_key key, char *text, size_t size)
{
    const struct setting_row *row = setting_row(key);
    char low[64], high[64];

    if (row->choices) {
        choices_text(row, text, size);
        return;
    }
    write_number(row->kind, row->low, low, sizeof low);
    write_number(row->kind, row->high, high, sizeof high);
    if (row->high > 0)
        snprintf(text, size, "%s from %s to %s%s%s", kind_text(row->kind), low, high,
                 row->nothing ? ", or " : "", row->nothing ? row->nothing : "");
    else
        snprintf(text, size, "%s%s%s", kind_text(row->kind), row->nothing ? ", or " : "",
                 row->nothing ? row->nothing : "");
}

const char *setting_rule_text(enum setting_key key)
{
    switch (rows[key].rule) {
    case SETTING_FREE:
        return "An administrator's value is a default that users may change.";
    case SETTING_AT_MOST:
        return "An administrator's value is a limit: users may choose less.";
    case SETTING_AT_LEAST:
        return "An administrator's value is a limit: users may only be stricter.";
    case SETTING_WITHIN:
        return "An administrator's value is a limit: users may choose a part of it.";
    case SETTING_FIXED:
        break;
    }
    return "What an administrator has set users cannot change.";
}

void setting_variable(enum setting_key key, char text[SETTING_NAME_MAX])
{
    snprintf(text, SETTING_NAME_MAX, "DVM_%s", rows[key].name);
    for (char *at = text; *at; at++)
        *at = (char)toupper((unsigned char)*at);
}

void setting_manual(FILE *out)
{
    char range[RANGE_MAX], variable[SETTING_NAME_MAX];

    for (int key = 0; key < SETTING_COUNT; key++) {
        const struct setting_row *row = &rows[key];

        setting_range((enum setting_key)key, range, sizeof range);
        setting_variable((enum setting_key)key, variable);
        fprintf(out, ".TP\n.BI %s \" = \" %s\n%s\nTakes %s; default:\n.BR %s .\n%s\n"
                     "Environment:\n.BR %s .\n",
                row->name, row->value, row->help, range, row->fallback,
                setting_rule_text((enum setting_key)key), variable);
    }
}
