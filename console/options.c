/* options.c: reads a command line by its table.
 *
 * Accepted are --name VALUE, --name=VALUE, -n VALUE, -nVALUE, and -- as the end
 * of options. Options may stand among operands, but for a command whose operands
 * are a command line themselves (run): there the first operand ends them. Each
 * error names what is wrong and the nearest thing that would be right.
 */
#include "console/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

#define SHOWN_MOST 9999 /* highest upper limit that is told to who is below the lower one */
#define DAY 86400.0     /* seconds */
#define HELP_COLUMN 24 /* where the explanation begins */
#define SHOWN_MAX 60   /* characters of a wrong word that an error shows */

/* One reading of a command line. */
struct reading {
    const struct options *o;
    char **argv;
    int at;      /* the argument that is looked at */
    char *error; /* OPTIONS_SENTENCE_MAX bytes */
};

static const struct {
    const char *unit;
    double seconds;
} time_units[] = {{"", 1},     {"s", 1},    {"ms", 1e-3}, {"m", 60},
                  {"min", 60}, {"h", 3600}, {"d", 86400}};

static const char *const color_words[] = {"auto", "always", "never"};

bool options_time(const char *text, double *seconds)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(text, &end);
    if (end == text || errno || !isfinite(value) || value < 0)
        return false;
    if (*end == ' ' && end[1])
        end++; /* as in dvmd.conf: "500 ms" */
    for (size_t i = 0; i < sizeof time_units / sizeof time_units[0]; i++)
        if (!strcmp(end, time_units[i].unit)) {
            *seconds = value * time_units[i].seconds;
            return true;
        }
    return false;
}

const struct option_row *options_find(const struct option_row *rows, const char *text)
{
    size_t length = strcspn(text, "=");

    for (const struct option_row *r = rows; r && r->name; r++) {
        if (text[0] != '-')
            return NULL;
        if (text[1] != '-' && r->letter && text[1] == r->letter)
            return r;
        if (text[1] == '-' && strlen(r->name) + 2 == length &&
            !strncmp(text + 2, r->name, length - 2))
            return r;
    }
    return NULL;
}

/* What is known of an option of other systems, or NULL. */
static const char *hint_of(const struct reading *g, const char *text)
{
    size_t length = strcspn(text, "=");

    for (const struct option_hint *h = g->o->hints; h && h->name; h++)
        if (strlen(h->name) == length && !strncmp(h->name, text, length))
            return h->hint;
    return NULL;
}

static int fail_unknown(struct reading *g, const char *text)
{
    struct nearest near;
    int length = (int)strcspn(text, "=");
    const char *hint = hint_of(g, text);

    if (hint) {
        snprintf(g->error, OPTIONS_SENTENCE_MAX, "there is no option %.*s: %s", length, text, hint);
        return -1;
    }
    nearest_begin(&near, text, (size_t)length);
    for (const struct option_row *r = g->o->rows; r && r->name; r++)
        nearest_offer(&near, "--", r->name);
    for (const struct option_row *r = g->o->common; r && r->name; r++)
        nearest_offer(&near, "--", r->name);
    snprintf(g->error, OPTIONS_SENTENCE_MAX, "there is no option %.*s%s%s%s",
             length > SHOWN_MAX ? SHOWN_MAX : length, text, near.best[0] ? "; did you mean " : "",
             near.best, near.best[0] ? "?" : "");
    return -1;
}

static int fail_value(struct reading *g, const struct option_row *row, const char *text,
                      const char *wanted)
{
    snprintf(g->error, OPTIONS_SENTENCE_MAX, "--%s takes %s, not \"%.60s\"", row->name, wanted,
             text);
    return -1;
}

static int store_int(struct reading *g, const struct option_row *row, const char *text, int *at)
{
    char *end, wanted[80];
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end != text && !*end && !errno && (double)value >= row->low && (double)value <= row->high) {
        *at = (int)value;
        return 0;
    }
    /* a limit that nobody comes near would only be in the way */
    if (row->high > SHOWN_MOST && (end == text || *end || value < row->low))
        snprintf(wanted, sizeof wanted, "a whole number, at least %.0f", row->low);
    else
        snprintf(wanted, sizeof wanted, "a whole number from %.0f to %.0f", row->low, row->high);
    return fail_value(g, row, text, wanted);
}

static int store_time(struct reading *g, const struct option_row *row, const char *text,
                      double *at)
{
    char wanted[120], most[40];
    double value;

    if (options_time(text, &value) && value >= row->low && value <= row->high) {
        *at = value;
        return 0;
    }
    if (row->high >= DAY)
        snprintf(most, sizeof most, "%.0f day%s", row->high / DAY, row->high == DAY ? "" : "s");
    else
        snprintf(most, sizeof most, "%g s", row->high);
    snprintf(wanted, sizeof wanted, "a time such as 30s, 10m or 2h (%g s to %s)", row->low, most);
    return fail_value(g, row, text, wanted);
}

