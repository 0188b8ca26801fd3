/* fortran.c: the pages of the Fortran module in section 3, from its source.
 *
 * dvm.f90 is made from a table (bindings/fortran/procedures.txt) and keeps to these forms: a
 * comment at its head; "! ---- PAGE: TITLE ----" begins the procedures of a page; a procedure
 * is a comment, "subroutine dvm_NAME(" up to "end subroutine". What the compiler alone needs
 * (bind, import) is left out of what is shown.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "manual/pages.h"

#define LINE_BYTES 256   /* bytes of a line with its NUL */
#define TEXT_BYTES 8192  /* bytes of the text of one procedure, of all names of a page */
#define NAME_BYTES 64
#define PAGE_PROCEDURES_MAX 64

struct procedure {
    char name[NAME_BYTES];
    char comment[TEXT_BYTES];
    char text[TEXT_BYTES];
};

/* The reading of the module. */
struct module {
    const char *at;      /* the next line */
    char line[LINE_BYTES];
    struct book *book;
    char page[NAME_BYTES]; /* the page that is read, "" before the first */
    char title[LINE_BYTES];
    char index[TEXT_BYTES]; /* pages and titles, as lines */
    struct procedure *procedures;
    size_t count;
};

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "dvm-manual: the Fortran module: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

static void append(char *text, const char *line)
{
    size_t used = strlen(text);

    if (used + strlen(line) + 2 > TEXT_BYTES)
        fail("a text is too long", line);
    memcpy(text + used, line, strlen(line));
    strcpy(text + used + strlen(line), "\n");
}

/* The next line; false at the end. */
static bool next_line(struct module *m)
{
    size_t length = strcspn(m->at, "\n");

    if (!*m->at)
        return false;
    if (length >= sizeof m->line)
        fail("a line is too long", m->at);
    memcpy(m->line, m->at, length);
    m->line[length] = '\0';
    m->at += length + (m->at[length] == '\n');
    return true;
}

/* The line without the blanks before it. */
static const char *words(const struct module *m)
{
    return m->line + strspn(m->line, " ");
}

/* A declaration's first line goes on up to "bind", which is not shown. */
static void read_procedure(struct module *m, const char *comment)
{
    struct procedure *p = &m->procedures[m->count];
    bool head = true;
    char *bind;

    if (m->count == PAGE_PROCEDURES_MAX)
        fail("too many procedures on a page", m->page);
    m->count++;
    sscanf(words(m), "subroutine %63[a-z_0-9]", p->name);
    strcpy(p->comment, comment);
    p->text[0] = '\0';
    do {
        if (!strcmp(words(m), "import"))
            continue;
        bind = head ? strstr(m->line, "bind(C") : NULL;
        if (bind) {
            head = false;
            while (bind > m->line && bind[-1] == ' ')
                bind--;
            *bind = '\0';
        }
        if (head && m->line[strlen(m->line) - 1] == '&' && strchr(m->line, ')'))
            m->line[strcspn(m->line, "&") - 1] = '\0'; /* only bind is on the next line */
        if (*words(m))
            append(p->text, strlen(m->line) > 5 ? m->line + 5 : "");
    } while (strncmp(words(m), "end subroutine", strlen("end subroutine")) && next_line(m));
}

static void explain(FILE *out, const struct procedure *p)
{
    fputs(".TP\n\\fB", out);
    roff_letters(out, p->name, strlen(p->name));
    fputs("\\fR()\n", out);
    roff_text(out, p->comment);
}

/* Write the page that was read. */
static void end_page(struct module *m)
{
    char name[NAME_BYTES + sizeof "dvm_fortran_"], title[TEXT_BYTES + LINE_BYTES] = "";
    FILE *out;

    if (!m->page[0] || m->count == 0)
        return;
    snprintf(name, sizeof name, "dvm_fortran_%s", m->page);
    snprintf(title, sizeof title, "%s - Fortran: %s", name, m->title);
    out = roff_page(m->book, name, 3, title);
    roff_section(out, "SYNOPSIS");
    fputs(".nf\n.B use dvm\n.fi\n", out);
    for (size_t i = 0; i < m->count; i++) {
        fputs(".PP\n", out);
        roff_literal(out, m->procedures[i].text);
    }
    roff_section(out, "DESCRIPTION");
    for (size_t i = 0; i < m->count; i++)
        explain(out, &m->procedures[i]);
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm_fortran (3)\nfor what is the same everywhere,\n.BR dvm (3)\nfor the functions "
          "in C, which say more\n",
          out);
    roff_close(out);
    append(m->index, name);
    append(m->index, m->title);
    m->count = 0;
}

static void overview(struct module *m, const char *head)
{
    FILE *out = roff_page(m->book, "dvm_fortran", 3, "dvm_fortran - module dvm: DVM in Fortran");
    char *save, *name, *title;

    roff_section(out, "SYNOPSIS");
    fputs(".nf\n.B use dvm\n.PP\n.B dvmfort \\-o program program.f90\n.B dvm run \\-n 4 "
          "./program\n.fi\n", out);
    roff_section(out, "DESCRIPTION");
    roff_text(out, head);
    roff_section(out, "PROCEDURES");
    for (name = strtok_r(m->index, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        title = strtok_r(NULL, "\n", &save);
        fputs(".TP\n.BR ", out);
        roff_letters(out, name, strlen(name));
        fputs(" (3)\n", out);
        roff_line(out, title ? title : "");
    }
    roff_section(out, "SEE ALSO");
    fputs(".BR dvm (3),\n.BR dvm (7)\n", out);
    roff_close(out);
}

/* The comment at the head, without its marks. */
static void read_head(struct module *m, char *head)
{
    while (next_line(m) && m->line[0] == '!')
        append(head, m->line[1] ? m->line + 2 : "");
}

void pages_fortran(struct book *b, const char *text)
{
    struct module m = {.at = text, .book = b};
    static char head[TEXT_BYTES], comment[TEXT_BYTES];

    m.procedures = calloc(PAGE_PROCEDURES_MAX, sizeof *m.procedures);
    if (!m.procedures)
        fail("no memory for", "a page");
    read_head(&m, head);
    while (next_line(&m)) {
        const char *line = words(&m);

        if (!strncmp(line, "! ---- ", 7)) {
            end_page(&m);
            m.page[0] = '\0';
            if (sscanf(line, "! ---- %63[a-z]: %255[^-]", m.page, m.title) != 2)
                m.page[0] = '\0';
            m.title[strcspn(m.title, "\n")] = '\0';
            while (m.title[0] && m.title[strlen(m.title) - 1] == ' ')
                m.title[strlen(m.title) - 1] = '\0';
        } else if (!strncmp(line, "! ", 2)) {
            append(comment, line + 2);
            continue;
        } else if (m.page[0] && !strncmp(line, "subroutine dvm_", 15)) {
            read_procedure(&m, comment);
        }
        comment[0] = '\0';
    }
    end_page(&m);
    if (!m.index[0])
        fail("no page was found", "dvm.f90");
    overview(&m, head);
    free(m.procedures);
}
