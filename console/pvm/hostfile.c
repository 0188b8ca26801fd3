/* hostfile.c: the implementation of hostfile.h.
 *
 * A line is read into an entry of its own first, so that one that is wrong changes nothing.
 * Its options lie above the defaults that were in force at the line.
 */
#include "console/pvm/hostfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

static const char *const names[HOSTFILE_OPTIONS] = {"lo", "so", "dx", "ep", "wd",
                                                    "sp", "bx", "ip", "id", "sr"};

static void free_values(struct hostfile_entry *e)
{
    for (size_t i = 0; i < HOSTFILE_OPTIONS; i++)
        free(e->values[i]);
}

static struct hostfile_entry *find(const struct hostfile *h, const char *host)
{
    for (size_t i = 0; i < h->count; i++)
        if (!strcmp(h->entries[i].name, host))
            return &h->entries[i];
    return NULL;
}

static bool wrong(char *error, const char *what, const char *word, size_t length)
{
    snprintf(error, HOSTFILE_SENTENCE_MAX, "%s: \"%.*s\"", what, length > 80 ? 80 : (int)length,
             word);
    return false;
}

/* The next word of a line: its length, 0 at the end or where a comment begins. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, BLANKS);
    return **at == '#' ? 0 : strcspn(*at, BLANKS);
}

static bool good_speed(const char *value)
{
    char *end;
    long speed = strtol(value, &end, 10);

    return end != value && !*end && speed > 0 && speed <= HOSTFILE_SPEED_MAX;
}

static bool take_option(struct hostfile_entry *e, const char *word, size_t length, char *error)
{
    size_t option = 0;
    char *value;

    while (option < HOSTFILE_OPTIONS && (length < 3 || strncmp(word, names[option], 2) != 0))
        option++;
    if (option == HOSTFILE_OPTIONS || word[2] != '=')
        return wrong(error, "there is no such option of a host", word, length);
    value = strndup(word + 3, length - 3);
    if (!value)
        return wrong(error, "no memory for an option", word, length);
    if (option == HOSTFILE_SPEED_OF && !good_speed(value)) {
        free(value);
        return wrong(error, "sp= takes a number from 1 to 1000000", word, length);
    }
    free(e->values[option]);
    e->values[option] = value;
    return true;
}

static bool take_name(struct hostfile_entry *e, const char *word, size_t length, char *error)
{
    if (length == 0)
        return wrong(error, "a host's name is missing", word, length);
    if (length >= sizeof e->name || word[0] == '-' || memchr(word, '=', length))
        return wrong(error, "this cannot be a host's name", word, length);
    memcpy(e->name, word, length);
    e->name[length] = '\0';
    return true;
}

/* What stands behind the name. */
static bool take_options(struct hostfile_entry *e, const char *at, char *error)
{
    size_t length;

    for (; (length = next_word(&at)) > 0; at += length)
        if (!take_option(e, at, length, error))
            return false;
    return true;
}

/* Lay what from says over what onto says; from's values are used up. */
static void lay_over(struct hostfile_entry *onto, struct hostfile_entry *from)
{
    for (size_t i = 0; i < HOSTFILE_OPTIONS; i++)
        if (from->values[i]) {
            free(onto->values[i]);
            onto->values[i] = from->values[i];
            from->values[i] = NULL;
        }
}

/* The place of a host in the list, with the defaults that are in force where it is new. */
static struct hostfile_entry *place(struct hostfile *h, const char *name)
{
    struct hostfile_entry *e = find(h, name), *larger;

    if (e)
        return e;
    larger = realloc(h->entries, (h->count + 1) * sizeof *larger);
    if (!larger)
        return NULL;
    h->entries = larger;
    e = &larger[h->count++];
    *e = (struct hostfile_entry){.later = false};
    snprintf(e->name, sizeof e->name, "%s", name);
    for (size_t i = 0; i < HOSTFILE_OPTIONS; i++)
        if (h->defaults.values[i])
            e->values[i] = strdup(h->defaults.values[i]);
    return e;
}

static bool keep(struct hostfile *h, struct hostfile_entry *e, int *entry, char *error)
{
    struct hostfile_entry *own = place(h, e->name);

    if (!own)
        return wrong(error, "no memory for a host", e->name, strlen(e->name));
    own->later = e->later;
    lay_over(own, e);
    if (entry)
        *entry = (int)(own - h->entries);
    return true;
}

bool hostfile_line(struct hostfile *h, const char *line, int *entry, char *error)
{
    struct hostfile_entry e = {.later = false};
    const char *at = line;
    size_t length = next_word(&at);
    bool defaults = length == 1 && *at == '*', good = true;

    if (entry)
        *entry = -1;
    if (length == 0)
        return true;
    if (!defaults) {
        e.later = *at == '&';
        at += strspn(at, "&$");
        length = next_word(&at);
        good = take_name(&e, at, length, error);
    }
    good = good && take_options(&e, at + length, error);
    if (good && defaults)
        lay_over(&h->defaults, &e);
    else if (good)
        good = keep(h, &e, entry, error);
    free_values(&e);
    return good;
}

/* The line at *at without its end, joined with those that it goes on in. Moves *at behind
 * it, counts lines. NULL: no memory. */
static char *join_lines(const char **at, size_t *lines)
{
    char *line = NULL, *longer;
    size_t used = 0;

    for (bool on = true; on;) {
        size_t length = strcspn(*at, "\n");

        longer = realloc(line, used + length + 1);
        if (!longer) {
            free(line);
            return NULL;
        }
        line = longer;
        memcpy(line + used, *at, length);
        used += length;
        line[used] = '\0';
        *at += length + ((*at)[length] == '\n');
        (*lines)++;
        on = length > 0 && line[used - 1] == '\\' && **at;
        if (length > 0 && line[used - 1] == '\\')
            line[used - 1] = ' ';
    }
    return line;
}

size_t hostfile_text(struct hostfile *h, const char *text,
                     void (*tell)(void *arg, size_t line, const char *sentence), void *arg)
{
    char error[HOSTFILE_SENTENCE_MAX];
    size_t bad = 0, lines = 0;

    while (*text) {
        size_t first = lines + 1;
        char *line = join_lines(&text, &lines);

        if (!line)
            return bad + 1;
        if (!hostfile_line(h, line, NULL, error)) {
            bad++;
            tell(arg, first, error);
        }
        free(line);
    }
    return bad;
}

const char *hostfile_value(const struct hostfile *h, const char *host,
                           enum hostfile_option option)
{
    const struct hostfile_entry *e = find(h, host);

    return e ? e->values[option] : h->defaults.values[option];
}

int hostfile_speed(const struct hostfile *h, const char *host)
{
    const char *speed = hostfile_value(h, host, HOSTFILE_SPEED_OF);

    return speed ? atoi(speed) : HOSTFILE_SPEED;
}

void hostfile_free(struct hostfile *h)
{
    for (size_t i = 0; i < h->count; i++)
        free_values(&h->entries[i]);
    free_values(&h->defaults);
    free(h->entries);
    *h = (struct hostfile){.count = 0};
}