static int store_color(struct reading *g, const struct option_row *row, const char *text,
                       enum option_color *at)
{
    for (size_t i = 0; i < sizeof color_words / sizeof color_words[0]; i++)
        if (!strcmp(text, color_words[i])) {
            *at = (enum option_color)i;
            return 0;
        }
    return fail_value(g, row, text, "auto, always or never");
}

static int store_list(struct reading *g, const struct option_row *row, const char *text,
                      struct option_list *at)
{
    if (at->count == OPTION_LIST_MAX) {
        snprintf(g->error, OPTIONS_SENTENCE_MAX, "--%s may be given at most %d times", row->name,
                 OPTION_LIST_MAX);
        return -1;
    }
    at->texts[at->count++] = text;
    return 0;
}

static int store(struct reading *g, const struct option_row *row, void *settings,
                 const char *text)
{
    void *at = (char *)settings + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case OPTION_INT:
        return store_int(g, row, text, at);
    case OPTION_TIME:
        return store_time(g, row, text, at);
    case OPTION_COLOR:
        return store_color(g, row, text, at);
    case OPTION_TEXT:
    case OPTION_LIST:
        if (!text[0])
            return fail_value(g, row, text, "a value that is not empty");
        if (row->kind == OPTION_LIST)
            return store_list(g, row, text, at);
        *(const char **)at = text;
        return 0;
    }
    assert(!"a kind of option that is not known");
    return -1;
}

/* A letter with a word behind it that can be no value of it, as mpirun's -np is. The number
 * that is meant is behind that word, as in -np3, or the next argument. */
static int fail_letter(struct reading *g, const struct option_row *row, const char *text)
{
    const char *next = g->argv[g->at + 1], *number = text + strcspn(text, "0123456789");

    if (!*number)
        number = next && isdigit((unsigned char)next[0]) ? next : row->value;
    snprintf(g->error, OPTIONS_SENTENCE_MAX, "there is no option %.*s; did you mean -%c %.*s?",
             SHOWN_MAX, text, text[1], SHOWN_MAX, number);
    return -1;
}

/* Read the option at g->at, with its value, which may be the next argument. */
static int read_option(struct reading *g)
{
    const char *text = g->argv[g->at];
    const char *equals = strchr(text, '=');
    bool is_long = text[1] == '-';
    void *settings = g->o->settings;
    const struct option_row *row = hint_of(g, text) ? NULL : options_find(g->o->rows, text);

    if (!row && !hint_of(g, text)) {
        row = options_find(g->o->common, text);
        settings = g->o->common_settings;
    }
    if (!row)
        return fail_unknown(g, text);
    if (row->kind == OPTION_FLAG) {
        if (is_long ? equals != NULL : text[2] != '\0') {
            snprintf(g->error, OPTIONS_SENTENCE_MAX, "--%s takes no value (\"%.60s\")", row->name,
                     text);
            return -1;
        }
        return store(g, row, settings, NULL);
    }
    if (is_long && equals)
        return store(g, row, settings, equals + 1);
    if (!is_long && isalpha((unsigned char)text[2]) && row->kind == OPTION_INT)
        return fail_letter(g, row, text);
    if (!is_long && text[2])
        return store(g, row, settings, text + 2);
    if (!g->argv[g->at + 1]) {
        snprintf(g->error, OPTIONS_SENTENCE_MAX, "--%s needs a value: --%s %s", row->name,
                 row->name, row->value);
        return -1;
    }
    return store(g, row, settings, g->argv[++g->at]);
}

int options_read(const struct options *o, int argc, char **argv, char *error)
{
    struct reading g = {.o = o, .argv = argv, .at = 1, .error = error};
    bool options = true;
    int operands = 0;

    for (; g.at < argc; g.at++) {
        const char *text = argv[g.at];

        if (options && !strcmp(text, "--")) {
            options = false;
        } else if (options && text[0] == '-' && text[1]) {
            if (read_option(&g) < 0)
                return -1;
        } else {
            argv[operands++] = argv[g.at];
            options = options && !o->stop;
        }
    }
    argv[operands] = NULL;
    return operands;
}

void options_help(FILE *out, const struct option_row *rows)
{
    for (const struct option_row *r = rows; r && r->name; r++) {
        char left[80];
        int used = snprintf(left, sizeof left, "  %c%c%s--%s%s%s", r->letter ? '-' : ' ',
                            r->letter ? r->letter : ' ', r->letter ? ", " : "  ", r->name,
                            r->value ? " " : "", r->value ? r->value : "");

        if (used >= HELP_COLUMN)
            fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", r->help);
        else
            fprintf(out, "%-*s%s\n", HELP_COLUMN, left, r->help);
    }
}
