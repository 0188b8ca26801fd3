/* header.c: the implementation of header.h.
 *
 * The header is read line by line, by the forms that it keeps to: comments begin in the
 * first column; a function is a line that begins with DVM_API, up to its ';'; types and
 * constants begin with enum, struct, typedef or #define and end in the first column. A
 * comment belongs to the function right behind it; one with an empty line behind it is a
 * remark on what follows; a comment "---- title ----" ends a part. Other lines (guards,
 * includes, C++) are passed over.
 */
#include "manual/header.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API "DVM_API "

/* A text that grows. */
struct text {
    char *bytes;
    size_t length;
};

/* The reading of one header. */
struct reading {
    const char *at;   /* the next line */
    struct header *h;
    struct text comment, definitions, remarks;
    bool documented;  /* the function before had a comment that the next may share */
    char *why;
    size_t size;
};

static void add(struct text *t, const char *bytes, size_t length)
{
    char *more = realloc(t->bytes, t->length + length + 1);

    if (!more)
        abort();
    memcpy(more + t->length, bytes, length);
    t->bytes = more;
    t->length += length;
    t->bytes[t->length] = '\0';
}

/* The text, owned by the caller, which leaves t empty. */
static char *take(struct text *t)
{
    char *bytes = t->bytes ? t->bytes : calloc(1, 1);

    /* not the empty lines behind it */
    while (bytes && t->length > 1 && bytes[t->length - 1] == '\n' && bytes[t->length - 2] == '\n')
        bytes[--t->length] = '\0';
    if (!bytes)
        abort();
    *t = (struct text){0};
    return bytes;
}

static void clear(struct text *t)
{
    free(take(t));
}

static bool begins(const char *line, const char *word)
{
    return !strncmp(line, word, strlen(word));
}

static const char *next_line(struct reading *r, size_t *length)
{
    const char *line = r->at;

    *length = strcspn(line, "\n");
    r->at += *length + (line[*length] == '\n');
    return line;
}

/* A comment, from its first line on, without its stars. Returns false when it has no end. */
static bool read_comment(struct reading *r, const char *line, size_t length)
{
    bool first = true, end = false;

    clear(&r->comment);
    while (!end) {
        size_t skip = first ? strlen("/*") : strspn(line, " ") + (line[strspn(line, " ")] == '*');

        end = length >= 2 && !memcmp(line + length - 2, "*/", 2);
        if (skip < length && line[skip] == ' ')
            skip++;
        if (end)
            length -= 2;
        while (length > skip && line[length - 1] == ' ')
            length--;
        if (length > skip)
            add(&r->comment, line + skip, length - skip);
        if (length > skip || !end)
            add(&r->comment, "\n", 1);
        if (!end && !*r->at)
            return false;
        if (!end)
            line = next_line(r, &length);
        first = false;
    }
    return true;
}

/* A comment that does not belong to a function right behind it. */
static void end_comment(struct reading *r)
{
    if (!r->comment.length)
        return;
    if (!begins(r->comment.bytes, "----")) {
        if (!r->h->overview) {
            r->h->overview = take(&r->comment);
            return;
        }
        if (r->remarks.length)
            add(&r->remarks, "\n", 1);
        add(&r->remarks, r->comment.bytes, r->comment.length);
    }
    clear(&r->comment);
}

/* The name of a function: the word before the first '('. */
static bool find_name(const char *prototype, char name[HEADER_NAME_MAX])
{
    const char *end = strchr(prototype, '('), *begin = end;

    while (begin && begin > prototype &&
           (isalnum((unsigned char)begin[-1]) || begin[-1] == '_'))
        begin--;
    if (!begin || end == begin || end - begin >= HEADER_NAME_MAX)
        return false;
    snprintf(name, HEADER_NAME_MAX, "%.*s", (int)(end - begin), begin);
    return true;
}

static bool read_function(struct reading *r, const char *line, size_t length)
{
    struct header_function *f = &r->h->functions[r->h->count];
    struct text prototype = {0};
    size_t skip = strlen(API);

    if (r->h->count == HEADER_FUNCTIONS_MAX) {
        snprintf(r->why, r->size, "more than %d functions", HEADER_FUNCTIONS_MAX);
        return false;
    }
    for (;;) {
        add(&prototype, line + skip, length - skip);
        add(&prototype, "\n", 1);
        if (memchr(line, ';', length) || !*r->at)
            break;
        line = next_line(r, &length);
        skip = strspn(line, " ") < strlen(API) ? strspn(line, " ") : strlen(API);
    }
    f->prototype = take(&prototype);
    r->h->count++;
    if (!find_name(f->prototype, f->name) ||
        (!r->comment.length && !(r->documented && !r->definitions.length))) {
        snprintf(r->why, r->size, "no comment right before, or no name in: %.100s", f->prototype);
        return false;
    }
    f->comment = take(&r->comment);
    f->definitions = take(&r->definitions);
    f->remarks = take(&r->remarks);
    r->documented = true;
    return true;
}

static bool opens_definition(const char *line)
{
    static const char *const words[] = {"enum ", "struct ", "typedef ", "#define DVM_"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (begins(line, words[i]))
            return !begins(line, "#define DVM_API") && !begins(line, "#define DVM_H\n");
    return false;
}

/* A definition up to its last line; the lines of macros within an enum are left out. */
static void read_definition(struct reading *r, const char *line, size_t length)
{
    bool open = memchr(line, '{', length) && !memchr(line, '}', length);
    bool continues = length > 0 && line[length - 1] == '\\';

    add(&r->definitions, line, length);
    add(&r->definitions, "\n", 1);
    while ((open || continues) && *r->at) {
        line = next_line(r, &length);
        continues = length > 0 && line[length - 1] == '\\';
        if (open && (line[0] == '#' || strspn(line, " ABCDEFGHIJKLMNOPQRSTUVWXYZ_") ==
                                           (size_t)(strcspn(line, "("))))
            continue;
        add(&r->definitions, line, length);
        add(&r->definitions, "\n", 1);
        open = open && line[0] != '}';
    }
}

static bool read_line(struct reading *r)
{
    size_t length;
    const char *line = next_line(r, &length);

    if (begins(line, "/*")) {
        end_comment(r);
        if (read_comment(r, line, length))
            return true;
        snprintf(r->why, r->size, "a comment does not end: %.60s", line);
        return false;
    }
    if (begins(line, API))
        return read_function(r, line, length);
    if (length == 0) {
        r->documented = false;
        if (r->definitions.length > 1 &&
            strcmp(r->definitions.bytes + r->definitions.length - 2, "\n\n"))
            add(&r->definitions, "\n", 1);
    }
    end_comment(r);
    if (opens_definition(line)) {
        r->documented = false;
        read_definition(r, line, length);
    }
    return true;
}

struct header *header_read(const char *text, char *why, size_t size)
{
    struct header *h = calloc(1, sizeof *h);
    struct reading r = {.at = text, .h = h, .why = why, .size = size};
    bool good = h != NULL;

    if (!h)
        abort();
    while (good && *r.at)
        good = read_line(&r);
    if (good && (!h->overview || h->count == 0)) {
        snprintf(why, size, "no comment at its head, or no function");
        good = false;
    }
    clear(&r.comment);
    clear(&r.definitions);
    clear(&r.remarks);
    if (good)
        return h;
    header_free(h);
    return NULL;
}

void header_free(struct header *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->count; i++) {
        free(h->functions[i].prototype);
        free(h->functions[i].comment);
        free(h->functions[i].definitions);
        free(h->functions[i].remarks);
    }
    free(h->overview);
    free(h);
}
