/* roff.c: the implementation of roff.h.
 *
 * Only the macros of man(7) that groff and mandoc both know. Every text from elsewhere
 * goes through roff_letters; a line of text never begins with what would be a request.
 * A hyphen is written \- so that options can be copied from a page.
 */
#include "manual/roff.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_MAX_BYTES 4096 /* of a page's path with its NUL */

static const struct {
    char letter;
    const char *written;
} escapes[] = {{'\\', "\\e"},   {'-', "\\-"},    {'\'', "\\(aq"}, {'`', "\\(ga"},
               {'^', "\\(ha"}, {'~', "\\(ti"}, {'"', "\\(dq"}};

static void give_up(const char *what, const char *path)
{
    fprintf(stderr, "dvm-manual: %s %s: %s\n", what, path, strerror(errno));
    exit(EXIT_FAILURE);
}

static FILE *open_page(const struct book *b, const char *name, int section)
{
    char path[PATH_MAX_BYTES];
    FILE *out;

    snprintf(path, sizeof path, "%s/man%d", b->folder, section);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        give_up("cannot make", path);
    snprintf(path, sizeof path, "%s/man%d/%s.%d", b->folder, section, name, section);
    out = fopen(path, "w");
    if (!out)
        give_up("cannot write", path);
    return out;
}

FILE *roff_page(struct book *b, const char *name, int section, const char *summary)
{
    FILE *out = open_page(b, name, section);

    b->pages++;
    fputs(".\\\" Made from dvm's own tables and header; change those.\n.TH ", out);
    for (const char *at = name; *at; at++)
        roff_letters(out, (char[]){(char)toupper((unsigned char)*at)}, 1);
    fprintf(out, " %d %s \"dvm %s\" \"DVM\"\n.nh\n.ad l\n", section, b->date, b->version);
    roff_section(out, "NAME");
    roff_line(out, summary);
    return out;
}

void roff_close(FILE *out)
{
    if (fclose(out) != 0)
        give_up("cannot write", "a page");
}

void roff_link(struct book *b, const char *alias, const char *name, int section)
{
    FILE *out = open_page(b, alias, section);

    b->pages++;
    fprintf(out, ".so man%d/%s.%d\n", section, name, section);
    roff_close(out);
}

void roff_section(FILE *out, const char *heading)
{
    fputs(".SH ", out);
    for (; *heading; heading++)
        roff_letters(out, (char[]){(char)toupper((unsigned char)*heading)}, 1);
    fputc('\n', out);
}

void roff_letters(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *written = NULL;

        for (size_t k = 0; k < sizeof escapes / sizeof escapes[0]; k++)
            if (text[i] == escapes[k].letter)
                written = escapes[k].written;
        if (written)
            fputs(written, out);
        else
            fputc(text[i], out);
    }
}

static void line_of(FILE *out, const char *text, size_t length)
{
    if (length > 0 && strchr(".'", text[0]))
        fputs("\\&", out);
    roff_letters(out, text, length);
    fputc('\n', out);
}

void roff_line(FILE *out, const char *text)
{
    line_of(out, text, strlen(text));
}

/* What the lines of a text are in. */
enum mode { FRESH, PARAGRAPH, LITERAL };

static void change(FILE *out, enum mode *mode, enum mode to)
{
    if (*mode == LITERAL && to != LITERAL)
        fputs(".EE\n.RE\n", out);
    if (*mode != LITERAL && to == LITERAL)
        fputs(".RS 4\n.EX\n", out);
    if (to == PARAGRAPH && *mode != PARAGRAPH && *mode != FRESH)
        fputs(".PP\n", out);
    *mode = to;
}

void roff_text(FILE *out, const char *text)
{
    enum mode mode = FRESH;
    bool gap = false;
    size_t length;

    for (; *text; text += length + (text[length] == '\n')) {
        size_t blanks = strspn(text, " ");

        length = strcspn(text, "\n");
        if (blanks == length) {
            gap = true;
            continue;
        }
        if (blanks > 0) {
            change(out, &mode, LITERAL);
            blanks = blanks < 4 ? blanks : 4;
        } else {
            if (gap && mode == PARAGRAPH)
                fputs(".PP\n", out);
            change(out, &mode, PARAGRAPH);
        }
        gap = false;
        line_of(out, text + blanks, length - blanks);
    }
    change(out, &mode, FRESH);
}

void roff_literal(FILE *out, const char *text)
{
    fputs(".RS 4\n.EX\n", out);
    while (*text) {
        size_t length = strcspn(text, "\n");

        line_of(out, text, length);
        text += length + (text[length] == '\n');
    }
    fputs(".EE\n.RE\n", out);
}

void roff_examples(FILE *out, const char *text)
{
    roff_section(out, "EXAMPLES");
    roff_literal(out, text);
}

void roff_term(FILE *out, const char *term, const char *argument, const char *meaning)
{
    fputs(".TP\n\\fB", out);
    roff_letters(out, term, strlen(term));
    fputs("\\fR", out);
    if (argument) {
        fputs(" \\fI", out);
        roff_letters(out, argument, strlen(argument));
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff_line(out, meaning);
}
