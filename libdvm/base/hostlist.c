/* hostlist.c: expands "node[1-8,12]".
 *
 * The text is cut into items at the commas outside brackets. An item is
 * expanded from left to right by recursion: text is copied, a bracket tries
 * each of its numbers with the rest of the item. Every name that comes out is
 * counted, and the first over the limit ends the work, so that "[1-999999999]"
 * costs no more than the limit. The text may come from another computer.
 */
#include "base/hostlist.h"

#include <assert.h>
#include <ctype.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define GROW_FIRST 16 /* names at first; doubled when they do not suffice */
/* Characters in front of an error that the sentence shows, so that a long list
 * does not hide its end. */
#define SHOWN_MAX 60

struct expansion {
    struct hostlist list;
    size_t room;             /* places in list.names */
    const char *text;        /* the whole text, for messages */
    const char *end;         /* of the item */
    char name[DVM_NAME_MAX]; /* as far as it is put together */
};

static int expand(struct expansion *e, const char *at, size_t used, int groups);

static int bad(const struct expansion *e, const char *at, const char *what)
{
    return dvm_fail(DVM_ERR_ARG,
                    "host list \"%.*s%s\": %s at character %zu; write it like node[1-8,12],other",
                    SHOWN_MAX, e->text, strlen(e->text) > SHOWN_MAX ? "..." : "", what,
                    (size_t)(at - e->text) + 1);
}

static bool fit_for_name(char c)
{
    return isalnum((unsigned char)c) || strchr(".-_:@%", c);
}

static int add_name(struct expansion *e, const char *at, size_t used)
{
    if (used == 0)
        return bad(e, at, "an empty name");
    if (e->list.count == HOSTLIST_NAMES_MAX)
        return dvm_fail(DVM_ERR_ARG,
                        "host list \"%.*s\" stands for more than %d names; a machine has at most "
                        "4095 hosts, so give a shorter range",
                        SHOWN_MAX, e->text, HOSTLIST_NAMES_MAX);
    if (e->list.count == e->room) {
        size_t room = e->room ? 2 * e->room : GROW_FIRST;
        void *more = realloc(e->list.names, room * sizeof e->list.names[0]);

        if (!more)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of %zu host names", room);
        e->list.names = more;
        e->room = room;
    }
    memcpy(e->list.names[e->list.count], e->name, used);
    e->list.names[e->list.count++][used] = '\0';
    return DVM_OK;
}

/* Read a number and move *at behind it. *width receives how many digits it has. */
static int read_number(struct expansion *e, const char **at, unsigned long *value, int *width)
{
    *value = 0;
    *width = 0;
    while (*at < e->end && isdigit((unsigned char)**at)) {
        if (++*width > HOSTLIST_DIGITS_MAX)
            return bad(e, *at, "a number with too many digits");
        *value = *value * 10 + (unsigned long)(*(*at)++ - '0');
    }
    return *width ? DVM_OK : bad(e, *at, "a number is missing");
}

/* Expand the numbers of one range, each with what follows the bracket at rest. */
static int expand_range(struct expansion *e, const char **at, const char *rest, size_t used,
                        int groups)
{
    unsigned long low, high;
    int low_width, high_width;
    const char *start = *at;
    int r = read_number(e, at, &low, &low_width);

    if (r)
        return r;
    high = low;
    if (*at < e->end && **at == '-') {
        ++*at;
        r = read_number(e, at, &high, &high_width);
        if (r)
            return r;
    }
    if (high < low)
        return bad(e, start, "a range that runs backwards");
    for (unsigned long n = low; n <= high; n++) {
        int digits = snprintf(e->name + used, sizeof e->name - used, "%0*lu", low_width, n);

        if (digits < 0 || used + (size_t)digits >= sizeof e->name)
            return bad(e, start, "a name of more than 63 characters");
        r = expand(e, rest, used + (size_t)digits, groups);
        if (r)
            return r;
    }
    return DVM_OK;
}

static int expand_bracket(struct expansion *e, const char *at, size_t used, int groups)
{
    const char *close = memchr(at, ']', (size_t)(e->end - at));
    int r;

    if (!close)
        return bad(e, at, "a [ without its ]");
    if (groups == HOSTLIST_GROUPS_MAX)
        return bad(e, at, "too many brackets in one name");
    do {
        at++;
        r = expand_range(e, &at, close + 1, used, groups + 1);
        if (r)
            return r;
    } while (*at == ',');
    return at == close ? DVM_OK : bad(e, at, "something that is no number");
}

/* Put together all names of the item from at on; used bytes of e->name stand. */
static int expand(struct expansion *e, const char *at, size_t used, int groups)
{
    for (; at < e->end && *at != '['; at++) {
        if (!fit_for_name(*at))
            return bad(e, at, "a character that no host name has");
        if (used == 0 && *at == '-')
            return bad(e, at, "a name that begins with -");
        if (used + 1 == sizeof e->name)
            return bad(e, at, "a name of more than 63 characters");
        e->name[used++] = *at;
    }
    return at == e->end ? add_name(e, at, used) : expand_bracket(e, at, used, groups);
}

