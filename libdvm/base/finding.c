/* finding.c: the table of finding.h as data, and findings as lines of text. */
#include "base/finding.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/join.h"

#define CODE_DIGITS 3

const struct finding_row finding_rows[] = {
#define FINDING_ROW(name, code, check, cause, remedy) {FINDING_##name, check, cause, remedy},
    FINDING_LIST(FINDING_ROW)
#undef FINDING_ROW
    {FINDING_NONE, NULL, NULL, NULL},
};

static const char *const levels[FINDING_LEVELS] = {"well", "note", "bad"};

const struct finding_row *finding_row(int code)
{
    const struct finding_row *row = finding_rows;

    while (row->code != FINDING_NONE && (int)row->code != code)
        row++;
    return row->code != FINDING_NONE ? row : NULL;
}

enum finding_code finding_code_read(const char *text)
{
    char *end;
    long number;

    if ((text[0] != 'D' && text[0] != 'd') || strlen(text) != 1 + CODE_DIGITS ||
        !isdigit((unsigned char)text[1]))
        return FINDING_NONE;
    number = strtol(text + 1, &end, 10);
    return !*end && finding_row((int)number) ? (enum finding_code)number : FINDING_NONE;
}

void finding_code_write(enum finding_code code, char out[FINDING_CODE_BYTES])
{
    snprintf(out, FINDING_CODE_BYTES, "D%03u", (unsigned)code % 1000);
}

const char *finding_level_name(enum finding_level level)
{
    return level < FINDING_LEVELS ? levels[level] : "bad";
}

/* ---- adding ------------------------------------------------------------------------- */

/* A place for one more, with what it is called; NULL when all are taken. */
static struct finding *next(struct findings *f, enum finding_level level, const char *check)
{
    struct finding *one = f->count < FINDING_MAX ? &f->list[f->count++] : NULL;

    if (one) {
        *one = (struct finding){.level = level};
        snprintf(one->check, sizeof one->check, "%s", check);
    }
    return one;
}

void finding_well(struct findings *f, const char *check, const char *format, ...)
{
    struct finding *one = next(f, FINDING_WELL, check);
    va_list ap;

    if (!one)
        return;
    va_start(ap, format);
    vsnprintf(one->text, sizeof one->text, format, ap);
    va_end(ap);
}

void finding_add(struct findings *f, enum finding_level level, enum finding_code code,
                 const char *format, ...)
{
    const struct finding_row *row = finding_row((int)code);
    struct finding *one = next(f, level, row ? row->check : "?");
    va_list ap;

    if (!one)
        return;
    finding_code_write(code, one->code);
    va_start(ap, format);
    vsnprintf(one->text, sizeof one->text, format, ap);
    va_end(ap);
}

void finding_join(struct findings *f, int code, const char *text)
{
    struct finding *one = next(f, FINDING_BAD, join_fault(code)->step);

    if (!one)
        return;
    join_code_write(code, one->code);
    snprintf(one->text, sizeof one->text, "%s", text);
}

/* ---- remedies ----------------------------------------------------------------------- */

void finding_remedy(const char *code, const char *host, char *out, size_t size)
{
    const struct finding_row *row = finding_row((int)finding_code_read(code));
    const char *at = row ? row->remedy : "";
    size_t used = 0;

    out[0] = '\0';
    if (!row && join_code_read(code) != JOIN_NONE)
        join_remedy((int)join_code_read(code), host, out, size);
    while (*at && used < size) {
        const char *place = strstr(at, "%s");
        size_t n = place ? (size_t)(place - at) : strlen(at);

        used += (size_t)snprintf(out + used, size - used, "%.*s%s", (int)n, at,
                                 !place ? "" : host ? host : "HOST");
        at += n + (place ? 2 : 0);
    }
}

/* ---- lines -------------------------------------------------------------------------- */

void finding_write(const struct finding *f, char out[FINDING_LINE_BYTES])
{
    int n = snprintf(out, FINDING_LINE_BYTES, FINDING_WORD "%s %s %s: %s",
                     finding_level_name(f->level), f->code[0] ? f->code : "-", f->check, f->text);

    for (int i = 0; i < n && i < FINDING_LINE_BYTES; i++)
        if ((unsigned char)out[i] < ' ')
            out[i] = ' ';
}

/* Take the next word, up to a blank (or end); *at goes behind it. False when it is empty
 * or too long. */
static int take_word(const char **at, char end, char *out, size_t size)
{
    const char *stop = strchr(*at, end);
    size_t n = stop ? (size_t)(stop - *at) : 0;

    if (n == 0 || n >= size)
        return 0;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at = stop + 1;
    return 1;
}

int finding_read(const char *line, struct finding *out)
{
    char word[FINDING_CODE_BYTES];
    const char *at = line;

    *out = (struct finding){.level = FINDING_LEVELS};
    if (strncmp(at, FINDING_WORD, strlen(FINDING_WORD)) != 0)
        return 0;
    at += strlen(FINDING_WORD);
    if (!take_word(&at, ' ', word, sizeof word))
        return 0;
    for (int i = 0; i < FINDING_LEVELS; i++)
        if (strcmp(word, levels[i]) == 0)
            out->level = (enum finding_level)i;
    if (out->level == FINDING_LEVELS || !take_word(&at, ' ', out->code, sizeof out->code) ||
        !take_word(&at, ':', out->check, sizeof out->check))
        return 0;
    if (strcmp(out->code, "-") == 0)
        out->code[0] = '\0';
    snprintf(out->text, sizeof out->text, "%s", at + (*at == ' '));
    return 1;
}