/* The end of the item that begins at text: its comma or the end of the text. */
static const char *item_end(const char *text)
{
    bool inside = false;

    for (; *text && (inside || *text != ','); text++)
        if (*text == '[' || *text == ']')
            inside = *text == '[';
    return text;
}

static int expand_all(struct expansion *e)
{
    const char *at = e->text;
    int r;

    for (;;) {
        const char *comma = item_end(at);

        while (at < comma && isspace((unsigned char)*at))
            at++;
        for (e->end = comma; e->end > at && isspace((unsigned char)e->end[-1]);)
            e->end--;
        r = expand(e, at, 0, 0);
        if (r || !*comma)
            return r;
        at = comma + 1;
    }
}

/* Leave out names that come again, keeping the first of each. */
static int drop_doubles(struct hostlist *list)
{
    struct hsearch_data seen = {0};
    size_t kept = 0;

    if (!hcreate_r(2 * list->count, &seen))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a list of %zu host names", list->count);
    for (size_t i = 0; i < list->count; i++) {
        ENTRY *found, item = {.key = list->names[kept]};

        memmove(list->names[kept], list->names[i], sizeof list->names[i]);
        if (hsearch_r(item, FIND, &found, &seen))
            continue;
        hsearch_r(item, ENTER, &found, &seen);
        kept++;
    }
    hdestroy_r(&seen);
    list->count = kept;
    return DVM_OK;
}

int hostlist_parse(struct hostlist *out, const char *text)
{
    struct expansion e = {.text = text};
    int r;

    assert(out && text);
    if (strnlen(text, HOSTLIST_TEXT_MAX + 1) > HOSTLIST_TEXT_MAX)
        return dvm_fail(DVM_ERR_ARG, "the host list has more than %d characters; use ranges",
                        HOSTLIST_TEXT_MAX);
    if (text[strspn(text, " \t\n")] == '\0')
        return dvm_fail(DVM_ERR_ARG, "the host list is empty; write it like node[1-8,12],other");
    r = expand_all(&e);
    if (!r)
        r = drop_doubles(&e.list);
    if (r) {
        hostlist_free(&e.list);
        return r;
    }
    assert(e.list.count > 0);
    *out = e.list;
    return DVM_OK;
}

void hostlist_free(struct hostlist *list)
{
    if (!list)
        return;
    free(list->names);
    *list = (struct hostlist){0};
}

size_t hostlist_find(const struct hostlist *list, const char *name)
{
    size_t i = 0;

    while (i < list->count && strcmp(list->names[i], name) != 0)
        i++;
    return i;
}

bool hostlist_contains(const struct hostlist *list, const char *name)
{
    return hostlist_find(list, name) < list->count;
}

/* ---- writing ------------------------------------------------------------------------ */

/* The number at the end of a name: where its digits begin; the end when there are none, or
 * too many. */
static size_t digits_of(const char *name, long *number)
{
    size_t n = strlen(name), at = n;

    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
        at--;
    if (at == n || n - at > HOSTLIST_DIGITS_MAX || strpbrk(name, "[],"))
        return n;
    *number = strtol(name + at, NULL, 10);
    return at;
}

/* Whether name is base, whose digits begin at at, with the number want instead. */
static bool is_next(const char *name, const char *base, size_t at, long want)
{
    char text[DVM_NAME_MAX + HOSTLIST_DIGITS_MAX + 2];

    snprintf(text, sizeof text, "%.*s%0*ld", (int)at, base, (int)(strlen(base) - at), want);
    return strcmp(name, text) == 0;
}

/* Write the names that go into one item, from first on; returns how many. */
static size_t write_item(FILE *out, const char *const *names, size_t count)
{
    long number = 0;
    size_t at = digits_of(names[0], &number), width = strlen(names[0]) - at, used = 0;
    bool many;

    if (width == 0) {
        fputs(names[0], out);
        return 1;
    }
    many = count > 1 && strlen(names[1]) > at && strncmp(names[0], names[1], at) == 0 &&
           digits_of(names[1], &number) == at;
    digits_of(names[0], &number);
    fprintf(out, "%.*s%s", (int)at, names[0], many ? "[" : "");
    while (used < count) {
        size_t begin = used, end = used + 1;
        long low;

        if (digits_of(names[begin], &low) != at || strncmp(names[begin], names[0], at) != 0)
            break;
        while (end < count && is_next(names[end], names[begin], at, low + (long)(end - begin)))
            end++;
        fprintf(out, "%s%s", begin ? "," : "", names[begin] + at);
        if (end - begin > 1)
            fprintf(out, "-%s", names[end - 1] + at);
        used = end;
    }
    if (many)
        fputc(']', out);
    return used;
}

void hostlist_write(const char *const *names, size_t count, char *out, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    for (size_t i = 0; to && i < count;) {
        if (i > 0)
            fputc(',', to);
        i += write_item(to, names + i, count - i);
    }
    if (to)
        fclose(to);
    snprintf(out, size, "%s", text ? text : "...");
    if (length >= size && size > 4)
        strcpy(out + size - 4, "...");
    free(text);
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

void hostlist_write_sorted(const char **names, size_t count, char *out, size_t size)
{
    qsort(names, count, sizeof *names, by_name);
    hostlist_write(names, count, out, size);
}
